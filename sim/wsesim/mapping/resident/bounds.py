"""What every placement takes at least for a goal, for thousands of them at once: which are worth timing in full.

Nothing here is above what the plan itself takes: it is the time along one path through all stages, and a prompt's
positions count as the lowest of their part of it. So a placement whose bound is above the time of another cannot be the
fastest.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from functools import lru_cache

import numpy as np
from numpy.typing import NDArray

from wsesim.kernels.counts import added
from wsesim.kernels.resident_ops import ChunkStep, TokenStep
from wsesim.mapping.resident.goal import PlanGoal
from wsesim.mapping.resident.memory import cache_bytes, layer_bytes
from wsesim.mapping.resident.options import Counts, StageOptions, has_room
from wsesim.mapping.resident.plan import timed_positions
from wsesim.mapping.resident.request import ResidentRequest
from wsesim.mapping.resident.room import NONE, WaferRoom
from wsesim.mapping.resident.stage_times import Cycles, StageTimes, Step, next_wafer_cycles
from wsesim.mapping.resident.tables import TableStrips, ranked_by, table_cycles, table_strips


@dataclass(frozen=True, slots=True, kw_only=True)
class ReadingWay:
    """How a prompt passes."""

    shifts: bool
    """Whether weights move for it (MeshGEMM), the program that is published, WaferLLM's; else tokens pass side by side
    like those of a batch, assumed: programs for decoding can do it, and need no second tile of weights."""
    tokens: int
    """That pass together."""


def ways_to_read(request: ResidentRequest, prompt: int) -> Iterator[ReadingWay]:
    """Yield the ways in which so many tokens of a prompt can pass: so many at a time, or in so many even parts.

    All pass together where every token sees all others.
    """
    if not request.model.causal:
        yield ReadingWay(shifts=True, tokens=request.positions)
        return
    powers = [2**power for power in range(prompt.bit_length())]
    between = [3 * power // 2 for power in powers[1:]]
    shifting = _parts(prompt, [*powers, *between]) if request.chunk is None else [request.chunk]
    yield from (ReadingWay(shifts=True, tokens=tokens) for tokens in shifting)
    beside = (tokens for tokens in _parts(prompt, powers) if tokens <= (request.chunk or prompt))
    yield from (ReadingWay(shifts=False, tokens=tokens) for tokens in beside)


def _parts(prompt: int, sizes: Sequence[int]) -> list[int]:
    """Return tokens that pass together: *sizes*, and even parts as many as one of them, where these are the larger.

    For each of them a shorter prompt has one that is no larger, of which it needs no more.
    """
    fit = [size for size in sizes if size <= prompt]
    return sorted({*fit, *(-(-prompt // number) for number in fit if number * number <= prompt)})


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Places:
    """Options that wafers have room for, and what each takes; arrays, one element an option."""

    request: ResidentRequest
    options: StageOptions
    strips: tuple[TableStrips, ...]
    strip: Counts
    """Number of the strips of each, with which it takes the fewest wafers: those fastest for one token; where others
    are faster for many, the option stands here again with them."""
    wafers: Counts
    layers_bytes: Counts
    """Of a core: its layers, with their part of the cache."""

    @classmethod
    def of(cls, request: ResidentRequest, options: StageOptions) -> Places:
        """Return the *options* with memory and room for what the request holds."""
        layer = layer_bytes(request, options.columns, options.rows) + cache_bytes(
            request, options.columns, options.rows
        )
        fits = has_room(request, options, options.layers * layer, request.batch)
        options, layer = options.some(fits), layer[fits]
        strips = table_strips(request) if len(options) else ()
        if not strips:
            none = np.zeros(0, int)
            return cls(request=request, options=options.some(none), strips=(), strip=none, wafers=none,
                       layers_bytes=none)  # fmt: skip
        room = WaferRoom(request, options)
        taken = np.array([room.taken(one) for one in strips])
        wafers = taken.min(axis=0)
        fastest, busiest = (_first(taken == wafers, cycles) for cycles in ranked_by(request, strips))
        there = np.flatnonzero(wafers < NONE)
        which = np.concatenate([there, there[busiest[there] != fastest[there]]])
        strip = np.concatenate([fastest[there], busiest[which[len(there) :]]])
        return cls(
            request=request, options=options.some(which), strips=strips, strip=strip, wafers=wafers[which],
            layers_bytes=(options.layers * layer)[which],
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

    def layers_at(self, *, crosses: bool) -> Counts:
        """Return the layers of the first stage, which has the most; or of the last of a wafer, at least."""
        layers, stages = self.request.model.layers, self.options.stages
        return layers // stages if crosses else self.options.layers


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
            sizes = {min(goal.batch, 2**power) for power in range((goal.batch - 1).bit_length() + 1)}
            self.times.cost(TokenStep(positions=goal.position, batch=size) for size in sizes)
            each = [self._tokens(places, size, -(-goal.batch // size)) for size in sorted(sizes)]
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
        layers = request.model.layers * self._layer(places, step)
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
        chunks, last = -(-(goal.prompt - goal.reused) // way.tokens), _last(goal, way)
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
        first = self._staying(places, [*steps, (last, 1)], last, crosses=False)
        if steps and _last(goal, way) < way.tokens:  # the chunk before the last takes longer to pass the others
            before = self._staying(places, steps, steps[-1][0], crosses=False)
            first = np.maximum(first, before + places.layers_at(crosses=True) * self._layer(places, last))
        if (places.wafers > 1).any():
            passing = (self._staying(places, [*steps, (last, 1)], others, crosses=True) for others in (begin, last))
            crosses = np.minimum(*passing)
            first = np.where(places.wafers > 1, np.maximum(first, crosses), first)
        alone: Cycles = first + ends
        return alone if goal.prompts == 1 else alone + (goal.prompts - 1) * self._kept(places, [*steps, (last, 1)])

    def _kept(self, places: Places, steps: Sequence[tuple[Step, int]]) -> Cycles:
        """Return for how long a prompt keeps the busiest stage at least: then another follows."""
        first: Cycles = added(times * self._stage(places, step, crosses=False) for step, times in steps)
        if not (places.wafers > 1).any():
            return first
        crosses = added(times * self._stage(places, step, crosses=True) for step, times in steps)
        return np.where(places.wafers > 1, np.maximum(first, crosses), first)

    def _staying(self, places: Places, steps: Sequence[tuple[Step, int]], others: Step, *, crosses: bool) -> Cycles:
        """Return what it takes if all chunks stay in one stage, and one of them passes the *others*."""
        busy: Cycles = added(times * self._stage(places, step, crosses=crosses) for step, times in steps)
        rest = places.request.model.layers - places.layers_at(crosses=crosses)
        ways = np.maximum(0, places.handovers - 1)
        return busy + rest * self._layer(places, others) + self._ways(places, others, ways, places.wafers - 1 - crosses)

    def _stage(self, places: Places, step: Step, *, crosses: bool) -> Cycles:
        """Return what a stage takes with its way on: the first of all, or the last of a wafer."""
        next_stage, next_wafer = self._ways_on(places, step)
        onward = next_wafer if crosses else np.where(places.handovers > 0, np.minimum(next_stage, next_wafer), 0.0)
        found: Cycles = places.layers_at(crosses=crosses) * self._layer(places, step) + onward
        return found

    def _ways(self, places: Places, step: Step, handovers: Counts, crossings: Counts) -> Cycles:
        """Return what so many ways on take, some of them to another wafer."""
        next_stage, next_wafer = self._ways_on(places, step)
        found: Cycles = np.maximum(0, handovers - crossings) * next_stage + crossings * next_wafer
        return found

    def _ways_on(self, places: Places, step: Step) -> tuple[Cycles, Cycles]:
        onward = self.times.onward(step)[self.times.place[places.options.size]]
        tokens = step.batch if isinstance(step, TokenStep) else -(-step.tokens // places.options.rows)
        return onward, next_wafer_cycles(places.request, tokens) * np.ones(len(onward))

    def _layer(self, places: Places, step: Step) -> Cycles:
        return self.times.layer(step)[self.times.place[places.options.size]]


def _first(open_: NDArray[np.bool_], cycles: Cycles) -> Counts:
    """Return for each option the number of the strips that take the fewest *cycles* among those open to it."""
    order = np.argsort(cycles, kind="stable")
    found: Counts = order[open_[order].argmax(axis=0)]
    return found


def _last(goal: PlanGoal, way: ReadingWay) -> int:
    """Return the tokens of a prompt's last chunk."""
    return (goal.prompt - goal.reused - 1) % way.tokens + 1


def _step(way: ReadingWay, ends: int, tokens: int) -> Step:
    if way.shifts:
        return ChunkStep(tokens=tokens, start=ends - tokens, block=min(way.tokens, ends))
    return TokenStep(positions=timed_positions(ends), batch=tokens)


@lru_cache(maxsize=4096)
def reading_steps(goal: PlanGoal, way: ReadingWay, positions: int | None) -> tuple[tuple[Step, int], ...]:
    """Return the steps of a prompt, each so many times; before the last not more than so many, each the shortest."""
    ends, last = range(goal.reused + way.tokens, goal.prompt, way.tokens), _step(way, goal.prompt, _last(goal, way))
    if not ends:
        return ((last, 1),)
    parts: Sequence[Sequence[int]] = [[at] for at in ends]
    if positions is not None and len(ends) > positions:
        parts = [part.tolist() for part in np.array_split(np.array(ends), positions)]
    counted: dict[Step, int] = {}
    for part in parts:
        step = _step(way, part[0], way.tokens)
        counted[step] = counted.get(step, 0) + len(part)
    return (*counted.items(), (last, 1))
