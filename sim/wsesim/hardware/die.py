"""The area of a wafer, the defects it is made with, and what remains of its rectangle once rows went around them.

    printed   | c c c x c c c s s |    a row has spare cores at its end; redundant links let it use the core on the
    used      | 0 1 2   3 4 5 6   |    other side of a defect, and what follows shifts by one (Hot Chips 31)

A row with more defects than spares has fewer columns, and so has the wafer, which is used as a rectangle.
"""

from __future__ import annotations

from bisect import bisect_left
from collections.abc import Iterator
from dataclasses import dataclass, field
from functools import lru_cache
from itertools import accumulate, islice
from math import ceil, exp, fsum, log1p
from random import Random

from wsesim.errors import SpecError, require_at_most, require_not_negative, require_positive
from wsesim.figures import LESS, MORE, neither

WAFER_MM2 = 46_225
"""Of the square that is cut from a wafer of 300 mm (the vendor)."""
_REST = 1e-18
"""Share of rows that is nothing to speak of."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Die:
    """Area of a core, defects by area, and spare cores of a row."""

    core_mm2: float = field(metadata=LESS)
    """Of a core a program can use without its SRAM, with its share of all that lies around it, square millimetres."""
    kib_mm2: float = field(metadata=LESS)
    """Of a KiB of its SRAM, square millimetres."""
    defects_per_cm2: float = field(metadata=LESS)
    """Defects by area, each of which a core does not survive."""
    clustering: float = field(metadata=neither("as many defects, in fewer rows or in more"))
    """How evenly they fall, the alpha of a negative binomial by row: of 1000 as by chance, of less in clusters."""
    spare_share: float = field(metadata=MORE)
    """Spare cores of a row as a share of those a program can use."""
    seed: int = field(metadata=neither("another wafer"))
    """Of the wafer whose defects are drawn."""
    detour_cycles: int = field(metadata=LESS)
    """Cycles a wavelet takes longer over a link for each core that it reaches past, in kernels on cores."""

    def __post_init__(self) -> None:
        require_positive(core_mm2=self.core_mm2, kib_mm2=self.kib_mm2, clustering=self.clustering)
        require_not_negative(defects_per_cm2=self.defects_per_cm2, spare_share=self.spare_share, seed=self.seed,
                             detour_cycles=self.detour_cycles)  # fmt: skip
        require_at_most(1, "no row has more spare cores than those in use", spare_share=self.spare_share)

    def area_mm2(self, cores: int, sram_bytes: int) -> float:
        """Return the area of so many cores with so much SRAM each."""
        return cores * (self.core_mm2 + self.kib_mm2 * sram_bytes / 1024)

    def printed(self, columns: int) -> int:
        """Return the cores of a row that has *columns* a program can use, with its spares."""
        return columns + ceil(self.spare_share * columns)

    def bad_of_row(self, columns: int, sram_bytes: int) -> float:
        """Return the mean number of cores of a row that do not work."""
        return self.defects_per_cm2 / 100 * self.area_mm2(self.printed(columns), sram_bytes)

    def repaired_share(self, columns: int, rows: int, sram_bytes: int) -> float:
        """Return the share of wafers of which every row has spares for all its defects."""
        spares = self.printed(columns) - columns
        shares = islice(row_shares(self.bad_of_row(columns, sram_bytes), self.clustering), spares + 1)
        return min(1.0, fsum(shares)) ** rows

    def usable_share(self, columns: int, rows: int, sram_bytes: int) -> float:
        """Return the share of wafers that can be used as the one that is drawn: spares repair them, or none is worse.

        A wafer with more defects than spares has fewer columns, and so may all that have no more defects in a row.
        """
        no_worse = _worst_draw(self.seed, rows) ** rows if self.defects_per_cm2 else 1.0
        return max(self.repaired_share(columns, rows, sram_bytes), no_worse)

    def worst_row(self, columns: int, rows: int, sram_bytes: int) -> int:
        """Return the most cores of a row that do not work, of the wafer that is drawn."""
        return max(self.bad_by_row(columns, rows, sram_bytes))

    def bad_by_row(self, columns: int, rows: int, sram_bytes: int) -> tuple[int, ...]:
        """Return how many cores of each row do not work, of the wafer that is drawn."""
        return _by_row(self, self.bad_of_row(columns, sram_bytes), self.printed(columns), rows)

    def good_columns(self, columns: int, rows: int, sram_bytes: int) -> int:
        """Return the columns that every row of the wafer still has.

        Raises:
            SpecError: a row has none.
        """
        found = min(columns, self.printed(columns) - self.worst_row(columns, rows, sram_bytes))
        if found < 1:
            raise SpecError("defects_per_cm2", f"= {self.defects_per_cm2:g} leaves a row without a core that works")
        return found


def row_shares(mean: float, clustering: float) -> Iterator[float]:
    """Yield the shares of rows with 0, 1, 2, ... defects, as long as any are left to speak of."""
    share, number = exp(-clustering * log1p(mean / clustering)), 0
    while number <= mean or share > _REST:
        yield share
        share *= (number + clustering) / (number + 1) * mean / (clustering + mean)
        number += 1


@lru_cache(maxsize=4096)
def _by_row(die: Die, mean: float, printed: int, rows: int) -> tuple[int, ...]:
    """Return the defects of rows: each row has a place among all rows, whatever their mean is."""
    if not mean:
        return (0,) * rows
    draw = Random(die.seed)  # as `_worst_draw` does
    below = tuple(accumulate(islice(row_shares(mean, die.clustering), printed)))
    return tuple(bisect_left(below, draw.random()) for _ in range(rows))


@lru_cache(maxsize=64)
def _worst_draw(seed: int, rows: int) -> float:
    """Return the share of rows that have no more defects than the worst of the wafer that is drawn."""
    draw = Random(seed)
    return max(draw.random() for _ in range(rows))
