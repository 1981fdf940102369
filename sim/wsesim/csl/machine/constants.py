"""Which descriptors are constants: those that code puts together of constants alone, whatever way it came there."""

from __future__ import annotations

from collections.abc import Iterator

from wsesim.csl.image import JUMPS, LEAVES, CodeStep, Operation, TileClass

_FOLDED = {*range(Operation.MOVE, Operation.LOAD), Operation.GET_FIELD, Operation.SET_FIELD}
_CALLS = (Operation.CALL, Operation.CALL_AT)


def unwritten(tile: TileClass) -> int:
    """Return the registers that nothing writes, as bits: no step, and no start of a task or a function."""
    written = {step.d for step in tile.steps if step.d >= 0}
    written |= {each.register for entry in tile.started for each in entry.arguments}
    return ((1 << tile.registers) - 1) & ~sum(1 << register for register in written)


def known_before(tile: TileClass) -> list[int]:
    """Return the registers that hold a constant before each step, the same on every way to it, as bits.

    A compiler folds what is computed of constants, fields of descriptors whose addresses are known among it; where that
    needs addresses, it is computed here as the code runs.
    """
    always = unwritten(tile)
    if not any(step.op == Operation.SET_FIELD for step in tile.steps):
        return [always] * len(tile.steps)
    return _Known(tile, always).all()


def is_folded(step: CodeStep, known: int) -> bool:
    """Whether a step makes a constant of constants."""
    return step.op in _FOLDED and all(known >> register & 1 for register in (step.a, step.b, step.c) if register >= 0)


class _Known:
    """By the begin of each stretch of code without jumps: which step each register's constant is made by."""

    def __init__(self, tile: TileClass, always: int) -> None:
        self.steps, self.always = tile.steps, always
        roots = {entry.entry for entry in tile.started}
        roots |= {step.n for step in tile.steps if step.op == Operation.CALL}
        jumps = {step.n for step in tile.steps if step.op in JUMPS}
        behind = {at + 1 for at, step in enumerate(tile.steps) if step.op in JUMPS or step.op in LEAVES}
        self.begins = sorted(at for at in {0} | roots | jumps | behind if at < len(tile.steps))
        self.ends = dict(zip(self.begins, [*self.begins[1:], len(tile.steps)], strict=True))
        self.held: dict[int, dict[int, int]] = {at: {} for at in roots}
        reached = jumps | {at for at in behind if at < len(tile.steps) and tile.steps[at - 1].op not in LEAVES}
        self.held |= {at: {} for at in self.begins if at not in reached}

    def all(self) -> list[int]:
        """Return the registers known before each step."""
        todo = sorted(self.held, reverse=True)
        while todo:
            todo += self._spread(todo.pop())
        return [known for at in self.begins for known in self._along(at)]

    def _spread(self, begin: int) -> list[int]:
        """Tell those that follow what a stretch leaves; return those for whom that is less than they knew."""
        left = dict(self.held[begin])
        for _ in self._along(begin, left):
            pass
        last, end, found = self.steps[self.ends[begin] - 1], self.ends[begin], []
        for goal in ([end] if last.op not in LEAVES else []) + ([last.n] if last.op in JUMPS else []):
            if goal in self.ends:
                before = self.held.get(goal)
                now = left if before is None else dict(before.items() & left.items())
                if now != before:
                    self.held[goal] = dict(now)
                    found.append(goal)
        return found

    def _along(self, begin: int, held: dict[int, int] | None = None) -> Iterator[int]:
        """Yield what is known before each step of a stretch, and leave in *held* what is after it."""
        held = dict(self.held.get(begin, {})) if held is None else held
        known = self.always | sum(1 << register for register in held)
        for at in range(begin, self.ends[begin]):
            yield known
            step = self.steps[at]
            if step.op in _CALLS:
                held.clear()
                known = self.always
            elif step.d >= 0:
                held.pop(step.d, None)
                if is_folded(step, known):
                    held[step.d] = at
                    known |= 1 << step.d
                else:
                    known &= ~(1 << step.d)
