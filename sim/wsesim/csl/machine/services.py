"""What the machine does for libraries of many cores, outside their code: collectives along a line, tallies.

A collective begins when the last core of its line has called, which turns its routes first and, after it, again: two
times `code.routes_cycles` of each core's main thread. What is moved in between is there, and the library's task is
activated, so many cycles later:

    broadcast          count + distance            scatter, gather     count * cores + distance
    sum                2 * count + distance * PASS_ON
"""

from __future__ import annotations

from collections import defaultdict, deque
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

import numpy as np

from wsesim.cores.state import LAST_CYCLE
from wsesim.csl.machine.fourier import cycles, transform
from wsesim.csl.machine.messages import RECEIVE, SEND, Ending, Messages

if TYPE_CHECKING:
    from wsesim.csl.machine.machine import CslMachine

COLLECTIVE, SIGNAL, BUMP, FOURIER = 50, 51, 52, 53
"""Numbers of intrinsics."""
BROADCAST, SCATTER, GATHER, REDUCE = range(4)
PASS_ON_CYCLES = 8
"""A core adds a wavelet to its own and passes it on."""
NO_TASK = 63


@dataclass(frozen=True, slots=True)
class CollectiveCall:
    """A core's call of a collective."""

    core: int
    cycle: int
    operation: int
    root: int
    send: int
    receive: int
    count: int
    callback: int


@dataclass(slots=True)
class Tally:
    """What all cores have counted."""

    total: int = 0
    signalled: set[int] = field(default_factory=set)
    goal: int = 0
    callbacks: dict[int, tuple[int, int]] = field(default_factory=dict)
    """By core: its task, and the address of its sum."""
    is_over: bool = False


class Services:
    """Requests of cores that wait for those of others, and answers that are due."""

    def __init__(self, machine: CslMachine) -> None:
        """Begin without any."""
        self._machine, self._tally, self.messages = machine, Tally(), Messages(machine)
        self._calls: dict[tuple[int, int], deque[CollectiveCall]] = defaultdict(deque)
        self._due: list[tuple[int, list[CollectiveCall], int]] = []
        self._wakes: list[tuple[int, int, int]] = []
        self._transforms: list[tuple[int, int, int, int]] = []

    def next_due(self) -> int:
        """Return the cycle of the next answer."""
        first = [LAST_CYCLE, *(each[0] for each in self._due), *(each[0] for each in self._wakes)]
        return min(first + [each[0] for each in self.messages.due])

    def note(self, row: list[int]) -> bool:
        """Take a note of a core if it is a request; whether it is one."""
        core, cycle, number, a, b, c = row
        if number not in (COLLECTIVE, SIGNAL, BUMP, FOURIER, SEND, RECEIVE):
            return False
        self._machine.state.code_state.meter["requests"] = 0
        if number in (SEND, RECEIVE):
            self.messages.note(row)
        elif number == COLLECTIVE:
            self._call(core, cycle, a & 0xFFFF, b)
        elif number == FOURIER:
            self._transforms.append((cycle, core, a & 0xFFFF, b))
            self._transform()
        elif number == SIGNAL:
            self._tally.signalled.add(core)
            self._tally.goal = c
            self._tally.callbacks[core] = (b, a & 0xFFFF)
            self._count(cycle)
        else:
            self._tally.total += a
            self._count(cycle)
        return True

    def _call(self, core: int, cycle: int, address: int, callback: int) -> None:
        memory, image = self._machine.memory(core), self._machine.image
        axis, operation, root, send, receive, count = (int(word) for word in memory[address : address + 6])
        self._calls[axis, core].append(
            CollectiveCall(core, cycle, operation, root, send >> 1, receive >> 1, count, callback)
        )
        row, column = divmod(core, image.width)
        line = (
            [row * image.width + x for x in range(image.width)] if axis == 0
            else [y * image.width + column for y in range(image.height)]
        )  # fmt: skip
        if all(self._calls[axis, each] for each in line):
            calls = [self._calls[axis, each].popleft() for each in line]
            self._due.append((max(call.cycle for call in calls) + _cycles(calls), calls, axis))

    def _count(self, cycle: int) -> None:
        """Tell the corner that the sum is reached, once every core has signalled."""
        tally, image = self._tally, self._machine.image
        if tally.is_over or len(tally.signalled) < image.width * image.height or tally.total < tally.goal:
            return
        tally.is_over = True
        corner = image.width - 1
        task, address = tally.callbacks[corner]
        self._machine.memory(corner)[address : address + 2] = np.array([tally.total], np.uint32).view(np.uint16)
        if task != NO_TASK:
            self._wakes.append((cycle + image.width + image.height, corner, task))

    def _transform(self) -> None:
        """Carry out a Fourier transform once every core has called; its data are there when it ends."""
        if len(self._transforms) < len(self._machine.class_of):
            return
        _, core, address, _ = self._transforms[0]
        request = [int(word) for word in self._machine.memory(core)[address : address + 7]]
        ends = max(each[0] for each in self._transforms) + cycles(request[0], request[1])
        transform(self._machine, request)
        self._wakes += [(ends, core, task) for _, core, _, task in self._transforms]
        self._transforms = []

    def waiting(self) -> list[tuple[int, str]]:
        """Return cores that wait for others in a library, and for what."""
        axes = ("row", "column")
        calls = [
            (core, f"waits in a collective that not every core of its {axes[axis]} has called")
            for (axis, core), each in self._calls.items() if each
        ]  # fmt: skip
        return calls + self.messages.waiting()

    def serve(self, quiet: bool) -> bool:
        """Give the answers that are due; whether there was one."""
        due, clock = self.next_due(), self._machine.state.clock[0]
        if due == LAST_CYCLE or (not quiet and clock["now"] < due):
            return False
        clock["now"] = due if quiet else min(int(clock["now"]), due)
        for cycle, calls, _ in [each for each in self._due if each[0] <= due]:
            _move(self._machine, calls)
            for call in calls:
                self._wakes.append((cycle, call.core, call.callback))
        self._due = [each for each in self._due if each[0] > due]
        for _, core, task in [each for each in self._wakes if each[0] <= due]:
            Ending(core, task, unblocks=False).work(self._machine)
        self.messages.serve(due)
        self._wakes = [each for each in self._wakes if each[0] > due]
        return True


def _cycles(calls: list[CollectiveCall]) -> int:
    first, cores = calls[0], len(calls)
    root = min(max(first.root, 0), cores - 1)
    distance = max(root, cores - 1 - root)
    if first.operation == BROADCAST:
        return first.count + distance
    if first.operation == REDUCE:
        return 2 * first.count + distance * PASS_ON_CYCLES
    return first.count * cores + distance


def _move(machine: CslMachine, calls: list[CollectiveCall]) -> None:
    """Bring the data of a collective where they belong."""
    root = calls[calls[0].root]
    words = 2 * root.count
    if root.operation == REDUCE:
        order = [*calls[: calls[0].root], *reversed(calls[calls[0].root + 1 :])]
        total = _of(machine, root.core, root.send, words).view(np.float32).copy()
        for call in order:
            total = total + _of(machine, call.core, call.send, words).view(np.float32)
        _put(machine, root.core, root.receive, total.view(np.uint16))
        return
    source = _of(machine, root.core, root.send, words * len(calls)).copy()
    for at, call in enumerate(calls):
        if root.operation == BROADCAST and call is not root:
            _put(machine, call.core, call.send, source[:words])
        elif root.operation == SCATTER:
            _put(machine, call.core, call.receive, source[at * words : (at + 1) * words])
        elif root.operation == GATHER:
            _put(machine, root.core, root.receive + at * words, _of(machine, call.core, call.send, words))


def _of(machine: CslMachine, core: int, address: int, words: int) -> np.ndarray[tuple[int], np.dtype[np.uint16]]:
    return machine.memory(core)[address : address + words].copy()


def _put(machine: CslMachine, core: int, address: int, words: np.ndarray[tuple[int], np.dtype[np.uint16]]) -> None:
    machine.memory(core)[address : address + len(words)] = words
