"""The order of work of steps that follow each other, and a place in it that can jump over equal work."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from sys import float_info

from wsesim.mapping import PassGroup, Program, Stage
from wsesim.units import ROUNDING

MOST_PIECES = 16
"""Pieces a block's weights (and gradients) are played in, at most: a piece is a train of shards."""
MOST_STEPS = 6
"""Steps that are played at most until they repeat."""


def repeats(ended: Sequence[float]) -> bool:
    """Return whether steps that ended then repeat, or enough were played; the first begins at 0."""
    if len(ended) < 2:
        return False
    last, before = ended[-1] - ended[-2], ended[-2] - (ended[-3] if len(ended) > 2 else 0.0)
    return abs(last - before) <= ROUNDING * last or len(ended) >= MOST_STEPS


def alike_s(now: float) -> float:
    """Return how far two times, relative to *now*, may be apart and still be one: 1 ps, or what rounding makes."""
    return max(1e-12, 16 * float_info.epsilon * now)


@dataclass(frozen=True, slots=True, order=True)
class Place:
    """Where a process is: the pass, the stage of the pass, the copy of the stage's block."""

    number: int
    """Of the pass, counted through all steps."""
    stage: int
    copy: int


@dataclass(slots=True)
class Cursor:
    """Walks a program's places in order, step after step."""

    program: Program
    place: Place = Place(0, 0, 0)

    @property
    def group(self) -> PassGroup:
        """Passes like the one it is in."""
        return _group_at(self.program, self.place.number)[0]

    def walk(self) -> Iterator[tuple[Place, Stage]]:
        """Yield every place in order, without end; whoever changes `place` between two yields makes the walk jump."""
        while True:
            yield self.place, self.group.stages[self.place.stage]
            self.place = self._next()

    def at_end_of_step(self) -> bool:
        """Whether it is at the last copy of the last stage of a step's last pass."""
        here, stages = self.place, self.group.stages
        last = here.stage == len(stages) - 1 and here.copy == stages[here.stage].repeat - 1
        return last and is_last(self.program, here.number)

    def alike(self) -> int:
        """Return the number of the last pass that is like the one it is in."""
        return _group_at(self.program, self.place.number)[1] - 1

    def _next(self) -> Place:
        here, stages = self.place, self.group.stages
        if here.copy + 1 < stages[here.stage].repeat:
            return Place(here.number, here.stage, here.copy + 1)
        if here.stage + 1 < len(stages):
            return Place(here.number, here.stage + 1, 0)
        return Place(here.number + 1, 0, 0)


def group_at(program: Program, number: int) -> PassGroup:
    """Return what pass *number*, from 0, is like."""
    return _group_at(program, number)[0]


def step_at(program: Program, number: int) -> int:
    """Return the step that pass *number* is of, from 0."""
    return number // program.passes


def is_last(program: Program, number: int) -> bool:
    """Return whether pass *number* is the last of its step."""
    return number % program.passes == program.passes - 1


def _group_at(program: Program, number: int) -> tuple[PassGroup, int]:
    """Return the passes like *number*, and the number of the first pass after them."""
    end = step_at(program, number) * program.passes
    for group in program.groups:
        end += group.count
        if number < end:
            break
    return group, end


def pieces(program: Program, stage: Stage) -> int:
    """Return how many pieces one copy of *stage* is played in."""
    shard = program.cluster.memoryx.shard_bytes
    largest = max(stage.weight_bytes, stage.gradient_bytes)
    return min(MOST_PIECES, max(1, -(-largest // shard)))
