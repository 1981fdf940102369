"""Messages from any core to any other, as `<message_passing>` sends them: a header, up to 32 words, one wavelet each.

They go along the row and then along the column, and those of one core to another arrive in order:

    sender is done       SETUP + words + 1 after it called
    receiver is done     distance * hop_cycles later, or when it asks
"""

from __future__ import annotations

from collections import defaultdict, deque
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

if TYPE_CHECKING:
    from wsesim.csl.machine.machine import CslMachine

SEND, RECEIVE = 54, 55
"""Numbers of intrinsics."""
SETUP_CYCLES = 30
"""Assumed: a header is made, and a descriptor loaded, by scalar code."""
MOST_WORDS = 32
_BIT = np.int64(1)


@dataclass(frozen=True, slots=True)
class Ending:
    """What is done where a message was sent or has come."""

    core: int
    task: int
    """Its id."""
    unblocks: bool
    """Whether it is unblocked rather than activated."""

    def work(self, machine: CslMachine) -> None:
        """Do it."""
        cores = machine.state.cores
        if self.unblocks:
            cores["blocked"][self.core] &= ~(_BIT << np.int64(self.task))
        else:
            cores["activated"][self.core] |= _BIT << np.int64(self.task)
        machine.rouse(self.core)


class Messages:
    """Messages under way, and cores that wait for one."""

    def __init__(self, machine: CslMachine) -> None:
        """Begin without any."""
        self._machine = machine
        self._came: dict[int, deque[tuple[int, list[int]]]] = defaultdict(deque)
        self._asked: dict[int, deque[tuple[int, int, Ending]]] = defaultdict(deque)
        self.due: list[tuple[int, Ending, int, list[int]]] = []
        """Cycle, ending, and the words to put at an address before it."""

    def note(self, row: list[int]) -> None:
        """Take a request of a core."""
        core, cycle, number, buffer, what, goal = row
        ending = Ending(core, what & 0xFF, bool(what >> 8 & 1))
        if number == RECEIVE:
            self._asked[core].append((cycle, (buffer & 0xFFFF) >> 1, ending))
            self._match(core)
        else:
            place = (goal & 0xFFFF, goal >> 16 & 0xFFFF)
            self._send(core, cycle, place, ((buffer & 0xFFFF) >> 1, what >> 16 & 0xFFFF), ending)

    def _send(self, core: int, cycle: int, goal: tuple[int, int], words: tuple[int, int], ending: Ending) -> None:
        from wsesim.csl.machine.machine import CslFault

        width, height = self._machine.image.width, self._machine.image.height
        (column, row), (first, count) = goal, words
        here = f"PE ({core % width}, {core // width}), cycle {cycle}: send_message"
        if column >= width or row >= height:
            raise CslFault(f"{here} to ({column}, {row}); the rectangle has {width} x {height} cores")
        if not 0 < count <= MOST_WORDS:
            raise CslFault(f"{here} of {count} words; 1 to {MOST_WORDS} go in one message")
        sent = cycle + SETUP_CYCLES + count + 1
        hops = abs(column - core % width) + abs(row - core // width)
        arrives = sent + int(hops * self._machine.wafer.fabric.hop_cycles)
        message = self._machine.memory(core)[first : first + 2 * count].tolist()
        self._came[row * width + column].append((arrives, message))
        self.due.append((sent, ending, 0, []))
        self._match(row * width + column)

    def _match(self, core: int) -> None:
        while self._came[core] and self._asked[core]:
            arrives, words = self._came[core].popleft()
            asked, address, ending = self._asked[core].popleft()
            self.due.append((max(arrives, asked), ending, address, words))

    def serve(self, now: int) -> None:
        """Bring what has arrived, and do what then is to be done."""
        ready = sorted((each for each in self.due if each[0] <= now), key=lambda each: each[0])
        self.due = [each for each in self.due if each[0] > now]
        for _, ending, address, words in ready:
            self._machine.memory(ending.core)[address : address + len(words)] = words
            ending.work(self._machine)

    def waiting(self) -> list[tuple[int, str]]:
        """Return cores that wait for a message, and those to whom one came that they did not take."""
        asked = [core for core, each in self._asked.items() if each]
        came = [core for core, each in self._came.items() if each]
        waits = [(core, "waits in recv_message, and nobody has sent to it") for core in asked]
        return waits + [(core, "has not taken a message that was sent to it") for core in came]
