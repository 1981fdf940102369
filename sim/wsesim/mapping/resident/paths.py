"""What prompts take along the path through all stages of a place, from what layers take there: cycles without ops.

Bounds for very many places follow one path that may not be the longest, as where chunks or layers are of two kinds.
This is the longest through all stages, and only what tables at both ends let wait is left out: it is never above what
the plan takes, and hardly below.
"""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from wsesim.mapping.resident.bounds import Bounds, Places
from wsesim.mapping.resident.goal import PlanGoal
from wsesim.mapping.resident.rectangles import even
from wsesim.mapping.resident.room import distribute, rooms
from wsesim.mapping.resident.stage_times import Cycles, StageTimes, Step
from wsesim.mapping.resident.tables import table_cycles
from wsesim.mapping.resident.ways import ReadingWay, reading_steps
from wsesim.model import counts_of


def path_cycles(places: Places, way: ReadingWay, goal: PlanGoal, times: StageTimes) -> Cycles:
    """Return what all prompts of *goal* take at least in each of *places*."""
    begin, bounds = reading_steps(goal, way, None)[0][0], Bounds(goal, times)
    found = table_cycles(places.request, places.strips, begin, 1)[0][places.strip]
    for stages in np.unique(places.options.stages):
        some = np.flatnonzero(places.options.stages == stages)
        found[some] += _through(places.some(some), int(stages), way, bounds)
    return found


def _through(places: Places, stages: int, way: ReadingWay, bounds: Bounds) -> Cycles:
    """Return the same without tables, where all have so many *stages*."""
    model, goal = places.request.model, bounds.goal
    layers = np.array(even(model.layers, stages))
    counts, crosses = counts_of(model, np.cumsum(layers) - layers, layers), _crosses(places, stages)
    ends, kept = np.full(crosses.shape, -np.inf), np.zeros(crosses.shape)
    ends[:, 0] = 0.0
    for step, times in reading_steps(goal, way, None):
        cycles = _stages(places, step, counts, crosses, bounds)
        ends, kept = _passed(ends, cycles, times), kept + times * cycles
    found: Cycles = ends[:, -1] + (goal.prompts - 1) * kept.max(axis=1)
    return found


def _crosses(places: Places, stages: int) -> NDArray[np.bool_]:
    """Return which stages of each place are the last of a wafer but the last."""
    found = np.zeros((len(places.options), stages), bool)
    for at in np.flatnonzero(places.wafers > 1):
        one = places.some(np.array([at]))
        room = rooms(one.request, one.options, one.strips[int(one.strip[0])], int(one.wafers[0]))
        ends = np.cumsum([*distribute(stages, room)])
        found[at, ends[ends < stages] - 1] = True
    return found


def _stages(
    places: Places, step: Step, counts: tuple[NDArray[np.int64], ...], crosses: NDArray[np.bool_], bounds: Bounds
) -> Cycles:
    """Return the cycles of each stage of each place with its way on; the last has one if tables follow it."""
    next_stage, next_wafer = bounds.ways_on(places, step)
    found = np.where(crosses, next_wafer[:, None], next_stage[:, None])
    found[:, -1] = np.where(places.handovers == places.options.stages, np.minimum(next_stage, next_wafer), 0.0)
    for count, kind in zip(counts, bounds.times.kinds(step, places.options), strict=True):
        found += count * kind[:, None]
    return found


def _passed(ends: Cycles, cycles: Cycles, times: int) -> Cycles:
    """Return when each stage is done with so many chunks that take as long, from when it was with those before.

    A stage begins a chunk once it has done the one before and the stage before has done this one. Of many chunks a path
    enters at a stage and stays with all further ones in the slowest of those it passes.
    """
    up_to = np.cumsum(cycles, axis=1)
    if times <= cycles.shape[1]:
        for _ in range(times):
            ends = np.maximum.accumulate(ends - up_to + cycles, axis=1) + up_to
        return ends
    found = np.full_like(ends, -np.inf)
    for enters in range(cycles.shape[1]):
        slowest = np.maximum.accumulate(cycles[:, enters:], axis=1)
        begins = (ends - up_to + cycles)[:, enters, None]
        found[:, enters:] = np.maximum(found[:, enters:], begins + up_to[:, enters:] + (times - 1) * slowest)
    return found
