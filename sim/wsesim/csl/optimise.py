"""Passes over code that leave its results as they are: what is never reached goes, and jumps that go nowhere."""

from __future__ import annotations

from wsesim.csl.code import Label, StepDraft
from wsesim.csl.image import Operation

Steps = list[StepDraft | Label]
_LEAVES = (Operation.JUMP, Operation.RETURN, Operation.END)


def optimised(steps: Steps) -> Steps:
    """The same code without what has no effect."""
    while len(shorter := _without_idle_jumps(_reached(steps))) < len(steps):
        steps = shorter
    return steps


def _reached(steps: Steps) -> Steps:
    """Without what stands between a jump and the next label that some jump goes to."""
    targets = {id(step.n) for step in steps if isinstance(step, StepDraft) and isinstance(step.n, Label)}
    found: Steps = []
    dead = False
    for position, step in enumerate(steps):
        if isinstance(step, Label):
            dead = dead and position > 0 and id(step) not in targets
            found.append(step)
        elif not dead:
            found.append(step)
            dead = step.op in _LEAVES
    return found


def _without_idle_jumps(steps: Steps) -> Steps:
    """Without jumps to what comes next anyway."""
    found: Steps = []
    for position, step in enumerate(steps):
        if isinstance(step, StepDraft) and step.op == Operation.JUMP and _follows(steps, position, step.n):
            continue
        found.append(step)
    return found


def _follows(steps: Steps, position: int, label: object) -> bool:
    for step in steps[position + 1 :]:
        if not isinstance(step, Label):
            return False
        if step is label:
            return True
    return False
