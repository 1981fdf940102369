"""Small branches become arithmetic, where that takes no choice: `and`, `or`, and what a single bit adds or sets.

A core is not known to choose between two registers without a branch, so that other branches stay.
"""

from __future__ import annotations

from dataclasses import dataclass, replace

from wsesim.csl.code import ClassCode, Label, StepDraft
from wsesim.csl.image import CONDITIONAL, Operation, Type
from wsesim.csl.liveness import live_after
from wsesim.csl.passes.graph import Steps, bits_of, is_pure, sources_of

MOST_STEPS = 4
"""Of a branch that is computed always: LLVM's `two-entry-phi-node-folding-threshold`."""
_REACH = 8
_ADDS = (Operation.ADD, Operation.SUB, Operation.OR, Operation.XOR)
_TESTS = {
    Operation.JUMP_EQUAL: Operation.EQ, Operation.JUMP_UNEQUAL: Operation.NE, Operation.JUMP_LESS: Operation.LT,
    Operation.JUMP_LESS_EQUAL: Operation.LE,
}  # fmt: skip
_OPPOSITE = {
    Operation.JUMP_EQUAL: Operation.JUMP_UNEQUAL, Operation.JUMP_UNEQUAL: Operation.JUMP_EQUAL,
    Operation.JUMP_LESS: Operation.JUMP_LESS_EQUAL, Operation.JUMP_LESS_EQUAL: Operation.JUMP_LESS,
}  # fmt: skip


@dataclass(frozen=True, slots=True)
class _Arm:
    """Steps that a jump passes over, from `first` up to the label at `end`."""

    jump: StepDraft
    first: int
    end: int
    steps: list[StepDraft]


def merged(steps: Steps, code: ClassCode, shared: int, before: dict[int, int]) -> Steps:
    """Return code with small branches as arithmetic; *before* is what `numbered` says of stores."""
    return _Merging(steps, code, shared, before).all()


class _Merging:
    def __init__(self, steps: Steps, code: ClassCode, shared: int, before: dict[int, int]) -> None:
        self.steps, self.code, self.shared, self.before = steps, code, shared, before
        self.after, self.sources = live_after(steps), sources_of(steps)
        self.values = {register: value for value, register in code.constants.bits.items()}

    def all(self) -> Steps:
        found: Steps = []
        at = 0
        while at < len(self.steps):
            arm = self._arm(at)
            merged = (self._either(arm) or self._bit(arm)) if arm else None
            found += merged if merged else [self.steps[at]]
            at = arm.end if arm and merged else at + 1
        return found

    def _arm(self, at: int) -> _Arm | None:
        jump = self.steps[at]
        if not isinstance(jump, StepDraft) or jump.op not in CONDITIONAL:
            return None
        steps: list[StepDraft] = []
        for end in range(at + 1, min(len(self.steps), at + MOST_STEPS + 2)):
            item = self.steps[end]
            if isinstance(item, Label):
                alone = item is jump.n
                return _Arm(jump, at + 1, end, steps) if alone and steps else None
            steps.append(item)
        return None

    def _only(self, arm: _Arm, register: int) -> bool:
        """Whether all that the steps write, but a register, is read by them alone."""
        live = self.after[arm.end] | self.shared
        return all(step.d == register or not live >> step.d & 1 for step in arm.steps if step.d >= 0)

    def _either(self, arm: _Arm) -> Steps | None:
        """`m = a; if (!m) m = b` is `m = a or b`."""
        last = arm.steps[-1]
        if arm.jump.op not in (Operation.JUMP_IF, Operation.JUMP_UNLESS) or not self._only(arm, last.d):
            return None
        if not _cheap(arm.steps):
            return None
        if any(step.d in (last.d, arm.jump.a) for step in arm.steps[:-1]) or not self._holds(arm, last.d, arm.jump.a):
            return None
        op = Operation.OR if arm.jump.op == Operation.JUMP_IF else Operation.AND
        second = self.code.register()
        made = replace(last, d=second)
        return [
            *arm.steps[:-1], made,
            StepDraft(op, last.at, Type.BOOL, d=last.d, a=arm.jump.a, b=second, within=last.within),
        ]  # fmt: skip

    def _holds(self, arm: _Arm, register: int, other: int) -> bool:
        """Whether a register was made a copy of another just before."""
        if register == other:
            return True
        for at in range(arm.first - 2, max(-1, arm.first - 2 - _REACH), -1):
            step = self.steps[at]
            if not isinstance(step, StepDraft):
                return False
            if step.d == register:
                return step.op == Operation.MOVE and step.a == other
            if step.d == other:
                return False
        return False

    def _bit(self, arm: _Arm) -> Steps | None:
        """`if (c) x += 4` is x plus the bit of c in its place; x may lie in memory, if it is known to hold it."""
        ends = arm.steps[-1].op in (Operation.STORE, Operation.MOVE) and len(arm.steps) > 1
        before, add = (arm.steps[:-2], arm.steps[-2]) if ends else (arm.steps[:-1], arm.steps[-1])
        power = self.values.get(add.b, 0)
        if add.op not in _ADDS or not bits_of(add.t) or power <= 0 or power & (power - 1) or not _cheap(before):
            return None
        store = arm.steps[-1] if ends and arm.steps[-1].op == Operation.STORE else None
        target = self._target(arm, add, store)
        bit = self._condition(arm, power.bit_length() - 1, add.t) if target >= 0 else None
        if bit is None:
            return None
        added = replace(add, d=target, b=bit[-1].d if bit[-1].d >= 0 else bit[-1].a)
        stores = [replace(store, b=target)] if store else []
        return [*[step for step in bit if step.d >= 0], *before, added, *stores]

    def _target(self, arm: _Arm, add: StepDraft, store: StepDraft | None) -> int:
        """The register that the sum goes to: that of what it is added to, or a new one; -1 if it may not be made."""
        if store is not None:
            good = store.b == add.d and self.before.get(id(store), -1) == add.a and self._only(arm, -1)
            return self.code.register() if good else -1
        last = arm.steps[-1]
        copies = last is add or (last.op == Operation.MOVE and last.a == add.d)
        return add.a if copies and last.d == add.a and self._only(arm, add.a) else -1

    def _condition(self, arm: _Arm, place: int, t: Type) -> list[StepDraft] | None:
        """Steps whose last makes a number with a bit at a *place* where the jump is not taken."""
        jump = arm.jump
        tested = self._tested(arm)
        if tested is not None:
            register, have, whole = tested
            top = place == 0 and have + 1 == bits_of(t)
            return self._shifted(whole if top else register, have, place, t, jump)
        if jump.op not in _TESTS or jump.t >= Type.F16:
            return None
        op = _OPPOSITE[jump.op]
        swaps = jump.op in (Operation.JUMP_LESS, Operation.JUMP_LESS_EQUAL)
        a, b = (jump.b, jump.a) if swaps else (jump.a, jump.b)
        test = StepDraft(_TESTS[op], jump.at, jump.t, d=self.code.register(), a=a, b=b, within=jump.within)
        return [test, *self._shifted(test.d, 0, place, t, jump)]

    def _shifted(self, register: int, have: int, want: int, t: Type, jump: StepDraft) -> list[StepDraft]:
        if have == want:
            return [StepDraft(Operation.MOVE, jump.at, t, a=register)]
        op = Operation.SHL if want > have else Operation.SHR
        by = self.code.number(abs(want - have))
        return [StepDraft(op, jump.at, t, d=self.code.register(), a=register, b=by, within=jump.within)]

    def _tested(self, arm: _Arm) -> tuple[int, int, int] | None:
        """The register with a single bit that decides, which bit, and what it is of; the jump is taken if it is 0."""
        jump = arm.jump
        if jump.op != Operation.JUMP_EQUAL or self.values.get(jump.b) != 0:
            return None
        written: set[int] = set()
        for at in range(arm.first - 2, max(-1, arm.first - 2 - _REACH), -1):
            step = self.steps[at]
            if not isinstance(step, StepDraft):
                return None
            written.add(step.d)
            if step.d == jump.a:
                mask = self.values.get(step.b, 0)
                single = step.op == Operation.AND and mask > 0 and not mask & (mask - 1)
                found = (jump.a, mask.bit_length() - 1, step.a)
                return found if single and step.t in (Type.U16, Type.U32) and step.a not in written else None
        return None


def _cheap(steps: list[StepDraft]) -> bool:
    """Whether steps may be made for nothing."""
    dear = (Operation.INTRINSIC, Operation.MUL, Operation.DIV, Operation.REM)
    return all(is_pure(step) and step.op not in dear and step.t < Type.F16 for step in steps)
