"""Cycles of scalar steps, as of code that a compiler with the usual habits writes.

An instruction takes a cycle, one whose result the next one needs `dependent_cycles`, unless others go between
(`schedule`); a branch as `hardware` says.
Values of 32 bits that are whole numbers take an instruction for each half; quotients are routines. Steps are those that
`csl.passes` leave. The address of an element, a constant and an index, is no instruction: a register moves along. To
compare with 0 takes none either. A turn of `@map` takes `saved_map_cycles` beside what the function does: its first
element, the places of all and the count come with them, as in measured products whose descriptors keep their places.
"""

from __future__ import annotations

from wsesim.csl.image import CONDITIONAL, JUMPS, RETURNS, CodeStep, Operation, TileClass, Type
from wsesim.csl.intrinsics import TABLE, TURN_ROUTES
from wsesim.csl.machine.constants import is_folded, known_before, unwritten
from wsesim.csl.machine.schedule import BlockStep, waits_of
from wsesim.csl.vectors import OperandKind
from wsesim.hardware import Wafer

_LEAPS = {Operation.CALL, Operation.CALL_AT, Operation.RETURN}
_COMPARES = CONDITIONAL - {Operation.JUMP_IF, Operation.JUMP_UNLESS}
_WHOLE_32 = (Type.I32, Type.U32)
_FLOATS = (Type.F16, Type.F32)
_INTRINSIC_CYCLES = {each.number: each.cycles for each in TABLE.values()}
WHOLE_DIVIDE_CYCLES = 40
"""A quotient of 16-bit whole numbers, bit by bit; of 32 bits twice as much."""
WIDE_PRODUCT_CYCLES = 8
"""A product of 32-bit whole numbers by those of 16."""
CONVERT_CYCLES = 6
"""Between floats and whole numbers."""
DESCRIPTOR_STORES = 4
"""Words of a descriptor, which a core stores one by one into the register that an instruction names, where the code has
computed it. Source: the instruction log of gemm-collectives_2d, 12 stores before each product, of three operands."""
SETTLE_CYCLES = 3
"""Of no instruction between them and the one that uses them. Source: the same."""
_BLOCK_ENDS = {*JUMPS, *_LEAPS, Operation.END}
Costs = list[tuple[int, int]]
"""Cycles of each step, and of a jump that is taken."""


def costs_of(tile: TileClass, wafer: Wafer) -> Costs:
    """Return the cycles of the steps of a tile class."""
    steps = tile.steps
    found = _alone_costs(tile, wafer)
    targets = {step.n for step in steps if step.op in JUMPS} | {step.n for step in steps if step.op == Operation.CALL}
    first = 0
    for at, step in enumerate(steps):
        if at + 1 in targets or step.op in _BLOCK_ENDS or at + 1 == len(steps):
            block = tuple(_timed(steps[each], found[each][0]) for each in range(first, at + 1))
            for each, wait in enumerate(waits_of(block, wafer.core.dependent_cycles - 1), first):
                found[each] = (found[each][0] + wait, found[each][1] + wait)
            first = at + 1
        if step.op == Operation.JUMP and at < step.n < len(steps) and steps[step.n].op in RETURNS:
            found[at] = (0, 0)
    return found


def _timed(step: CodeStep, cycles: int) -> BlockStep:
    return BlockStep(step.op, step.d, tuple(each for each in (step.a, step.b, step.c) if each >= 0), cycles)


def _alone_costs(tile: TileClass, wafer: Wafer) -> Costs:
    """Return the cycles of steps whose operands are there."""
    found: Costs = []
    never, known = unwritten(tile), known_before(tile)
    constants = {n for n in range(tile.registers) if never >> n & 1}
    zeros = {n for n in constants if tile.first_values.get(n, 0) == 0}
    addresses = {step.a for step in tile.steps if step.op in (Operation.LOAD, Operation.STORE)}
    made = {step.d for step in tile.steps if step.t == Type.U64 and step.op not in (Operation.LOAD, Operation.GET_DSR)}
    for at, step in enumerate(tile.steps):
        if step.op == Operation.ADD and step.d in addresses and (step.a in constants or step.b in constants):
            found.append((0, 0))
        elif step.is_map:
            found.append(_of_map(step, at, wafer))
        elif step.op in JUMPS:
            test = 1 if step.op in _COMPARES and step.b not in zeros and step.a not in zeros else 0
            stays = 0 if step.op == Operation.JUMP else wafer.core.branch_not_taken_cycles
            found.append((stays + test, wafer.core.branch_taken_cycles + test))
        elif is_folded(step, known[at]):
            found.append((0, 0))
        else:
            found.append((_alone(step, wafer) + _described(step, made, known[at]), 0))
    return found


def _described(step: CodeStep, made: set[int], known: int) -> int:
    """Return what descriptors take that the code has *made*; what lies in memory is loaded by an instruction each."""
    if step.op == Operation.LOAD_DSR:
        return DESCRIPTOR_STORES - 1 if step.a in made and not known >> step.a & 1 else 0
    operands = step.vector.operands if step.vector is not None else ()
    values = [each.value for each in operands if each.kind == OperandKind.DSD]
    count = sum(value in made and not known >> value & 1 for value in values)
    return DESCRIPTOR_STORES * count + SETTLE_CYCLES if count else 0


def _of_map(step: CodeStep, at: int, wafer: Wafer) -> tuple[int, int]:
    """Return what a `@map` itself takes: at its begin, which the jump past it stands for, and each turn."""
    if step.op not in JUMPS:
        return 0, 0
    cycles = wafer.core.saved_map_cycles if step.n <= at else wafer.code.map_start_cycles
    return cycles, cycles


def _alone(step: CodeStep, wafer: Wafer) -> int:
    """Return what a step takes whose operands are there."""
    op, t = step.op, step.t
    if op == Operation.MOVE:
        return 0
    if op in _LEAPS:
        return wafer.core.branch_taken_cycles
    if op == Operation.INTRINSIC:
        return wafer.code.routes_cycles if step.n == TABLE[TURN_ROUTES].number else _INTRINSIC_CYCLES.get(step.n, 1)
    if op in (Operation.DIV, Operation.REM):
        if t in _FLOATS:
            return wafer.code.divide_cycles
        return WHOLE_DIVIDE_CYCLES * (2 if t in _WHOLE_32 else 1)
    if op == Operation.CONVERT and (t in _FLOATS or Type(step.n) in _FLOATS):
        return CONVERT_CYCLES
    if t in _WHOLE_32 and op == Operation.MUL:
        return WIDE_PRODUCT_CYCLES
    return 2 if t in _WHOLE_32 and op not in (Operation.LOAD, Operation.STORE) else 1
