"""Passes over the code of a tile class that leave its results as they are: what compilers of the LLVM kind do at -O2.

Each may be left out, by its name in `PASSES`. Code that keeps registers on a stack is left as it is.
"""

from __future__ import annotations

from collections.abc import Collection

from wsesim.csl.code import ClassCode, Label, StepDraft
from wsesim.csl.image import JUMPS, Operation
from wsesim.csl.liveness import live_after, mask
from wsesim.csl.passes.arms import merged
from wsesim.csl.passes.dead import coalesced, living
from wsesim.csl.passes.graph import Steps, is_recursive
from wsesim.csl.passes.inlining import inlined
from wsesim.csl.passes.numbering import numbered
from wsesim.csl.passes.ranges import threaded
from wsesim.csl.passes.reach import reached
from wsesim.csl.passes.rotation import rotated

__all__ = ["PASSES", "optimised"]

PASSES = ("inline", "number", "merge", "rotate", "thread", "remove")
"""Calls replaced by what they call; values known again; branches as arithmetic; loops that test at their end; jumps
past decided tests; what nobody reads left out."""

_ROUNDS = 2
_THREADINGS = 2
"""The first leads jumps off a path, the second decides tests by what then holds on it."""


def optimised(
    bodies: list[Steps], code: ClassCode, roots: Collection[Label], passes: Collection[str] = PASSES
) -> list[Steps]:
    """Return the same code, shorter; *roots* are where tasks, launches and pointers to functions begin."""
    found = [reached(body) for body in bodies]
    if "inline" in passes:
        found = inlined(found, {id(label) for label in roots})
    shared = _shared(found)
    return [body if is_recursive(body) else _better(reached(body), code, shared, passes) for body in found]


def _better(steps: Steps, code: ClassCode, shared: int, passes: Collection[str]) -> Steps:
    steps = _simpler(steps, code, shared, passes)
    if not any(isinstance(item, StepDraft) and item.op in JUMPS for item in steps):
        return steps
    if "rotate" in passes:
        steps = rotated(steps)
    if "thread" in passes:
        for _ in range(_THREADINGS):
            steps = reached(threaded(reached(steps), code))
    if "rotate" in passes:
        steps = reached(rotated(steps))
    for _ in range(_ROUNDS):
        before, steps = len(steps), _simpler(steps, code, shared, passes)
        if len(steps) == before:
            break
    return steps


def _simpler(steps: Steps, code: ClassCode, shared: int, passes: Collection[str]) -> Steps:
    before: dict[int, int] = {}
    if "number" in passes:
        steps, before = numbered(steps, code)
    if "remove" in passes:
        steps = coalesced(living(steps, shared), shared)
    if "merge" in passes:
        steps = merged(reached(steps), code, shared, before)
    return reached(steps)


def _shared(bodies: list[Steps]) -> int:
    """Registers by which code of one body reaches that of others: those of functions that are called, and arguments."""
    found = 0
    for body in bodies:
        steps = [item for item in body if isinstance(item, StepDraft)]
        if any(step.op == Operation.RETURN for step in steps):
            found |= mask({register for step in steps for register in (step.d, step.a, step.b, step.c)})
        found |= live_after([Label(), *body])[0]
    return found
