"""How fast a vector instruction goes: elements an issue and cycles an issue, by type, operands and memory.

Three limits, of which the slowest counts: lanes of the datapath (SIMD table of the SDK's appendix, with its rule for
strides; conversions and maxima have one lane before the WSE-3), bytes the memory reads and writes in a cycle, and
banks. A 32-bit access takes two of the eight 16-bit banks; two reads collide when theirs are equal modulo 4, that is,
unless they lie 4 bytes apart modulo 8 (same appendix).

Rows met on the WSE-3 with 16 bytes read and 16 written a cycle: `mic-copy` 8 and 4 elements a cycle, `mic-fma-f16` 4,
`mic-add16`, `mic-fma-f32` 0.5 (arrays in the same banks); on the WSE-2: `fmacs` n and 2 n. Not met: `fmacs-5124-fast`,
n / 2, whose alignment was not recorded.
"""

from __future__ import annotations

from dataclasses import dataclass
from math import ceil

from wsesim.cores import isa
from wsesim.cores.operands import ELEMENT_BYTES, HALVES, Fabric, Mem, Operand, element_of
from wsesim.cores.timing import WIDE_LANES
from wsesim.hardware import Core

SLOW = 2
"""Cycles of an issue whose reads collide: one after the other."""
BANK_PERIOD_BYTES, APART_BYTES = 8, 4


@dataclass(frozen=True, slots=True)
class Rate:
    """How an instruction is issued."""

    per_issue: int
    """Elements."""
    cycles: int
    """From one issue to the next."""
    slow_cycles: int
    """The same where banks collide."""
    banks: tuple[int, int, int] = (-1, -1, 0)
    """The two operands that may collide, and by how many bytes the first lies behind the second beside their cells."""


def issue_rate(core: Core, op: int, kind: int, sources: tuple[Operand, ...], dest: Operand = None) -> tuple[int, int]:
    """Return (elements an issue, cycles an issue) as far as can be told before the run.

    Reads whose addresses move by register count as colliding.
    """
    rate = rate_of(core, op, kind, (dest, *sources))
    first, second = ((dest, *sources)[number] for number in rate.banks[:2])
    if not isinstance(first, Mem) or not isinstance(second, Mem) or rate.banks[0] < 0:
        return rate.per_issue, rate.cycles
    apart = sum(sign * (mem.origin + mem.cell * ELEMENT_BYTES[mem.kind]) for sign, mem in ((1, first), (-1, second)))
    collide = first.offset is not None or second.offset is not None or apart % BANK_PERIOD_BYTES != APART_BYTES
    return rate.per_issue, rate.slow_cycles if collide else rate.cycles


def rate_of(core: Core, op: int, kind: int, operands: tuple[Operand, ...]) -> Rate:
    """Return the rate of an instruction on *operands*, the destination first."""
    lanes = _lanes(core, op, kind, operands)
    fabric = [element_of(o, kind, n) for n, o in enumerate(operands) if isinstance(o, Fabric)]
    if fabric:
        per_issue = 2 if fabric[0] in HALVES else 1
        return Rate(per_issue, ceil(per_issue / lanes), ceil(per_issue / lanes))
    per_issue = max(1, int(lanes))
    size = [per_issue * ELEMENT_BYTES[element_of(operand, kind, n)] for n, operand in enumerate(operands)]
    reads = [n for n, o in enumerate(operands) if n > 0 and isinstance(o, Mem) and o.stride != 0]
    cycles = max(1, ceil(1 / lanes), ceil(sum(size[n] for n in reads) / core.sram_read_bytes_per_cycle))
    if isinstance(operands[0], Mem):
        cycles = max(cycles, ceil(size[0] / core.sram_write_bytes_per_cycle))
    if len(reads) < 2:
        return Rate(per_issue, cycles, cycles)
    first, second = operands[reads[0]], operands[reads[1]]
    assert isinstance(first, Mem)
    assert isinstance(second, Mem)
    return Rate(
        per_issue, cycles, max(cycles, SLOW), (reads[0], reads[1], (first.origin - second.origin) % BANK_PERIOD_BYTES)
    )


def _lanes(core: Core, op: int, kind: int, operands: tuple[Operand, ...]) -> float:
    limits = [_datapath(core, op, kind, operands)]
    limits += [_stride_limit(operand.stride) for operand in operands if isinstance(operand, Mem)]
    return min(limits)


def _datapath(core: Core, op: int, kind: int, operands: tuple[Operand, ...]) -> float:
    if op == isa.MAC:
        rates = {isa.F16: core.fmac_fp16_per_cycle, isa.MIXED: core.fmac_mixed_per_cycle}
        return rates.get(kind, core.fmac_fp32_per_cycle)
    if op == isa.MUL and kind in (isa.F32, isa.I32):
        return core.fmac_fp32_per_cycle
    wide = core.simd_fp16_per_cycle >= WIDE_LANES
    simd = core.simd_fp16_per_cycle if kind in HALVES else core.simd_fp32_per_cycle
    sizes = {ELEMENT_BYTES[element_of(o, kind, n)] for n, o in enumerate(operands) if isinstance(o, Mem | Fabric)}
    if len(sizes) > 1 and kind != isa.MIXED:
        return core.simd_fp32_per_cycle if wide else 1
    return simd if wide or op != isa.MAX else 1


def _stride_limit(stride: int) -> float:
    """Return how many lanes a stride leaves: rules of the SDK's appendix; where it gives two figures, the lower."""
    if stride in (0, 1) or stride % 8 in (2, 3, 5, 6):
        return float("inf")
    return 1 if stride % 8 == 0 else 2
