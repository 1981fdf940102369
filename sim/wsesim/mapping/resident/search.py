"""The fastest of all placements in rectangles: what each takes at least, then the most promising timed in full.

None is left out that could be the fastest: those that are not timed take longer by what they take at least. Its tables
lie in the strips that are quickest for the tokens that are written.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from functools import lru_cache

import numpy as np
from numpy.typing import NDArray

from wsesim.mapping.resident.bounds import Bounds, Places
from wsesim.mapping.resident.goal import PlanGoal
from wsesim.mapping.resident.options import Counts, joined, stage_options
from wsesim.mapping.resident.paths import path_cycles
from wsesim.mapping.resident.plan import ResidentPlan
from wsesim.mapping.resident.rectangles import plan_at
from wsesim.mapping.resident.request import ResidentRequest
from wsesim.mapping.resident.stage_times import Cycles, StageTimes
from wsesim.mapping.resident.ways import ReadingWay, reading_steps, ways_to_read
from wsesim.units import ROUNDING

AT_FIRST = 256
"""Options of which one is timed before the others are compared with it."""
LOOKS = (1, 4)
"""Positions of a prompt at which those that are left are costed, turn by turn; then at all."""
MOST_TIMED = 2000
"""Placements that are timed one by one at most: bounds are close, and few are ever needed."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Found:
    """A placement and the seconds it takes for a goal."""

    seconds: float
    plan: ResidentPlan


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class _Field:
    """Places for a request, and the cycles that one copy writes for there at least."""

    goal: PlanGoal
    """Of one copy."""
    places: Places
    written: Cycles

    def some(self, which: NDArray[np.bool_] | Counts) -> _Field:
        """Return some of the places."""
        return replace(self, places=self.places.some(which), written=self.written[which])

    def seconds(self, read: Cycles | float) -> Cycles:
        """Return the seconds of each place, if prompts are read in so many cycles."""
        copies = self.places.copies if self.goal.streams else 1
        found: Cycles = (self.written + read) / copies / self.places.request.cluster.wafer.core.clock_hz
        return found

    def timed(self, at: int, way: ReadingWay | None) -> Found:
        """Return one place as a plan, timed in full."""
        one = self.places.some(np.array([at]))
        replicas = int(one.copies[0]) if self.goal.streams else one.request.replicas or 1
        plan = plan_at(one, way or _way_for_half(one), replicas)
        seconds = self.goal.reading_s(plan) + self.goal.writing_s(plan)
        return Found(seconds=seconds / (replicas if self.goal.streams else 1), plan=plan)


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class _Ways:
    """Places of a field that could be the fastest, read in one way; None where nothing is read."""

    field: _Field
    way: ReadingWay | None

    def at_least(self, times: StageTimes, look: int | None) -> Cycles:
        """Return the seconds that each takes at least."""
        bounds, way = Bounds(self.field.goal, times), self.way
        if way is None:
            return self.field.seconds(0.0)
        found = bounds.reading(self.field.places, way, look)
        if look is None and not self.field.goal.enters:
            found = np.maximum(found, path_cycles(self.field.places, way, self.field.goal, times))
        return self.field.seconds(found)

    def below(self, bound: Cycles, seconds: float) -> _Ways:
        """Return those that take less than *seconds* at least."""
        return replace(self, field=self.field.some(bound < seconds))


def fastest(requests: Sequence[ResidentRequest], goal: PlanGoal) -> ResidentPlan | None:
    """Return the fastest placement for *goal*, which knows the fastest of another kind; None if none has room.

    *requests* differ in how many sequences and copies there are.
    """
    placeable = _placeable(tuple(requests))
    if placeable is None:
        return None
    places, times = placeable
    fields = [_field(one, goal, times) for one in places]
    rough = [_roughly(field, way, times) for field in fields for way in _ways(requests[0], goal)]
    best = _best_of(rough, goal)
    if best is None:
        return None
    other = _best_of([_of_another_kind(some, bound, best) for some, bound in rough], goal)
    return replace(best, next_best=other)


@lru_cache(maxsize=8)
def _placeable(requests: tuple[ResidentRequest, ...]) -> tuple[list[Places], StageTimes] | None:
    """Return the places for each request that has any, and what layers take there; the same for all goals."""
    options = stage_options(min(requests, key=lambda one: one.batch))
    found = (Places.of(request, options) for request in requests) if len(options) else ()
    places = [one for one in found if len(one.options)]
    return (places, StageTimes(requests[0], joined([one.options for one in places]))) if places else None


def _best_of(rough: Sequence[tuple[_Ways, Cycles]], goal: PlanGoal) -> ResidentPlan | None:
    """Return the fastest of places with the seconds that they take at least, roughly; None if there are none."""
    first = _timed_first(rough)
    if first is None:
        return None
    left = [some.below(bound, first.seconds) for some, bound in rough]
    for look in LOOKS if goal.prompt else ():
        left = [some for some in left if len(some.field.written)]
        bounds = _bounds_of(left, look)
        left = [some.below(bound, first.seconds) for some, bound in zip(left, bounds, strict=True)]
    return _best_first(first, [some for some in left if len(some.field.written)]).plan


def _of_another_kind(some: _Ways, bound: Cycles, best: ResidentPlan) -> tuple[_Ways, Cycles]:
    """Leave the places that differ from the best in stages, wafers, copies, or in whether weights move to read."""
    if some.way is not None and some.way.shifts != (best.together is None):
        return some, bound
    places = some.field.places
    alike = (places.options.stages == len(best.stages)) & (places.wafers == best.wafers)
    alike &= places.copies == best.replicas if some.field.goal.streams else places.request.replicas == best.replicas
    return some, np.where(alike, np.inf, bound)


def _ways(request: ResidentRequest, goal: PlanGoal) -> Iterator[ReadingWay | None]:
    if goal.prompt:
        yield from ways_to_read(request, goal.prompt, goal.reused)
    else:
        yield None


def _field(places: Places, goal: PlanGoal, times: StageTimes) -> _Field:
    share = goal if goal.streams else goal.of_copy(places.request.replicas or 1)
    return _Field(goal=share, places=places, written=Bounds(share, times).writing(places))


def _roughly(field: _Field, way: ReadingWay | None, times: StageTimes) -> tuple[_Ways, Cycles]:
    """Return the places, and the seconds they take at least, roughly; endless without memory for a way to read."""
    if way is None:
        return _Ways(field=field, way=way), field.seconds(0.0)
    bounds = Bounds(field.goal, times)
    seconds = field.seconds(bounds.roughly(field.places, way))
    return _Ways(field=field, way=way), np.where(bounds.holds(field.places, way), seconds, np.inf)


def _timed_first(rough: Sequence[tuple[_Ways, Cycles]]) -> Found | None:
    """Return a placement that is among the fastest: the best of the few that are roughly so."""
    all_bounds = np.concatenate([bound for _, bound in rough])
    limit = _smallest(all_bounds[all_bounds <= _smallest(all_bounds[::16])])  # of a part of them it is no smaller
    some = [ways.below(bound, limit * (1 + ROUNDING)) for ways, bound in rough]
    some = [ways for ways in some if len(ways.field.written)]
    if not some:
        return None
    bounds = _bounds_of(some, LOOKS[-1])
    number = min(range(len(some)), key=lambda number: float(bounds[number].min()))
    return some[number].field.timed(int(bounds[number].argmin()), some[number].way)


def _smallest(bounds: Cycles) -> np.float64:
    """Return the largest of the few that are smallest."""
    at = min(AT_FIRST, len(bounds)) - 1
    found: np.float64 = np.partition(bounds, at)[at]
    return found


def _bounds_of(left: Sequence[_Ways], look: int | None) -> list[Cycles]:
    """Return the seconds that all that are left take at least, costed at so many positions of a prompt."""
    if not left:
        return []
    options = joined([some.field.places.options for some in left])
    times = StageTimes(left[0].field.places.request, options)
    times.cost(step for some in left if some.way for step, _ in reading_steps(some.field.goal, some.way, look))
    return [some.at_least(times, look) for some in left]


def _best_first(first: Found, left: Sequence[_Ways]) -> Found:
    """Return the fastest: those that could be faster than the fastest so far are timed in full, least first."""
    found, bounds = first, _bounds_of(left, None)
    order = sorted((float(seconds), number, at) for number, bound in enumerate(bounds)
                   for at, seconds in enumerate(bound.tolist()))  # fmt: skip
    for seconds, number, at in order[:MOST_TIMED]:
        if seconds > found.seconds * (1 + ROUNDING):
            break
        found = min(found, left[number].field.timed(at, left[number].way), key=_order)
    return found


def _order(found: Found) -> tuple[float, int, int]:
    """Return what placements are ordered by: time, then fewer wafers, then more sequences held."""
    return found.seconds, found.plan.all_wafers, -found.plan.request.batch


def _way_for_half(one: Places) -> ReadingWay:
    """Return the way to read that is fastest for a prompt of half the cache, where none is asked."""
    half = max(1, one.request.positions // 2)
    goal, times = PlanGoal(prompt=half), StageTimes(one.request, one.options)
    bounds = Bounds(goal, times)
    ways = [way for way in ways_to_read(one.request, half) if bounds.holds(one, way)[0]]
    times.cost(step for way in ways for step, _ in reading_steps(goal, way, 1))
    return min(ways, key=lambda way: float(bounds.reading(one, way, 1)[0]))
