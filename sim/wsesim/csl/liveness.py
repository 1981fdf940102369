"""Which registers are still read: backwards through the code of a function until nothing changes."""

from __future__ import annotations

from wsesim.csl.code import Label, StepDraft
from wsesim.csl.image import OperandKind, Operation

Steps = list[StepDraft | Label]
_ENDS = (Operation.RETURN, Operation.END)


def reads(step: StepDraft) -> set[int]:
    """Registers that an instruction reads."""
    found = {step.a, step.b, step.c}
    if step.vector is not None:
        options = step.vector.options
        found |= {options.activate, options.unblock, options.index, options.thread, options.control_id}
        found |= {operand.value for operand in step.vector.operands if operand.kind != OperandKind.DSR}
    found.discard(-1)
    return found


def live_after(steps: Steps) -> list[set[int]]:
    """For each item of the code the registers that are read after it before they are written."""
    places = {id(step): position for position, step in enumerate(steps) if isinstance(step, Label)}
    before: list[set[int]] = [set() for _ in range(len(steps) + 1)]
    after: list[set[int]] = [set() for _ in steps]
    changed = True
    while changed:
        changed = False
        for position in range(len(steps) - 1, -1, -1):
            step = steps[position]
            if isinstance(step, Label):
                now = after[position] = before[position + 1]
            else:
                after[position] = _follow(step, position, before, places)
                now = (after[position] - {step.d}) | reads(step)
            if now != before[position]:
                before[position] = now
                changed = True
    return after


def _follow(step: StepDraft, position: int, before: list[set[int]], places: dict[int, int]) -> set[int]:
    if step.op in _ENDS:
        return set()
    found = set() if step.op == Operation.JUMP else set(before[position + 1])
    if isinstance(step.n, Label) and step.op != Operation.CALL and id(step.n) in places:
        found |= before[places[id(step.n)]]
    return found
