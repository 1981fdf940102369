"""The order of work of one step, and a place in it that can jump over equal work."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

from wsesim.mapping import Program, Stage

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

    def walk(self) -> Iterator[tuple[Place, Stage]]:
        """Yield every place in order; whoever changes `place` between two yields makes the walk jump."""
        stages = self.program.stages
        while self.place.number < self.program.placement.passes:
            yield self.place, stages[self.place.stage]
            self.place = self._next()

    def _next(self) -> Place:
        here, stages = self.place, self.program.stages
        if here.copy + 1 < stages[here.stage].repeat:
            return Place(here.number, here.stage, here.copy + 1)
        if here.stage + 1 < len(stages):
            return Place(here.number, here.stage + 1, 0)
        return Place(here.number + 1, 0, 0)


def pieces(program: Program, stage: Stage) -> int:
    """Return how many pieces one copy of *stage* is played in."""
    shard = program.cluster.memoryx.shard_bytes
    largest = max(stage.weight_bytes, stage.gradient_bytes)
    return min(MOST_PIECES, max(1, -(-largest // shard)))
