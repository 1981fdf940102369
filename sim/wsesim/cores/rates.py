"""How fast a vector instruction goes: elements an issue and cycles an issue, by type, operands and memory.

Three limits, of which the slowest counts: lanes of the datapath (SIMD table of the SDK's appendix, with its rule for
strides; conversions and maxima have lanes of their own), bytes the memory reads and writes in a cycle, and
banks, eight of 16 bits. 16-bit elements: two reads collide unless they lie 4 bytes apart modulo 8 (same appendix).
32-bit elements: two reads of one element collide in one of four classes of alignment, where they are the same modulo
16 bytes, and reads of two or more elements always (rows `st2d`, on both generations: of the 4 r + 1 instructions of
radius 2 and 3 as many take two cycles an element as the layout of the arrays says modulo 16 bytes, and additions pass
one element a cycle on the WSE-2 and two on the WSE-3 wherever the arrays lie; `mic-bank` counts four classes too).
A vector of 16-bit elements longer than an issue of 16 bytes is read by lines of 8 bytes (`line_cycles`).
An issue takes as many elements as the lanes, fewer where that goes faster: memory's cycles are whole ones.
An issue does not go over the end of a row of a descriptor of two dimensions (`st2d-wse3-r1`: rows of 10 as of 12).

Rows met on the WSE-3 with 16 bytes read and 16 written a cycle: `mic-copy` 8 and 4 elements a cycle, `mic-fma-f16` 4,
`mic-add16`, `mic-fma-f32` 0.5 (arrays in the same banks); on the WSE-2: `fmacs` n and 2 n. Not met: `fmacs-5124-fast`,
n / 2, whose alignment was not recorded.
"""

from __future__ import annotations

from dataclasses import dataclass
from math import ceil

from wsesim.cores import isa
from wsesim.cores.issues import WORD_BYTES, MemoryFigures, colliding, memory_cycles, sides_taken, stride_lanes
from wsesim.cores.operands import ELEMENT_BYTES, HALVES, Descriptor, FabricOperand, Mem, Operand, element_of
from wsesim.hardware import Core

ANY_LENGTH = 1 << 14
"""Elements taken for those of a descriptor that the program writes."""


@dataclass(frozen=True, slots=True)
class Rate:
    """How an instruction is issued."""

    per_issue: int
    """Elements."""
    cycles: int
    """From one issue to the next."""
    slow_cycles: int
    """The same where banks collide."""
    banks: tuple[int, int] = (-1, -1)
    """The two operands that may collide."""
    period: int = 1
    """Bytes after which the banks repeat."""
    reach: int = 0
    """Bytes, modulo that, nearer than which the two reads collide."""


@dataclass(frozen=True, slots=True)
class Pace:
    """How fast a vector instruction goes."""

    rate: Rate
    row: int = 0
    """Elements of a row of two dimensions, if a row ends within an issue; else 0."""
    tail: Rate | None = None
    """Rate of the last issue of such a row."""
    by_lines: bool = False
    """See `go_by_lines`."""
    sides: int = isa.BOTH_SIDES
    """Of the datapath that an issue takes up."""
    lanes: float = 1.0
    """Of the datapath, whatever the strides."""
    passes: bool = False
    """Whether a move to the fabric and one from it go side by side."""


def pace_of(core: Core, op: int, kind: int, operands: tuple[Operand, ...]) -> Pace:
    """Return how fast an instruction goes on *operands*, the destination first.

    What the program describes as it runs is taken for elements one after the other; the engine reckons with what it is.
    """
    operands = tuple(_assumed(operand, kind, number) for number, operand in enumerate(operands))
    rate = rate_of(core, op, kind, operands)
    row = 0 if any(isinstance(operand, FabricOperand) for operand in operands) else row_of(operands, rate.per_issue)
    tail = rate_of(core, op, kind, operands, most=row % rate.per_issue) if row else None
    passes = core.moves_pass and op == isa.MOV and kind in HALVES
    sides = sides_taken(passes, sum(1 << n for n, operand in enumerate(operands) if isinstance(operand, FabricOperand)))
    lanes = _datapath(core, op, kind, operands)
    return Pace(rate, row, tail, go_by_lines(core, operands, rate), sides, lanes, passes)


def _assumed(operand: Operand, kind: int, number: int) -> Operand:
    return Mem(0, ANY_LENGTH, element_of(None, kind, number)) if isinstance(operand, Descriptor) else operand


def memory_figures(core: Core) -> MemoryFigures:
    """Return what issues are reckoned with."""
    return MemoryFigures(
        float(core.sram_read_bytes_per_cycle), float(core.sram_write_bytes_per_cycle), core.colliding_cycles,
        core.bank_period_bytes, core.bank_apart_bytes, core.word_period_bytes, core.line_bytes,
    )  # fmt: skip


def rate_of(core: Core, op: int, kind: int, operands: tuple[Operand, ...], *, most: int | None = None) -> Rate:
    """Return the rate of an instruction on *operands*, the destination first; of issues of *most* elements if given."""
    lanes = _lanes(core, op, kind, operands)
    fabric = [element_of(o, kind, n) for n, o in enumerate(operands) if isinstance(o, FabricOperand)]
    if fabric:
        per_issue = 2 if fabric[0] in HALVES else 1
        return Rate(per_issue, ceil(per_issue / lanes), ceil(per_issue / lanes))
    return _fastest(core, kind, operands, lanes) if most is None else _issue(core, kind, operands, lanes, most)


def _fastest(core: Core, kind: int, operands: tuple[Operand, ...], lanes: float) -> Rate:
    """Return the rate of issues of as many elements as go fastest, the most of those that go as fast: as measured.

    Of reads that do not collide: those that do may go slower with a port wide enough for a smaller issue in one cycle.
    """
    full = max(1, int(lanes))
    found = _issue(core, kind, operands, lanes, full)
    if found.cycles == 1:
        return found
    fewer = [_issue(core, kind, operands, lanes, elements) for elements in range(1, full)]
    return max([*fewer, found], key=lambda rate: (rate.per_issue / rate.cycles, rate.per_issue))


def _issue(core: Core, kind: int, operands: tuple[Operand, ...], lanes: float, per_issue: int) -> Rate:
    """Return the rate of issues of so many elements, none of which comes from the fabric or goes there."""
    size = [per_issue * ELEMENT_BYTES[element_of(operand, kind, n)] for n, operand in enumerate(operands)]
    moved = [isinstance(o, Mem) and not o.beside for o in operands]
    reads = [n for n, o in enumerate(operands) if n > 0 and moved[n] and isinstance(o, Mem) and o.stride != 0]
    written, figures = size[0] if moved[0] else 0, memory_figures(core)
    cycles = memory_cycles(lanes, sum(size[n] for n in reads), written, _meets_itself(core, operands), figures)
    if len(reads) < 2:
        return Rate(per_issue, cycles, cycles)
    first, second = operands[reads[0]], operands[reads[1]]
    assert isinstance(first, Mem)
    assert isinstance(second, Mem)
    words = ELEMENT_BYTES[first.kind] == ELEMENT_BYTES[second.kind] == WORD_BYTES
    cycles, slow, period, reach = colliding(cycles, per_issue, words, figures)
    return Rate(per_issue, cycles, slow, (reads[0], reads[1]), period, reach)


def go_by_lines(core: Core, operands: tuple[Operand, ...], rate: Rate) -> bool:
    """Whether two operands are read by lines (`line_cycles`)."""
    reads = [operands[number] for number in rate.banks if number >= 0]
    for operand in reads:
        if not isinstance(operand, Mem) or operand.kind not in HALVES or operand.stride != 1 or operand.inner:
            return False
    return len(reads) == 2 and rate.per_issue * ELEMENT_BYTES[isa.F16] > core.line_bytes


def line_cycles(core: Core, first: int, second: int, length: int) -> int:
    """Return the cycles to read two vectors of *length* 16-bit elements that begin at these addresses.

    Memory has two halves of four banks, and each gives a line of 8 bytes a cycle; lines alternate between them. Source:
    `mgemm` with tiles of 9 to 16 rows, whose multiply-accumulates take the longer the more lines they touch.
    """
    halves = [0, 0]
    for start in (first, second):
        end = start + length * ELEMENT_BYTES[isa.F16]
        lines = range(start // core.line_bytes, (end - 1) // core.line_bytes + 1)
        for at in range(min(2, len(lines))):
            halves[lines[at] % 2] += len(lines[at::2])
    return max(halves)


def row_of(operands: tuple[Operand, ...], per_issue: int) -> int:
    """Return the elements of a row of the shortest rows among *operands*; 0 where none ends within an issue.

    A vector of words that is shorter than an issue is such a row (`st1c-wse2`: additions of one element take a cycle).
    """
    memory = [operand for operand in operands if isinstance(operand, Mem)]
    rows = [operand.inner for operand in memory if operand.inner > 0]
    rows += [o.length for o in memory if 0 < o.length < per_issue and ELEMENT_BYTES[o.kind] == WORD_BYTES]
    return min(rows) if rows and min(rows) % per_issue else 0


def _meets_itself(core: Core, operands: tuple[Operand, ...]) -> bool:
    """Whether what is written falls into the bank that the same operand is read from at that time.

    In place and with a stride of a multiple of all banks, that is so in every cycle (`spmm-gemm`, `spmm-sim-gemm`: two
    cycles an element wherever the columns lie).
    """
    dest = operands[0]
    if not isinstance(dest, Mem) or dest.stride == 0 or dest.stride * ELEMENT_BYTES[dest.kind] % core.word_period_bytes:
        return False
    return dest.inner == 0 and dest in operands[1:]


def _lanes(core: Core, op: int, kind: int, operands: tuple[Operand, ...]) -> float:
    limits = [_datapath(core, op, kind, operands)]
    limits += [stride_lanes(operand.stride) for operand in operands if isinstance(operand, Mem)]
    return min(limits)


def _datapath(core: Core, op: int, kind: int, operands: tuple[Operand, ...]) -> float:
    if op == isa.MAC:
        rates = {isa.F16: core.fmac_fp16_per_cycle, isa.MIXED: core.fmac_mixed_per_cycle}
        return rates.get(kind, core.fmac_fp32_per_cycle)
    if op == isa.MUL and kind in (isa.F32, isa.I32):
        return core.fmac_fp32_per_cycle
    simd = core.simd_fp16_per_cycle if kind in HALVES else core.simd_fp32_per_cycle
    sizes = {
        ELEMENT_BYTES[element_of(o, kind, n)] for n, o in enumerate(operands) if isinstance(o, Mem | FabricOperand)
    }
    if len(sizes) > 1 and kind != isa.MIXED:
        return core.convert_per_cycle
    return min(simd, core.max_per_cycle) if op == isa.MAX else simd
