"""What the figures of requests sum: tokens at their positions, cores at work."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Any

import pytest
from tests.questions.reading_cases import LLAMA, WAFER

from wsesim import questions
from wsesim.hardware import load_cluster

BASE = {
    "model": {**LLAMA, "max_length": 4096}, "cluster": "cs-2", "hardware": WAFER, "verification": {"enabled": False},
}  # fmt: skip
PLACED: dict[str, Any] = {"placement": "blocks", "decode_grid": 20}
"""One placement, whatever is asked."""


def figures(phase: str, **inference: object) -> Mapping[str, Any]:
    data = {**BASE, "phase": phase, "inference": inference}
    found = questions.run(questions.ask(data, file="case", folder=Path()), verify=False).answer
    assert found is not None
    return found.figures


@pytest.mark.parametrize("prompt", [1, 100, 1303])
def test_two_tokens_take_the_mean_of_one_at_either_position(prompt: int) -> None:
    first, second = (figures("decode", prompt=at, generate=1, **PLACED)["tpot_s"] for at in (prompt, prompt + 1))
    assert figures("decode", prompt=prompt, generate=2, **PLACED)["tpot_s"] == pytest.approx(
        (first + second) / 2, rel=1e-9
    )


@pytest.mark.parametrize(("prompt", "generate"), [(100, 2), (700, 5)])
def test_tokens_take_the_flops_and_the_power_of_so_many_halfway(prompt: int, generate: int) -> None:
    many = figures("decode", prompt=prompt, generate=generate, **PLACED)
    one = figures("decode", prompt=prompt + generate // 2, generate=1, **PLACED)
    assert many["flops"] == generate * one["flops"]
    assert many["power_w"] == pytest.approx(one["power_w"], rel=0.01)
    matrices = LLAMA["layers"] * LLAMA["width"] * (2 * LLAMA["width"] + 3 * LLAMA["ffn_width"])
    assert one["flops"] > 2 * matrices
    energy = load_cluster("cs-2").cluster.wafer.energy
    least_j = energy.joules({"mac_fp16": one["flops"] / 2})["mac_fp16"]
    assert one["power_w"] > one["idle_w"] + least_j / one["total_s"], "multiply-accumulates read and write"
    assert one["power_w"] < energy.nameplate_w
