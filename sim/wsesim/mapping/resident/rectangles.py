"""Places for stages as a plan: which rectangle of which wafer has which layers.

+----------------------+
| embedding            |     stages follow each other in a snake, so that each touches the one before
+------+------+--------+
|  0 ->|  1 ->|  2     |
+------+------+--------+
|  5 <-|  4 <-|  3     |
+------+------+--------+
| head                 |
+----------------------+
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace

from wsesim.answer import MemoryUse
from wsesim.mapping.resident.bounds import Places
from wsesim.mapping.resident.memory import fullest, holds, largest_group, needs_bytes
from wsesim.mapping.resident.plan import ResidentPlan
from wsesim.mapping.resident.request import ResidentRequest
from wsesim.mapping.resident.room import distribute, rooms
from wsesim.mapping.resident.stages import PipelineStage
from wsesim.mapping.resident.tables import Strip, TableStrips
from wsesim.mapping.resident.ways import ReadingWay


def plan_at(place: Places, way: ReadingWay, replicas: int) -> ResidentPlan:
    """Return the plan of one place."""
    request = place.request
    strips, wafers = place.strips[int(place.strip[0])], int(place.wafers[0])
    stages, tables = tuple(_stages(place, strips, wafers)), tuple(_tables(place, strips, wafers))
    group = largest_group(request, stages)
    stream = min(request.positions, request.software.fills * (len(stages) + len(tables)) * way.tokens)
    return ResidentPlan(
        request=request, placement="rectangles", stages=stages, prefill_stages=stages, tables=tables,
        chunk=way.tokens if way.shifts else request.chunk or stream, together=None if way.shifts else way.tokens,
        replicas=replicas, group=group, memory=_memory(request, stages, group, way.tokens, shifts=way.shifts),
    )  # fmt: skip


def _memory(
    request: ResidentRequest, stages: tuple[PipelineStage, ...], group: int, tokens: int, *, shifts: bool
) -> tuple[MemoryUse, ...]:  # fmt: skip
    """Return the memory table of the fullest core, writing tokens of a *group* or reading so many *tokens*."""
    decoding = fullest(request, stages, tokens=group)
    return max(decoding, fullest(request, stages, tokens=tokens, shifts=shifts), key=needs_bytes)


def holding(plan: ResidentPlan, batch: int) -> ResidentPlan | None:
    """Return the same placement for so many sequences held at once; None if a core has no memory for them."""
    if plan.placement != "rectangles":
        return None
    request = replace(plan.request, batch=batch)
    group = largest_group(request, plan.stages)
    if not group:
        return None
    memory = _memory(request, plan.stages, group, plan.together or plan.chunk, shifts=plan.together is None)
    fits = needs_bytes(memory) <= request.cluster.wafer.core.sram_bytes and holds(request, plan.tables, tokens=batch)
    if not fits:
        return None
    return replace(plan, request=request, group=group, memory=memory)


def even(layers: int, stages: int) -> list[int]:
    """Return the layers of each stage, no two more than one apart."""
    return [layers // stages + (number < layers % stages) for number in range(stages)]


def _stages(place: Places, strips: TableStrips, wafers: int) -> Iterator[PipelineStage]:
    request, option = place.request, place.options
    columns, rows = int(option.columns[0]), int(option.rows[0])
    layers = iter(even(request.model.layers, int(option.stages[0])))
    across = request.cluster.wafer.columns // columns
    for wafer, count in enumerate(distribute(int(option.stages[0]), rooms(request, option, strips, wafers))):
        for number in range(count):
            down, along = divmod(number, across)
            column = (across - 1 - along if down % 2 else along) * columns
            yield PipelineStage(
                wafer=wafer, column=column, row=(0 if wafer else strips.above.rows_less) + down * rows, columns=columns,
                rows=rows, layers=next(layers), embeds=False, heads=False,
            )  # fmt: skip


def _tables(place: Places, strips: TableStrips, wafers: int) -> Iterator[PipelineStage]:
    rows = place.request.cluster.wafer.rows
    if strips.above.rows_less:
        yield _table(strips.above, 0, 0)
    if strips.below.rows_less:
        yield _table(strips.below, wafers - 1, rows - strips.below.rows)


def _table(strip: Strip, wafer: int, row: int) -> PipelineStage:
    return PipelineStage(
        wafer=wafer, column=0, row=row, columns=strip.columns, rows=strip.rows, layers=0, embeds=strip.embeds,
        heads=strip.heads,
    )  # fmt: skip
