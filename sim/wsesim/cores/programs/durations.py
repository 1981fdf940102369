"""What the closed forms of the arithmetic kernels share: how long instructions take, and what is beside them."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from dataclasses import dataclass
from math import ceil

from wsesim.cores import isa
from wsesim.cores.builder import Builder, CoreRole
from wsesim.cores.operands import ELEMENT_BYTES, Mem, Operand
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
    return sum(line_cycles(line) for line in role.lines)


def line_cycles(line: list[int]) -> int:
    """Return what an instruction takes if nothing holds it up, registers in its addresses at multiples of the banks."""
    if line[isa.OP] > isa.LAST_VECTOR:
        return line[isa.COST]
    if line[isa.LENGTH] == 0:
        return max(1, line[isa.COST])
    near = _distance(line)
    pace = line[isa.SLOW_CYCLES if near < line[isa.BANK_REACH] else isa.ISSUE_CYCLES]
    tail = line[isa.TAIL_SLOW_CYCLES if near < line[isa.TAIL_REACH] else isa.TAIL_CYCLES]
    length, row, per_issue = line[isa.LENGTH], line[isa.ROW], line[isa.PER_ISSUE]
    if row == 0:
        return line[isa.COST] + ceil(length / per_issue) * pace
    rows, rest = divmod(length, row)
    return line[isa.COST] + rows * (row // per_issue * pace + tail) + ceil(rest / per_issue) * pace


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


def _distance(line: list[int]) -> int:
    """Return how many bytes, modulo the period of the banks, two reads lie apart; that period if they cannot meet."""
    period = line[isa.BANK_PERIOD]
    if line[isa.BANK_A] < 0:
        return period
    apart = _address(line, line[isa.BANK_A]) - _address(line, line[isa.BANK_B]) + line[isa.BANK_OFFSET]
    return min(apart % period, -apart % period)


def _address(line: list[int], operand: int) -> int:
    at = isa.DEST + operand * isa.OPERAND_WIDTH
    return line[at + isa.ADDRESS] * ELEMENT_BYTES[line[at + isa.ELEMENT]]
