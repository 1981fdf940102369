"""Which event put each word into a queue and which took it out: the n-th that leaves a queue is the n-th that entered.

A queue is its number among those of a core, beside the number of the core.
"""

from __future__ import annotations

import numpy as np
import numpy.typing as npt

from wsesim.cores import isa
from wsesim.cores.state import BEGUN, FORWARDED, ISSUE, OBEYED, SCALAR, Array, State

Indices = npt.NDArray[np.int64]
QUEUE_BITS = 6
_INDEX_BITS = 32
_LAST = (1 << _INDEX_BITS) - 1


def queue_of(core: Indices, number: Indices) -> Indices:
    """Return queues of cores as one number each."""
    return core.astype(np.int64) << QUEUE_BITS | number


class Words:
    """Words by the queues they pass."""

    def __init__(self, state: State, rows: Array) -> None:
        """Follow the words of all events, which are *rows* of `state.EVENT`."""
        self._into, self._out = _into(state, rows), _out(state, rows)
        self._entered, self._left = (np.sort(queue << _INDEX_BITS | at) for at, queue in (self._into, self._out))

    def into(self, event: int) -> list[int]:
        """Return the queues that an event puts words into."""
        return _of(self._into, event)

    def out_of(self, event: int) -> list[int]:
        """Return the queues that an event takes words out of."""
        return _of(self._out, event)

    def sender(self, queue: int, event: int) -> int:
        """Return the event that put in what *event* took out."""
        return _matching(self._left, self._entered, queue, event, 0)

    def before(self, queue: int, event: int) -> int:
        """Return the event that took out the word before, -1 if there was none."""
        return _matching(self._left, self._left, queue, event, 1)

    def made_room(self, queue: int, event: int, room: int) -> int:
        """Return the event that took out the word in whose place *event* put one; -1 if none had to be."""
        return _matching(self._entered, self._left, queue, event, room)


def _of(words: tuple[Indices, Indices], event: int) -> list[int]:
    events, queues = words
    first, end = np.searchsorted(events, (event, event + 1))
    return [int(queue) for queue in queues[first:end]]


def _matching(mine: Indices, theirs: Indices, queue: int, event: int, before: int) -> int:
    first = queue << _INDEX_BITS
    number = int(np.searchsorted(mine, first | event) - np.searchsorted(mine, first)) - before
    at = int(np.searchsorted(theirs, first)) + number
    return int(theirs[at] & _LAST) if number >= 0 else -1


def _out(state: State, rows: Array) -> tuple[Indices, Indices]:
    """Return by event what is taken out of queues."""
    kind, number = rows["kind"], rows["number"].astype(np.int64)
    forwarded, begun = np.flatnonzero(kind == FORWARDED), np.flatnonzero((kind == BEGUN) & (rows["more"] > 0))
    found = [(forwarded, number[forwarded]), (begun, rows["more"][begun].astype(np.int64) - 1)]
    issues = np.flatnonzero(kind == ISSUE)
    fabrics = state.code["fabrics"][number[issues]]
    for source in (1, 2, 3):
        at = issues[fabrics >> source & 1 == 1]
        found.append((at, state.operands["address"][number[at], source].astype(np.int64)))
    return _by_event([(at, queue_of(rows["core"][at], queue)) for at, queue in found])


def _into(state: State, rows: Array) -> tuple[Indices, Indices]:
    """Return by event what is put into queues."""
    kind, number = rows["kind"], rows["number"]
    programs = np.flatnonzero((kind == ISSUE) | (kind == SCALAR))
    lines = number[programs]
    sends = (kind[programs] == ISSUE) & (state.code["fabrics"][lines] & 1 == 1)
    sends |= (kind[programs] == SCALAR) & (state.code["op"][lines] == isa.CONTROL)
    at = programs[sends]
    found = [(at, queue_of(rows["core"][at], state.operands["address"][number[at], 0]))]
    forwarded = np.flatnonzero(kind == FORWARDED)
    for port in range(isa.PORTS):
        at = forwarded[rows["more"][forwarded] >> port & 1 == 1]
        found.append((at, _beyond(state, rows["core"][at].astype(np.int64), number[at], port)))
    return _by_event(found)


def _beyond(state: State, core: Indices, number: Indices, port: int) -> Indices:
    """Return the queues behind a port into which wavelets of the queues *number* go."""
    color = state.channels["color"][state.cores["role"][core], number]
    step = {isa.WEST: -1, isa.EAST: 1, isa.NORTH: -int(state.clock[0]["width"]), isa.RAMP: 0}
    other = core + step.get(port, int(state.clock[0]["width"]))
    enters = isa.INWARD if port == isa.RAMP else port ^ 1
    return queue_of(other, state.places[state.cores["role"][other], color, enters])


def _by_event(found: list[tuple[Indices, Indices]]) -> tuple[Indices, Indices]:
    events, queues = (np.concatenate([each[at] for each in found]) for at in (0, 1))
    order = np.argsort(events, kind="stable")
    return events[order], queues[order]


def ports_of(more: int) -> int:
    """Return the ports that a wavelet left by."""
    return more & OBEYED - 1
