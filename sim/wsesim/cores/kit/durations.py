"""What the closed forms of the arithmetic kernels share: how long instructions take, and what is beside them."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from functools import reduce
from math import ceil
from operator import add

from wsesim.cores.builder import Builder, CoreRole
from wsesim.cores.kit.named import timed_alone
from wsesim.cores.operands import Mem, Operand
from wsesim.cores.rates import rate_of
from wsesim.hardware import Wafer


@dataclass(frozen=True, slots=True)
class VectorTime:
    """What a vector instruction of the main thread takes."""

    issues: int
    """Times it uses the datapath."""
    pace: int
    """Cycles it keeps the datapath each time."""
    launch: int
    """Cycles before."""

    @property
    def busy(self) -> int:
        """Cycles in which it keeps the datapath."""
        return self.issues * self.pace

    @property
    def cycles(self) -> int:
        """Cycles from its start to that of the next instruction, if nothing holds it up."""
        return self.launch + self.busy


def vector_time(wafer: Wafer, op: int, kind: int, length: int, *operands: Operand) -> VectorTime:
    """Return what a vector instruction over *length* elements takes, reads lying in different banks.

    *operands* are the destination and the sources.
    """
    rate = rate_of(wafer.core, op, kind, operands)
    return VectorTime(ceil(length / rate.per_issue), rate.cycles, wafer.core.vector_launch_cycles)


def memory(kind: int, length: int) -> Mem:
    """Return an operand in memory, as the rates see it."""
    return Mem(0, length, kind)


def written_cycles(wafer: Wafer, write: Callable[[CoreRole], None]) -> int:
    """Return the cycles of the instructions that *write* writes, one after the other, if nothing holds them up."""
    role = Builder(wafer, width=1, height=1).role("timed")
    write(role)
    return reduce(add, (timed_alone(wafer, each) for each in role.instructions), 0)


@dataclass(frozen=True, slots=True)
class Turns:
    """Work that a loop does so many times."""

    times: int
    work: Work


Work = Sequence["tuple[int, int] | Turns"]
"""What a main thread does: cycles in which it wants the datapath, then cycles in which it leaves it alone; loops."""


def in_all(work: Work) -> tuple[int, int]:
    """Return all cycles in which the datapath is wanted, and all in which it is not."""
    wanted, unused = 0, 0
    for part in work:
        wants, leaves = part if isinstance(part, tuple) else in_all(part.work)
        times = 1 if isinstance(part, tuple) else part.times
        wanted, unused = wanted + times * wants, unused + times * leaves
    return wanted, unused


def in_turns(begin: Sequence[tuple[int, int] | Turns], count: int) -> Work:
    """Return a work of *count* parts that is *begin* over and over again."""
    return [Turns(count // len(begin), begin), *begin[: count % len(begin)]]


def beside(transfer: float, work: Work, *, microthreads: int = 1) -> tuple[float, float]:
    """Return by how many cycles microthreads that move *transfer* wavelets hinder the main thread; and what is left.

    *work* is what the main thread does from their start on; where all want the datapath, they get it in turns. Of a
    loop only the turn is gone through in which the last wavelet moves: in those before, all that could be lost is.
    """
    hindered = 0.0
    for part in work:
        if isinstance(part, Turns):
            wanted, unused = in_all(part.work)
            each = wanted * microthreads + unused
            whole = min(part.times, int(transfer // each)) if each else part.times
            hindered, transfer = hindered + whole * wanted * microthreads, transfer - whole * each
            if whole == part.times:
                continue
            lost, transfer = beside(transfer, part.work, microthreads=microthreads)
        else:
            lost = min(transfer, part[0] * microthreads)
            transfer = max(0.0, transfer - lost - part[1])
        hindered += lost
    return hindered, transfer


def residues(count: int, step: int, modulus: int) -> list[int]:
    """Return how many of the multiples 0, *step*, ... of *step*, *count* of them, leave each rest 0, 1, ..."""
    found = [0] * modulus
    for first in range(min(count, modulus)):
        found[first * step % modulus] += len(range(first, count, modulus))
    return found
