"""What every placement takes at least for a goal, for thousands of them at once: which are worth timing in full.

Nothing here is above what the plan itself takes: it is the time along one path through all stages, and a prompt's
positions count as the lowest of their part of it. So a placement whose bound is above the time of another cannot be the
fastest.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import Any

import numpy as np
from numpy.typing import NDArray

from wsesim.kernels.counts import added
from wsesim.kernels.resident_ops import TokenStep
from wsesim.mapping.resident.ends import quickest_strips
from wsesim.mapping.resident.goal import PlanGoal
from wsesim.mapping.resident.options import Counts, StageOptions, has_room
from wsesim.mapping.resident.request import ResidentRequest, group_sizes
from wsesim.mapping.resident.room import NONE, WaferRoom
from wsesim.mapping.resident.stage_times import Cycles, StageTimes, Step, next_wafer_cycles
from wsesim.mapping.resident.tables import TableStrips, strip_choices, table_cycles
from wsesim.mapping.resident.ways import ReadingWay, last_tokens, reading_steps
from wsesim.model import counts_of


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Places:
    """Options that wafers have room for, and what each takes; arrays, one element an option."""

    request: ResidentRequest
    options: StageOptions
    strips: tuple[TableStrips, ...]
    strip: Counts
    """Number of the strips of each, with which it takes the fewest wafers."""
    wafers: Counts
    layers_bytes: Counts
    """Of a core: its layers, with their part of the cache."""

    @classmethod
    def of(cls, request: ResidentRequest, options: StageOptions) -> Places:
        """Return the *options* with memory and room for what the request holds."""
        layers = options.layers_bytes(request)
        fits = has_room(request, options, layers, request.groups[0])
        options, layers = options.some(fits), layers[fits]
        choices = strip_choices(request) if len(options) else ()
        wafers = WaferRoom(request, options).fewest(choices) if choices else np.full(len(options), NONE)
        there = np.flatnonzero(wafers < NONE)
        options, layers, wafers = options.some(there), layers[there], wafers[there]
        strips, which, strip = quickest_strips(choices, WaferRoom(request, options), wafers)
        return cls(
            request=request, options=options.some(which), strips=strips, strip=strip, wafers=wafers[which],
            layers_bytes=layers[which],
        )  # fmt: skip

    def some(self, which: NDArray[np.bool_] | Counts) -> Places:
        """Return some of them."""
        arrays = {name: getattr(self, name)[which] for name in ("strip", "wafers", "layers_bytes")}
        return replace(self, options=self.options.some(which), **arrays)

    @property
    def copies(self) -> Counts:
        """Return how many copies of each the systems have room for, or as many as are asked for."""
        if self.request.replicas:
            return np.full(len(self.options), self.request.replicas)
        return np.maximum(1, self.request.cluster.systems // self.wafers)

    @property
    def handovers(self) -> Counts:
        """From one region to the next, without that of the embedding."""
        return self.options.stages - (0 if self.request.ends else 1)

    @property
    def stages_of_note(self) -> tuple[str, ...]:
        """Which stages may be the slowest: the first, which has most layers; where layers are of two kinds, that with
        most of the kind that takes more."""
        return ("first",) if len(self.request.laid.kinds) == 1 else ("first", "fullest")

    def layers_at(self, stage: str) -> tuple[Counts, ...]:
        """Return the layers of each kind that a stage has at least: the first, the last of a wafer, the fullest."""
        model, stages = self.request.model, self.options.stages
        if stage == "first":
            return counts_of(model, 0, self.options.layers)
        least = model.layers // stages
        if stage == "last of a wafer":
            return counts_of(model, 0, least)
        heavy = -(-self.request.laid.kinds[0].layers // stages)
        return heavy, np.maximum(0, least - heavy)

    def layers_elsewhere(self, stage: str) -> tuple[Counts, ...]:
        """Return the layers of each kind that are not there."""
        every = counts_of(self.request.model, 0, self.request.model.layers)
        return tuple(count - here for count, here in zip(every, self.layers_at(stage), strict=True))


class Bounds:
    """Cycles of a goal that places take at least."""

    def __init__(self, goal: PlanGoal, times: StageTimes) -> None:
        self.goal, self.times = goal, times

    def writing(self, places: Places) -> Cycles:
        """Return what all tokens take at least; of a stream those of one request."""
        goal, stages = self.goal, places.options.stages
        if not goal.passes:
            return np.zeros(len(stages))
        if not goal.streams:
            sizes = group_sizes(goal.batch)
            self.times.cost(TokenStep(positions=goal.position, batch=size) for size in sizes)
            each = [np.where(self.holds(places, ReadingWay(shifts=False, tokens=size)),
                             self._tokens(places, size, -(-goal.batch // size)), np.inf) for size in sizes]  # fmt: skip
            fewest: Cycles = goal.passes * np.minimum.reduce(each)
            return fewest
        groups, interval = np.maximum(1, places.request.batch // stages), np.empty(len(stages))
        self.times.cost(TokenStep(positions=goal.position, batch=group) for group in {1, *groups.tolist()})
        for group in np.unique(groups).tolist():
            some = groups == group
            interval[some] = self._interval(places.some(some), group) / group
        alone = goal.guessed(self._through(places, 1), self._interval(places, 1)) / goal.slots(places.request)
        found: Cycles = goal.passes * np.maximum((1 + goal.guesses) * interval, alone)
        return found

    def _tokens(self, places: Places, size: int, groups: int) -> Cycles:
        interval = groups * self._interval(places, size)
        found: Cycles = self.goal.guessed(np.maximum(self._through(places, size), interval), interval)
        return found

    def _through(self, places: Places, size: int) -> Cycles:
        """Return what a token of each of *size* sequences takes through all stages and back."""
        step, request = TokenStep(positions=self.goal.position, batch=size), places.request
        turn = request.software.token_turn_s * request.cluster.wafer.core.clock_hz if request.ends else 0.0
        layers = self._layers(places, step, counts_of(request.model, 0, request.model.layers))
        ends = table_cycles(request, places.strips, step, size)[0][places.strip]
        return ends + layers + self._ways(places, step, places.handovers, places.wafers - 1) + turn

    def _interval(self, places: Places, size: int) -> Cycles:
        step = TokenStep(positions=self.goal.position, batch=size)
        busy = table_cycles(places.request, places.strips, step, size)[1][places.strip]
        return np.maximum(busy, self._kept(places, [(step, 1)]))

    def holds(self, places: Places, way: ReadingWay) -> NDArray[np.bool_]:
        """Return which places have memory for a way to read."""
        work, core = self.times.work_bytes(way.tokens, shifts=way.shifts), places.request.cluster.wafer.core
        needed = places.layers_bytes + work[self.times.place[places.options.size]]
        found: NDArray[np.bool_] = needed <= core.sram_bytes - core.reserved_bytes
        return found

    def roughly(self, places: Places, way: ReadingWay) -> Cycles:
        """Return what all prompts take at least, from layers that pass fewer tokens at the first position.

        These take no more; nor do their sums and vectors, and products at the rate that cores can multiply at.
        """
        goal, request, options = self.goal, places.request, places.options
        chunks, last = -(-(goal.prompt - goal.reused) // way.tokens), last_tokens(goal, way)
        each, end = (self.times.roughly(tokens, shifts=way.shifts) for tokens in (way.tokens, last))
        ends, stays = end * request.model.layers, (chunks - 1) * each + end
        size = self.times.place[options.size]
        if goal.enters:
            return options.layers * stays[size]
        deep = (chunks - 1) * each + (goal.prompts - 1) * stays
        return options.layers * deep[size] + ends[size]

    def reading(self, places: Places, way: ReadingWay, positions: int | None) -> Cycles:
        """Return what all prompts take at least, costed at so many positions of one; None: at all.

        All chunks stay in the first stage, and the last passes the others; or the first passes those up to the last of
        a wafer, where all stay as the way from there is longer, and the last passes those behind it. Of a stream only
        the stage counts in which all stay longest.
        """
        goal = self.goal
        *steps, (last, _) = reading_steps(goal, way, positions)
        begin = steps[0][0] if steps else last
        if goal.enters:
            return self._kept(places, [*steps, (last, 1)])
        ends = table_cycles(places.request, places.strips, begin, 1)[0][places.strip]
        every, either = [*steps, (last, 1)], (begin, last)
        first = self._staying(places, every, (last,), "first")
        if len(places.stages_of_note) > 1:
            first = np.maximum(first, self._staying(places, every, either, "fullest"))
        if steps and last_tokens(goal, way) < way.tokens:  # the chunk before the last takes longer to pass the others
            before = self._staying(places, steps, (steps[-1][0],), "first")
            first = np.maximum(first, before + self._layers(places, last, places.layers_at("last of a wafer")))
        if (places.wafers > 1).any():
            crosses = self._staying(places, every, either, "last of a wafer")
            first = np.where(places.wafers > 1, np.maximum(first, crosses), first)
        alone: Cycles = first + ends
        return alone if goal.prompts == 1 else alone + (goal.prompts - 1) * self._kept(places, [*steps, (last, 1)])

    def _kept(self, places: Places, steps: Sequence[tuple[Step, int]]) -> Cycles:
        """Return for how long a prompt keeps the busiest stage at least: then another follows."""
        longest: Cycles = np.maximum.reduce([self._busy(places, steps, stage) for stage in places.stages_of_note])
        if not (places.wafers > 1).any():
            return longest
        return np.where(places.wafers > 1, np.maximum(longest, self._busy(places, steps, "last of a wafer")), longest)

    def _busy(self, places: Places, steps: Sequence[tuple[Step, int]], stage: str) -> Cycles:
        busy: Cycles = added(times * self._stage(places, step, stage) for step, times in steps)
        return busy

    def _staying(
        self, places: Places, steps: Sequence[tuple[Step, int]], others: Sequence[Step], stage: str
    ) -> Cycles:  # fmt: skip
        """Return what it takes at least if all chunks stay in one stage, and each other stage is passed by one of
        *others*."""
        crossings = places.wafers - 1 - (stage == "last of a wafer")
        between, elsewhere = np.maximum(0, places.handovers - 1), places.layers_elsewhere(stage)
        alone = np.eye(len(elsewhere), dtype=int).tolist()
        rest: Cycles = added(
            count * np.minimum.reduce([self._layers(places, step, kind) for step in others])
            for count, kind in zip(elsewhere, alone, strict=True)
        )
        ways = np.minimum.reduce([self._ways(places, step, between, crossings) for step in others])
        found: Cycles = self._busy(places, steps, stage) + rest + ways
        return found

    def _stage(self, places: Places, step: Step, stage: str) -> Cycles:
        """Return what a stage takes at least with its way on; the fullest may have none."""
        next_stage, next_wafer = self.ways_on(places, step)
        onward = next_wafer
        if stage != "last of a wafer":
            onward = np.where(places.handovers > 0, np.minimum(next_stage, next_wafer), 0.0) * (stage == "first")
        found: Cycles = self._layers(places, step, places.layers_at(stage)) + onward
        return found

    def _ways(self, places: Places, step: Step, handovers: Counts, crossings: Counts) -> Cycles:
        """Return what so many ways on take, some of them to another wafer."""
        next_stage, next_wafer = self.ways_on(places, step)
        found: Cycles = np.maximum(0, handovers - crossings) * next_stage + crossings * next_wafer
        return found

    def ways_on(self, places: Places, step: Step) -> tuple[Cycles, Cycles]:
        """Return what the way to the next stage takes, on a wafer and to another."""
        onward = self.times.onward(step)[self.times.place[places.options.size]]
        tokens = step.batch if isinstance(step, TokenStep) else -(-step.tokens // places.options.rows)
        return onward, next_wafer_cycles(places.request, tokens) * np.ones(len(onward))

    def _layers(self, places: Places, step: Step, counts: Sequence[Any]) -> Cycles:
        """Return what so many layers of each kind take."""
        return self.times.layers(step, places.options, counts)
