"""A question of training may say how to learn: its steps are the token budget, and the rest is said not to be read."""

from pathlib import Path
from typing import Any

import pytest

from wsesim import questions
from wsesim.errors import InputError
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
    assert changed == {"budget_s", "budget_with_failures_s", "flops_to_budget", "job_s"}


def test_cb16_without_a_dynamic_scale_is_refused_unless_overridden() -> None:
    learning = {"steps": 50, "numbers": "machine"}
    with pytest.raises(
        InputError, match=r"loss_scaling_factor = 1 with precision: cb16 is refused, .* make it dynamic"
    ):
        ask(precision="cb16", learning=learning)
    ask(precision="cb16", learning={**learning, "loss_scaling_factor": "dynamic"})
    ask(precision="cb16", learning={**learning, "unscaled": True})
    ask(precision="bf16", learning=learning)


@pytest.mark.parametrize(
    ("learning", "said"),
    [
        (
            {"loss_scaling_factor": 8},
            "learning.loss_scaling_factor has no effect: it is read where learning.numbers is",
        ),
        ({"numbers": "machine", "steps_per_increase": 9}, "steps_per_increase has no effect: learning.loss_scaling"),
        ({"numbers": "machine", "unscaled": True}, "learning.unscaled has no effect: it is read with precision: cb16"),
    ],
)
def test_keys_of_a_scale_that_are_not_read_are_said(learning: dict[str, Any], said: str) -> None:
    assert any(said in note for note in ask(learning={"steps": 50, **learning}).asked.notes)
