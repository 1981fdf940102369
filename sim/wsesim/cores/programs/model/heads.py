"""Attention heads on columns of cores: which columns sum a head's scores together, which heads a core has part in."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from math import ceil, gcd

from wsesim.cores import isa
from wsesim.cores.kit.base import Options
from wsesim.cores.kit.lines import AllreduceLine
from wsesim.cores.kit.plans import ROW
from wsesim.cores.kit.writer import KernelWriter
from wsesim.cores.operands import Color, Mem
from wsesim.cores.programs.collectives.collective import group_of
from wsesim.cores.programs.model import steps
from wsesim.cores.programs.model.feature import FeatureLayout

MASKED = -1.0e30
"""Added to the score of a key that does not count: its exponential is 0."""
ALIGNED_VALUES = 4
"""Rows of fp32 values that begin at such multiples all begin in the same bank."""


def aligned(values: int) -> int:
    """Return *values*, or the next number of them after which a row begins in the same bank."""
    return ceil(values / ALIGNED_VALUES) * ALIGNED_VALUES


@dataclass(frozen=True, slots=True, kw_only=True)
class HeadSlice:
    """Neighbouring features of one head on a core."""

    head: int
    """Among those whose scores the core sums."""
    first: int
    """Among the core's features."""
    count: int


@dataclass(frozen=True, slots=True, kw_only=True)
class Heads:
    """Heads side by side along x. Where columns and heads allow, a few columns keep a few heads to themselves."""

    layout: FeatureLayout
    heads: int

    @property
    def width(self) -> int:
        """Features of a head."""
        return self.layout.features // self.heads

    @property
    def segments(self) -> int:
        """Groups of columns that have heads of their own."""
        return gcd(self.heads, self.layout.columns) if self.layout.features % self.layout.columns == 0 else 1

    @property
    def columns(self) -> int:
        """Columns of such a group."""
        return self.layout.columns // self.segments

    @property
    def summed(self) -> int:
        """Heads of such a group."""
        return self.heads // self.segments

    def line(self, column: int, options: Options, colors: Sequence[Color]) -> AllreduceLine:
        """Return the line of cores that sum the scores of their heads."""
        group = group_of(options, self.columns)
        return AllreduceLine(place=column % self.columns, cores=self.columns, group=group, axis=ROW, colors=colors)

    def of_column(self, column: int) -> range:
        """Return the heads that a column has part in."""
        first, end = self.layout.first(column), self.layout.first(column + 1)
        return range(first // self.width, -(-end // self.width)) if end > first else range(0)

    def run(self, column: int, head: int) -> HeadSlice:
        """Return what a column has of a head."""
        first, end = self.layout.first(column), self.layout.first(column + 1)
        before = column // self.columns * self.summed
        start, stop = max(first, head * self.width), min(end, (head + 1) * self.width)
        return HeadSlice(head=head - before, first=start - first, count=stop - start)

    def runs(self, column: int) -> Iterator[HeadSlice]:
        """Return the features of a column, cut by heads."""
        return (self.run(column, head) for head in self.of_column(column))

    def kinds(self, column: int) -> list[tuple[HeadSlice, int]]:
        """Return one of the runs of each kind, and how many take as long: they have as many features, in equal banks.

        Only the first and the last head of a column may be cut.
        """
        heads = self.of_column(column)
        inner = [heads[1:-1][at::ALIGNED_VALUES] for at in range(ALIGNED_VALUES)]
        groups = [heads[:1], *inner, heads[1:][-1:]]
        return [(self.run(column, group[0]), len(group)) for group in groups if group]


def gather_rows(core: KernelWriter, op: int, into: Mem, rows: Mem) -> None:
    """Leave in *into* the sum (isa.ADD) or greatest (isa.MAX) of each row of *rows*, of equal length."""
    core.role.fmovs(into, core.constant(0.0 if op == isa.ADD else steps.LOWEST))
    each = per_row(into, rows)
    core.role.vector(op, each, each, rows)


def per_row(values: Mem, rows: Mem) -> Mem:
    """Return one value per row as an operand beside *rows*."""
    return values.grid(values.length, rows.length // values.length, row_stride=1, stride=0)
