"""Cycles of scalar steps, as of code that a compiler with the usual habits writes.

An instruction takes a cycle, one whose result the next one needs `dependent_cycles`; a branch as `hardware` says.
Values of 32 bits that are whole numbers take an instruction for each half; quotients are routines. A task is no call,
a small function or one with a single caller stands where it is called, and a loop tests at its end: its only branch is
the one back (steps have them at the begin, which changes no value). The address of an element, a constant and an index,
is no instruction: a register moves along. To compare with 0 takes none either.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence

from wsesim.csl.image import CodeStep, Operation, TileClass, Type
from wsesim.csl.intrinsics import TABLE
from wsesim.hardware import Wafer

CONDITIONAL = {
    Operation.JUMP_IF, Operation.JUMP_UNLESS, Operation.JUMP_LESS, Operation.JUMP_EQUAL, Operation.JUMP_UNEQUAL,
    Operation.JUMP_LESS_EQUAL,
}  # fmt: skip
JUMPS = CONDITIONAL | {Operation.JUMP}
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
SMALL_STEPS = 24
"""Of a function that stands wherever it is called."""
Costs = list[tuple[int, int]]
"""Cycles of each step, and of a jump that is taken."""


def costs_of(tile: TileClass, wafer: Wafer) -> Costs:
    """Return the cycles of the steps of a tile class."""
    steps = tile.steps
    found = _in_order(tile, wafer)
    for at in _inlined(tile):
        found[at] = (0, 0)
    for at, step in enumerate(steps):
        if step.op == Operation.JUMP:
            if step.n <= at:
                _rotate(steps, found, at, wafer)
            elif step.n < len(steps) and steps[step.n].op in (Operation.RETURN, Operation.END):
                found[at] = (0, 0)
    return found


def _in_order(tile: TileClass, wafer: Wafer) -> Costs:
    found: Costs = []
    written = {step.d for step in tile.steps}
    zeros = {n for n in range(tile.registers) if n not in written and tile.first_values.get(n, 0) == 0}
    constants = {n for n in tile.first_values if n not in written}
    addresses = {step.a for step in tile.steps if step.op in (Operation.LOAD, Operation.STORE)}
    before, late = -1, wafer.core.dependent_cycles - 1
    for step in tile.steps:
        if step.op == Operation.ADD and step.d in addresses and (step.a in constants or step.b in constants):
            found.append((0, 0))
            continue
        needs = before >= 0 and before in (step.a, step.b, step.c)
        wait = late if needs and step.op != Operation.MOVE else 0
        if step.op in JUMPS:
            wait += 1 if step.op in _COMPARES and step.b not in zeros and step.a not in zeros else 0
            stays = 0 if step.op == Operation.JUMP else wafer.core.branch_not_taken_cycles
            found.append((stays + wait, wafer.core.branch_taken_cycles + wait))
        else:
            found.append((_alone(step, wafer) + wait, 0))
        before = step.d if step.op not in _LEAPS and step.op not in JUMPS else -1
    return found


def _inlined(tile: TileClass) -> set[int]:
    """Return the calls and returns that a compiler does without."""
    steps = tile.steps
    entries = {task.entry for task in tile.tasks} | {function.entry for function in tile.functions}
    calls = [at for at, step in enumerate(steps) if step.op == Operation.CALL]
    stubs = {at for at in calls if at in entries and steps[at + 1].op == Operation.END}
    callers = Counter(steps[at].n for at in calls if at not in stubs)
    returns: dict[int, list[int]] = {}
    for at, step in enumerate(steps):
        if step.op == Operation.RETURN:
            returns.setdefault(step.a, []).append(at)
    gone = set(stubs)
    for at in calls:
        entry, link = steps[at].n, steps[at].d
        ends = returns.get(link, [])
        only = callers[entry] <= (0 if at in stubs else 1)
        if only or (ends and 0 <= max(ends) - entry <= SMALL_STEPS):
            gone |= {at, *ends}
    return gone


def _rotate(steps: Sequence[CodeStep], found: Costs, back: int, wafer: Wafer) -> None:
    """Have a loop that jumps back to its test branch only once: where the test says that it goes on."""
    for at in range(steps[back].n, back):
        if steps[at].op in CONDITIONAL and steps[at].n > back:
            stays, _ = found[at]
            on = wafer.core.branch_taken_cycles - wafer.core.branch_not_taken_cycles
            found[at], found[back] = (stays + on, stays), (0, 0)
            return
        if steps[at].op in JUMPS or steps[at].op in _LEAPS:
            return


def _alone(step: CodeStep, wafer: Wafer) -> int:
    """Return what a step takes whose operands are there."""
    op, t = step.op, step.t
    if op == Operation.MOVE:
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
