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

from collections.abc import Sequence
from dataclasses import replace

import numpy as np

from wsesim.mapping.resident.cuts import (
    MOST_RECTANGLES,
    SHRUNK,
    LayoutCost,
    WaferCut,
    WaferRole,
    best_cut,
    cuts_of,
    even,
    layer_needs,
    layers_each,
    least_strips,
    needed,
    tables_alone,
    units_of,
)
from wsesim.mapping.resident.memory import fixed_bytes, table_region_bytes
from wsesim.mapping.resident.request import ResidentRequest
from wsesim.mapping.resident.stages import PipelineStage, shares


def roles(wafers: int) -> tuple[WaferRole, ...]:
    """Return what each of so many wafers has beside layers."""
    return tuple(WaferRole(embeds=number == 0, heads=number == wafers - 1) for number in range(wafers))


def fewest_wafers(request: ResidentRequest) -> int | None:
    """Return how many wafers hold the model; None if no number does."""
    units = units_of(request)
    if room(request, WaferRole(embeds=True, heads=True)) >= units:
        return 1
    if any(least_strips(request, role) is None for role in roles(2)):
        return None
    first, between, last = (room(request, role) for role in roles(3))
    left = max(0, units - first - last)
    if left and not between:
        return None
    return 2 + (-(-left // between) if left else 0)


def room(request: ResidentRequest, role: WaferRole) -> int:
    """Return how many layers (or stages, if the request says how many there are) fit a wafer, however it is cut."""
    strips = least_strips(request, role)
    if strips is None:
        return 0
    cuts, each = cuts_of(request, strips), layers_each(request)
    fits = cuts.number * (cuts.holds >= each if each else cuts.holds)
    return int(fits.max(initial=0))


def distribute(request: ResidentRequest, wafers: int) -> tuple[int, ...]:
    """Return how many layers (or stages) each of so many wafers has: as even as there is room, less at the ends."""
    units = units_of(request)
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
            wanted = best_cut(request, units, role, depth, cost, fine=fine) if units else tables_alone(request, role)
            cuts[units, role] = wanted
        cut = cuts[units, role]
        if cut is None:
            return None
        if given is None:
            layers = even(units, -(-units // cut.layers))
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


def least_full(request: ResidentRequest, wafers: int) -> tuple[PipelineStage, ...]:
    """Return the regions of a wafer that is too full, where so many do not have room: cut as it is least too full."""
    units = -(-units_of(request) // wafers)
    role = next(role for role in dict.fromkeys(roles(wafers)) if room(request, role) < units)
    strips, wafer = least_strips(request, role), request.cluster.wafer
    if strips is None or sum(strips) == wafer.rows:
        whole = WaferCut(above=0, below=0, across=1, columns=wafer.columns, rows=wafer.rows, layers=units)
        return tuple(replace(region, embeds=role.embeds, heads=role.heads) for region in _snake(whole, 0, [units]))
    cuts = cuts_of(request, strips)
    each, stages = needed(request, units, cuts)
    needs = fixed_bytes(request, cuts.columns, cuts.rows) + each * layer_needs(request, cuts.columns, cuts.rows)
    needs[cuts.number < stages] = np.iinfo(np.int64).max
    at = int(needs.argmin())
    cut = WaferCut(
        above=strips[0], below=strips[1], across=int(cuts.across[at]), columns=int(cuts.columns[at]),
        rows=int(cuts.rows[at]), layers=int(each[at]),
    )  # fmt: skip
    return tuple(_snake(cut, 0, [cut.layers] * int(stages[at])))


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
