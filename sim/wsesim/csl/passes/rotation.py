"""Loops test at their end, so that a turn has one branch: the jump back becomes the test once more."""

from __future__ import annotations

from dataclasses import replace

from wsesim.csl.code import Label, StepDraft
from wsesim.csl.image import CONDITIONAL, Operation
from wsesim.csl.passes.graph import Steps, inverted, is_plain, places_of, sources_of

MOST_STEPS = 16
"""Of what comes before a test: LLVM's `rotation-max-header-size`."""


def rotated(steps: Steps) -> Steps:
    """Return code in which jumps back to a test of whether the loop goes on are that test."""
    places, sources = places_of(steps), sources_of(steps)
    found: list[Steps] = [[item] for item in steps]
    entered: dict[int, Label] = {}
    for position, item in enumerate(steps):
        if not (isinstance(item, StepDraft) and item.op == Operation.JUMP and isinstance(item.n, Label)):
            continue
        top = places[id(item.n)]
        test = _test(steps, top, position, places, sources) if top < position else -1
        if test < 0:
            continue
        step = steps[test]
        assert isinstance(step, StepDraft)
        label = entered.setdefault(test, Label())
        back = inverted(step, label)
        if back is not None:
            found[test] = [step, label]
            passed = [replace(each) for each in steps[top + 1 : test] if isinstance(each, StepDraft)]
            found[position] = [*passed, back, StepDraft(Operation.JUMP, item.at, n=step.n, within=item.within)]
    return [item for items in found for item in items]


def _test(steps: Steps, top: int, back: int, places: dict[int, int], sources: dict[int, list[int]]) -> int:
    """Where a jump leaves the loop, with nothing before it that may not stand twice; else -1."""
    for position in range(top + 1, min(back, top + 2 + MOST_STEPS)):
        item = steps[position]
        if isinstance(item, Label):
            if id(item) in sources:
                return -1
        elif item.op in CONDITIONAL:
            return position if not top <= places[id(item.n)] <= back else -1
        elif not is_plain(item):
            return -1
    return -1
