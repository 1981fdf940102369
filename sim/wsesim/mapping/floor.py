"""What a step in more passes can at least take, from one that is laid, without laying it.

The kernels of a pass take a fixed time to start and a time that grows with the tokens of a core, of which fewer are
never done faster each: what a resource needs for `t` tokens is a line that does not start below zero, and the longest
of such lines divided by `t` only falls. So each token of a smaller pass takes at least what one of a larger pass does.
"""

from __future__ import annotations

from wsesim.mapping.layout import StepRequest, pass_sizes, region_of
from wsesim.mapping.program import Program


def floor_s(request: StepRequest, laid: Program, passes: int) -> float:
    """Return seconds that *request* in so many *passes* is not faster than; *laid* has as many or fewer."""
    starts_s = laid.causes["launch"] / laid.passes
    each_s = _token_s(request, laid, starts_s)
    tokens = sum(count * region_of(request, size).tokens_per_core for size, count in pass_sizes(request.share, passes))
    return _longest(request, laid, passes, passes * starts_s + tokens * each_s)


def floor_from_s(request: StepRequest, laid: Program, passes: int) -> float:
    """Return the same for *passes* or any more: however they are cut, the tokens of the fullest row are not fewer.

    For other sequences than those of *laid*, whose largest pass is as large as may be, too.
    """
    starts_s = laid.causes["launch"] / laid.passes
    tokens = request.share * request.length / request.cluster.wafer.rows
    return _longest(request, laid, passes, passes * starts_s + tokens * _token_s(request, laid, starts_s))


def _token_s(request: StepRequest, laid: Program, starts_s: float) -> float:
    """Return the seconds that a token of the largest pass laid takes, beside what does not grow with tokens.

    That is starting kernels, filling rows and columns, and at the end of each kernel what is left of its last cycle.
    """
    largest = laid.groups[0]
    fixed = sum(
        stage.repeat * (1 + kernel.parts.get("fill", 0.0)) for stage in largest.stages for kernel in stage.kernels
    )
    grows_s = largest.compute_s - starts_s - fixed / laid.cluster.wafer.core.clock_hz
    return max(0.0, grows_s) / region_of(request, largest.sequences).tokens_per_core


def _longest(request: StepRequest, laid: Program, passes: int, compute_s: float) -> float:
    busy, latency_s = laid.busy_s(), laid.cluster.host.latency_s
    more, share = passes / laid.passes, request.share / laid.largest_share
    input_s = share * (busy["input"] - laid.passes * latency_s) + passes * latency_s
    others = max(busy["weights"] * more, busy["gradients"] * more, input_s, busy["update"] * min(1.0, more))
    return max(compute_s, others) + laid.software.step_s
