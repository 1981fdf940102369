"""Cycles of the scalar work around a stencil's exchange and arithmetic, which the vendor does not publish.

One set per generation, each number with its meaning. Their values were searched on the square tiles of rows `st2d`
(median error 0.8 % with both generations) and hold for the other tiles as well (1.1 %); which instructions there are,
and the rule of banks, were settled with all tiles in view. Scalar instructions use cycles in which no microthread
issues: without that, iterations with long edges would come out too short.
"""

from __future__ import annotations

from dataclasses import dataclass

from wsesim.cores.timing import WIDE_LANES
from wsesim.hardware import Wafer


@dataclass(frozen=True, slots=True, kw_only=True)
class Costs:
    """What the scalar instructions of a stencil cost, cycles of the datapath unless it says otherwise."""

    count_cycles: int
    """A completion counts: load, add, store. WSE-2 4; WSE-3 6 (`mic-scalar-add` 7 with its operand's load)."""
    enough_cycles: int
    """The fourth completion sets the count back."""
    turn_cycles: int
    """The loop task counts iterations: load, compare, add, store."""
    reload_cycles: int
    """Put one preloaded descriptor register back to its start: one instruction, before each transfer of radius 1."""
    descriptor_cycles: int
    """Bring a descriptor from memory into registers, before each transfer of radius 2 and more."""
    offset_cycles: int
    """Shift a descriptor and bring it into registers, before each vector instruction of radius 2 and more: about one
    load, add and store for its address, and its other words; also what a radius more costs beside its elements."""
    store_cycles: int
    """A data task stores a wavelet: loads and stores of the place, the word, and the count of the row. Taken from
    `cst-star1-1` and -4, on the WSE-3; for the WSE-2 assumed the same."""


def costs_of(wafer: Wafer) -> Costs:
    """Return the costs on a wafer's generation."""
    if wafer.core.simd_fp16_per_cycle >= WIDE_LANES:
        return Costs(
            count_cycles=6, enough_cycles=2, turn_cycles=4, reload_cycles=1, descriptor_cycles=7, offset_cycles=8,
            store_cycles=4,
        )  # fmt: skip
    return Costs(
        count_cycles=4, enough_cycles=2, turn_cycles=8, reload_cycles=1, descriptor_cycles=6, offset_cycles=8,
        store_cycles=4,
    )  # fmt: skip
