"""The least time that a step in more passes can take, from one that is laid, without laying it.

The kernels of a pass take a fixed time to start, a time to fill columns and rows, and a time that grows with the tokens
of a core. What each resource needs for `t` tokens is a line that starts at zero or above. The longest of these lines,
divided by `t`, never rises with `t`: so a token of a smaller pass takes at least as long as one of a larger pass.
"""

from __future__ import annotations

from dataclasses import dataclass

from wsesim.mapping.cuts import pass_sizes
from wsesim.mapping.layout import StepRequest
from wsesim.mapping.program import Program


@dataclass(frozen=True, slots=True)
class _Pace:
    """What the largest pass that is laid takes."""

    starts_s: float
    """To start its kernels, whatever its size."""
    fills_s: float
    """To fill columns, and rows that hold tokens."""
    token_s: float
    """For each token of a core at least."""
    rows: int


def floor_s(request: StepRequest, laid: Program, passes: int, *, fills: bool = True) -> float:
    """Return a lower bound of *request* in so many *passes*, seconds; *laid* has as many passes or fewer.

    Without *fills* it holds on any part of the wafer, too: fewer columns and rows save nothing but filling them.
    """
    pace, compute_s = _pace_of(laid), 0.0
    for size, count in pass_sizes(request.share, passes):
        tokens, rows = _held(request, size)
        filled = min(1.0, (rows - 1) / (pace.rows - 1)) if fills and pace.rows > 1 else 0.0
        compute_s += count * (pace.starts_s + filled * pace.fills_s + tokens * pace.token_s)
    return _longest(request, laid, passes, compute_s)


def floor_from_s(request: StepRequest, laid: Program, passes: int) -> float:
    """Return a lower bound of *request* in *passes* or more, seconds: in all of them a row has as many tokens.

    It may have other sequences than *laid*, if the largest pass of *laid* is as large as may be.
    """
    pace = _pace_of(laid)
    tokens = request.share * request.length / (request.rows or request.cluster.wafer.rows)
    return _longest(request, laid, passes, passes * pace.starts_s + tokens * pace.token_s)


def _held(request: StepRequest, size: int) -> tuple[int, int]:
    """Return the tokens of the fullest row, and the rows that hold any, in passes of so many sequences."""
    tokens = -(-size * request.length // (request.rows or request.cluster.wafer.rows))
    return tokens, -(-size * request.length // tokens)


def _pace_of(laid: Program) -> _Pace:
    """Return what a pass takes, without what kernels leave of their last cycle, which grows with nothing."""
    largest, clock_hz = laid.groups[0], laid.cluster.wafer.core.clock_hz
    starts_s = laid.causes["launch"] / laid.passes
    fills_s = largest.fill_cycles / clock_hz
    last = laid.placement.parts * largest.calls
    grows_s = largest.compute_s - starts_s - fills_s - last / clock_hz
    return _Pace(starts_s, fills_s, max(0.0, grows_s) / laid.placement.tokens_per_core, laid.placement.rows)


def _longest(request: StepRequest, laid: Program, passes: int, compute_s: float) -> float:
    busy, latency_s = laid.busy_s(), laid.cluster.host.latency_s
    more, share = passes / laid.passes, request.share / laid.largest_share
    input_s = share * (busy["input"] - laid.passes * latency_s) + passes * latency_s
    others = max(busy["weights"] * more, busy["gradients"] * more, input_s, busy["update"] * min(1.0, more))
    return max(compute_s + laid.software.fixed_s, others)
