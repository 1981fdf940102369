"""What is never reached goes, jumps that go nowhere, and jumps to jumps."""

from __future__ import annotations

from dataclasses import replace

from wsesim.csl.code import Label, StepDraft
from wsesim.csl.image import JUMPS, LEAVES, Operation
from wsesim.csl.passes.graph import Item, Steps, places_of, sources_of


def reached(steps: Steps) -> Steps:
    """Return the same code without what has no effect on where it goes."""
    if not any(isinstance(item, StepDraft) and item.op in JUMPS for item in steps):
        return steps if sum(isinstance(item, Label) for item in steps) <= 1 else _without_dead(_straightened(steps))
    while True:
        shorter = _without_idle_jumps(_without_dead(_straightened(steps)))
        if len(shorter) == len(steps):
            return shorter
        steps = shorter


def _straightened(steps: Steps) -> Steps:
    """Jumps to a jump go where that one goes; labels without jumps, but the first, go."""
    places = places_of(steps)
    found: Steps = []
    for item in steps:
        if isinstance(item, StepDraft) and item.op in JUMPS and isinstance(item.n, Label):
            label = _goal(item.n, steps, places)
            item = replace(item, n=label) if label is not item.n else item
        found.append(item)
    named = sources_of(found)
    return [item for at, item in enumerate(found) if at == 0 or isinstance(item, StepDraft) or id(item) in named]


def _goal(label: Label, steps: Steps, places: dict[int, int]) -> Label:
    for _ in range(len(steps)):
        at = places[id(label)] + 1
        while at < len(steps) and isinstance(steps[at], Label):
            at += 1
        item = steps[at] if at < len(steps) else None
        if not (isinstance(item, StepDraft) and item.op == Operation.JUMP and isinstance(item.n, Label)):
            return label
        if item.n is label:
            return label
        label = item.n
    return label


def _without_dead(steps: Steps) -> Steps:
    """Without what stands between a jump and the next label that some jump goes to."""
    named = sources_of(steps)
    found: Steps = []
    dead = False
    for position, step in enumerate(steps):
        if isinstance(step, Label):
            dead = dead and position > 0 and id(step) not in named
            found.append(step)
        elif not dead:
            found.append(step)
            dead = step.op in LEAVES
    return found


def _without_idle_jumps(steps: Steps) -> Steps:
    """Without jumps to what comes next anyway."""
    found: Steps = []
    for position, step in enumerate(steps):
        if isinstance(step, StepDraft) and step.op in JUMPS and _follows(steps, position, step.n):
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


def last_step(steps: list[Item]) -> StepDraft | None:
    """Return the last step, None if there is none."""
    return next((item for item in reversed(steps) if isinstance(item, StepDraft)), None)
