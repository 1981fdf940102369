"""Registers that nobody reads are not written; what is computed only to be moved is computed where it goes."""

from __future__ import annotations

from dataclasses import replace

from wsesim.csl.code import StepDraft
from wsesim.csl.image import Operation
from wsesim.csl.liveness import live_after, reads
from wsesim.csl.passes.graph import Steps, is_pure

_REACH = 12
"""Steps back to where a value is made."""


def living(steps: Steps, shared: int) -> Steps:
    """Return code without steps whose result nobody reads; registers of the mask *shared* are read elsewhere."""
    while True:
        after = live_after(steps)
        left = [
            item for position, item in enumerate(steps)
            if not (isinstance(item, StepDraft) and _is_dead(item, after[position] | shared))
        ]  # fmt: skip
        if len(left) == len(steps):
            return left
        steps = left


def _is_dead(step: StepDraft, live: int) -> bool:
    if _is_idle(step):
        return True
    return step.d >= 0 and not live >> step.d & 1 and (is_pure(step) or step.op == Operation.LOAD)


def _is_idle(step: StepDraft) -> bool:
    return step.op == Operation.MOVE and step.a == step.d


def coalesced(steps: Steps, shared: int) -> Steps:
    """Return code whose values are made in the register that they are moved to."""
    after = live_after(steps)
    found = list(steps)
    for position, item in enumerate(found):
        if isinstance(item, StepDraft) and item.op == Operation.MOVE and not (after[position] | shared) >> item.a & 1:
            maker = _maker(found, position, item)
            if maker >= 0:
                made = found[maker]
                assert isinstance(made, StepDraft)
                found[maker] = replace(made, d=item.d)
                found[position] = StepDraft(Operation.MOVE, item.at, item.t, item.d, item.d)
    return [
        item for item in found if not (isinstance(item, StepDraft) and item.op == Operation.MOVE and item.a == item.d)
    ]


def _maker(steps: Steps, position: int, move: StepDraft) -> int:
    """Where the moved value is made, if it may be made where it goes."""
    for at in range(position - 1, max(-1, position - _REACH), -1):
        step = steps[at]
        if not isinstance(step, StepDraft) or not (is_pure(step) or step.op in (Operation.LOAD, Operation.STORE)):
            return -1
        if step.d == move.a:
            return at if step.op != Operation.MOVE else -1
        if step.d == move.d or reads(step) & (1 << move.d | 1 << move.a):
            return -1
    return -1
