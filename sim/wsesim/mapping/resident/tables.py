"""Strips of a wafer for the embedding and the head: as high as they need to be, or higher, and so faster.

one wafer      several, the first and the last
+--------+     +--------+     +--------+
| embed  |     | embed  |     | layers |
| layers |     | layers | ... |        |     a table that both ends share lies once where they meet
| head   |     |        |     | head   |
+--------+     +--------+     +--------+
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
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
from wsesim.mapping.resident.stage_times import Cycles, Step, block_cycles, onward_cycles
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


NOTHING = Strip(columns=1, rows=1, embeds=False, heads=False)
"""Stands for a strip that is not there."""


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
    cluster = replace(request.cluster, systems=1)
    return replace(
        request, cluster=cluster, wafers=None, replicas=None, stages=None, chunk=None, positions=1, placement="auto"
    )  # fmt: skip


@lru_cache(maxsize=512)
def _strips_on(request: ResidentRequest, one_wafer: bool) -> tuple[TableStrips, ...]:
    if not request.ends:
        return (TableStrips(one_wafer=one_wafer),)
    above, below = (_quickest(request, embeds=embeds, heads=not embeds) for embeds in (True, False))
    rows_below = [strip.rows for strip in below]
    if request.model.tied and one_wafer:
        above, below, rows_below = _quickest(request, embeds=True, heads=True), (NOTHING,), [0]
    pairs = [*product(above, below)]
    rows = np.add.outer([strip.rows for strip in above], rows_below).ravel()
    most, kept = request.cluster.wafer.rows * (1 if one_wafer else 2), set[int]()
    for batch, both in ((1, np.add), (request.batch, np.maximum)):
        step = TokenStep(positions=1, batch=batch)
        each = (_strip_cycles(request.laid, request.wafer, request.software, strips, step, batch)
                for strips in (above, below))  # fmt: skip
        cycles = both.outer(*each).ravel()
        order = np.lexsort((cycles, rows))
        kept |= {*_quicker(cycles, order[rows[order] <= most])}
    return tuple(
        TableStrips(one_wafer=one_wafer, above=first, below=None if last is NOTHING else last)
        for first, last in (pairs[number] for number in sorted(kept))
    )


def ranked_by(request: ResidentRequest, found: tuple[TableStrips, ...]) -> tuple[Cycles, Cycles]:
    """Return the cycles of one token through strips, and those of one of each sequence in the busier of both."""
    one, each = (TokenStep(positions=1, batch=batch) for batch in (1, request.batch))
    return table_cycles(request, found, one, 1)[0], table_cycles(request, found, each, each.batch)[1]


def _quicker(cycles: Cycles, order: NDArray[np.int64]) -> Iterator[int]:
    """Yield the numbers of those, *order* from the fewest rows on, that take clearly less than all with fewer."""
    least = float("inf")
    for number, here in zip(order.tolist(), cycles[order].tolist(), strict=True):
        if here < QUICKER * least:
            least = here
            yield number


@lru_cache(maxsize=512)
def _quickest(request: ResidentRequest, *, embeds: bool, heads: bool) -> tuple[Strip, ...]:
    """Return the strips with room for tables, each faster than all with fewer rows: for one token, or for many."""
    wafer, kept = request.cluster.wafer, set[int]()
    columns, rows = _sizes(request.laid, wafer.columns, wafer.rows)
    room = table_region_bytes(request, columns, rows, embeds=embeds, heads=heads) <= wafer.core.sram_bytes
    for batch in {1, request.batch}:
        cycles = _size_cycles(request.laid, request.wafer, request.software, embeds, heads, batch)
        order = np.lexsort((cycles, rows))
        order = order[room[order]]
        best = order[np.flatnonzero(np.diff(rows[order], prepend=0))]  # the fastest of each height
        kept |= {*_quicker(cycles, best)}
    return tuple(
        Strip(columns=int(columns[number]), rows=int(rows[number]), embeds=embeds, heads=heads)
        for number in sorted(kept)
    )


@lru_cache(maxsize=64)
def _sizes(laid: ResidentModel, columns: int, rows: int) -> tuple[NDArray[np.int64], NDArray[np.int64]]:
    """Return the columns and rows of all strips that are compared."""
    found = np.meshgrid(table_sizes(laid, "x", columns), table_sizes(laid, "y", rows))
    return found[0].ravel(), found[1].ravel()


@lru_cache(maxsize=64)
def _size_cycles(
    laid: ResidentModel, wafer: Wafer, software: Inference, embeds: bool, heads: bool, batch: int
) -> Cycles:  # fmt: skip
    """Return the cycles of a token of each of a batch on all of them; the same however many sequences are held."""
    columns, rows = _sizes(laid, wafer.columns, wafer.rows)
    where = Rectangles(wafer=wafer, columns=columns, rows=rows, software=software)
    ends = np.full(len(columns), embeds), np.full(len(columns), heads)
    return _end_cycles(laid, where, *ends, TokenStep(positions=1, batch=batch), batch)


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
    strips = [*(one.above or NOTHING for one in found), *(one.below or NOTHING for one in found)]
    above, below = np.split(_strip_cycles(laid, wafer, software, strips, step, heads), 2)
    return above + below, np.maximum(above, below)


def _strip_cycles(
    laid: ResidentModel, wafer: Wafer, software: Inference, strips: Sequence[Strip], step: Step, heads: int
) -> Cycles:  # fmt: skip
    columns, rows = (np.array([getattr(strip, name) for strip in strips], int) for name in ("columns", "rows"))
    embeds, heads_here = (np.array([getattr(strip, name) for strip in strips], bool) for name in ("embeds", "heads"))
    where = Rectangles(wafer=wafer, columns=columns, rows=rows, software=software)
    return _end_cycles(laid, where, embeds, heads_here, step, heads)
