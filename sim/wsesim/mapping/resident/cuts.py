"""Ways to cut a wafer into even rectangles beside strips of tables: which have room, and which costs least."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from typing import Protocol

import numpy as np
from numpy.typing import NDArray

from wsesim.kernels.resident import VALUE_BYTES
from wsesim.mapping.resident.memory import cache_bytes, fixed_bytes, layer_bytes, table_region_bytes
from wsesim.mapping.resident.request import ResidentRequest
from wsesim.mapping.resident.stages import PipelineStage

MOST_ACROSS, MOST_DOWN = 8, 16
"""Rectangles side by side, and one below the other, that are tried."""
MOST_RECTANGLES = MOST_ACROSS * MOST_DOWN
ACROSS, DOWN = (numbers.ravel() for numbers in np.mgrid[1 : MOST_ACROSS + 1, 1 : MOST_DOWN + 1])


@dataclass(frozen=True, slots=True, kw_only=True)
class WaferRole:
    """What a wafer has beside layers."""

    embeds: bool
    heads: bool


@dataclass(frozen=True, slots=True, kw_only=True)
class WaferCuts:
    """Ways to cut a wafer into even rectangles; arrays, one element a way."""

    across: NDArray[np.int64]
    """Rectangles side by side."""
    number: NDArray[np.int64]
    """Rectangles in all."""
    columns: NDArray[np.int64]
    rows: NDArray[np.int64]
    """Cores of each."""
    holds: NDArray[np.int64]
    """Layers that a rectangle has memory for."""


@dataclass(frozen=True, slots=True, kw_only=True)
class WaferCut:
    """One way to cut a wafer, beside strips of tables."""

    above: int
    """Rows of the strip for the embedding; for the head as well if they share their table."""
    below: int
    """Rows of the strip for the head."""
    across: int
    columns: int
    rows: int
    layers: int
    """The most of a rectangle."""


class LayoutCost(Protocol):
    """What rectangles are chosen by."""

    def cut(self, cut: WaferCut, layers: Sequence[int]) -> float:
        """Return what a cut costs whose rectangles have so many *layers* each."""

    def table(self, table: PipelineStage) -> float:
        """Return what tables cost on a rectangle of their own."""


COARSELY, SHRUNK = (0.7, 0.4), (0.85, 0.7, 0.6, 0.5, 0.4, 0.3, 0.2)
"""Shares of a rectangle's columns, then rows, to which it is shrunk: shorter ways, larger parts for each core."""
NUDGED = (0.9, 0.95, 0.97, 0.99)
"""Then once more, by little: some numbers of cores divide better than others."""


def tables_alone(request: ResidentRequest, role: WaferRole) -> WaferCut:
    """Return the cut of a wafer that has tables and no room for layers."""
    least = least_strips(request, role)
    assert least is not None, "there is room"
    return WaferCut(above=least[0], below=least[1], across=1, columns=1, rows=1, layers=1)


def best_cut(
    request: ResidentRequest, units: int, role: WaferRole, depth: int | None, cost: LayoutCost, *, fine: bool = False
) -> WaferCut | None:  # fmt: skip
    """Return the cut of a wafer into which *units* layers (or stages) fit that costs least; None if none has room.

    With *depth*, rectangles have so many layers. The head's strip is as large as its share of the weights, or as small
    as it can be where layers need the room. Rectangles may leave columns and rows unused; how many is looked for more
    closely if *fine*.
    """
    least = least_strips(request, role)
    assert least is not None, "there is room"
    total = units * (layers_each(request) or 1)
    for strips in dict.fromkeys((_even_strips(request, units, role, least), least)):
        found = [(cost.cut(cut, layers), number, layers, cut) for number, (cut, layers) in
                 enumerate(_cuts_with_room(request, strips, units, total, depth))]  # fmt: skip
        if found:
            _, _, layers, cut = min(found)
            cut = _resized(request, cut, layers, cost, SHRUNK if fine else COARSELY)
            return _resized(request, cut, layers, cost, NUDGED) if fine else cut
    return None


def _cuts_with_room(
    request: ResidentRequest, strips: tuple[int, int], units: int, total: int, depth: int | None
) -> Iterator[tuple[WaferCut, list[int]]]:
    """Yield the cuts with room, and the layers of each rectangle; of those with as many side by side and as many
    stages only the one whose rectangles are the largest."""
    cuts, seen = cuts_of(request, strips), set[tuple[int, int, int]]()
    each, stages = needed(request, units, cuts, depth)
    fits = (cuts.holds >= each) & (cuts.number >= stages)
    columns = (cuts.across, cuts.columns, cuts.rows, each, stages)
    for across, wide, high, here, count in zip(*(array[fits].tolist() for array in columns), strict=True):
        if (across, here, count) not in seen:
            seen.add((across, here, count))
            cut = WaferCut(above=strips[0], below=strips[1], across=across, columns=wide, rows=high, layers=here)
            yield cut, even(total, count)


def _resized(
    request: ResidentRequest, cut: WaferCut, layers: list[int], cost: LayoutCost, shares: Sequence[float]
) -> WaferCut:  # fmt: skip
    """Return *cut*, or the one with fewer columns, then fewer rows, in use that costs less and has room."""
    sram_bytes = request.cluster.wafer.core.sram_bytes
    for axis in ("columns", "rows"):
        sizes = {max(1, round(getattr(cut, axis) * share)) for share in shares}
        others = [replace(cut, **{axis: size}) for size in sorted(sizes)]
        room = [cut, *(one for one in others if _stage_bytes(request, one) <= sram_bytes)]
        costs = [(cost.cut(one, layers), number) for number, one in enumerate(room)]
        cut = room[min(costs)[1]]
    return cut


def _stage_bytes(request: ResidentRequest, cut: WaferCut) -> int:
    columns, rows = np.array([cut.columns]), np.array([cut.rows])
    needs = fixed_bytes(request, columns, rows) + cut.layers * layer_needs(request, columns, rows)
    return int(needs[0])


def cuts_of(request: ResidentRequest, strips: tuple[int, int]) -> WaferCuts:
    """Return all ways to cut a wafer beside strips of so many rows."""
    wafer = request.cluster.wafer
    columns, rows = wafer.columns // ACROSS, (wafer.rows - sum(strips)) // DOWN
    real = (columns > 0) & (rows > 0)
    across, down, columns, rows = (array[real] for array in (ACROSS, DOWN, columns, rows))
    left = wafer.core.sram_bytes - fixed_bytes(request, columns, rows)
    holds = np.maximum(0, left // layer_needs(request, columns, rows))
    return WaferCuts(across=across, number=across * down, columns=columns, rows=rows, holds=holds)


def units_of(request: ResidentRequest) -> int:
    """Return what is shared out between wafers: stages, if the request says how many there are, or layers."""
    return request.stages or request.model.layers


def layers_each(request: ResidentRequest) -> int | None:
    """Return the most layers of a stage, if the request says how many stages there are."""
    return None if request.stages is None else -(-request.model.layers // request.stages)


def needed(
    request: ResidentRequest, units: int, cuts: WaferCuts, depth: int | None = None
) -> tuple[NDArray[np.int64], NDArray[np.int64]]:
    """Return the layers of a rectangle, and the rectangles, that *units* layers (or stages) take, cut as *cuts*."""
    if (layers := layers_each(request)) is not None:
        return np.full_like(cuts.number, layers), np.full_like(cuts.number, units)
    each = np.maximum(1, -(-units // cuts.number)) if depth is None else np.full_like(cuts.number, depth)
    return each, -(-units // each)


def layer_needs(request: ResidentRequest, columns: NDArray[np.int64], rows: NDArray[np.int64]) -> NDArray[np.int64]:
    """Return the bytes of a layer in each core, with its part of the cache."""
    return layer_bytes(request, columns, rows) + cache_bytes(request, columns, rows)


def _least_rows(request: ResidentRequest, *, embeds: bool, heads: bool) -> int | None:
    """Return the fewest whole rows of a wafer that hold tables, 0 for none; None if all rows do not."""
    wafer = request.cluster.wafer
    if not (embeds or heads):
        return 0

    def fits(rows: int) -> bool:
        needs = table_region_bytes(request, wafer.columns, rows, embeds=embeds, heads=heads)
        return needs <= wafer.core.sram_bytes

    least, most = 1, wafer.rows
    if not fits(most):
        return None
    while least < most:
        middle = (least + most) // 2
        least, most = (least, middle) if fits(middle) else (middle + 1, most)
    return least


def least_strips(request: ResidentRequest, role: WaferRole) -> tuple[int, int] | None:
    """Return the rows of the strips above and below that tables need at least; None if the wafer has not as many."""
    if not request.ends:
        return 0, 0
    shared = request.model.tied and role.embeds and role.heads
    above = _least_rows(request, embeds=role.embeds, heads=shared)
    below = _least_rows(request, embeds=False, heads=role.heads and not shared)
    if above is None or below is None:
        return None
    return (above, below) if above + below <= request.cluster.wafer.rows else None


def _even_strips(request: ResidentRequest, units: int, role: WaferRole, least: tuple[int, int]) -> tuple[int, int]:
    """Return strips of which that with the head is as full as the rectangles of layers."""
    if not request.ends or not role.heads:
        return least
    model, layers = request.model, units * (layers_each(request) or 1)
    table = VALUE_BYTES * model.vocab * model.width
    rest = VALUE_BYTES * layers * request.laid.layer_values
    rows = (request.cluster.wafer.rows - sum(least)) * table // (table + rest)
    return (least[0], max(rows, least[1])) if least[1] else (max(rows, least[0]), 0)


def even(layers: int, stages: int) -> list[int]:
    """Return the layers of each stage, no two more than one apart."""
    return [layers // stages + (number < layers % stages) for number in range(stages)]
