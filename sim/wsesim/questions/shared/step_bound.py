"""What a step is held against: a bound that no step can beat, and a formula that leaves out all waiting."""

from __future__ import annotations

from collections.abc import Mapping
from math import fsum

from wsesim.answer import Bound
from wsesim.mapping import Program
from wsesim.questions.shared.step import BOUND

_OWN = {
    "compute": ("fmac",), "weights": ("weights", "injection"), "gradients": ("gradients", "injection"),
    "input": ("input",), "update": ("update",),
}  # fmt: skip
"""Causes of a step that are the work of a part of the machine: what a bound covers first."""


def closed_spent(program: Program) -> dict[str, float]:
    """Return `Program.least_s` by cause: what the wafer takes, and what another part takes longer than it."""
    busy, found = program.busy_s(), dict(program.causes) | dict(program.between)
    longest = max(busy, key=lambda part: busy[part])
    found[longest] = found.get(longest, 0.0) + max(0.0, busy[longest] - busy["compute"] - program.between_s)
    return {cause: seconds for cause, seconds in found.items() if seconds > 0}


def bound_of(program: Program, spent: Mapping[str, float], precision: str) -> Bound:
    """Return the bound, and what a step that *spent* so much on each cause takes on top.

    The bound covers the causes that are the work of the part which sets it; what it covers beyond them, other parts
    did at the same time, and of each cause that is left an equal share is covered.
    """
    best = _at_best(program, precision)
    longest = max(best, key=lambda part: best[part])
    gap, left = dict(spent), best[longest]
    for cause in _OWN[longest]:
        covered = min(left, gap.get(cause, 0.0))
        gap[cause] = gap.get(cause, 0.0) - covered
        left -= covered
    rest = fsum(gap.values())
    shown = max(0.0, 1 - left / rest) if rest else 0.0
    gap = {cause: shown * seconds for cause, seconds in gap.items() if shown * seconds > 0}
    return Bound(seconds=best[longest], meaning=BOUND, gap=gap)


def _at_best(program: Program, precision: str) -> dict[str, float]:
    """Return what each part of the machine needs: the wafer for its multiply-accumulates alone, at peak."""
    wafer = program.cluster.wafer
    peak = max(wafer.peak_flops(precision), wafer.peak_flops("fp32"))  # scores are always in single precision
    flops = fsum(
        group.count * kernel.flops for group in program.groups for stage in group.stages for kernel in stage.kernels
        if kernel.phase == stage.phase != "recompute"
    )  # fmt: skip
    return {**program.busy_s(), "compute": flops / peak}
