"""Attention heads on columns of cores: which columns sum a head's scores together, which heads a core has part in."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from math import ceil, gcd

from wsesim.cores import isa
from wsesim.cores.kit.core import KernelCore
from wsesim.cores.kit.line import KernelLine
from wsesim.cores.kit.writer import KernelWriter
from wsesim.cores.operands import Mem
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
class HeadPart:
    """The neighbouring features of a column, head by head."""

    head: int
    """The first, among those whose scores the column sums."""
    before: int
    """Features of that head that columns before have."""
    count: int
    """Features of the column."""
    width: int
    """Features of a head."""

    @property
    def heads(self) -> int:
        """Heads it has part in."""
        return ceil((self.before + self.count) / self.width) if self.count else 0

    def run(self, number: int) -> HeadSlice:
        """Return what it has of one of its heads."""
        start = max(self.before, number * self.width)
        stop = min(self.before + self.count, (number + 1) * self.width)
        return HeadSlice(head=self.head + number, first=start - self.before, count=stop - start)

    def write(self, core: KernelWriter) -> Iterator[HeadSlice]:
        """Write what the body of a `for` writes for the features of each head.

        Where only the time counts, for one of each kind: they have as many features, in equal banks. Only the first and
        the last head of a column may be cut.
        """
        heads = range(self.heads)
        inner = [heads[1:-1][at::ALIGNED_VALUES] for at in range(ALIGNED_VALUES)]
        kinds = ((self.run(group[0]), len(group)) for group in (heads[:1], *inner, heads[1:][-1:]) if group)
        return core.each(map(self.run, heads), kinds)


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

    def line(self, core: KernelCore) -> KernelLine:
        """Return the part of a core's row that sums the scores of its heads."""
        return core.row.part(self.columns)

    def of(self, core: KernelCore) -> HeadPart:
        """Return what a core has of the heads."""
        return core.row.told("heads", self.part)

    def part(self, column: int) -> HeadPart:
        """Return what a column has of the heads."""
        head, before = divmod(self.layout.first(column), self.width)
        first = head - column // self.columns * self.summed
        return HeadPart(head=first, before=before, count=self.layout.count(column), width=self.width)

    def kinds(self) -> list[int]:
        """Return the first column of every kind: those with as many features, of as many heads.

        How these divide over the heads changes nothing: each feature takes as long, and each head on top.
        """
        kinds: dict[tuple[int, int], int] = {}
        for column in range(self.layout.columns):
            part = self.part(column)
            kinds.setdefault((part.count, part.heads), column)
        return list(kinds.values())


def gather_rows(core: KernelWriter, op: int, into: Mem, rows: Mem) -> None:
    """Leave in *into* the sum (isa.ADD) or greatest (isa.MAX) of each row of *rows*, of equal length."""
    core.role.fmovs(into, core.constant(0.0 if op == isa.ADD else steps.LOWEST))
    each = per_row(into, rows)
    core.role.vector(op, each, each, rows)


def per_row(values: Mem, rows: Mem) -> Mem:
    """Return one value per row as an operand beside *rows*."""
    return values.grid(values.length, rows.length // values.length, row_stride=1, stride=0)
