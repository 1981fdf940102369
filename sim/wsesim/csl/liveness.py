"""Which registers are still read: backwards through the code of a function until nothing changes; as bit masks."""

from __future__ import annotations

from collections.abc import Sequence

from wsesim.csl.code import Label, StepDraft
from wsesim.csl.image import JUMPS, LEAVES, CodeStep, Operation
from wsesim.csl.vectors import OperandKind

Steps = list[StepDraft | Label]


def reads(step: StepDraft | CodeStep) -> int:
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
    follow = [_follow(step, position, places) for position, step in enumerate(steps)]
    uses = [0 if isinstance(step, Label) else reads(step) for step in steps]
    before = _before(uses, [-1 if isinstance(step, Label) else step.d for step in steps], follow)
    return [_any_of(before, goals) for goals in follow]


def live_before(steps: Sequence[CodeStep]) -> list[int]:
    """For each step of finished code the registers that are read from it on before they are written."""
    follow = [
        [position + 1] * (step.op not in LEAVES) + [step.n] * (step.op in JUMPS) for position, step in enumerate(steps)
    ]
    return _before([reads(step) for step in steps], [step.d for step in steps], follow)[:-1]


def _before(uses: Sequence[int], writes: Sequence[int], follow: Sequence[Sequence[int]]) -> list[int]:
    """Return what is live before each of the steps, and behind the last, by what they read, write, and what follows."""
    stays = [-1 if register < 0 else ~(1 << register) for register in writes]
    before, changed = [0] * (len(uses) + 1), True
    while changed:
        changed = False
        for position in range(len(uses) - 1, -1, -1):
            now = _any_of(before, follow[position]) & stays[position] | uses[position]
            if now != before[position]:
                before[position], changed = now, True
    return before


def _any_of(before: Sequence[int], goals: Sequence[int]) -> int:
    found = 0
    for goal in goals:
        found |= before[goal]
    return found


def _follow(step: StepDraft | Label, position: int, places: dict[int, int]) -> list[int]:
    """Return where code goes on behind an item."""
    if isinstance(step, Label):
        return [position + 1]
    found = [] if step.op in LEAVES else [position + 1]
    if isinstance(step.n, Label) and step.op != Operation.CALL and id(step.n) in places:
        found.append(places[id(step.n)])
    return found
