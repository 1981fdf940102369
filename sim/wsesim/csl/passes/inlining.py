"""Functions stand where they are called: small ones, those with one caller, and all of a task or a launch.

The registers of a function are its own and written before they are read, so that copies may share them.
"""

from __future__ import annotations

from collections import Counter
from dataclasses import replace

from wsesim.csl.code import Label, StepDraft
from wsesim.csl.image import JUMPS, Operation
from wsesim.csl.passes.graph import Steps, is_recursive
from wsesim.csl.passes.reach import last_step

SMALL_STEPS = 24
"""Of a function that stands wherever it is called."""
MOST_STEPS = 20_000
"""Of a function that others are put into."""


def inlined(bodies: list[Steps], roots: set[int]) -> list[Steps]:
    """Return bodies with calls replaced by what is called, without those that nobody calls any more.

    *roots* are identities of labels where tasks, launches and pointers to functions begin.
    """
    return _Inlining(bodies).all(roots)


class _Inlining:
    def __init__(self, bodies: list[Steps]) -> None:
        self.bodies = bodies
        self.owner = {id(body[0]): at for at, body in enumerate(bodies) if body and isinstance(body[0], Label)}
        self.closed = [is_recursive(body) for body in bodies]
        self.stubs = [_is_stub(body) for body in bodies]
        sites = (self._callee(item) for at, body in enumerate(bodies) if not self.stubs[at] for item in body)
        self.sites = Counter(at for at in sites if at >= 0)
        self.done: dict[int, Steps] = {}
        self.open: set[int] = set()

    def all(self, roots: set[int]) -> list[Steps]:
        found = [self._expanded(at) for at in range(len(self.bodies))]
        called = {self._callee(item) for body in found for item in body}
        return [
            body for at, body in enumerate(found)
            if at in called or not body or id(body[0]) in roots or id(body[0]) not in self.owner
        ]  # fmt: skip

    def _callee(self, item: StepDraft | Label) -> int:
        if isinstance(item, StepDraft) and item.op == Operation.CALL:
            return self.owner.get(id(item.n), -1)
        return -1

    def _expanded(self, at: int) -> Steps:
        if at not in self.done:
            self.open.add(at)
            found: Steps = []
            for item in self.bodies[at]:
                callee = -1 if self.closed[at] else self._callee(item)
                body = self._wanted(callee, at) if callee >= 0 and len(found) < MOST_STEPS else None
                found += [item] if body is None else _copied(body, named=not self.stubs[at])
            self.open.discard(at)
            self.done[at] = found
        return self.done[at]

    def _wanted(self, callee: int, caller: int) -> Steps | None:
        """The body to put in place of a call, None where the call stays."""
        if self.closed[callee] or callee in self.open:
            return None
        body = self._expanded(callee)
        size = sum(isinstance(item, StepDraft) for item in body)
        return body if self.stubs[caller] or self.sites[callee] <= 1 or size <= SMALL_STEPS else None


def _is_stub(body: Steps) -> bool:
    """Whether a body does nothing but call a function and end."""
    steps = [item for item in body if isinstance(item, StepDraft)]
    kinds = [step.op for step in steps]
    return kinds[-2:] == [Operation.CALL, Operation.END] and set(kinds[:-2]) <= {Operation.MOVE}


def _copied(body: Steps, *, named: bool) -> Steps:
    """A body with labels of its own, which goes on behind it where it returned; *named*: steps say what they are of."""
    end, first = Label(), body[0]
    function = (first,) if named and isinstance(first, Label) else ()
    labels = {id(item): Label() for item in body if isinstance(item, Label)}
    last, found = last_step(body), Steps()
    for item in body:
        if isinstance(item, Label):
            found.append(labels[id(item)])
        elif item.op == Operation.RETURN:
            if item is not last:
                found.append(StepDraft(Operation.JUMP, item.at, n=end, within=function + item.within))
        else:
            goal = labels.get(id(item.n), item.n) if item.op in JUMPS else item.n
            found.append(replace(item, n=goal, within=function + item.within))
    return [*found, end]
