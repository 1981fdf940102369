"""The processes: MemoryX streams weights through SwarmX, wafers compute, gradients come back, MemoryX updates.

                  weights                    queue (double buffer)
    MemoryX ===== SwarmX tree =====> wafer [ w ][ w ] --> kernels --> [ g ][ g ]
       ^                                                                  |
       +------- update <----- SwarmX tree, sums over wafers <-------------+

A process is one link, wafer or host, never one core; the store's updates are added up beside them. Each goes from step
to step as far as it can: tokens and weights come early, last gradients and updates end late. Times are seconds.
"""

from __future__ import annotations

from collections import defaultdict, deque
from collections.abc import Callable, Generator
from math import ceil, log
from typing import Any

import simpy

from wsesim.mapping import Program, Stage
from wsesim.system.due import Due, counted
from wsesim.system.recorder import Recorder, Work
from wsesim.system.sequence import Cursor, Place, group_at, is_last, pieces, repeats, step_at
from wsesim.system.store import Store
from wsesim.units import ROUNDING

Process = Generator[simpy.Event, Any, None]
BETWEEN = {"step": "step overhead", "stragglers": "wait for stragglers"}
"""What the causes of what follows a step's arithmetic are called."""


class Queue:
    """A first-in-first-out link: pieces with their arrival times, and limited room in bytes."""

    def __init__(self, env: simpy.Environment, room: float) -> None:
        self.env = env
        self.items: deque[tuple[float, float, float]] = deque()
        self.offered: tuple[float, float, float] | None = None
        self.room, self.taken = room, 0.0
        self._changed = env.event()

    def put(self, size: float, arrival: float, note: float = 0.0) -> Process:
        """Wait for room (a piece larger than all room passes alone), then leave the piece, with a note."""
        self.offered = (size, arrival, note)
        while self.taken + size > self.room * (1 + ROUNDING) and self.items:
            yield self._changed
        self.offered = None
        self.taken += size
        self.mark(size, note, arrival)

    def mark(self, size: float, note: float, arrival: float = 0.0) -> None:
        """Leave something that takes no room."""
        self.items.append((size, arrival, note))
        self._signal()

    def get(self) -> Generator[simpy.Event, Any, tuple[float, float]]:
        """Wait for the next piece to arrive, and return its size and note; its room stays taken until `release`."""
        while not self.items:
            yield self._changed
        size, arrival, note = self.items[0]
        if arrival > self.env.now:
            yield self.env.timeout(arrival - self.env.now)
        return size, note

    def release(self) -> None:
        """Give the room of the piece at the front back."""
        self.taken -= self.items.popleft()[0]
        self._signal()

    def state(self) -> tuple[float, ...]:
        """Describe what is in it and what waits for room, relative to now."""
        found = [float(len(self.items))]
        for size, arrival, _ in (*self.items, *((self.offered,) if self.offered else ())):
            found += (size, max(0.0, arrival - self.env.now))
        return tuple(found)

    def _signal(self) -> None:
        changed, self._changed = self._changed, self.env.event()
        changed.succeed()


class PlayedMachine:
    """Everything that plays a program: one store, one tree, `wafers` wafers."""

    def __init__(self, env: simpy.Environment, program: Program, recorder: Recorder, wafers: int) -> None:
        self.env, self.program, self.recorder = env, program, recorder
        self.rate, self.latency_s = program.stream_bytes_per_s, tree_latency_s(program)
        self.sender = Cursor(program)
        self.piece = 0
        self.passes_fed = [0] * wafers
        self.under_way: dict[str, Work] = {}
        self.weights = [Queue(env, program.buffer_bytes) for _ in range(wafers)]
        self.gradients = [Queue(env, program.buffer_bytes) for _ in range(wafers)]
        self.tokens = [Queue(env, program.input_room_bytes) for _ in range(wafers)]
        self.store = Store(program, recorder)
        self.due: Due | None = None
        self.slack = 0.0
        """How much later than it might have been the last piece of weights was sent."""
        self.drained: defaultdict[int, simpy.Event] = defaultdict(env.event)
        """Of each step: all gradients of it have come to the store."""
        self.ended: list[float] = []
        """When each step ended, with what was skipped."""
        self.at_boundary: Callable[[Cursor], None] = lambda cursor: None

    def run(self) -> float:
        """Play steps until they repeat, and return when the last weight of the last of them is updated."""
        env = self.env
        if any(stage.weight_bytes for stage in self.program.groups[0].stages):
            env.process(self._stream_weights())
        env.process(self._drain_gradients())
        wafers = [env.process(self._wafer(index)) for index in range(len(self.weights))]
        for index in range(len(self.weights)):
            env.process(self._feed_tokens(index))
        env.run(until=wafers[-1])
        last = len(self.ended) - 1
        env.run(until=self.drained[last])
        updated = max(float(env.now), self.store.free) if self.program.last_gradient_bytes else float(env.now)
        self.store.finish()
        return updated + self.recorder.offset

    def state(self, place: Place) -> tuple[object, ...]:
        """Describe everything in flight relative to *place* and now; equal states have equal futures.

        The store is left out: nothing that is played depends on it, but the weights of the next step (`due`).
        """
        sender = self.sender.place
        ahead = (sender.number - place.number, sender.stage - place.stage, sender.copy - place.copy, self.piece)
        fed = self.passes_fed[0] - place.number
        queues = (*self.weights, *self.gradients, *self.tokens)
        since = sorted((track, self.env.now - work.start) for track, work in self.under_way.items())
        free = self.due is None or self.slack > 0
        waits = (self.due is not None, free, 0.0 if free or not self.due else self.due.updated - self.env.now)
        return (ahead, fed, waits, tuple(since), *(queue.state() for queue in queues))

    def _work(self, track: str, cause: str, seconds: float, name: str = "", step: int = 0) -> Process:
        """Keep *track* busy for *seconds*."""
        self.under_way[track] = work = Work(track=track, cause=cause, name=name, start=float(self.env.now))
        yield self.env.timeout(seconds)
        del self.under_way[track]
        self.recorder.spent(track, cause, work.start, self.env.now, name=name, step=step)

    def _stream_weights(self) -> Process:
        for place, stage in self.sender.walk():
            step, count = step_at(self.program, place.number), pieces(self.program, stage)
            size = stage.weight_bytes / count
            if self.program.last_gradient_bytes and step and place == Place(step * self.program.passes, 0, 0):
                self.due = yield self.drained[step - 1]
            for self.piece in range(count if size else 0):
                ready = yield from self._updated(counted(self.program, stage, size))
                yield from self._work("swarmx down", "weights", size / self.rate, _title(stage, place), step)
                self.recorder.moved["weights", step] += size
                arrival = self.env.now + self.latency_s
                for queue in self.weights:
                    yield from queue.put(size, arrival, ready)

    def _updated(self, size: float) -> Generator[simpy.Event, Any, float]:
        """Wait until the next piece, of so many bytes not sent before, is updated, and return since when it is."""
        if self.due is None:
            return 0.0
        ready = self.due.ready(size)
        if ready > self.env.now:
            yield self.env.timeout(ready - self.env.now)
        self.slack = self.due.slack(self.env.now)
        if self.env.now >= self.due.end:
            self.due = None
        return ready

    def _feed_tokens(self, index: int) -> Process:
        while True:
            number = self.passes_fed[index]
            group, step = group_at(self.program, number), step_at(self.program, number)
            self.passes_fed[index] += 1
            yield from self._work(f"host{index or ''}", "input", self.program.input_s(group), "tokens", step)
            yield from self.tokens[index].put(group.token_bytes, self.env.now)

    def _wafer(self, index: int) -> Process:
        cursor = Cursor(self.program)
        for place, stage in cursor.walk():
            step = step_at(self.program, place.number)
            if place.stage == 0 and place.copy == 0:
                yield from self._wait(index, "input", self.tokens[index].get(), step)
                self.tokens[index].release()
            count = pieces(self.program, stage)
            for _ in range(count):
                yield from self._piece(index, place, stage, count, step)
            self.at_boundary(cursor)
            if cursor.at_end_of_step():
                yield from self._between(index, step_at(self.program, cursor.place.number))
                if repeats(self.ended):
                    return

    def _between(self, index: int, step: int) -> Process:
        """Do what follows the arithmetic of a step."""
        self.gradients[index].mark(0.0, float(step))
        for cause, seconds in self.program.between.items():
            yield from self._work(f"wafer{index or ''}", cause, seconds, BETWEEN[cause], step)
        if len(self.ended) <= step:
            self.ended.append(float(self.env.now) + self.recorder.offset)

    def _piece(self, index: int, place: Place, stage: Stage, count: int, step: int) -> Process:
        if stage.weight_bytes:
            yield from self._wait(index, "weights", self.weights[index].get(), step)
        yield from self._work(f"wafer{index or ''}", "compute", stage.compute_s / count, _title(stage, place), step)
        if stage.weight_bytes:
            self.weights[index].release()
        if stage.gradient_bytes:
            room = self.gradients[index].put(stage.gradient_bytes / count, self.env.now, float(place.number))
            yield from self._wait(index, "gradients", room, step)

    def _wait(self, index: int, cause: str, waiting: Generator[simpy.Event, Any, Any], step: int) -> Process:
        """Wait; for weights that were updated meanwhile, the first part of it for that."""
        start, track = float(self.env.now), f"wafer{index or ''}"
        found = yield from waiting
        updated = min(max(start, found[1]), self.env.now) if cause == "weights" else start
        self.recorder.spent(track, "update", start, updated, name="wait for update", step=step)
        self.recorder.spent(track, cause, updated, self.env.now, name=f"wait for {cause}", step=step)

    def _drain_gradients(self) -> Process:
        while True:
            size, number = 0.0, 0.0
            for queue in self.gradients:
                size, number = yield from queue.get()
            if size:
                yield from self._work(
                    "swarmx up", "gradients", size / self.rate, step=step_at(self.program, int(number))
                )
            for queue in self.gradients:
                queue.release()
            self._arrived(size, int(number))

    def _arrived(self, size: float, number: int) -> None:
        """Hand a piece of pass *number* to the store; without a size, the end of step *number*."""
        if not size:
            self.drained[number].succeed(self.store.close(float(self.env.now), step=number))
            return
        step = step_at(self.program, number)
        self.recorder.moved["gradients", step] += size
        self.store.take(size, self.env.now + self.latency_s, last=is_last(self.program, number), step=step)


def tree_latency_s(program: Program) -> float:
    """Return the seconds from the store to the wafers, and back: itself and a hop for each level of the tree."""
    cluster, wafers = program.cluster, program.wafers
    levels = max(1, ceil(round(log(wafers, cluster.swarmx.fan_in), 9))) if wafers > 1 else 1
    return cluster.memoryx.latency_s + levels * cluster.swarmx.hop_s


def _title(stage: Stage, place: Place) -> str:
    number = "" if stage.repeat == 1 and stage.before is None else f" {(stage.before or 0) + place.copy + 1}"
    return f"{stage.block}{number} {stage.phase}"
