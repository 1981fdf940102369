"""Instructions as the records that the engine reads."""

from __future__ import annotations

from wsesim.cores import isa
from wsesim.cores.instruction import CoreTask, Instruction
from wsesim.cores.operands import ELEMENT_WORDS, Descriptor, FabricOperand, Mem, Operand, Register
from wsesim.cores.rates import Pace, Rate
from wsesim.cores.role import CoreRole
from wsesim.cores.state import INSTRUCTION, LAST_CYCLE, OPERAND, Array, zeros

OPERANDS = 4
Places = dict[tuple[int, int], int]
"""Number of a core's queue by color and port."""
_ABSENT = {"length_register": -1, "activate": -1, "unblock": -1, "bank_a": -1, "bank_b": -1}
_USUAL: dict[str, float] = {**dict.fromkeys(INSTRUCTION.names or (), 0), **_ABSENT}
_JUMPS = (isa.JUMP, isa.JUMP_LESS)
_STOPPED = Rate(1, 1, 1)


def encode(roles: list[CoreRole], places: list[Places], control_tasks: list[str]) -> tuple[Array, Array]:
    """Return the instructions of all roles, one role after the other, and their operands."""
    rows: list[tuple[float, ...]] = []
    named: list[list[tuple[int, ...]]] = []
    for role, place in zip(roles, places, strict=True):
        start, inward = len(rows), _inward(role.instructions)
        for each, own in zip(role.instructions, inward, strict=True):
            rows.append(tuple((_USUAL | _fields(each, start, control_tasks) | {"inward": own}).values()))
            absent = (None,) * (OPERANDS - len(each.operands))
            named.append([_operand(each, at, operand, place) for at, operand in enumerate(each.operands + absent)])
    code, operands = zeros(max(1, len(rows)), INSTRUCTION), zeros((max(1, len(rows)), OPERANDS), OPERAND)
    if rows:
        code[:], operands[:] = rows, named
    return code, operands


def _inward(instructions: list[Instruction]) -> list[bool]:
    """Return which of them nobody but its core can see: of those without cost where one with cost soon follows."""
    found, free = [], isa.MOST_FREE
    for each in reversed(instructions):
        if each.op not in isa.INWARD_OPS:
            free = isa.MOST_FREE
        elif each.cost + min(0, each.cost_else) > 0:
            free = 0
        else:
            free += 1 if each.op not in _JUMPS else isa.MOST_FREE
        found.append(free < isa.MOST_FREE)
    return found[::-1]


def _fields(each: Instruction, start: int, control_tasks: list[str]) -> dict[str, float]:
    """Return the fields that are not nothing; cycles after which no run goes on are cut off there."""
    immediate, jumps = each.immediate, each.op in _JUMPS
    if each.starts is not None:
        immediate |= (1 + control_tasks.index(each.starts)) << isa.STARTS_SHIFT
    fields = {
        "op": each.op, "kind": each.kind, "slot": 0 if each.thread is None else each.thread + 1,
        "length": -1 if each.length_described else each.length, "described": each.described,
        "length_register": _number(each.length_register), "activate": _number(each.activate),
        "unblock": _number(each.unblock), "cost": min(each.cost, LAST_CYCLE), "immediate": immediate,
        "cost_else": max(-LAST_CYCLE, min(each.cost_else, LAST_CYCLE)), "fabrics": each.fabrics,
        "target": each.target + (start if jumps else 0),
    }  # fmt: skip
    return {**fields} if each.pace is None else {**fields, **_pace(each.pace)}


def _pace(pace: Pace) -> dict[str, float]:
    rate, tail = pace.rate, pace.tail or _STOPPED
    return {
        "sides": pace.sides, "per_issue": rate.per_issue, "cycles": min(rate.cycles, LAST_CYCLE),
        "slow_cycles": min(rate.slow_cycles, LAST_CYCLE), "bank_a": rate.banks[0], "bank_b": rate.banks[1],
        "bank_period": rate.period, "bank_reach": rate.reach, "row": pace.row,
        "tail_cycles": min(tail.cycles, LAST_CYCLE), "tail_slow_cycles": min(tail.slow_cycles, LAST_CYCLE),
        "tail_reach": tail.reach, "by_lines": pace.by_lines, "lanes": pace.lanes, "passes": pace.passes,
    }  # fmt: skip


def _operand(each: Instruction, number: int, operand: Operand, places: Places) -> tuple[int, ...]:
    """Return an operand as the fields of `state.OPERAND`."""
    if operand is None:
        return (isa.NONE, 0, 0, 0, -1, 0, 0, 0, 0, 0)
    element = each.element(number)
    words = ELEMENT_WORDS[element]
    if isinstance(operand, Register):
        return (isa.REG, element, words, operand.index, -1, 0, 0, 0, 0, 0)
    if isinstance(operand, Descriptor):
        return (isa.DESCRIPTOR, element, words, operand.index, -1, 0, 0, 0, 0, 0)
    if isinstance(operand, FabricOperand):
        port = isa.RAMP if each.writes(number) else isa.INWARD
        queue = operand.color.index if each.op == isa.SWITCH else places[operand.color.index, port]
        return (isa.FABRIC, element, words, queue, -1, 0, 0, 0, operand.length, 0)
    assert isinstance(operand, Mem)
    step = 1 if each.op == isa.DESCRIBE else words
    strides = (operand.stride * step, operand.inner, operand.outer_stride * step)
    return (isa.MEM, element, words, operand.address, _number(operand.offset), *strides, operand.length, 0)


def _number(named: Register | CoreTask | None) -> int:
    return -1 if named is None else named.index
