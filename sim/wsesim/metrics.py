"""The figures of a played step, each with one definition."""

from __future__ import annotations

from collections.abc import Mapping

from wsesim.mapping import Program, Stage
from wsesim.result import Metrics
from wsesim.system import Played
from wsesim.workload import Workload

SECONDS_PER_DAY = 86400
_PEAKS = {"fp16": ("fp16",), "mixed": ("fp16", "mixed"), "fp32": ("fp32",)}
"""Peaks a run of each precision could be measured against; the highest is taken."""


def metrics_of(workload: Workload, program: Program, played: Played) -> Metrics:
    """Return the metrics of one step of training or evaluation; `result.Metrics` defines each."""
    cluster, step_s = program.cluster, played.step_s
    wafer, systems = cluster.wafer, cluster.systems
    peak_precision = max(_PEAKS[workload.precision], key=wafer.peak_flops)
    peak = wafer.peak_flops(peak_precision)
    tokens = workload.sequences * workload.length
    busy = played.seconds.get(("wafer", "compute"), 0.0) / step_s
    power_w = systems * (wafer.idle_power_w + wafer.active_power_w * busy)
    wafer_s = seconds_by_cause(program, played)
    bound_s = sum(stage_bound_s(program, stage, workload.precision)[0] for stage in program.stages)
    return Metrics(
        step_s=step_s,
        step_cycles=round(step_s * wafer.core.clock_hz),
        tokens_per_s=tokens / step_s,
        samples_per_s=workload.sequences / step_s,
        mfu=program.model_flops / (step_s * systems * peak),
        mfu_peak=f"dense {peak_precision} peak of {systems} wafer{'s' if systems > 1 else ''}, "
        f"{systems * peak / 1e15:.3g} PFLOP/s",
        flops_per_step=program.model_flops,
        bound_s=bound_s,
        gap=gap_by_cause(program, wafer_s, workload.precision),
        token_budget=workload.token_budget,
        days_to_budget=workload.token_budget / tokens * step_s / SECONDS_PER_DAY,
        energy_per_token_j=power_w * step_s / tokens,
        power_w=power_w,
        wafer_s=wafer_s,
    )


def seconds_by_cause(program: Program, played: Played) -> dict[str, float]:
    """Return one wafer's step by cause: its work from the closed forms, its waiting from the played step."""
    waiting = {
        cause: seconds for (track, cause), seconds in played.seconds.items() if track == "wafer" and cause != "compute"
    }
    return {cause: seconds for cause, seconds in (dict(program.causes) | waiting).items() if seconds > 0}


def stage_bound_s(program: Program, stage: Stage, precision: str) -> tuple[float, float]:
    """Return (bound, arithmetic) of a stage over the step: the longer of injection and arithmetic, and the latter."""
    wafer, calls = program.cluster.wafer, stage.repeat * program.placement.passes
    injection = max(stage.weight_bytes, stage.gradient_bytes) / wafer.io_bytes_per_s
    flops = sum(kernel.flops / kernel.calls for kernel in stage.kernels if kernel.phase == stage.phase)
    arithmetic = flops / wafer.peak_flops(precision)
    return calls * max(injection, arithmetic), calls * arithmetic


def gap_by_cause(program: Program, wafer_s: Mapping[str, float], precision: str) -> dict[str, float]:
    """Return the seconds between bound and simulated step by cause.

    What the bound allows is taken from `fmac`, and where injection sets the bound from `injection` and `weights`; if
    more was hidden behind arithmetic than the bound, which looks at one block at a time, can know, the rest stands as
    `overlap`, below 0.
    """
    bounds = [stage_bound_s(program, stage, precision) for stage in program.stages]
    gap = dict(wafer_s)
    gap["fmac"] = gap.get("fmac", 0.0) - sum(arithmetic for _, arithmetic in bounds)
    transfers = sum(bound - arithmetic for bound, arithmetic in bounds)
    for cause in ("injection", "weights"):
        hidden = min(transfers, gap.get(cause, 0.0))
        gap[cause] = gap.get(cause, 0.0) - hidden
        transfers -= hidden
    gap["overlap"] = -transfers
    return {cause: seconds for cause, seconds in gap.items() if seconds}
