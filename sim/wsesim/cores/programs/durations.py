"""What the closed forms of the arithmetic kernels share: how long a vector instruction takes, and a wavelet."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from math import ceil

from wsesim.cores.operands import Mem, Operand
from wsesim.cores.rates import rate_of
from wsesim.cores.timing import Timing
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
    return VectorTime(ceil(length / rate.per_issue), rate.cycles, Timing.of(wafer).launch_cycles)


def memory(kind: int, length: int) -> Mem:
    """Return an operand in memory, as the rates see it."""
    return Mem(0, length, kind)


def link_cycles(wafer: Wafer, hops: int) -> int:
    """Return the cycles from the core that sends a wavelet to the one that uses it: issue, ramp, hops, ramp."""
    timing = Timing.of(wafer)
    return 1 + 2 * timing.ramp_cycles + hops * timing.hop_cycles


def beside(transfer: float, work: Iterable[tuple[int, int]], *, microthreads: int = 1) -> tuple[float, float]:
    """Return by how many cycles microthreads that move *transfer* wavelets hinder the main thread; and what is left.

    *work* is what the main thread does from their start on: cycles in which all want the datapath, and get it in turns,
    and then cycles in which the main thread leaves it alone.
    """
    hindered = 0.0
    for wanted, unused in work:
        lost = min(transfer, wanted * microthreads)
        hindered += lost
        transfer = max(0.0, transfer - lost - unused)
    return hindered, transfer
