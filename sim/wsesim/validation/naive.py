"""The baseline to beat: what somebody would say who knows a machine's peaks only.

Training, evaluation and prompts take their FLOPs at one utilization; a token takes the time to read every weight from
SRAM once, one stage after the other; hosts reach the wafer's whole bandwidth.
"""

from __future__ import annotations

from wsesim.hardware import Core
from wsesim.kernels.resident import VALUE_BYTES
from wsesim.mapping.resident import PhaseTime, ResidentPlan
from wsesim.result import Metrics

MFU = {"CS-2": 0.25, "CS-3": 0.20}
"""One utilization for everything a machine does, of its dense 16-bit peak."""
PEAK_FLOPS = {"CS-2": 7.5e15, "CS-3": 15.8e15}
"""Dense 16-bit peaks at 1.1 GHz, which those utilizations go with."""
OTHER_MFU = 0.25
"""Of a machine that is not in the table."""


def step_s(metrics: Metrics, machine: str, *, systems: int) -> float | None:
    """Return the seconds of a step of training or evaluation; None for a machine without a figure."""
    if machine not in MFU:
        return None
    return metrics.flops_per_step / (systems * PEAK_FLOPS[machine] * MFU[machine])


def prefill_s(plan: ResidentPlan, time: PhaseTime) -> float:
    """Return the seconds of a prompt, on all cores that the placement uses."""
    core, name = plan.request.cluster.wafer.core, plan.request.cluster.name
    cores = sum(stage.cores for stage in plan.prefill_stages)
    peak = 2 * cores * core.fmac_fp16_per_cycle * core.clock_hz
    return time.flops / (peak * MFU.get(name, OTHER_MFU))


def decode_s(plan: ResidentPlan) -> float:
    """Return the seconds of a token."""
    values = plan.request.model.layers * plan.request.laid.layer_values
    if plan.request.ends:
        values += plan.request.model.width * plan.request.model.vocab
    return read_s(plan.request.cluster.wafer.core, values, cores=plan.stages[0].cores)


def read_s(core: Core, values: int, *, cores: int) -> float:
    """Return the seconds in which so many cores read *values* between them."""
    return values * VALUE_BYTES / (cores * core.sram_read_bytes_per_cycle * core.clock_hz)


def transfer_s(plan: ResidentPlan, size_bytes: float) -> float:
    """Return the seconds of a transfer from or to hosts."""
    return size_bytes / plan.request.cluster.wafer.io_bytes_per_s
