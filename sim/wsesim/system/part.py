"""A part of the wafer may do a step faster than all of it: fewer cores to fill, each with more to do.

What cores do takes as long as their share of features and tokens; filling a row takes as long as it has columns, and
filling a column as long as it has rows with tokens. The sum has one lowest point: all cores, unless a step is tiny.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, replace
from functools import cache, cached_property
from math import fsum, inf

from wsesim.mapping import Program, StepRequest, compute_s, fits, lay
from wsesim.system.recurrence import Timed, time_step
from wsesim.system.sequence import pieces
from wsesim.units import ROUNDING

WORTH = 1e-3
"""Share of a step that leaving cores unused has to bring to be looked for."""
_GOLDEN = (5**0.5 - 1) / 2
_NEAR = 0.97
"""Share of the columns that shows whether fewer would do: nearer, whole cycles hide it."""


Clock = Callable[[Program], Timed]
"""Says when a step ends."""


def by_formula(program: Program) -> Timed:
    """Return when a step ends in which nothing waits: that of the part of the machine that has most to do."""
    return Timed(step_s=program.least_s, first_s=program.least_s, tail_s=0.0, seconds={}, moved={}, pieces=0)


@dataclass(frozen=True, kw_only=True)
class Way:
    """A way to lay a step."""

    request: StepRequest
    """With the rows and columns that are used."""
    program: Program
    clock: Clock = time_step

    @cached_property
    def timed(self) -> Timed:
        """When the step ends; worked out once, and not where it is known to be no faster than another."""
        return self.clock(self.program)

    @cached_property
    def least_s(self) -> float:
        """Seconds that the step takes at least by its clock, found without it."""
        return self.program.least_s if self.clock is by_formula else _staged_s(self.program)

    @cached_property
    def promised_s(self) -> float:
        """Seconds that the step takes at least on whatever part of the wafer."""
        return self.least_s - self.saving_s

    @property
    def saving_s(self) -> float:
        """Seconds that fewer columns and rows may save: what fills them, and its share of how wafers scatter."""
        compute_s = self.program.compute_s
        return self.filling_s * (1 + self.program.straggle_s / compute_s) if compute_s else 0.0

    @property
    def filling_s(self) -> float:
        """Seconds in which kernels fill columns and rows."""
        return self.program.causes.get("fill", 0.0)


def _staged_s(program: Program) -> float:
    """Return seconds that a step, however played, takes at least: stage after stage, what takes longest of each.

    As a stage begins, of its weights no more have been sent than have room on the wafer, and two pieces: one that
    passes alone, and one that is sent and waits for room. As it ends, of its gradients no more are left.
    """
    rate, seconds = program.stream_bytes_per_s, [program.between_s]
    for group in program.groups:
        for stage in group.stages:
            size = max(stage.weight_bytes, stage.gradient_bytes)
            sent = (stage.repeat - 2 / pieces(program, stage)) * size - program.buffer_bytes
            seconds.append(group.count * max(stage.repeat * stage.compute_s, sent / rate))
    return max(program.least_s, fsum(seconds)) * (1 - ROUNDING)


def way_of(request: StepRequest, clock: Clock, *, passes: int, recompute: float) -> Way:
    """Return a way to lay a step."""
    return Way(request=request, program=lay(request, passes=passes, recompute=recompute), clock=clock)


def narrowed(way: Way) -> Way:
    """Return *way* on fewer rows and columns where that is faster, else as it is.

    How many columns are best follows from how many rows there are, so that columns are looked for anew with each token
    more on every core, as long as that helps.
    """
    if way.filling_s < WORTH * way.timed.step_s:
        return way
    best = _fewer_columns(way)
    while (place := best.program.placement).rows > 1:
        rows = -(-place.sub_batch * way.request.length // (place.tokens_per_core + 1))
        trial = _faster(best, replace(best.request, rows=rows, columns=way.request.columns), look=_fewer_columns)
        if trial is best:
            break
        best = trial
    return best


def _fewer_columns(way: Way) -> Way:
    columns = way.program.placement.columns
    near = int(_NEAR * columns)

    @cache
    def on(count: int) -> float:
        return _compute_s(way, replace(way.request, columns=count))

    if near < 1 or on(near) >= way.program.compute_s:
        return way
    return _faster(way, replace(way.request, columns=_lowest(on, 1, columns)))


def _faster(way: Way, request: StepRequest, *, look: Callable[[Way], Way] = lambda way: way) -> Way:
    """Return *way* on another part of the wafer, or on what *look* finds of it, if it is faster; else as it is."""
    place = way.program.placement
    if not fits(request, place.sub_batch, recompute=place.recompute):
        return way
    trial = look(way_of(request, way.clock, passes=place.passes, recompute=place.recompute))
    if trial.least_s >= way.timed.step_s:
        return way
    return trial if trial.timed.step_s < way.timed.step_s else way


def _compute_s(way: Way, request: StepRequest) -> float:
    """Return what *way* computes on another part of the wafer; infinite where that does not fit."""
    place = way.program.placement
    if not fits(request, place.sub_batch, recompute=place.recompute):
        return inf
    return compute_s(request, passes=place.passes, recompute=place.recompute)


def _lowest(of: Callable[[int], float], low: int, high: int) -> int:
    """Return where a function of whole numbers that falls, then rises, is lowest, by golden sections."""
    while high - low > 2:
        one, other = (round(high - _GOLDEN * (high - low)), round(low + _GOLDEN * (high - low)))
        other = max(other, one + 1)
        low, high = (low, other) if of(one) <= of(other) else (one, high)
    return min(range(low, high + 1), key=of)
