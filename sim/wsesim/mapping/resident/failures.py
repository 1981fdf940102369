"""Why a model has no room, by how much, where it lacks least."""

from __future__ import annotations

from wsesim.answer import DoesNotFit, MemoryUse
from wsesim.mapping.resident.memory import fullest, needs_bytes, work_bytes
from wsesim.mapping.resident.options import stage_options
from wsesim.mapping.resident.request import ResidentRequest
from wsesim.mapping.resident.room import NONE, WaferRoom
from wsesim.mapping.resident.stages import PipelineStage
from wsesim.mapping.resident.tables import strip_choices
from wsesim.units import plural, show_bytes


def too_full(request: ResidentRequest) -> DoesNotFit:
    """Return why a request has no room in rectangles: those of all sizes that lack least."""
    there = request.wafers or request.systems
    choices = strip_choices(request)
    if not choices:
        wafer = request.cluster.wafer
        return _region_too_full(request, there, wafer.columns, wafer.rows, request.model.layers, tables=True)
    options = stage_options(request, whatever_fits=True)
    options = options.some(WaferRoom(request, options).fewest(choices) < NONE)
    if not len(options):
        stages = plural(request.stages or request.model.layers, "stage")
        return DoesNotFit(why=f"{stages} are more than {plural(there, 'wafer')} can be cut into")
    columns, rows = options.columns, options.rows
    tokens, shifts = (request.groups[0], False) if request.model.causal else (request.positions, True)
    needs = options.layers_bytes(request) + work_bytes(request, columns, rows, tokens, shifts=shifts)
    at = int(needs.argmin())
    return _region_too_full(request, there, int(columns[at]), int(rows[at]), int(options.layers[at]), tables=False)


def _region_too_full(
    request: ResidentRequest, there: int, columns: int, rows: int, layers: int, *, tables: bool
) -> DoesNotFit:  # fmt: skip
    region = PipelineStage(
        wafer=0, column=0, row=0, columns=columns, rows=rows, layers=layers, embeds=tables, heads=tables
    )
    tokens, shifts = (request.groups[0], False) if request.model.causal else (request.positions, True)
    memory = fullest(request, [region], tokens=tokens, shifts=shifts)
    return too_large(request, there, f"rectangles of {columns} x {rows}", memory)


def too_large(request: ResidentRequest, wafers: int, cores: str, memory: tuple[MemoryUse, ...]) -> DoesNotFit:
    """Return that regions of so many *cores* need more than they have, by how much and most for what."""
    need, have = needs_bytes(memory), request.cluster.wafer.core.sram_bytes
    largest = max(memory, key=lambda line: line.bytes_per_core)
    return DoesNotFit(
        why=f"{request.model.name} on {plural(wafers, 'wafer')} in {cores} needs {show_bytes(need)} a core, a core has "
        f"{show_bytes(have)} ({show_bytes(need - have)} too much, most for {largest.what}: "
        f"{show_bytes(largest.bytes_per_core)})",
        memory=memory,
        memory_limit_bytes=have,
    )
