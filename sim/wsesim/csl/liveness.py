"""Which registers are still read: backwards through the code of a function until nothing changes; as bit masks."""

from __future__ import annotations

from wsesim.csl.code import Label, StepDraft
from wsesim.csl.image import OperandKind, Operation

Steps = list[StepDraft | Label]
_ENDS = (Operation.RETURN, Operation.END)


def reads(step: StepDraft) -> int:
    """Registers that an instruction reads."""
    found = {step.a, step.b, step.c}
    if step.vector is not None:
        options = step.vector.options
        found |= {options.activate, options.unblock, options.index, options.thread, options.control_id}
        found |= {operand.value for operand in step.vector.operands if operand.kind != OperandKind.DSR}
    return mask(found)


def mask(registers: set[int]) -> int:
    """Return the bits of registers; those below 0 are none."""
    return sum(1 << register for register in registers if register >= 0)


def live_after(steps: Steps) -> list[int]:
    """For each item of the code the registers that are read after it before they are written."""
    places = {id(step): position for position, step in enumerate(steps) if isinstance(step, Label)}
    uses = [0 if isinstance(step, Label) else reads(step) for step in steps]
    stays = [-1 if isinstance(step, Label) or step.d < 0 else ~(1 << step.d) for step in steps]
    before, after = [0] * (len(steps) + 1), [0] * len(steps)
    changed = True
    while changed:
        changed = False
        for position in range(len(steps) - 1, -1, -1):
            step = steps[position]
            found = before[position + 1] if isinstance(step, Label) else _follow(step, position, before, places)
            after[position] = found
            now = found & stays[position] | uses[position]
            if now != before[position]:
                before[position] = now
                changed = True
    return after


def _follow(step: StepDraft, position: int, before: list[int], places: dict[int, int]) -> int:
    if step.op in _ENDS:
        return 0
    found = 0 if step.op == Operation.JUMP else before[position + 1]
    if isinstance(step.n, Label) and step.op != Operation.CALL and id(step.n) in places:
        found |= before[places[id(step.n)]]
    return found
