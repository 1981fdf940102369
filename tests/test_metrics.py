"""Each figure against its definition."""

from dataclasses import replace
from pathlib import Path

import pytest

from wsesim import pipeline
from wsesim.mapping import Program
from wsesim.metrics import metrics_of
from wsesim.result import Metrics
from wsesim.system import Played, play
from wsesim.workload import Workload, build_workload

CASES: dict[str, dict[str, object]] = {
    "one system": {"model": "cerebras-gpt-111m", "batch": {"sequences": 120, "length": 2048}, "cluster": "cs-2"},
    "sixteen systems": {
        "model": "cerebras-gpt-13b",
        "batch": {"sequences": 288, "length": 2048},
        "cluster": {"machine": "andromeda", "systems": 16},
    },
    "weights set the pace": {
        "model": "gpt3-175b", "batch": {"sequences": 2, "length": 2048, "micro_batch": 1}, "cluster": "cs-2",
    },
    "single precision": {
        "model": "bert-base", "batch": {"sequences": 64, "length": 128}, "cluster": "cs-3", "precision": "fp32",
    },
    "half precision, slow store": {
        "model": "gpt2", "batch": {"sequences": 24, "length": 1024, "micro_batch": 6}, "cluster": "cs-2",
        "precision": "fp16", "hardware": {"memoryx.stream": "1 GB/s", "memoryx.update": "2 GB/s"},
    },
}  # fmt: skip


def workload_of(data: dict[str, object]) -> Workload:
    return build_workload({**data, "verification": {"enabled": False}}, file="case.yaml", folder=Path())


def measure(workload: Workload) -> tuple[Program, Played, Metrics]:
    program = pipeline.place(workload, pipeline.build(workload))
    assert isinstance(program, Program)
    played = play(program)
    return program, played, metrics_of(workload, program, played)


@pytest.fixture(params=CASES)
def workload(request: pytest.FixtureRequest) -> Workload:
    return workload_of(CASES[request.param])


def test_rates_are_of_the_whole_batch(workload: Workload) -> None:
    _, played, metrics = measure(workload)
    clock_hz = workload.hardware.cluster.wafer.core.clock_hz
    assert metrics.step_s == played.step_s
    assert metrics.step_cycles == round(played.step_s * clock_hz)
    assert metrics.samples_per_s * metrics.step_s == pytest.approx(workload.sequences)
    assert metrics.tokens_per_s == pytest.approx(metrics.samples_per_s * workload.length)
    steps = workload.token_budget / (workload.sequences * workload.length)
    assert metrics.days_to_budget * 86400 == pytest.approx(steps * metrics.step_s)


def test_where_the_step_goes_adds_up(workload: Workload) -> None:
    _, _, metrics = measure(workload)
    assert sum(metrics.wafer_s.values()) == pytest.approx(metrics.step_s, rel=1e-9)
    assert min(metrics.wafer_s.values()) > 0


def test_the_gap_is_what_the_step_takes_over_its_bound(workload: Workload) -> None:
    _, _, metrics = measure(workload)
    assert metrics.bound_s <= metrics.step_s
    assert sum(metrics.gap.values()) == pytest.approx(metrics.step_s - metrics.bound_s, rel=1e-9)
    assert all(seconds > 0 for cause, seconds in metrics.gap.items() if cause != "overlap")
    assert metrics.gap.get("overlap", 0) <= 0


def test_the_bound_by_hand() -> None:
    """Per layer and sweep, the larger of injection and arithmetic."""
    workload = workload_of(CASES["one system"])
    program, _, metrics = measure(workload)
    w, vocab, tokens = 768, 50257, 120 * 2048
    layer, table = 12 * w * w, vocab * w
    wafer = program.cluster.wafer
    peak = 2 * wafer.cores * wafer.core.clock_hz  # multiply-accumulates a second
    forward = 10 * tokens * (layer + 2 * 2048 * w) / peak
    head = tokens * table / peak
    embed = 2 * (table + 2048 * w) / 150e9  # no arithmetic: the table comes in, and its gradient leaves
    assert metrics.bound_s == pytest.approx(3 * forward + 3 * head + 2 * embed)


def test_utilization_by_hand() -> None:
    workload = workload_of(CASES["one system"])
    program, _, metrics = measure(workload)
    tokens, w, layers, vocab = 120 * 2048, 768, 10, 50257
    flops = 3 * 2 * tokens * (layers * (12 * w * w + 2 * 2048 * w) + vocab * w)
    assert metrics.flops_per_step == flops
    peak = 745_500 * 8 * program.cluster.wafer.core.clock_hz
    assert metrics.mfu == pytest.approx(flops / (metrics.step_s * peak))
    assert metrics.mfu_peak == f"dense fp16 peak of 1 wafer, {peak / 1e15:.3g} PFLOP/s"


def test_utilization_divides_by_all_wafers_at_16_bits_unless_single_precision() -> None:
    sixteen, single = (workload_of(CASES[name]) for name in ("sixteen systems", "single precision"))
    program, _, metrics = measure(sixteen)
    peak = 16 * program.cluster.wafer.peak_flops("fp16")
    assert metrics.mfu == pytest.approx(metrics.flops_per_step / metrics.step_s / peak)
    assert metrics.mfu_peak.startswith("dense fp16 peak of 16 wafers, ")
    program, _, metrics = measure(single)
    assert metrics.mfu == pytest.approx(
        metrics.flops_per_step / metrics.step_s / program.cluster.wafer.peak_flops("fp32")
    )
    assert metrics.mfu_peak.startswith("dense fp32 peak of 1 wafer, ")


def test_recompute_is_work_but_no_use() -> None:
    workload = workload_of(CASES["one system"])
    always, never = (measure(replace(workload, recompute=policy, micro_batch=8)) for policy in ("always", "never"))
    assert always[2].flops_per_step == never[2].flops_per_step
    assert always[2].bound_s == never[2].bound_s
    assert always[2].gap["recompute"] > never[2].gap["recompute"] > 0


def test_power_lies_between_idle_and_busy(workload: Workload) -> None:
    program, played, metrics = measure(workload)
    wafer, systems = program.cluster.wafer, program.cluster.systems
    busy = played.seconds["wafer", "compute"] / played.step_s
    assert 0 < busy < 1
    assert metrics.power_w == pytest.approx(systems * (wafer.idle_power_w + busy * wafer.active_power_w))
    assert metrics.energy_per_token_j * metrics.tokens_per_s == pytest.approx(metrics.power_w)


def test_utilization_is_never_over_one_however_odd_the_core() -> None:
    rates = {"core.fmac_fp16_per_cycle": 1, "core.fmac_mixed_per_cycle": 4, "core.sram_read_bytes_per_cycle": 64}
    odd = {**CASES["one system"], "hardware": rates, "software": "ideal"}
    metrics = measure(workload_of(odd))[2]
    assert metrics.mfu < 1
    assert "mixed peak" in metrics.mfu_peak
