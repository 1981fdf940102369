"""Why each event of a run did not happen a cycle sooner: which other event it waited for last.

An event waits for what comes before it on its thread, for the datapath, for a wavelet that is on its way, for room in a
queue, for a link that another wavelet takes, for a switch. Of these the one that let it go on just then is its cause;
of several the first in this order, in which a path keeps to its core where it can.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import NamedTuple

import numpy as np

from wsesim.cores import isa
from wsesim.cores.queued import QUEUE_BITS, Indices, Words, ports_of
from wsesim.cores.state import BEGUN, COMPLETED, FORWARDED, ISSUE, LAUNCHED, OBEYED, SCALAR, Array, State

_NUMBER = (1 << QUEUE_BITS) - 1


class Waited(NamedTuple):
    """The event that another waited for."""

    event: int
    left: int
    """Cycle at which what was waited for left it; where a wavelet then was on its way, before the other began."""


class Events:
    """The events of a run in the order in which they happened, and what each waited for."""

    def __init__(self, state: State) -> None:
        """Find what came before each on its core and on its thread."""
        self._state, self.rows = state, state.events[: state.clock[0]["noted"]]
        rows = self.rows
        kind, core = rows["kind"], rows["core"].astype(np.int64)
        ends = (kind == COMPLETED) & (rows["slot"] == 0)
        by_core = np.argsort(core, kind="stable")
        on_main = (kind == SCALAR) | (kind == BEGUN) | (kind == LAUNCHED) | ends
        self._main = _before(core, by_core, on_main)
        self._program = _before(core, by_core, kind != FORWARDED)
        self._router = _before(core, by_core, kind == FORWARDED)
        thread = core * state.threads.shape[1] + rows["slot"]
        on_thread = (kind == ISSUE) | (kind == LAUNCHED) | (kind == COMPLETED)
        self._thread = _before(thread, np.argsort(thread, kind="stable"), on_thread)
        self._words = Words(state, rows)

    def last(self) -> Waited | None:
        """Return the event that made the last cycle, the first of several; None if nothing happened."""
        rows, kind = self.rows, self.rows["kind"]
        if not len(rows):
            return None
        takes = (rows["slot"] > 0) | (self._state.code["cost"][rows["number"]] > 0)
        ends = np.where(kind == LAUNCHED, np.where(takes, rows["start"] + 1, 0), rows["end"])
        ends[(kind == COMPLETED) | ((kind == SCALAR) & (rows["end"] == rows["start"]))] = 0
        return Waited(int(np.argmax(ends)), int(ends.max()))

    def cause(self, event: int) -> Waited | None:
        """Return what an event waited for last; None where it is not known."""
        now = int(self.rows["start"][event])
        found = self._of_router if self.rows["kind"][event] == FORWARDED else self._of_program
        return next(found(event, now), None)

    def _of_program(self, event: int, now: int) -> Iterator[Waited]:
        yield from self._own(event, now)
        yield from self._completed(event, now)
        yield from self._arrived(event, now)
        yield from self._room(event, now)
        yield from self._datapath(event, now)
        yield from self._queued(event, now)

    def _of_router(self, event: int, now: int) -> Iterator[Waited]:
        yield from self._arrived(event, now)
        yield from self._switched(event, now)
        yield from self._room(event, now)
        yield from self._crossed(event, now)
        yield from self._queued(event, now)

    def _own(self, event: int, now: int) -> Iterator[Waited]:
        """Find what came before on the same thread."""
        rows, on_thread = self.rows, self.rows["kind"][event] in (ISSUE, COMPLETED)
        own = int((self._thread if on_thread else self._main)[event])
        if own >= 0:
            goes_on = rows["kind"][own] == LAUNCHED and not on_thread
            if (rows["start"][own] + 1 if goes_on else rows["end"][own]) == now:
                yield Waited(own, now)

    def _completed(self, event: int, now: int) -> Iterator[Waited]:
        """Find the instruction whose end frees a thread, or starts or unblocks a task."""
        kind, number = self.rows["kind"][event], self.rows["number"][event]
        if kind not in (LAUNCHED, BEGUN):
            return
        for other in self._earlier(event, now):
            if self.rows["kind"][other] == COMPLETED and self.rows["start"][other] == now:
                line = self._state.code[self.rows["number"][other]]
                frees = self.rows["slot"][other] == self.rows["slot"][event]
                if frees if kind == LAUNCHED else number in (line["activate"], line["unblock"]):
                    yield Waited(other, now)

    def _datapath(self, event: int, now: int) -> Iterator[Waited]:
        """Find what took the datapath until now."""
        rows = self.rows
        for other in self._earlier(event, now):
            issued = rows["kind"][other] == ISSUE and rows["start"][other] < now == rows["end"][other]
            if issued or (rows["start"][other] == now - 1 and self._takes(other)):
                yield Waited(other, now)

    def _earlier(self, event: int, now: int) -> Iterator[int]:
        """Yield events of the program before one, back to those that took the datapath before the last cycle."""
        other, oldest = int(self._program[event]), 0
        while other >= 0 and self.rows["start"][other] >= oldest:
            yield other
            if self.rows["start"][other] < now - 1 and (self.rows["kind"][other] == ISSUE or self._takes(other)):
                oldest = int(self.rows["start"][other])
            other = int(self._program[other])

    def _takes(self, event: int) -> bool:
        """Whether the main thread keeps all others from the datapath in the cycle in which an event of it begins."""
        row = self.rows[event]
        if row["kind"] == LAUNCHED:
            return bool(row["slot"] > 0 or self._state.code[row["number"]]["cost"] > 0)
        if row["kind"] == BEGUN:
            return bool(row["more"] < 0)
        return bool(row["kind"] == SCALAR and row["end"] > row["start"])

    def _arrived(self, event: int, now: int) -> Iterator[Waited]:
        """Find what sent a word that has just arrived."""
        clock, start = self._state.clock[0], self.rows["start"]
        for queue in self._words.out_of(event):
            sender = self._words.sender(queue, event)
            if self.rows["kind"][sender] != FORWARDED:
                left, takes = int(start[sender]) + 1, int(clock["ramp"])
            else:
                left, takes = int(start[sender]), self._way(queue)
            if left + takes == now:
                yield Waited(sender, left)

    def _way(self, queue: int) -> int:
        """Return how long a wavelet takes into a queue from the router before it."""
        clock, port = self._state.clock[0], self._port(queue)
        if port == isa.INWARD:
            return int(clock["ramp"])
        longer = self._state.detours[queue >> QUEUE_BITS, port ^ 1] if clock["detours"] else 0
        return int(clock["hop"] + longer)

    def _room(self, event: int, now: int) -> Iterator[Waited]:
        """Find what has just made room in a queue."""
        for queue in self._words.into(event):
            room = int(self._state.queues[queue >> QUEUE_BITS, queue & _NUMBER]["room"])
            other = self._words.made_room(queue, event, room)
            if other >= 0 and self.rows["start"][other] == now - 1:
                yield Waited(other, now)

    def _queued(self, event: int, now: int) -> Iterator[Waited]:
        """Find what has just taken out the word before."""
        for queue in self._words.out_of(event):
            other = self._words.before(queue, event)
            if other >= 0 and self.rows["start"][other] == now - 1:
                yield Waited(other, now)

    def _switched(self, event: int, now: int) -> Iterator[Waited]:
        """Find what has just turned the switch of a wavelet's color."""
        color = self.color(event)
        for other in self._just(self._router, event, now):
            if self.rows["more"][other] & OBEYED and self.color(other) == color:
                yield Waited(other, now)
        for other in self._just(self._program, event, now):
            line = self.rows["number"][other]
            turns = self.rows["kind"][other] == SCALAR and self._state.code[line]["op"] == isa.SWITCH
            if turns and self._state.operands[line, 0]["address"] == color:
                yield Waited(other, now)

    def _crossed(self, event: int, now: int) -> Iterator[Waited]:
        """Find the wavelet that has just taken a port that this one needs."""
        needs = ports_of(self.rows["more"][event])
        for other in self._just(self._router, event, now):
            if self.rows["more"][other] & needs:
                yield Waited(other, now)

    def _just(self, before: Indices, event: int, now: int) -> Iterator[int]:
        """Yield those of the chain of events *before* one that began in the cycle before."""
        other = int(before[event])
        while other >= 0 and self.rows["start"][other] >= now - 1:
            if self.rows["start"][other] == now - 1:
                yield other
            other = int(before[other])

    def color(self, event: int) -> int:
        """Return the color of a wavelet that is forwarded."""
        row = self.rows[event]
        return int(self._state.channels[self._state.cores[row["core"]]["role"], row["number"]]["color"])

    def _port(self, queue: int) -> int:
        role = self._state.cores[queue >> QUEUE_BITS]["role"]
        return int(self._state.channels[role, queue & _NUMBER]["port"])


def _before(keys: Indices, order: Indices, among: Array) -> Indices:
    """Return for each event the latest earlier one of the same key among some, -1 if there is none.

    *order* sorts the keys, events of the same key in their order.
    """
    places = np.where(among[order], np.arange(len(order)), -1)
    latest = np.concatenate((np.full(1, -1), np.maximum.accumulate(places)))[: len(order)]
    known = (latest >= 0) & (keys[order] == keys[order[latest]]) if len(order) else latest >= 0
    found = np.full(len(order), -1, np.int64)
    found[order] = np.where(known, order[latest], -1) if len(order) else found
    return found
