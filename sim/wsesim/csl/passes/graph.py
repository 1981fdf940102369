"""What steps do, and where jumps go: what the passes ask of code."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

from wsesim.csl.code import Label, StepDraft
from wsesim.csl.image import JUMPS, Operation, Type

Item = StepDraft | Label
Steps = list[Item]
INVERSE = {
    Operation.JUMP_IF: Operation.JUMP_UNLESS, Operation.JUMP_UNLESS: Operation.JUMP_IF,
    Operation.JUMP_EQUAL: Operation.JUMP_UNEQUAL, Operation.JUMP_UNEQUAL: Operation.JUMP_EQUAL,
}  # fmt: skip
_ORDERED = {Operation.JUMP_LESS: Operation.JUMP_LESS_EQUAL, Operation.JUMP_LESS_EQUAL: Operation.JUMP_LESS}
PURE = {Operation(number) for number in range(Operation.MOVE, Operation.LOAD)} | {
    Operation.GET_FIELD, Operation.SET_FIELD,
}  # fmt: skip
"""Whose result depends on registers alone, and which do nothing else."""
_LAST_MATHEMATICS = 11
_FLOATS = (Type.F16, Type.F32)


def is_pure(step: StepDraft) -> bool:
    """Whether a step computes something of registers, and does nothing else."""
    return step.op in PURE or (
        step.op == Operation.INTRINSIC and isinstance(step.n, int) and step.n <= _LAST_MATHEMATICS
    )


def is_plain(step: StepDraft) -> bool:
    """Whether a step may stand twice, or be passed on the way to where a jump ends."""
    return (is_pure(step) and step.op != Operation.INTRINSIC) or step.op in (Operation.LOAD, Operation.STORE)


def bits_of(t: Type) -> int:
    """Return the width of whole numbers of up to 32 bits, 0 of others."""
    return {Type.I16: 16, Type.U16: 16, Type.I32: 32, Type.U32: 32}.get(t, 0)


def places_of(steps: Sequence[Item]) -> dict[int, int]:
    """Return where labels stand, by their identity."""
    return {id(item): position for position, item in enumerate(steps) if isinstance(item, Label)}


def sources_of(steps: Sequence[Item]) -> dict[int, list[int]]:
    """Return from where jumps go to a label, by its identity."""
    found: dict[int, list[int]] = {}
    for position, item in enumerate(steps):
        if isinstance(item, StepDraft) and item.op in JUMPS:
            found.setdefault(id(item.n), []).append(position)
    return found


def inverted(step: StepDraft, label: Label) -> StepDraft | None:
    """Return the jump that is taken where *step* is not; None of floats in order, where neither may hold."""
    if step.op in INVERSE:
        return replace(step, op=INVERSE[step.op], n=label)
    if step.t in _FLOATS:
        return None
    return replace(step, op=_ORDERED[step.op], a=step.b, b=step.a, n=label)


def is_recursive(steps: Sequence[Item]) -> bool:
    """Whether code keeps registers on a stack, which passes leave as it is."""
    return any(isinstance(item, StepDraft) and item.goes_back for item in steps)
