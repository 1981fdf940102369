"""Training adapters beside frozen weights: what is saved, what is added, and how they answer."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from wsesim import questions
from wsesim.answer import Answer
from wsesim.errors import InputError

SHAPE = {"layers": 4, "width": 512, "heads": 8, "vocab": 4096, "max_length": 512}


def asked(phase: str = "training", **model: Any) -> Answer:
    given = {"inference": {"prompt": 64}} if phase == "prefill" else {"batch": {"sequences": 16, "length": 256}}
    data = {"phase": phase, "model": {**SHAPE, **model}, "cluster": "cs-2", **given}
    outcome = questions.run(questions.ask(data, file="adapters", folder=Path()), verify=False).outcome
    assert isinstance(outcome, Answer)
    return outcome


@pytest.fixture(scope="module")
def whole() -> Answer:
    return asked()


@pytest.fixture(scope="module")
def adapted() -> Answer:
    return asked(adapter_rank=8, adapter_scale=2.0)


def test_only_adapters_leave_gradients_and_checkpoints(whole: Answer, adapted: Answer) -> None:
    learned = 4 * 8 * (512 + 1536 + 512 + 512)
    assert adapted.facts["model"]["learned_parameters"] == learned
    assert figure(adapted, "checkpoint_s") == pytest.approx(figure(whole, "checkpoint_s") * learned / parameters(whole))
    assert sum(op.gradient_bytes * op.calls for op in adapted.ops) == 2 * learned
    kept = {op.name for op in adapted.ops if op.gradient_bytes}
    assert all(".adapter." in name for name in kept)
    assert any("Adapters alone are learned" in note for note in adapted.notes)


def test_weights_still_come_in_and_are_multiplied_forward_and_back(whole: Answer, adapted: Answer) -> None:
    forward, backward = (
        sum(op.flops * op.calls for op in adapted.ops if op.phase == phase and ".adapter." not in op.name)
        for phase in ("forward", "backward")
    )
    assert backward < 1.3 * forward
    assert figure(adapted, "flops_per_step") < figure(whole, "flops_per_step")


def test_what_starting_their_kernels_takes_is_said() -> None:
    """Of an evaluation: all that a step with adapters launches more is theirs."""
    plain, beside = asked("evaluation"), asked("evaluation", adapter_rank=8)
    assert plain.spent is not None
    assert beside.spent is not None
    more_s = beside.spent.by_cause["launch"] - plain.spent.by_cause["launch"]
    share = more_s / figure(beside, "step_s")
    said = next(note for note in beside.notes if note.startswith("Adapters stand beside"))
    assert f"takes {1000 * more_s:.3g} ms, {100 * share:.1f} % of the step; merged" in said


def parameters(answer: Answer) -> int:
    found = answer.facts["model"]["parameters"]
    assert isinstance(found, int)
    return found


def figure(answer: Answer, name: str) -> float:
    found = answer.figures[name]
    assert found is not None
    return found


def test_adapters_are_merged_where_tokens_are_read() -> None:
    plain, merged = asked("prefill"), asked("prefill", adapter_rank=8)
    assert plain.figures == merged.figures


@pytest.mark.parametrize(
    ("model", "told"),
    [
        ({"adapter_rank": 4096}, "adapter_rank must be below the matrices' sizes"),
        ({"adapter_rank": 8, "adapted": "all", "experts": 4}, "is not modelled of experts"),
        ({"adapter_rank": 8, "adapted": "some"}, "attention, all"),
    ],
)  # fmt: skip
def test_what_cannot_be_adapted_is_said(model: dict[str, Any], told: str) -> None:
    with pytest.raises(InputError, match=told):
        asked(**model)
