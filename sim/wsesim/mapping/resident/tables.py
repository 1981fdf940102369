"""Strips of a wafer for the embedding and the head: as high as they need to be, or higher, and so faster.

one wafer      several, the first and the last
+--------+     +--------+     +--------+
| embed  |     | embed  |     | layers |
| layers |     | layers | ... |        |     a table that both ends share lies once where they meet
| head   |     |        |     | head   |
+--------+     +--------+     +--------+
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass, replace
from functools import lru_cache
from itertools import product

import numpy as np
from numpy.typing import NDArray

from wsesim.hardware import Wafer
from wsesim.kernels.resident_many import Rectangles
from wsesim.kernels.resident_model import ResidentModel
from wsesim.kernels.resident_ops import TokenStep
from wsesim.mapping.resident.memory import table_region_bytes
from wsesim.mapping.resident.request import ResidentRequest
from wsesim.mapping.resident.sizes import table_sizes
from wsesim.mapping.resident.stage_times import Cycles, Step, block_cycles, onward_cycles, rectangles
from wsesim.software import Inference

QUICKER = 0.97
"""Of the cycles of strips with fewer rows, what higher ones take at most to be compared."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Strip:
    """Rows of a wafer with tables on the first of its columns."""

    columns: int
    rows: int
    embeds: bool
    heads: bool


@dataclass(frozen=True, slots=True, kw_only=True)
class TableStrips:
    """The strips of a placement; none where layers alone are asked for."""

    one_wafer: bool
    """Whether both ends are on one wafer."""
    above: Strip | None = None
    """Of the first wafer: the embedding, and the head if they share their table."""
    below: Strip | None = None
    """Of the last wafer: the head."""

    @property
    def rows_above(self) -> int:
        """Rows that the first wafer has less for layers."""
        return self.above.rows if self.above else 0

    @property
    def rows_below(self) -> int:
        """Rows that the last wafer has less for layers."""
        return self.below.rows if self.below else 0

    @property
    def rows(self) -> int:
        """Rows of both."""
        return self.rows_above + self.rows_below


def table_strips(request: ResidentRequest) -> tuple[TableStrips, ...]:
    """Return the strips to compare, on one wafer and on several.

    Of those as high none is quicker for one token, or none for one of each sequence held: a service has the head choose
    many side by side, and there it may be what all wait for.
    """
    there = request.wafers or request.systems
    kinds = (True, False) if there > 1 else (True,)
    return tuple(found for one_wafer in kinds for found in _strips_on(_alone(request), one_wafer))


def _alone(request: ResidentRequest) -> ResidentRequest:
    """Return the request without what strips do not depend on, so that they are looked for once."""
    return replace(request, wafers=None, replicas=None, stages=None, chunk=None, positions=1, placement="auto")


@lru_cache(maxsize=512)
def _strips_on(request: ResidentRequest, one_wafer: bool) -> tuple[TableStrips, ...]:
    if not request.ends:
        return (TableStrips(one_wafer=one_wafer),)
    if request.model.tied and one_wafer:
        found = [TableStrips(one_wafer=True, above=strip) for strip in _quickest(request, embeds=True, heads=True)]
    else:
        pairs = product(*(_quickest(request, embeds=embeds, heads=not embeds) for embeds in (True, False)))
        found = [TableStrips(one_wafer=one_wafer, above=above, below=below) for above, below in pairs]
    most = request.cluster.wafer.rows * (1 if one_wafer else 2)
    kept = set[int]()
    for cycles in ranked_by(request, tuple(found)):
        order = cycles.tolist()
        kept |= {*_quicker(sorted((one.rows, order[at], at) for at, one in enumerate(found) if one.rows <= most))}
    return tuple(found[number] for number in sorted(kept))


def ranked_by(request: ResidentRequest, found: tuple[TableStrips, ...]) -> tuple[Cycles, Cycles]:
    """Return the cycles of one token through strips, and those of one of each sequence in the busier of both."""
    one, each = (TokenStep(positions=1, batch=batch) for batch in (1, request.batch))
    return table_cycles(request, found, one, 1)[0], table_cycles(request, found, each, each.batch)[1]


def _quicker(timed: Iterable[tuple[int, float, int]]) -> Iterator[int]:
    """Yield the numbers of those, from the fewest rows on, that take clearly less than all with fewer."""
    least = float("inf")
    for _, cycles, number in timed:
        if cycles < QUICKER * least:
            least = cycles
            yield number


def _quickest(request: ResidentRequest, *, embeds: bool, heads: bool) -> list[Strip]:
    """Return the strips with room for tables, each faster than all with fewer rows: for one token, or for many."""
    wafer, laid = request.cluster.wafer, request.laid
    columns, rows = (found.ravel() for found in np.meshgrid(
        table_sizes(laid, "x", wafer.columns), table_sizes(laid, "y", wafer.rows)))  # fmt: skip
    room = table_region_bytes(request, columns, rows, embeds=embeds, heads=heads) <= wafer.core.sram_bytes
    columns, rows = columns[room], rows[room]
    if not len(columns):
        return []
    ends, kept = (np.full(len(columns), embeds), np.full(len(columns), heads)), set[int]()
    for batch in {1, request.batch}:
        step = TokenStep(positions=1, batch=batch)
        cycles = _end_cycles(laid, rectangles(request, columns, rows), *ends, step, batch)
        order = np.lexsort((cycles, rows))
        best = order[np.flatnonzero(np.diff(rows[order], prepend=0))]  # the fastest of each height
        kept |= {*_quicker(zip(rows[best].tolist(), cycles[best].tolist(), best.tolist(), strict=True))}
    return [
        Strip(columns=int(columns[number]), rows=int(rows[number]), embeds=embeds, heads=heads)
        for number in sorted(kept)
    ]


def _end_cycles(
    laid: ResidentModel, where: Rectangles, embeds: NDArray[np.bool_], heads: NDArray[np.bool_], step: Step, sought: int
) -> Cycles:
    """Return the cycles of a step's tokens on their way in and that on, where strips embed, and of those *sought*."""
    tokens = step.batch if isinstance(step, TokenStep) else where.y.each(step.tokens)
    found = np.zeros(len(where.columns))
    if embeds.any():
        found += embeds * (block_cycles(laid.embed, where, step) + onward_cycles(where, laid.model, tokens))
    if heads.any():
        found += heads * block_cycles(laid.head, where, TokenStep(positions=1, batch=sought))
    return found


def table_cycles(
    request: ResidentRequest, found: tuple[TableStrips, ...], step: Step, heads: int
) -> tuple[Cycles, Cycles]:  # fmt: skip
    """Return for each of the strips *found* the cycles of a step's tokens in and *heads* out, and of the busier."""
    return _table_cycles(request.laid, request.wafer, request.software, found, step.alone, heads)


@lru_cache(maxsize=4096)
def _table_cycles(
    laid: ResidentModel, wafer: Wafer, software: Inference, found: tuple[TableStrips, ...], step: Step, heads: int
) -> tuple[Cycles, Cycles]:
    nothing = Strip(columns=1, rows=1, embeds=False, heads=False)
    strips = [*(one.above or nothing for one in found), *(one.below or nothing for one in found)]
    columns, rows = (np.array([getattr(strip, name) for strip in strips], int) for name in ("columns", "rows"))
    embeds, heads_here = (np.array([getattr(strip, name) for strip in strips], bool) for name in ("embeds", "heads"))
    where = Rectangles(wafer=wafer, columns=columns, rows=rows, software=software)
    above, below = np.split(_end_cycles(laid, where, embeds, heads_here, step, heads), 2)
    return above + below, np.maximum(above, below)
