"""A sketch says what an answer says in figures, seconds by cause and bound; an outline in facts and ops, too."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from wsesim import questions
from wsesim.answer import Answer, Level

GPT = {"layers": 2, "width": 64, "heads": 4, "vocab": 200, "max_length": 64}
BATCH = {"sequences": 6, "length": 32}
CASES: dict[str, dict[str, Any]] = {
    "training": {"batch": BATCH},
    "evaluation": {"batch": BATCH, "phase": "evaluation"},
    "prefill": {"phase": "prefill", "inference": {"prompt": 16}},
    "decode": {"phase": "decode", "inference": {"prompt": 16, "generate": 8}},
    "generate": {"phase": "generate", "inference": {"prompt": 16, "generate": 8}},
}


@pytest.mark.parametrize("kind", CASES)
@pytest.mark.parametrize("level", ["closed", "system"])
@pytest.mark.every(3)
def test_a_sketch_is_the_answer_in_figures(kind: str, level: Level) -> None:
    data = {"model": GPT, "cluster": {"machine": "cs-2", "systems": 2}, **CASES[kind]}
    question = questions.ask(data, file="case.yaml", folder=Path())
    sketched, whole = (
        questions.sketch(question, level=level),
        questions.run(question, level=level, verify=False).outcome,
    )
    assert isinstance(sketched, Answer)
    assert isinstance(whole, Answer)
    assert (sketched.figures, sketched.spent, sketched.bound) == (whole.figures, whole.spent, whole.bound)
    assert sketched.level == level
    assert (sketched.timeline, sketched.sentences, sketched.ops, sketched.notes) == ((), (), (), ())


@pytest.mark.parametrize("kind", ["prefill", "decode", "generate"])
@pytest.mark.parametrize("level", ["closed", "system"])
def test_an_outline_has_facts_and_ops_too(kind: str, level: Level) -> None:
    data = {"model": GPT, "cluster": "cs-2", **CASES[kind]}
    data["inference"] = data["inference"] | {"wafers": 1}
    question = questions.ask(data, file="case.yaml", folder=Path())
    outlined = questions.outline(question, level=level)
    whole = questions.run(question, level=level, verify=False).outcome
    assert isinstance(outlined, Answer)
    assert isinstance(whole, Answer)
    for name in ("figures", "spent", "bound", "facts", "ops"):
        assert getattr(outlined, name) == getattr(whole, name)
    assert (outlined.timeline, outlined.sentences, outlined.choices, outlined.notes) == ((), (), (), ())


def test_an_outline_asks_no_other_placement(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("wsesim.questions.shared.request_answer.open_plan", lambda request: pytest.fail("was asked"))
    data = {"model": GPT, "cluster": "cs-2", **CASES["decode"]}
    assert isinstance(questions.outline(questions.ask(data, file="case.yaml", folder=Path())), Answer)


def test_what_does_not_fit_is_said_the_same() -> None:
    data = {"model": GPT, "batch": BATCH, "cluster": "cs-2", "hardware": {"core.sram": "2049 B"}}
    question = questions.ask(data, file="case.yaml", folder=Path())
    assert questions.sketch(question) == questions.run(question, verify=False).outcome
