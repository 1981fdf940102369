"""A question of training may say how to learn: its steps are the token budget, and the rest is said not to be read."""

from pathlib import Path
from typing import Any

from wsesim import questions
from wsesim.questions.base import Question

DATA: dict[str, Any] = {"model": "cerebras-gpt-111m", "batch": {"sequences": 8, "length": 128}, "cluster": "cs-2"}


def ask(**changes: Any) -> Question:
    return questions.ask({**DATA, **changes}, file="q.yaml", folder=Path())


def test_the_steps_make_the_token_budget() -> None:
    asked = ask(learning={"steps": 50}).asked
    assert asked.resolved["token_budget"] == 50 * 8 * 128
    assert any("reads its steps alone" in note for note in asked.notes)
    assert asked.resolved["learning"]["warmup"] == 2
    assert asked.resolved["learning"]["evaluate_every"] == 3


def test_without_it_nothing_is_said_of_it() -> None:
    asked = ask().asked
    assert "learning" not in asked.resolved
    assert not asked.notes


def test_only_its_steps_change_the_answer() -> None:
    plain, learned = (questions.run(ask(**more), verify=False) for more in ({}, {"learning": {"steps": 50}}))
    changed = {name for name, value in plain.figures.items() if learned.figures[name] != value}
    assert changed == {"budget_s", "flops_to_budget"}
