"""What was computed or loaded before is not computed or loaded again, and what is known decides branches.

Addresses of elements are computed where they are used, as they are no instructions of their own.
Memory is known until a vector operation, a call, a function of the machine or the begin of a loop: microthreads write
it while code runs. A variable that is written twice with nothing between that may read it is written once.
"""

from __future__ import annotations

from dataclasses import replace
from typing import Any

from wsesim.csl.code import ClassCode, Label, StepDraft
from wsesim.csl.image import CONDITIONAL, JUMPS, LEAVES, Operation, Type
from wsesim.csl.passes.graph import Steps, is_pure, places_of, sources_of
from wsesim.csl.passes.knowledge import Facts, MemoryPlace, Numbers, common, may_meet

_CALLS = (Operation.CALL, Operation.CALL_AT)
_QUIET = {Operation.ACTIVATE, Operation.BLOCK, Operation.UNBLOCK, Operation.ASSERT, Operation.GET_DSR}
"""That leave memory as it is."""


def numbered(steps: Steps, code: ClassCode) -> tuple[Steps, dict[int, int]]:
    """Return shorter code, and of stores, by identity, a register that holds what lay there before."""
    pass_ = _Numbering(steps, code)
    for position, item in enumerate(steps):
        pass_.item(position, item)
    return [item for item in pass_.found if item is not None], pass_.before


class _Numbering:
    def __init__(self, steps: Steps, code: ClassCode) -> None:
        self.steps, self.numbers, self.code = steps, Numbers(code), code
        self.places, self.sources = places_of(steps), sources_of(steps)
        self.found: list[StepDraft | Label | None] = []
        self.before: dict[int, int] = {}
        self.saved: dict[int, Facts] = {}
        self.stored: dict[MemoryPlace, int] = {}
        """Where in `found` a store stands that nothing read yet."""
        self.facts: Facts | None = Facts()

    def item(self, position: int, item: StepDraft | Label) -> None:
        if isinstance(item, Label):
            self._label(position, item)
        elif self.facts is None:
            self.found.append(item)
        elif item.op in JUMPS:
            self._jump(position, item, self.facts)
        else:
            self._step(item, self.facts)
            if item.op in LEAVES:
                self.facts = None

    def _label(self, position: int, label: Label) -> None:
        self.stored.clear()
        self.found.append(label)
        sources = self.sources.get(id(label), [])
        later = max(sources, default=-1)
        last = self._last(position, later) if later > position else position
        inside = {id(item) for item in self.steps[position : last + 1] if isinstance(item, Label)}
        entries = [source for each in inside for source in self.sources.get(each, []) if source < position]
        ways = [self.saved[source] for source in sorted(entries) if source in self.saved]
        ways += [self.facts] if self.facts is not None else []
        if ways or later > position:
            self.facts = common(ways) if ways else Facts()
        if later > position and self.facts is not None:
            self._forget(position, last, self.facts)

    def _last(self, first: int, last: int) -> int:
        """Where a loop ends that begins at *first*: at the last jump back to anything in it."""
        while True:
            targets = [item for item in self.steps[first : last + 1] if isinstance(item, Label)]
            furthest = max(max(self.sources.get(id(label), [0])) for label in targets)
            if furthest <= last:
                return last
            last = furthest

    def _forget(self, first: int, last: int, facts: Facts) -> None:
        """Forget what a loop may change: what is written anywhere in it. It may be entered behind its begin, too."""
        facts.memory.clear()
        for item in self.steps[first : last + 1]:
            if isinstance(item, StepDraft):
                facts.registers.pop(item.d, None)
                if item.op in _CALLS:
                    facts.registers.clear()

    def _jump(self, position: int, step: StepDraft, facts: Facts) -> None:
        self.stored.clear()
        step = self._renamed(step, facts)
        decided = self._decided(step, facts) if step.op in CONDITIONAL else True
        if decided is not False:
            self.saved[position] = facts.copy()
            self.found.append(step if decided is None else replace(step, op=Operation.JUMP, a=-1, b=-1))
        if decided is True:
            self.facts = None

    def _decided(self, step: StepDraft, facts: Facts) -> bool | None:
        values = [
            self.numbers.constants.get(self.numbers.of(register, facts))
            for register in (step.a, step.b) if register >= 0
        ]  # fmt: skip
        if any(value is None for value in values) or step.t >= Type.I64:
            return None
        a, b = [*values, 0][:2]
        assert a is not None
        assert b is not None
        return {
            Operation.JUMP_IF: a != 0, Operation.JUMP_UNLESS: a == 0, Operation.JUMP_LESS: a < b,
            Operation.JUMP_LESS_EQUAL: a <= b, Operation.JUMP_EQUAL: a == b, Operation.JUMP_UNEQUAL: a != b,
        }[step.op]  # fmt: skip

    def _renamed(self, step: StepDraft, facts: Facts) -> StepDraft:
        """The step reading the first register that holds each of its values."""
        names: dict[str, Any] = {}
        for name in ("a", "b", "c"):
            register = getattr(step, name)
            if register >= 0:
                number = self.numbers.of(register, facts)
                held = -1 if self.numbers.is_address(number) else self.numbers.holder(number, facts)
                if held >= 0 and held != register:
                    names[name] = held
        return replace(step, **names) if names else step

    def _step(self, step: StepDraft, facts: Facts) -> None:
        if is_pure(step):
            self._computed(self._renamed(step, facts), self.numbers.result(step, facts), facts)
        elif step.op == Operation.LOAD:
            self._load(self._renamed(step, facts), facts)
        elif step.op == Operation.STORE:
            self._store(self._renamed(step, facts), facts)
        else:
            self._other(step, facts)

    def _computed(self, step: StepDraft, number: int, facts: Facts) -> None:
        """A value in a register: a copy, if another register holds it."""
        held = self.numbers.holder(number, facts)
        if held == step.d:
            return
        if held >= 0 and not self.numbers.is_address(number):
            step = StepDraft(Operation.MOVE, step.at, step.t, step.d, held)
        self.found.append(step)
        self.numbers.holds(step.d, number, facts)

    def _load(self, step: StepDraft, facts: Facts) -> None:
        place = self.numbers.place(step, facts)
        if place is not None and place in facts.memory:
            number = facts.memory[place]
            if self.numbers.holder(number, facts) >= 0:
                self._computed(step, number, facts)
                return
        for each in list(self.stored):
            if place is None or may_meet(each, place):
                del self.stored[each]
        number = self.numbers.new()
        self.found.append(step)
        self.numbers.holds(step.d, number, facts)
        if place is not None:
            facts.memory[place] = number

    def _store(self, step: StepDraft, facts: Facts) -> None:
        place, number = self.numbers.place(step, facts), self.numbers.of(step.b, facts)
        if place is None:
            facts.memory.clear()
            self.stored.clear()
            self.found.append(step)
            return
        if place in self.stored:  # what lay there before that one is not known by now, and its identity is free again
            self.before.pop(id(self.found[self.stored[place]]), None)
            self.found[self.stored[place]] = None
        elif place in facts.memory:
            self.before[id(step)] = self.numbers.holder(facts.memory[place], facts)
        facts.memory = {each: held for each, held in facts.memory.items() if not may_meet(each, place)}
        facts.memory[place] = number
        self.stored[place] = len(self.found)
        self.found.append(step)

    def _other(self, step: StepDraft, facts: Facts) -> None:
        self.found.append(step)
        if step.op in _CALLS:
            facts.registers.clear()
        if step.op not in _QUIET:
            facts.memory.clear()
            self.stored.clear()
        if step.d >= 0:
            facts.registers.pop(step.d, None)
