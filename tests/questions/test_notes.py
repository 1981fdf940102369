"""What has no effect, is cut, or goes beyond what a model was made for is said beside the answer."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from wsesim import questions

LLAMA = {"preset": "llama-2-7b", "layers": 2}
TRACE = "arrival_s,prompt,output\n0,30,9\n1,20,5\n"


def notes_of(tmp_path: Path, level: str = "system", **data: Any) -> str:
    question = questions.ask(
        {"cluster": "cs-2", "model": LLAMA, "verification": {"enabled": False}, **data}, file="x.yaml", folder=tmp_path
    )
    result = questions.run(question, level=questions.require_level(level), verify=False)
    assert result.answer is not None
    return "\n".join((*result.answer.notes, *result.notes))


SERVED = {"rate": 2, "requests": 60, "prompt": 300, "output": 60, "longest": 400, "search": False}


@pytest.mark.parametrize(
    ("data", "said"),
    [
        ({"phase": "decode", "inference": {"prompt": 8000}}, "prompt: sequences of 8,001 tokens are beyond the "
         "4,096 positions that the model was trained for"),
        ({"batch": {"sequences": 4, "length": 5000}}, "batch.length: sequences of 5,000 tokens are beyond"),
        ({"phase": "decode", "inference": {"prompt": 9, "acceptance": 0.5}}, "inference.acceptance has no effect"),
        ({"phase": "decode", "inference": {"prompt": 9, "draft_cost": 0.5}}, "inference.draft_cost has no effect"),
        ({"phase": "prefill", "inference": {"prompt": 9, "chunk": 99}}, "inference.chunk: the 9 tokens to read pass at "
         "once"),
        ({"phase": "prefill", "inference": {"prompt": 9}, "cluster": {"machine": "cs-2", "systems": 3}}, "2 systems "
         "of 3 are not in use"),
        ({"phase": "serving", "serving": SERVED}, "were drawn longer than serving.longest = 400 tokens and cut"),
        ({"phase": "serving", "serving": {"trace": "t.csv", "longest": 100, "seed": 3, "search": False}}, "g.seed "
         "has no effect: requests come from serving.trace"),
        ({"batch": {"sequences": 4, "length": 8}, "model": {**LLAMA, "classes": 5}}, "model.classes has no effect"),
        ({"batch": {"sequences": 4, "length": 8}, "model": {**LLAMA, "expert_imbalance": 1.0, "masked": 3}},
         "model.masked has no effect: it is read where model.task is mlm"),
        ({"batch": {"sequences": 4, "length": 8}, "model": {"preset": "gpt2", "rotary_base": 9.0}},
         "model.rotary_base has no effect"),
    ],
)  # fmt: skip
@pytest.mark.parametrize("level", ["closed", "system"])
@pytest.mark.every(2)
def test_it_is_said(tmp_path: Path, data: dict[str, Any], said: str, level: str) -> None:
    (tmp_path / "t.csv").write_text(TRACE)
    assert said in notes_of(tmp_path, level, **data)


@pytest.mark.parametrize(
    "data",
    [
        {"phase": "decode", "inference": {"prompt": 9, "draft_tokens": 2, "acceptance": 0.5}},
        {"phase": "prefill", "inference": {"prompt": 100, "chunk": 99}},
        {"phase": "serving", "serving": {**SERVED, "longest": 4096}},
        {"batch": {"sequences": 4, "length": 4096}},
        {"batch": {"sequences": 4, "length": 8}, "model": {**LLAMA, "rotary_base": 9.0}},
    ],
)
@pytest.mark.every(2)
def test_nothing_is_said_of_what_has_an_effect(tmp_path: Path, data: dict[str, Any]) -> None:
    assert "beyond" not in (said := notes_of(tmp_path, **data))
    assert "no effect" not in said
    assert "cut" not in said
    assert "in use" not in said


def test_fewer_tokens_are_masked_where_a_sequence_has_fewer() -> None:
    data = {"cluster": "cs-2", "model": "bert-base", "batch": {"sequences": 4, "length": 8}}
    asked = questions.ask(data, file="x.yaml", folder=Path()).asked
    assert asked.shape.masked == 8
    assert "all tokens of a sequence" in next(each.source for each in asked.defaults if each.name == "model.masked")


def test_a_window_is_said_and_what_shifts_a_router_is_no_adapter(tmp_path: Path) -> None:
    model = {**LLAMA, "experts": 4, "experts_per_token": 2, "router": "sigmoid", "router_shift": True}
    batch = {"sequences": 8, "length": 64}
    said = notes_of(tmp_path, phase="training", model={**model, "window": 16, "full_every": 2}, batch=batch)
    assert "sequences have 64 tokens, of which each sees 16 in all layers but one of 2: no others are computed" in said
    assert "Adapters alone" not in said
    assert "Adapters alone" in notes_of(tmp_path, phase="training", model={**LLAMA, "adapter_rank": 4}, batch=batch)
