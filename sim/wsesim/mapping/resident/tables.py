"""Strips of a wafer for the embedding and the head: as high as they need to be, or higher, and so faster.

one wafer      several, the first and the last
+--------+     +--------+     +--------+
| embed  |     | embed  |     | layers |
| layers |     | layers | ... |        |     a table that both ends share lies once where they meet
| head   |     |        |     | head   |
+--------+     +--------+     +--------+
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from functools import lru_cache

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


@dataclass(frozen=True, slots=True, kw_only=True)
class Strip:
    """Rows of a wafer with tables on the first of its columns."""

    columns: int
    rows: int
    embeds: bool
    heads: bool

    @property
    def rows_less(self) -> int:
        """Rows that its wafer has less for layers."""
        return self.rows if self.embeds or self.heads else 0


NOTHING = Strip(columns=1, rows=1, embeds=False, heads=False)
"""Stands for a strip that is not there."""


@dataclass(frozen=True, slots=True, kw_only=True)
class TableStrips:
    """The strips of a placement; none where layers alone are asked for."""

    one_wafer: bool
    """Whether both ends are on one wafer."""
    above: Strip = NOTHING
    """Of the first wafer: the embedding, and the head if they share their table."""
    below: Strip = NOTHING
    """Of the last wafer: the head."""

    @property
    def rows(self) -> int:
        """Rows of both."""
        return self.above.rows_less + self.below.rows_less


@dataclass(frozen=True, slots=True, kw_only=True)
class StripChoice:
    """Strips to choose from, those with the fewest rows first."""

    one_wafer: bool
    above: tuple[Strip, ...]
    below: tuple[Strip, ...]

    @property
    def lowest(self) -> TableStrips:
        """Those that leave most room."""
        return self.pair(0)

    def pair(self, number: int) -> TableStrips:
        """Return one above and one below; pairs are numbered above by above."""
        above, below = divmod(number, len(self.below))
        return TableStrips(one_wafer=self.one_wafer, above=self.above[above], below=self.below[below])


def strip_choices(request: ResidentRequest) -> tuple[StripChoice, ...]:
    """Return the strips to choose from, on one wafer and on several, where there is room for any.

    Of those as high none is quicker for one token, or none for one of each sequence held: a service has the head choose
    many side by side, and there it may be what all wait for.
    """
    there, alone = request.wafers or request.systems, _alone(request)
    found = [_choice(alone, one_wafer) for one_wafer in ((True, False) if there > 1 else (True,))]
    rows = request.cluster.wafer.rows
    return tuple(one for one in found if one.above and one.below and one.lowest.rows <= rows * (2 - one.one_wafer))


def _alone(request: ResidentRequest) -> ResidentRequest:
    """Return the request without what strips do not depend on, so that they are looked for once."""
    cluster = replace(request.cluster, systems=1)
    return replace(
        request, cluster=cluster, wafers=None, replicas=None, stages=None, chunk=None, positions=1, placement="auto"
    )  # fmt: skip


def _choice(request: ResidentRequest, one_wafer: bool) -> StripChoice:
    if not request.ends:
        return StripChoice(one_wafer=one_wafer, above=(NOTHING,), below=(NOTHING,))
    if request.model.tied and one_wafer:
        return StripChoice(one_wafer=True, above=_quickest(request, embeds=True, heads=True), below=(NOTHING,))
    above, below = (_quickest(request, embeds=embeds, heads=not embeds) for embeds in (True, False))
    return StripChoice(one_wafer=one_wafer, above=above, below=below)


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
        least = np.minimum.accumulate(cycles[order])
        kept |= {*order[np.diff(least, prepend=np.inf) < 0].tolist()}
    return tuple(
        Strip(columns=int(columns[number]), rows=int(rows[number]), embeds=embeds, heads=heads)
        for number in sorted(kept, key=lambda number: (rows[number], columns[number]))
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
    above, below = (strip_cycles(request, strips, step, heads)
                    for strips in (tuple(one.above for one in found), tuple(one.below for one in found)))  # fmt: skip
    return above + below, np.maximum(above, below)


def strip_cycles(request: ResidentRequest, strips: tuple[Strip, ...], step: Step, heads: int) -> Cycles:
    """Return the cycles of a step's tokens in each of *strips* that embeds, and of *heads* out in each that does so."""
    return _strip_cycles(request.laid, request.wafer, request.software, strips, step.alone, heads)


@lru_cache(maxsize=4096)
def _strip_cycles(
    laid: ResidentModel, wafer: Wafer, software: Inference, strips: tuple[Strip, ...], step: Step, heads: int
) -> Cycles:  # fmt: skip
    columns, rows = (np.array([getattr(strip, name) for strip in strips], int) for name in ("columns", "rows"))
    embeds, heads_here = (np.array([getattr(strip, name) for strip in strips], bool) for name in ("embeds", "heads"))
    where = Rectangles(wafer=wafer, columns=columns, rows=rows, software=software)
    return _end_cycles(laid, where, embeds, heads_here, step, heads)
