"""The order of work of one step, and a place in it that can jump over equal work."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

from wsesim.mapping import PassGroup, Program, Stage

MOST_PIECES = 16
"""Pieces a block's weights (and gradients) are played in, at most: a piece is a train of shards."""


@dataclass(frozen=True, slots=True, order=True)
class Place:
    """Where a process is: the pass, the stage of the pass, the copy of the stage's block."""

    number: int
    stage: int
    copy: int


@dataclass(slots=True)
class Cursor:
    """Walks a program's places in order."""

    program: Program
    place: Place = Place(0, 0, 0)

    @property
    def group(self) -> PassGroup:
        """Passes like the one it is in; the last ones once it is at the end."""
        return _group_at(self.program, self.place.number)[0]

    def walk(self) -> Iterator[tuple[Place, Stage]]:
        """Yield every place in order; whoever changes `place` between two yields makes the walk jump."""
        while self.place.number < self.program.passes:
            yield self.place, self.group.stages[self.place.stage]
            self.place = self._next()

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


def _group_at(program: Program, number: int) -> tuple[PassGroup, int]:
    """Return the passes like *number*, and the number of the first pass after them."""
    end = 0
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
