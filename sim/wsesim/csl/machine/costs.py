"""Cycles of scalar steps.

An instruction takes a cycle, one whose result the next one needs `dependent_cycles`; a branch as `hardware` says.
Values of 32 bits that are whole numbers take an instruction for each half; quotients are routines.
"""

from __future__ import annotations

from collections.abc import Sequence

from wsesim.csl.image import Operation, Step, Type
from wsesim.csl.intrinsics import TABLE
from wsesim.hardware import Wafer

JUMPS = {
    Operation.JUMP, Operation.JUMP_IF, Operation.JUMP_UNLESS, Operation.JUMP_LESS, Operation.JUMP_EQUAL,
    Operation.JUMP_UNEQUAL, Operation.JUMP_LESS_EQUAL,
}  # fmt: skip
_LEAPS = {Operation.CALL, Operation.CALL_AT, Operation.RETURN}
_FREE = {Operation.MOVE}
_COMPARES = {Operation.JUMP_LESS, Operation.JUMP_EQUAL, Operation.JUMP_UNEQUAL, Operation.JUMP_LESS_EQUAL}
_WHOLE_32 = (Type.I32, Type.U32)
_FLOATS = (Type.F16, Type.F32)
_INTRINSIC_CYCLES = {each.number: each.cycles for each in TABLE.values()}
WHOLE_DIVIDE_CYCLES = 40
"""A quotient of 16-bit whole numbers, bit by bit; of 32 bits twice as much."""
WIDE_PRODUCT_CYCLES = 8
"""A product of 32-bit whole numbers by those of 16."""
CONVERT_CYCLES = 6
"""Between floats and whole numbers."""


def costs_of(steps: Sequence[Step], wafer: Wafer) -> list[tuple[int, int]]:
    """Return the cycles of each step, and of a jump that is taken."""
    found, before, late = [], -1, wafer.core.dependent_cycles - 1
    for step in steps:
        cost = _alone(step, wafer)
        needs = before >= 0 and before in (step.a, step.b, step.c)
        if step.op in JUMPS:
            compares = 1 if step.op in _COMPARES else 0
            wait = (late if needs else 0) + compares
            stays = 0 if step.op == Operation.JUMP else wafer.core.branch_not_taken_cycles
            found.append((stays + wait, wafer.core.branch_taken_cycles + wait))
        else:
            found.append((cost + (late if needs and step.op not in _FREE else 0), 0))
        before = step.d if step.op not in _LEAPS and step.op not in JUMPS else -1
    return found


def _alone(step: Step, wafer: Wafer) -> int:
    """Return what a step takes whose operands are there."""
    op, t = step.op, step.t
    if op in _FREE:
        return 0
    if op in _LEAPS:
        return wafer.core.branch_taken_cycles
    if op == Operation.INTRINSIC:
        return _INTRINSIC_CYCLES.get(step.n, 1)
    if op in (Operation.DIV, Operation.REM):
        if t in _FLOATS:
            return wafer.code.divide_cycles
        return WHOLE_DIVIDE_CYCLES * (2 if t in _WHOLE_32 else 1)
    if op == Operation.CONVERT and (t in _FLOATS or Type(step.n) in _FLOATS):
        return CONVERT_CYCLES
    if t in _WHOLE_32 and op == Operation.MUL:
        return WIDE_PRODUCT_CYCLES
    return 2 if t in _WHOLE_32 and op not in (Operation.LOAD, Operation.STORE) else 1
