"""Every mechanism that published families are built on costs something in training and in inference."""

from pathlib import Path
from typing import Any

import pytest
from tests.model.mechanisms import MECHANISMS

from wsesim import questions
from wsesim.answer import Answer

ASKED: dict[str, dict[str, Any]] = {
    "training": {"batch": {"sequences": 8, "length": 16}}, "prefill": {"inference": {"prompt": 12}},
    "decode": {"inference": {"prompt": 12, "generate": 4}},
}  # fmt: skip


def answer_of(name: str, phase: str) -> Answer:
    model = {key: value for key, value in MECHANISMS[name].stated.items() if value is not None}
    data = {
        "phase": phase, "model": model, "cluster": "cs-2", "hardware": {"wafer.columns": 24, "wafer.rows": 32},
        **ASKED[phase],
    }  # fmt: skip
    found = questions.run(questions.ask(data, file="case", folder=Path()), verify=False).answer
    assert found is not None
    return found


@pytest.mark.parametrize("name", MECHANISMS)
@pytest.mark.every(4)
def test_a_step_and_a_request_are_answered(name: str) -> None:
    model = MECHANISMS[name]
    trained = [] if model.task == "embed" else ["training"]
    for phase in [*trained, "prefill", *(["decode"] if model.causal and model.task == "lm" else [])]:
        spent = answer_of(name, phase).spent
        assert spent is not None
        assert spent.total_s > 0
        assert all(seconds >= 0 for seconds in spent.by_cause.values())
