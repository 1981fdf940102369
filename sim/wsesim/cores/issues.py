"""Arithmetic of issues in plain numbers: `rates` reckons with it when a program is written, the engine as it runs."""

from __future__ import annotations

from math import ceil
from typing import NamedTuple

from wsesim.cores import isa

WORD_BYTES = 4
"""Of 32-bit elements."""


class MemoryFigures(NamedTuple):
    """What the memory of a core does in a cycle, and where its banks repeat; as in `hardware.Core`."""

    read_bytes: float
    write_bytes: float
    colliding_cycles: int
    bank_period_bytes: int
    bank_apart_bytes: int
    word_period_bytes: int
    line_bytes: int


def stride_lanes(stride: int) -> float:
    """Return how many lanes a stride leaves: rules of the SDK's appendix; where it gives two figures, the lower."""
    if stride == 0 or stride == 1:
        return float("inf")
    rest = stride % 8
    if rest == 0:
        return 1.0
    return float("inf") if rest == 2 or rest == 3 or rest == 5 or rest == 6 else 2.0


def memory_cycles(lanes: float, read_bytes: int, written_bytes: int, meets: bool, memory: MemoryFigures) -> int:
    """Return the cycles of an issue that reads and writes so many bytes; *meets*: it writes where it reads."""
    cycles = max(ceil(1 / lanes), ceil(read_bytes / memory.read_bytes), ceil(written_bytes / memory.write_bytes), 1)
    return max(cycles, memory.colliding_cycles) if meets else cycles


def colliding(cycles: int, per_issue: int, words: bool, memory: MemoryFigures) -> tuple[int, int, int, int]:
    """Return how two reads collide, *words* if both are of 32 bits, in an instruction of so many cycles an issue.

    That is cycles of an issue, cycles of one that collides, bytes after which the banks repeat, and bytes modulo that,
    nearer than which the two collide.
    """
    slow = max(cycles, memory.colliding_cycles)
    if not words:
        return cycles, slow, memory.bank_period_bytes, memory.bank_apart_bytes
    if per_issue > 1:
        return slow, slow, memory.word_period_bytes, memory.word_period_bytes
    return cycles, slow, memory.word_period_bytes, WORD_BYTES


def sides_taken(passes: bool, fabrics: int) -> int:
    """Return the sides of the datapath that an issue takes up; *passes*: its moves may go beside each other."""
    if not passes or fabrics & (fabrics - 1) != 0 or fabrics == 0:
        return isa.BOTH_SIDES
    return isa.OUT_SIDE if fabrics == 1 else isa.IN_SIDE
