"""Every knob is alive, or said not to be: whatever a kind says it reads moves some answer, and nothing else does."""

import pytest
from tests.questions.reading_cases import CASES, FACTS, answered, cases, figures_of, with_fact, with_figure

from wsesim import questions

FACTORS = (2.0, 0.5, 10.0, 0.1)


@pytest.fixture(scope="module")
def before() -> dict[str, list[object]]:
    return {kind: [answered(data) for data in cases(kind)] for kind in CASES}


@pytest.mark.parametrize("kind", CASES)
def test_every_figure_that_is_read_moves_an_answer_and_no_other_does(
    kind: str, before: dict[str, list[object]]
) -> None:
    question = questions.kinds()[kind]
    wrong = []
    for section, name, slot in figures_of(question):
        read = name in getattr(question.reads, section)
        moves = _moves(kind, before[kind], section, slot, FACTORS if read else FACTORS[:1])
        if moves != read:
            wrong.append(f"{name} is {'read' if read else 'not read'} and moves {'an' if moves else 'no'} answer")
    assert not wrong


def _moves(kind: str, before: list[object], section: str, slot, factors: tuple[float, ...]) -> bool:  # type: ignore[no-untyped-def]
    question = questions.kinds()[kind]
    for data, known in zip(cases(kind), before, strict=True):
        for factor in factors:
            changed = with_figure(data, section, slot, question, factor)
            found = None if changed is None else answered(changed)
            if found is not None and found != known:
                return True
    return False


@pytest.mark.parametrize("kind", CASES)
def test_every_fact_that_is_read_moves_an_answer_and_no_other_does(kind: str, before: dict[str, list[object]]) -> None:
    reads = questions.kinds()[kind].reads.model
    wrong = []
    for name in FACTS:
        found = (
            (answered(changed), known)
            for data, known in zip(cases(kind), before[kind], strict=True)
            for changed in with_fact(data, name)
        )
        moves = any(new is not None and new != old for new, old in found)
        if moves != (name in reads):
            wrong.append(f"{name} is {'read' if name in reads else 'not read'} and moves {'an' if moves else 'no'} one")
    assert not wrong


@pytest.mark.parametrize("kind", CASES)
def test_names_that_are_read_are_names(kind: str) -> None:
    question = questions.kinds()[kind]
    known = {(section, name) for section, name, _ in figures_of(question)} | {("model", name) for name in FACTS}
    known |= {("hardware", "cluster.systems")}
    for section in ("model", "hardware", "software"):
        assert {(section, name) for name in getattr(question.reads, section)} <= known


@pytest.mark.parametrize("kind", CASES)
def test_the_cases_are_answered(kind: str, before: dict[str, list[object]]) -> None:
    assert all(found is not None for found in before[kind])
