"""Pipeline stages: rectangles of cores on wafers, and which layers each has; here
squares, in `rectangles` what uses the whole wafer.

wafer 0                 wafer 1
+--------+--------+     +--------+--------+
| embed  | 4..7   |     | 16..19 | 20..23 |     a token passes all squares in turn; while one works on it, others
| 0..3   |        |     |        |        |     work on tokens of other users, or on other chunks of a prompt
+--------+--------+     +--------+--------+
| 8..11  | 12..15 |     | 24..27 | 28..31 |
|        |        |     |        | head   |
+--------+--------+     +--------+--------+
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import cache, lru_cache
from math import isqrt

from wsesim.hardware import Wafer


@dataclass(frozen=True, slots=True, kw_only=True)
class PipelineStage:
    """A rectangle of cores and the layers it has; without any, it has a table alone."""

    wafer: int
    """Number of its wafer, from 0."""
    column: int
    row: int
    """Place of its first core."""
    columns: int
    rows: int
    """Its size."""
    layers: int
    embeds: bool
    """Whether tokens enter here."""
    heads: bool
    """Whether tokens are chosen here."""

    @property
    def side(self) -> int:
        """Cores along each axis of a square; of another rectangle, of the largest square with no more cores."""
        return isqrt(self.columns * self.rows)

    @property
    def cores(self) -> int:
        """All its cores."""
        return self.columns * self.rows


def squares_on(wafer: Wafer, side: int) -> int:
    """Return how many squares of *side* the wafer has room for."""
    return (wafer.columns // side) * (wafer.rows // side)


@lru_cache(maxsize=1024)
def lay_out(wafer: Wafer, side: int, per_wafer: int, layers: tuple[int, ...]) -> tuple[PipelineStage, ...]:
    """Return a square for each number of *layers*, in the order a token passes, row by row, wafer by wafer."""
    across = wafer.columns // side
    return tuple(
        PipelineStage(
            wafer=number // per_wafer,
            column=number % per_wafer % across * side,
            row=number % per_wafer // across * side,
            columns=side,
            rows=side,
            layers=here,
            embeds=number == 0,
            heads=number == len(layers) - 1,
        )
        for number, here in enumerate(layers)
    )


@cache
def shares(layers: int, stages: int) -> tuple[int, ...]:
    """Return the layers of each stage: as many for all, and what is too much taken from both ends.

    These also have the embedding and the head: 28 layers on 8 stages are 2, 4, 4, 4, 4, 4, 4, 2 (WaferEngine).
    """
    most = -(-layers // stages)
    found = [most] * stages
    spare, turn = most * stages - layers, 0
    order = sorted(range(stages), key=lambda stage: (min(stage, stages - 1 - stage), stage))
    ends = order[:2]
    while spare:
        pool = [stage for stage in ends if found[stage] > 1] or [stage for stage in order if found[stage] == most]
        stage = pool[turn % len(pool)]
        found[stage] -= 1
        spare, turn = spare - 1, turn + 1
    return tuple(found)
