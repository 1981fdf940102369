"""Published rows: what they say, how they are scored, and how near estimates come."""

from __future__ import annotations

from pathlib import Path
from types import MappingProxyType

import pytest

from wsesim.gpus import GpuRow, GpuScore, by_series, fleet_named, nearest_series, packaged_rows, score_rows, spread_of
from wsesim.gpus.measured import NotEstimated, fleet_of, layout_of, model_of, program_of, step_of
from wsesim.gpus.score import flops_of


@pytest.fixture(scope="module")
def scores() -> tuple[GpuScore, ...]:
    return score_rows(packaged_rows())


def _row(id: str, **cells: str) -> GpuRow:
    found = next(row for row in packaged_rows() if row["id"] == id)
    return GpuRow(MappingProxyType({**found.cells, **cells}))


def test_steps_come_near(scores: tuple[GpuScore, ...]) -> None:
    steps = [one for one in by_series(scores) if one.timed == "step"]
    middle, worst = spread_of(steps)
    assert middle < 0.10
    assert worst < 0.25
    assert all(score.estimated is not None for score in scores)
    told = " ".join((Path(__file__).parents[2] / "docs/explanation/belief.md").read_text("utf-8").split())
    said = f"series in the middle is off by {100 * middle:.0f} % and the worst quarter by {100 * worst:.0f} %"
    assert f"{sum(one.rows for one in steps)} published steps in {len(steps)} series" in told
    assert said in told


def test_what_a_row_says() -> None:
    row = _row("SC21-T1-a100-80gb-sxm-1024-76.1B")
    layout = layout_of(row)
    assert (layout.tensor, layout.pipeline, layout.data, layout.sharding, layout.recompute) == (8, 4, 32, "none", "all")
    assert layout.interleave == 15
    assert program_of(row).attention == "stored"
    assert fleet_of(row).gpu.chip.network_bytes_per_s == pytest.approx(25e9)
    assert flops_of(step_of(row)) == pytest.approx(471.23e9 * 2048 * 1792, rel=0.01)


def test_experts_follow_from_the_weights_of_a_row() -> None:
    row = next(row for row in packaged_rows() if "Grok" in row["model"])
    assert (model_of(row).experts, model_of(row).experts_per_token) == (8, 2)


@pytest.mark.parametrize(
    ("cells", "why"),
    [
        ({"gpu": "abacus"}, "not known"),
        ({"precision": "roman"}, "not known"),
        ({"n_heads": ""}, "gives no n_heads"),
        ({"step_time_s": ""}, "gives no step_time_s"),
        ({"d_model": "2300"}, ""),
    ],
)
def test_what_cannot_be_estimated_says_why(cells: dict[str, str], why: str) -> None:
    (score,) = score_rows([_row("SC21-T1-a100-80gb-sxm-32-1.7B", **cells)])
    assert (score.estimated is None) == bool(why)
    assert why in score.reason


def test_what_a_row_leaves_open_is_chosen() -> None:
    open_ = {"tp": "", "pp": "", "dp": "", "micro_batch": ""}
    (score,) = score_rows([_row("SC21-T1-a100-80gb-sxm-32-1.7B", **open_)])
    (stated,) = score_rows([_row("SC21-T1-a100-80gb-sxm-32-1.7B")])
    assert score.estimated is not None
    assert stated.estimated is not None
    assert score.estimated <= stated.estimated


def test_the_nearest_series_is_of_the_same_gpu() -> None:
    near = nearest_series("step", 15e9, fleet_named("h100x64"))
    assert near is not None
    assert "Nemotron-4 15B, h100-80gb-sxm, bf16" in near.name
    tuned = nearest_series("step", 70e9, fleet_named("h100x8:fp8"), adapters=True)
    assert tuned is not None
    assert "70B, h100" in tuned.name
    assert nearest_series("dream", 15e9, fleet_named("h100x64")) is None


def test_a_network_that_is_not_stated_is_the_gpu_s_own() -> None:
    with pytest.raises(NotEstimated):
        fleet_of(_row("SC21-T1-a100-80gb-sxm-32-1.7B", gpu="none"))
    assert fleet_of(_row("SC21-T1-a100-80gb-sxm-32-1.7B", network="")).gpu.chip.network_bytes_per_s == 25e9
