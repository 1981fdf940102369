"""The processes: MemoryX streams weights through SwarmX, wafers compute, gradients come back, MemoryX updates.

                  weights                    queue (double buffer)
    MemoryX ===== SwarmX tree =====> wafer [ w ][ w ] --> kernels --> [ g ][ g ]
       ^                                                                  |
       +------- update <----- SwarmX tree, sums over wafers <-------------+

A process is one link, wafer or host, never one core; the store's updates are added up beside them. Times are seconds.
"""

from __future__ import annotations

from collections import deque
from collections.abc import Callable, Generator
from math import ceil, log
from typing import Any

import simpy

from wsesim.mapping import Program, Stage
from wsesim.system.recorder import Recorder, Work
from wsesim.system.sequence import Cursor, Place, group_at, pieces
from wsesim.system.store import Store

Process = Generator[simpy.Event, Any, None]
ROUNDING = 1e-9
"""Share of a queue's room by which sizes that should fill it exactly may seem too large."""


class Queue:
    """A first-in-first-out link: pieces with their arrival times, and limited room in bytes."""

    def __init__(self, env: simpy.Environment, room: float) -> None:
        self.env = env
        self.items: deque[tuple[float, float, bool]] = deque()
        self.offered: tuple[float, float, bool] | None = None
        self.room, self.taken = room, 0.0
        self._changed = env.event()

    def put(self, size: float, arrival: float, last: bool = False) -> Process:
        """Wait for room (a piece larger than all room passes alone), then leave the piece."""
        self.offered = (size, arrival, last)
        while self.taken + size > self.room * (1 + ROUNDING) and self.items:
            yield self._changed
        self.offered = None
        self.taken += size
        self.items.append((size, arrival, last))
        self._signal()

    def get(self) -> Generator[simpy.Event, Any, tuple[float, bool]]:
        """Wait for the next piece to arrive; its room stays taken until `release`."""
        while not self.items:
            yield self._changed
        size, arrival, last = self.items[0]
        if arrival > self.env.now:
            yield self.env.timeout(arrival - self.env.now)
        return size, last

    def release(self) -> None:
        """Give the room of the piece at the front back."""
        self.taken -= self.items.popleft()[0]
        self._signal()

    def state(self) -> tuple[float, ...]:
        """Describe what is in it and what waits for room, relative to now."""
        found = [float(len(self.items))]
        for size, arrival, last in (*self.items, *((self.offered,) if self.offered else ())):
            found += (size, max(0.0, round(arrival - self.env.now, 12)), last)
        return tuple(found)

    def _signal(self) -> None:
        changed, self._changed = self._changed, self.env.event()
        changed.succeed()


class Machine:
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
        self.computed = 0.0
        self.at_boundary: Callable[[Cursor], None] = lambda cursor: None

    def run(self) -> float:
        """Start every process and return when the last weight is updated."""
        env = self.env
        env.process(self._stream_weights())
        for index in range(len(self.weights)):
            env.process(self._feed_tokens(index))
            env.process(self._wafer(index))
        env.run(until=env.process(self._drain_gradients()))
        self.store.finish(float(env.now))
        return max(float(env.now), self.store.free)

    def state(self, place: Place) -> tuple[object, ...]:
        """Describe everything in flight relative to *place* and now; equal states have equal futures.

        The store is left out: nothing that is played depends on it.
        """
        sender = self.sender.place
        ahead = (sender.number - place.number, sender.stage - place.stage, sender.copy - place.copy, self.piece)
        fed = self.passes_fed[0] - place.number
        queues = (*self.weights, *self.gradients, *self.tokens)
        since = sorted((track, round(self.env.now - work.start, 12)) for track, work in self.under_way.items())
        return (ahead, fed, tuple(since), *(queue.state() for queue in queues))

    def _work(self, track: str, cause: str, seconds: float, name: str = "") -> Process:
        """Keep *track* busy for *seconds*."""
        self.under_way[track] = work = Work(track=track, cause=cause, name=name, start=float(self.env.now))
        yield self.env.timeout(seconds)
        del self.under_way[track]
        self.recorder.spent(track, cause, work.start, self.env.now, name=name)

    def _stream_weights(self) -> Process:
        for place, stage in self.sender.walk():
            count = pieces(self.program, stage)
            size = stage.weight_bytes / count
            for self.piece in range(count if size else 0):
                yield from self._work("swarmx down", "weights", size / self.rate, _title(stage, place))
                self.recorder.moved["weights"] += size
                arrival = self.env.now + self.latency_s
                for queue in self.weights:
                    yield from queue.put(size, arrival)

    def _feed_tokens(self, index: int) -> Process:
        while self.passes_fed[index] < self.program.passes:
            group = group_at(self.program, self.passes_fed[index])
            self.passes_fed[index] += 1
            yield from self._work(f"host{index or ''}", "input", self.program.input_s(group), "tokens")
            yield from self.tokens[index].put(group.token_bytes, self.env.now)

    def _wafer(self, index: int) -> Process:
        cursor = Cursor(self.program)
        last_pass = self.program.passes - 1
        for place, stage in cursor.walk():
            if place.stage == 0 and place.copy == 0:
                yield from self._wait(index, "input", self.tokens[index].get())
                self.tokens[index].release()
            count = pieces(self.program, stage)
            for _ in range(count):
                yield from self._piece(index, place, stage, count, last=place.number == last_pass)
            self.at_boundary(cursor)
        self.computed = float(self.env.now)
        yield from self.gradients[index].put(0.0, self.env.now, last=True)

    def _piece(self, index: int, place: Place, stage: Stage, count: int, *, last: bool) -> Process:
        if stage.weight_bytes:
            yield from self._wait(index, "weights", self.weights[index].get())
        yield from self._work(f"wafer{index or ''}", "compute", stage.compute_s / count, _title(stage, place))
        if stage.weight_bytes:
            self.weights[index].release()
        if stage.gradient_bytes:
            room = self.gradients[index].put(stage.gradient_bytes / count, self.env.now, last)
            yield from self._wait(index, "gradients", room)

    def _wait(self, index: int, cause: str, waiting: Generator[simpy.Event, Any, Any]) -> Process:
        start = self.env.now
        yield from waiting
        self.recorder.spent(f"wafer{index or ''}", cause, start, self.env.now, name=f"wait for {cause}")

    def _drain_gradients(self) -> Process:
        while True:
            size, last = 0.0, False
            for queue in self.gradients:
                size, last = yield from queue.get()
            if not size:
                return
            yield from self._work("swarmx up", "gradients", size / self.rate)
            self.recorder.moved["gradients"] += size
            for queue in self.gradients:
                queue.release()
            self.store.take(size, self.env.now + self.latency_s, last=last)


def tree_latency_s(program: Program) -> float:
    """Return the seconds from the store to the wafers, and back: itself and a hop for each level of the tree."""
    cluster, wafers = program.cluster, program.wafers
    levels = max(1, ceil(round(log(wafers, cluster.swarmx.fan_in), 9))) if wafers > 1 else 1
    return cluster.memoryx.latency_s + levels * cluster.swarmx.hop_s


def _title(stage: Stage, place: Place) -> str:
    number = f" {place.copy + 1}" if stage.repeat > 1 else ""
    return f"{stage.block}{number} {stage.phase}"
