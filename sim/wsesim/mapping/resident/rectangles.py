"""Rectangles that use the whole wafer: how many wafers a model needs, which layers each has, and how it is cut.

first wafer             wafer between           last wafer
+-----------------+     +--------+--------+     +--------+--------+
| embedding       |     | 8, 9   | 10, 11 |     | 24, 25 | 26, 27 |   a wafer is cut into even rectangles, each with
+--------+--------+     |        |        |     +--------+--------+   whole layers, one after the other; a token passes
| 0, 1   | 2, 3   |     +--------+--------+     | 30, 31 | 28, 29 |   them in turn, back and forth; tables have strips
+--------+--------+     | 14, 15 | 12, 13 |     +--------+--------+   of their own, so that all layers look alike
| 6, 7   | 4, 5   |     |        |        |     | head            |
+--------+--------+     +--------+--------+     +-----------------+

How many layers a wafer has room for is arithmetic, so the fewest wafers are, too.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from typing import Protocol

import numpy as np
from numpy.typing import NDArray

from wsesim.kernels.resident import VALUE_BYTES
from wsesim.mapping.resident.memory import cache_bytes, fixed_bytes, layer_bytes, table_region_bytes
from wsesim.mapping.resident.request import ResidentRequest
from wsesim.mapping.resident.stages import PipelineStage, shares

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


def roles(wafers: int) -> tuple[WaferRole, ...]:
    """Return what each of so many wafers has beside layers."""
    return tuple(WaferRole(embeds=number == 0, heads=number == wafers - 1) for number in range(wafers))


def fewest_wafers(request: ResidentRequest) -> int | None:
    """Return how many wafers hold the model; None if no number does."""
    units = _units(request)
    if room(request, WaferRole(embeds=True, heads=True)) >= units:
        return 1
    if any(_least_strips(request, role) is None for role in roles(2)):
        return None
    first, between, last = (room(request, role) for role in roles(3))
    left = max(0, units - first - last)
    if left and not between:
        return None
    return 2 + (-(-left // between) if left else 0)


def room(request: ResidentRequest, role: WaferRole) -> int:
    """Return how many layers (or stages, if the request says how many there are) fit a wafer, however it is cut."""
    strips = _least_strips(request, role)
    if strips is None:
        return 0
    cuts, each = cuts_of(request, strips), _layers_each(request)
    fits = cuts.number * (cuts.holds >= each if each else cuts.holds)
    return int(fits.max(initial=0))


def distribute(request: ResidentRequest, wafers: int) -> tuple[int, ...]:
    """Return how many layers (or stages) each of so many wafers has: as even as there is room, less at the ends."""
    units = _units(request)
    known = {role: room(request, role) for role in set(roles(wafers))}
    rooms = [known[role] for role in roles(wafers)]
    most = next(number for number in range(units + 1) if sum(min(number, here) for here in rooms) >= units)
    found = [min(most, here) for here in rooms]
    order = sorted(range(wafers), key=lambda number: (min(number, wafers - 1 - number), number))
    fullest = [number for number in order if found[number] == most]
    for number in fullest[: sum(found) - units]:
        found[number] -= 1
    return tuple(found)


def lay_out_rectangles(
    request: ResidentRequest, wafers: int, depth: int | None, cost: LayoutCost, *, fine: bool = False
) -> tuple[tuple[PipelineStage, ...], tuple[PipelineStage, ...]] | None:
    """Return the stages with layers on so many wafers, which have room, and those with tables; in a token's order.

    Rectangles have *depth* layers, if it is given, and cost least; None if that leaves no room.
    """
    stages, tables, cuts = list[PipelineStage](), list[PipelineStage](), dict[tuple[int, WaferRole], WaferCut | None]()
    given = list(shares(request.model.layers, request.stages)) if request.stages else None
    for wafer, (units, role) in enumerate(zip(distribute(request, wafers), roles(wafers), strict=True)):
        if (units, role) not in cuts:
            wanted = best_cut(request, units, role, depth, cost, fine=fine) if units else _tables_alone(request, role)
            cuts[units, role] = wanted
        cut = cuts[units, role]
        if cut is None:
            return None
        if given is None:
            layers = _even(units, -(-units // cut.layers))
        else:
            layers, given = given[:units], given[units:]
        stages += _snake(cut, wafer, layers)
        tables += (_table(request, strip, cost) for strip in _strips(request, cut, wafer, role))
    return tuple(stages), tuple(tables)


def depths(request: ResidentRequest, wafers: int) -> tuple[int | None, ...]:
    """Return how many layers a stage could have: None lets each wafer choose; all that differ, where it is open."""
    if request.stages:
        return (None,)
    most = max(distribute(request, wafers))
    found = {-(-most // number) for number in range(1, min(most, MOST_RECTANGLES) + 1)}
    return (None, *sorted(found))


def _tables_alone(request: ResidentRequest, role: WaferRole) -> WaferCut:
    """Return the cut of a wafer that has tables and no room for layers."""
    least = _least_strips(request, role)
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
    least = _least_strips(request, role)
    assert least is not None, "there is room"
    total = units * (_layers_each(request) or 1)
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
    each, stages = _needed(request, units, cuts, depth)
    fits = (cuts.holds >= each) & (cuts.number >= stages)
    columns = (cuts.across, cuts.columns, cuts.rows, each, stages)
    for across, wide, high, here, count in zip(*(array[fits].tolist() for array in columns), strict=True):
        if (across, here, count) not in seen:
            seen.add((across, here, count))
            cut = WaferCut(above=strips[0], below=strips[1], across=across, columns=wide, rows=high, layers=here)
            yield cut, _even(total, count)


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
    needs = fixed_bytes(request, columns, rows) + cut.layers * _layer_needs(request, columns, rows)
    return int(needs[0])


def least_full(request: ResidentRequest, wafers: int) -> tuple[PipelineStage, ...]:
    """Return the regions of a wafer that is too full, where so many do not have room: cut as it is least too full."""
    units = -(-_units(request) // wafers)
    role = next(role for role in dict.fromkeys(roles(wafers)) if room(request, role) < units)
    strips, wafer = _least_strips(request, role), request.cluster.wafer
    if strips is None or sum(strips) == wafer.rows:
        whole = WaferCut(above=0, below=0, across=1, columns=wafer.columns, rows=wafer.rows, layers=units)
        return tuple(replace(region, embeds=role.embeds, heads=role.heads) for region in _snake(whole, 0, [units]))
    cuts = cuts_of(request, strips)
    each, stages = _needed(request, units, cuts)
    needs = fixed_bytes(request, cuts.columns, cuts.rows) + each * _layer_needs(request, cuts.columns, cuts.rows)
    needs[cuts.number < stages] = np.iinfo(np.int64).max
    at = int(needs.argmin())
    cut = WaferCut(
        above=strips[0], below=strips[1], across=int(cuts.across[at]), columns=int(cuts.columns[at]),
        rows=int(cuts.rows[at]), layers=int(each[at]),
    )  # fmt: skip
    return tuple(_snake(cut, 0, [cut.layers] * int(stages[at])))


def cuts_of(request: ResidentRequest, strips: tuple[int, int]) -> WaferCuts:
    """Return all ways to cut a wafer beside strips of so many rows."""
    wafer = request.cluster.wafer
    columns, rows = wafer.columns // ACROSS, (wafer.rows - sum(strips)) // DOWN
    real = (columns > 0) & (rows > 0)
    across, down, columns, rows = (array[real] for array in (ACROSS, DOWN, columns, rows))
    left = wafer.core.sram_bytes - fixed_bytes(request, columns, rows)
    holds = np.maximum(0, left // _layer_needs(request, columns, rows))
    return WaferCuts(across=across, number=across * down, columns=columns, rows=rows, holds=holds)


def _units(request: ResidentRequest) -> int:
    return request.stages or request.model.layers


def _layers_each(request: ResidentRequest) -> int | None:
    """Return the most layers of a stage, if the request says how many stages there are."""
    return None if request.stages is None else -(-request.model.layers // request.stages)


def _needed(
    request: ResidentRequest, units: int, cuts: WaferCuts, depth: int | None = None
) -> tuple[NDArray[np.int64], NDArray[np.int64]]:
    """Return the layers of a rectangle, and the rectangles, that *units* layers (or stages) take, cut as *cuts*."""
    if (layers := _layers_each(request)) is not None:
        return np.full_like(cuts.number, layers), np.full_like(cuts.number, units)
    each = np.maximum(1, -(-units // cuts.number)) if depth is None else np.full_like(cuts.number, depth)
    return each, -(-units // each)


def _layer_needs(request: ResidentRequest, columns: NDArray[np.int64], rows: NDArray[np.int64]) -> NDArray[np.int64]:
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


def _least_strips(request: ResidentRequest, role: WaferRole) -> tuple[int, int] | None:
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
    model, layers = request.model, units * (_layers_each(request) or 1)
    table = VALUE_BYTES * model.vocab * model.width
    rest = VALUE_BYTES * layers * request.laid.layer_values
    rows = (request.cluster.wafer.rows - sum(least)) * table // (table + rest)
    return (least[0], max(rows, least[1])) if least[1] else (max(rows, least[0]), 0)


def _even(layers: int, stages: int) -> list[int]:
    """Return the layers of each stage, no two more than one apart."""
    return [layers // stages + (number < layers % stages) for number in range(stages)]


def _snake(cut: WaferCut, wafer: int, layers: Sequence[int]) -> list[PipelineStage]:
    """Return a rectangle for each number of *layers*, so that each touches the one before."""
    found = []
    for number, here in enumerate(layers):
        down, along = divmod(number, cut.across)
        across = cut.across - 1 - along if down % 2 else along
        found.append(
            PipelineStage(
                wafer=wafer, column=across * cut.columns, row=cut.above + down * cut.rows, columns=cut.columns,
                rows=cut.rows, layers=here, embeds=False, heads=False,
            )
        )  # fmt: skip
    return found


def _strips(request: ResidentRequest, cut: WaferCut, wafer: int, role: WaferRole) -> list[PipelineStage]:
    machine = request.cluster.wafer
    shared = cut.above > 0 and role.heads and not cut.below
    places = ((0, cut.above, role.embeds, shared), (machine.rows - cut.below, cut.below, False, role.heads))
    return [
        PipelineStage(
            wafer=wafer, column=0, row=row, columns=machine.columns, rows=rows, layers=0, embeds=embeds, heads=heads
        )
        for row, rows, embeds, heads in places
        if rows
    ]  # fmt: skip


def _table(request: ResidentRequest, strip: PipelineStage, cost: LayoutCost) -> PipelineStage:
    """Return the part of a strip on which its tables cost least, and have room."""
    for axis in ("columns", "rows"):
        sizes = {max(1, round(getattr(strip, axis) * share)) for share in (1.0, *SHRUNK)}
        room = [
            part for part in (replace(strip, **{axis: size}) for size in sorted(sizes, reverse=True))
            if part == strip or _table_fits(request, part)
        ]  # fmt: skip
        strip = min(room, key=cost.table)
    return strip


def _table_fits(request: ResidentRequest, table: PipelineStage) -> bool:
    needs = table_region_bytes(request, table.columns, table.rows, embeds=table.embeds, heads=table.heads)
    return needs <= request.cluster.wafer.core.sram_bytes
