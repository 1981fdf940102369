"""Every knob is alive, or said not to be: whatever a kind says it reads moves some answer, and nothing else does."""

from functools import cache
from typing import Any

import pytest
from tests.questions.reading_cases import CASES, FACTS, answered, cases, figures_of, with_fact, with_figures

from wsesim import questions
from wsesim.figures import Slot
from wsesim.model import EXTRAS

FACTORS = (2.0, 0.5, 10.0, 0.1)
LIMITS = {"cluster.max_systems"}
"""Figures that say what may be asked: a question that is refused is one that they moved."""
LONG = {"evaluation", "prefill", "decode", "generate", "serving"}
"""Kinds whose answers take long, or are half of another's; some of training and kernels are changed by day."""


def _cases(kind: str, *case: object, id: str | None = None) -> Any:
    return pytest.param(kind, *case, marks=[pytest.mark.nightly] if kind in LONG else [], id=id)


MOVED = [_cases(kind) for kind in CASES]
READ = [
    _cases(kind, section, slot, id=f"{kind}: {section}.{name}")
    for kind in CASES for section, name, slot in figures_of(questions.kinds()[kind])
    if name in getattr(questions.kinds()[kind].reads, section)
]  # fmt: skip


@cache
def before(kind: str) -> list[object]:
    """Return the answers of all cases of a kind as they are."""
    return [answered(data) for data in cases(kind)]


@pytest.mark.every(6)
@pytest.mark.parametrize(("kind", "section", "slot"), READ)
def test_every_figure_that_is_read_moves_an_answer(kind: str, section: str, slot: Slot) -> None:
    assert _moves(kind, before(kind), section, slot)


def _moves(kind: str, unchanged: list[object], section: str, slot: Slot) -> bool:
    pairs = list(zip(cases(kind), unchanged, strict=True))
    pairs.sort(key=lambda pair: slot.name not in pair[0].get(section, ()))
    for data, known in pairs:
        for factor in FACTORS:
            changed = with_figures(data, [(section, slot)], factor)
            if changed is None:
                continue
            found = answered(changed)
            if found != known and (found is not None or slot.name in LIMITS):
                return True
    return False


@pytest.mark.parametrize("kind", MOVED)
def test_all_figures_that_are_not_read_move_no_answer(kind: str) -> None:
    question = questions.kinds()[kind]
    others = [
        (section, slot) for section, name, slot in figures_of(question)
        if name not in getattr(question.reads, section)
    ]  # fmt: skip
    for data, known in zip(cases(kind), before(kind), strict=True):
        changed = with_figures(data, others, 2.0)
        assert changed is None or answered(changed) == known


@pytest.mark.every(6)
@pytest.mark.parametrize(("kind", "name"), [_cases(kind, name) for kind in CASES for name in FACTS])
def test_every_fact_that_is_read_moves_an_answer_and_no_other_does(kind: str, name: str) -> None:
    read = name in questions.kinds()[kind].reads.model
    idle = name in EXTRAS and not read  # of which a few cases are as good as all
    pairs = list(zip(cases(kind), before(kind), strict=True))[: 3 if idle else None]
    found = ((answered(changed), known) for data, known in pairs for changed in with_fact(data, name))
    assert any(new is not None and new != old for new, old in found) == read


@pytest.mark.parametrize("kind", CASES)
def test_names_that_are_read_are_names(kind: str) -> None:
    question = questions.kinds()[kind]
    known = {(section, name) for section, name, _ in figures_of(question)} | {("model", name) for name in FACTS}
    known |= {("hardware", "cluster.systems")}
    for section in ("model", "hardware", "software"):
        assert {(section, name) for name in getattr(question.reads, section)} <= known


@pytest.mark.parametrize("kind", MOVED)
def test_the_cases_are_answered(kind: str) -> None:
    assert all(found is not None for found in before(kind))
