"""One core's program, written and timed in the same go.

A kernel is a function that writes what one core does. It writes on every role, with real collectives, and once more on
a role that is never placed: there collectives are taken by their closed form, and every other instruction by what it
costs if nothing holds it up. The sum is the kernel's closed form; its effort does not grow with the grid.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from contextlib import contextmanager
from functools import reduce
from operator import add
from typing import TypeVar

from wsesim.cores import isa
from wsesim.cores.builder import Builder, CoreRole
from wsesim.cores.kit.lines import AllreduceLine, Collection
from wsesim.cores.kit.named import timed_alone
from wsesim.cores.operands import Mem, Register
from wsesim.hardware import Wafer

Item = TypeVar("Item")


class KernelWriter:
    """What a kernel writes on: a role, its loops and its collectives."""

    def __init__(self, role: CoreRole, *, placed: bool) -> None:
        """Write on *role*; with `placed` false only the time counts."""
        self.role, self.placed = role, placed
        self._cycles, self._seen, self._turns = 0.0, 0, 1
        self._free: list[Register] = []
        self._constants: dict[float, Register] = {}

    @property
    def wafer(self) -> Wafer:
        """The wafer it runs on."""
        return self.role.wafer

    @property
    def cycles(self) -> float:
        """Cycles of what has been written so far, from the start of the program."""
        self._settle()
        return self._cycles + self.wafer.core.task_launch_cycles

    def allreduce(self, line: AllreduceLine, op: int, vector: Mem) -> None:
        """Leave in *vector* its sum or greatest over a line of cores, on all of them."""
        cycles = line.cycles(self.wafer, vector.length, vector.kind)
        self.communicate(lambda: line.allreduce(self.role, op, vector), cycles)

    def collect(self, line: Collection, parts: Mem, part: Mem) -> None:
        """Fill *parts* with what *part* holds on each core of a line."""
        self.communicate(lambda: line.collect(self.role, parts, part), line.cycles(self.wafer, part.length))

    def communicate(self, write: Callable[[], None], cycles: float) -> None:
        """Have *write* write a communication; where only the time counts, count its *cycles*."""
        if self.placed:
            write()
        else:
            self._cycles += self._turns * cycles

    def repeat(self, times: int) -> Iterator[Register]:
        """Write what the body of a `for` writes as a loop of so many turns, none of them for 0; yields its counter."""
        if times == 0:
            return
        with self.scalars(2) as (counter, last):
            self.role.set(last, times)
            with self.role.map(counter, last):
                self._settle()
                self._turns *= times
                yield counter
                self._settle()
                self._turns //= times
            self._settle()
            self._cycles += self._turns * (times - 1) * self.role.wafer.core.map_cycles

    def each(self, items: Iterable[Item], kinds: Iterable[tuple[Item, int]]) -> Iterator[Item]:
        """Write what the body of a `for` writes once for each of *items*.

        Where only the time counts it is written for one of each of *kinds*, and counts as often as that says.
        """
        if self.placed:
            yield from items
            return
        for item, times in kinds:
            self._settle()
            self._turns *= times
            yield item
            self._settle()
            self._turns //= times

    @contextmanager
    def scalars(self, number: int) -> Iterator[tuple[Register, ...]]:
        """Lend so many registers to a block."""
        lent = tuple(self._free.pop() if self._free else self.role.register() for _ in range(number))
        yield lent
        self._free += lent

    def constant(self, value: float) -> Register:
        """Return a register that holds an fp32 number from its first use on; not to be asked for first in a loop."""
        if value not in self._constants:
            self._constants[value] = self.role.register()
            self.role.set(self._constants[value], value, kind=isa.F32)
        return self._constants[value]

    def _settle(self) -> None:
        written = self.role.instructions
        self._cycles += self._turns * reduce(add, (timed_alone(self.wafer, each) for each in written[self._seen :]), 0)
        self._seen = len(written)


def timed(wafer: Wafer) -> KernelWriter:
    """Return a core that is only timed."""
    return KernelWriter(Builder(wafer, width=1, height=1).role("timed"), placed=False)
