"""The fastest of all placements in rectangles: what each takes at least, then the most promising timed in full.

None is left out that could be the fastest: those that are not timed take longer by what they take at least.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from functools import cached_property

import numpy as np

from wsesim.mapping.resident.bounds import Bounds, Places, ReadingWay, ways_to_read
from wsesim.mapping.resident.goal import PlanGoal
from wsesim.mapping.resident.options import Counts, StageOptions, stage_options
from wsesim.mapping.resident.plan import ResidentPlan
from wsesim.mapping.resident.rectangles import plan_at
from wsesim.mapping.resident.request import ResidentRequest
from wsesim.mapping.resident.stage_times import Cycles, StageTimes
from wsesim.mapping.resident.tables import table_strips

AT_FIRST = 384
"""Options of which the fastest is looked for at first; then those that could be faster still."""
CLOSE = 1e-9
"""Share of a time by which two are the same."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Found:
    """A placement and the seconds it takes for a goal."""

    seconds: float
    plan: ResidentPlan


class _Field:
    """Places for a request, and what one copy takes for a goal there at least."""

    def __init__(self, places: Places, bounds: Bounds, ways: Sequence[ReadingWay | None]) -> None:
        self.places, self.bounds, self.goal, self.ways = places, bounds, bounds.goal, ways
        self._written = bounds.writing(places)

    @cached_property
    def least(self) -> Cycles:
        """Seconds of each place at least, read in the best way there is memory for."""
        return np.minimum.reduce([self.bound(way) for way in self.ways])

    def bound(self, way: ReadingWay | None, *, closely: bool = False) -> Cycles:
        """Return the seconds of each place at least, if prompts are read in a *way*."""
        places, cycles = self.places, self._written
        if way is not None:
            read = self.bounds.reading(places, way, closely=closely)
            cycles = np.where(places.holds(way), cycles + read, np.inf)
        copies = places.copies if self.goal.streams else 1
        seconds: Cycles = cycles / copies / places.request.cluster.wafer.core.clock_hz
        return seconds

    def some(self, which: Counts) -> _Field:
        """Return some of the places, to be looked at more closely."""
        places = self.places.some(which)
        return _Field(places, Bounds(self.goal, StageTimes(places.request, places.options)), self.ways)

    def way(self, at: int) -> ReadingWay | None:
        """Return the way in which prompts could be read fastest at one place."""
        one = self.some(np.array([at]))
        return min(self.ways, key=lambda way: float(one.bound(way)[0]))

    def timed(self, at: int, way: ReadingWay | None) -> Found:
        """Return one place as a plan, timed in full."""
        one = self.places.some(np.array([at]))
        way = way or _way_for_half(one)
        replicas = int(one.copies[0]) if self.goal.streams else one.request.replicas or 1
        plan = plan_at(one, way, replicas)
        seconds = self.goal.reading_s(plan) + self.goal.writing_s(plan)
        return Found(seconds=seconds / (replicas if self.goal.streams else 1), plan=plan)


def _way_for_half(one: Places) -> ReadingWay:
    """Return the way to read that is fastest for a prompt of half the cache, where none is asked."""
    half = max(1, one.request.positions // 2)
    bounds = Bounds(PlanGoal(prompt=half), StageTimes(one.request, one.options))
    ways = [way for way in ways_to_read(one.request, half) if one.holds(way)[0]]
    return min(ways, key=lambda way: float(bounds.reading(one, way)[0]))


def fastest(requests: Sequence[ResidentRequest], goal: PlanGoal) -> tuple[Found, ...]:
    """Return the fastest placement for *goal* of any of the *requests*, then the next best of other kinds.

    Requests differ in how many sequences and copies there are; empty if none has room.
    """
    least = min(requests, key=lambda one: one.batch)
    options = stage_options(least)
    options = options.some(np.argsort(_quickest_cycles(least, goal, options), kind="stable"))
    first, rest = options.some(np.arange(len(options)) < AT_FIRST), options.some(np.arange(len(options)) >= AT_FIRST)
    found = _fastest_of(requests, goal, first, ())
    if found and len(rest):
        could = _quickest_cycles(least, goal, rest) < found[0].seconds * least.cluster.wafer.core.clock_hz
        rest = rest.some(could)
    return _fastest_of(requests, goal, rest, found) if len(rest) else found


def _quickest_cycles(request: ResidentRequest, goal: PlanGoal, options: StageOptions) -> Cycles:
    """Return the cycles in which the cores of each option could multiply for a goal, were there nothing else to do."""
    weights = [op for op in request.laid.layer for _ in op.weights[:1] if op.inputs]
    macs = sum(op.inputs * op.parts[0] * (op.experts.chosen if op.experts else 1) for op in weights)
    lanes = options.columns * options.rows * request.cluster.wafer.core.fmac_fp16_per_cycle
    layer, copies = macs / lanes, request.replicas or request.cluster.systems
    if goal.streams:
        tokens = goal.prompt - goal.reused + goal.passes
        return options.layers * layer * tokens / np.maximum(1, copies)
    share = goal.of_copy(copies)
    read = share.prompts * (goal.prompt - goal.reused) * options.layers + (request.model.layers - options.layers if goal.prompt else 0)
    found: Cycles = layer * (read + goal.passes * np.maximum(request.model.layers, share.batch * options.layers))
    return found


def _fastest_of(
    requests: Sequence[ResidentRequest], goal: PlanGoal, options: StageOptions, known: tuple[Found, ...]
) -> tuple[Found, ...]:  # fmt: skip
    fields = _fields(requests, goal, options)
    if not fields:
        return known
    field = min(fields, key=lambda one: float(one.least.min()))
    if not np.isfinite(field.least.min()):
        return known
    at = int(field.least.argmin())
    found = sorted([*known, field.timed(at, field.way(at))], key=_order)
    for bound, field, at, way in _could_be_faster(fields, found[0].seconds):
        if bound >= found[0].seconds * (1 - CLOSE):
            break
        found = sorted([*found, field.timed(at, way)], key=_order)
    return tuple(found)


def _order(found: Found) -> tuple[float, int, int]:
    """Return what placements are ordered by: time, then fewer wafers, then more sequences held."""
    return found.seconds, found.plan.all_wafers, -found.plan.request.batch


def _could_be_faster(
    fields: Sequence[_Field], seconds: float
) -> list[tuple[float, _Field, int, ReadingWay | None]]:
    """Return the places and ways that could take less than *seconds*, with what they take at least, least first."""
    found = []
    for number, field in enumerate(fields):
        which = np.flatnonzero(field.least < seconds)
        if not len(which):
            continue
        some = field.some(which)
        for turn, way in enumerate(field.ways):
            bound = some.bound(way)
            left = np.flatnonzero(bound < seconds)
            if len(left) and way and some.goal.prompt:
                bound[left] = some.some(left).bound(way, closely=True)
            found += [(float(bound[at]), number, turn, int(which[at])) for at in left.tolist() if bound[at] < seconds]
    return [(bound, fields[number], at, fields[number].ways[turn]) for bound, number, turn, at in sorted(found)]


def _fields(requests: Sequence[ResidentRequest], goal: PlanGoal, options: StageOptions) -> list[_Field]:
    """Return what there is room for of each request."""
    if not len(options):
        return []
    found, times = list[_Field](), StageTimes(requests[0], options)
    prompt = goal.prompt - goal.reused
    ways = tuple(ways_to_read(requests[0], prompt)) if prompt else (None,)
    for request in requests:
        places = Places.of(request, options, table_strips(request))
        if len(places.options):
            bounds = Bounds(goal if goal.streams else goal.of_copy(request.replicas or 1), times)
            found.append(_Field(places, bounds, ways))
    return found
