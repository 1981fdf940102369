"""Jumps whose way is decided by what earlier tests said of a variable go there at once.

Where a jump leads over few steps to a test that is decided on this way, the steps are copied for it (LLVM's jump
threading). No loop is entered anew by this: that would peel turns off it.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace

from wsesim.csl.code import ClassCode, Label, StepDraft
from wsesim.csl.image import CONDITIONAL, JUMPS, LEAVES, Operation, Type
from wsesim.csl.passes.graph import Steps, inverted, is_plain, places_of, sources_of

MOST_STEPS = 6
"""Copied for a jump: LLVM's `jump-threading-threshold`."""
_ROUNDS = 2
"""In which what holds at the begin of loops is found: first of nothing, then of what tests in them say."""
Ranges = dict[int, tuple[int, int]]
"""Least and most that a register holds, by register."""
_LIMITS = {
    Type.BOOL: (0, 1), Type.I8: (-128, 127), Type.U8: (0, 255), Type.I16: (-(1 << 15), (1 << 15) - 1),
    Type.U16: (0, (1 << 16) - 1), Type.I32: (-(1 << 31), (1 << 31) - 1), Type.U32: (0, (1 << 32) - 1),
}  # fmt: skip


def threaded(steps: Steps, code: ClassCode) -> Steps:
    """Return code whose jumps skip tests that are decided."""
    return _Threading(steps, code).all()


class _Threading:
    def __init__(self, steps: Steps, code: ClassCode) -> None:
        self.steps = steps
        self.values = {register: value for value, register in code.constants.bits.items()}
        self.places, self.sources = places_of(steps), sources_of(steps)
        self.loops = {id(item) for at, item in enumerate(steps) if max(self.sources.get(id(item), [-1])) > at}
        self.added: dict[int, Label] = {}
        """Labels to put behind a position."""
        self.appended: Steps = []

    def all(self) -> Steps:
        found: list[StepDraft | Label] = []
        at_labels: dict[int, Ranges] = {}
        for _ in range(_ROUNDS):
            edges: dict[int, list[Ranges]] = {}
            for _ in self._known(at_labels, edges):
                pass
            at_labels = {label: _joined(ways) for label, ways in edges.items()}
        for item, ranges in self._known(at_labels, {}):
            found.append(self._jump(item, ranges) if isinstance(item, StepDraft) and item.op in JUMPS else item)
        return self._with_labels(found)

    def _known(
        self, at_labels: dict[int, Ranges], edges: dict[int, list[Ranges]]
    ) -> Iterator[tuple[StepDraft | Label, Ranges]]:
        """Each item with what holds before it, from what holds at labels; *edges* gathers what jumps bring there."""
        ranges: Ranges | None = {}
        for item in self.steps:
            if isinstance(item, Label):
                if id(item) in self.sources:
                    edges.setdefault(id(item), []).extend([] if ranges is None else [ranges])
                    ranges = at_labels.get(id(item), {})
            elif item.op in JUMPS:
                taken = (ranges or {}) if item.op == Operation.JUMP else self._narrowed(item, ranges or {}, True)
                edges.setdefault(id(item.n), []).extend([] if taken is None else [taken])
            yield item, ranges or {}
            if isinstance(item, StepDraft) and item.op in CONDITIONAL:
                ranges = self._narrowed(item, ranges or {}, False)
            elif isinstance(item, StepDraft):
                ranges = None if item.op in LEAVES else self._moved(item, ranges or {})

    def _with_labels(self, found: Steps) -> Steps:
        joined: Steps = []
        for position, item in enumerate(found):
            joined.append(item)
            if position in self.added:
                joined.append(self.added[position])
        return joined + self.appended

    def _bounds(self, register: int, t: Type, ranges: Ranges) -> tuple[int, int]:
        if register in self.values:
            return self.values[register], self.values[register]
        return ranges.get(register, _LIMITS[t])

    def _narrowed(self, step: StepDraft, ranges: Ranges, taken: bool) -> Ranges | None:
        """What holds if a jump is taken, or is not; None if that cannot be."""
        step = step if taken else inverted(step, Label()) or step
        if step.t not in _LIMITS:
            return ranges
        if step.op in (Operation.JUMP_IF, Operation.JUMP_UNLESS):
            return ranges
        (low_a, high_a), (low_b, high_b) = (self._bounds(each, step.t, ranges) for each in (step.a, step.b))
        if step.op == Operation.JUMP_UNEQUAL:
            return None if low_a == high_a == low_b == high_b else ranges
        if step.op == Operation.JUMP_EQUAL:
            low_a = low_b = max(low_a, low_b)
            high_a = high_b = min(high_a, high_b)
        else:
            least = 1 if step.op == Operation.JUMP_LESS else 0
            high_a, low_b = min(high_a, high_b - least), max(low_b, low_a + least)
        if low_a > high_a or low_b > high_b:
            return None
        found = dict(ranges)
        for register, bounds in ((step.a, (low_a, high_a)), (step.b, (low_b, high_b))):
            if register not in self.values:
                found[register] = bounds
        return found

    def _moved(self, step: StepDraft, ranges: Ranges) -> Ranges:
        """What holds after a step."""
        if step.d < 0:
            return ranges if step.vector is None and step.op != Operation.CALL_AT else {}
        bounds = self._computed(step, ranges)
        if step.op in (Operation.CALL, Operation.CALL_AT):
            return {}
        found = {register: each for register, each in ranges.items() if register != step.d}
        if bounds is not None:
            found[step.d] = bounds
        return found

    def _computed(self, step: StepDraft, ranges: Ranges) -> tuple[int, int] | None:
        if step.op not in (Operation.MOVE, Operation.ADD, Operation.SUB) or step.t not in _LIMITS:
            return None
        known = [step.a in ranges or step.a in self.values, step.b < 0 or step.b in ranges or step.b in self.values]
        if not all(known):
            return None
        low, high = self._bounds(step.a, step.t, ranges)
        if step.op != Operation.MOVE:
            least, most = self._bounds(step.b, step.t, ranges)
            low, high = (low + least, high + most) if step.op == Operation.ADD else (low - most, high - least)
        inside = _LIMITS[step.t][0] <= low and high <= _LIMITS[step.t][1]
        return (low, high) if inside else None

    def _jump(self, step: StepDraft, ranges: Ranges) -> StepDraft:
        """A jump that goes as far as what is known on its way leads."""
        here: Ranges | None = ranges
        if step.op in CONDITIONAL:
            if step.t in _LIMITS and inverted(step, Label()) and self._narrowed(step, ranges, False) is None:
                return replace(step, op=Operation.JUMP, a=-1, b=-1)
            here = self._narrowed(step, ranges, True)
        goal = self._followed(step.n, here) if here and isinstance(step.n, Label) else None
        return replace(step, n=goal) if goal is not None else step

    def _followed(self, label: Label, ranges: Ranges) -> Label | None:
        at, passed = self.places[id(label)], Steps()
        for _ in range(3 * MOST_STEPS):
            item = self.steps[at] if at < len(self.steps) else None
            if item is None or id(item) in self.loops or len(passed) > MOST_STEPS:
                return None
            if isinstance(item, StepDraft) and item.op in CONDITIONAL:
                return self._decided(item, at, ranges, passed)
            if isinstance(item, StepDraft) and item.op == Operation.JUMP:
                at = self.places[id(item.n)]
                continue
            if isinstance(item, StepDraft):
                if not is_plain(item):
                    return None
                passed.append(replace(item))
                ranges = self._moved(item, ranges)
            at += 1
        return None

    def _decided(self, test: StepDraft, at: int, ranges: Ranges, passed: Steps) -> Label | None:
        """Where a way goes on behind a test that it decides: a copy of what it passed."""
        if test.t not in _LIMITS or test.op in (Operation.JUMP_IF, Operation.JUMP_UNLESS):
            return None
        if self._narrowed(test, ranges, True) is None:
            goal = self.added.setdefault(at, Label())
        elif self._narrowed(test, ranges, False) is None and isinstance(test.n, Label):
            goal = test.n
        else:
            return None
        label = Label()
        self.appended += [label, *passed, StepDraft(Operation.JUMP, test.at, n=goal, within=test.within)]
        return label


def _joined(ways: list[Ranges]) -> Ranges:
    """What holds whichever way code came."""
    found = dict(ways[0]) if ways else {}
    for other in ways[1:]:
        found = {
            register: (min(low, other[register][0]), max(high, other[register][1]))
            for register, (low, high) in found.items() if register in other
        }  # fmt: skip
    return found
