"""Where every KiB of a core goes when weights stay: layers, tables, cache, what is at work.

Sizes are filled up to multiples of the cores along their axis. What depends on a rectangle takes its columns and rows
as numbers, or as arrays of many rectangles at once.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import TypeVar

import numpy as np
from numpy.typing import NDArray

from wsesim.answer import MemoryUse
from wsesim.kernels.counts import largest, least
from wsesim.kernels.resident import VALUE_BYTES
from wsesim.kernels.resident_model import ResidentOp, ResidentWeight
from wsesim.kernels.unpacking import BUFFER, packed_bytes
from wsesim.mapping.resident.request import ResidentRequest
from wsesim.mapping.resident.stages import PipelineStage
from wsesim.model import fullest_of
from wsesim.units import plural

Whole = TypeVar("Whole", int, NDArray[np.int64])
"""A whole number, or an array of them."""


def each(size: Whole | int, cores: Whole) -> Whole:
    """Return how many of *size* values along an axis a core holds."""
    return -(-size // cores)


def needs_bytes(lines: Iterable[MemoryUse]) -> int:
    """Return the sum of a memory table."""
    return sum(line.bytes_per_core for line in lines)


def fullest(
    request: ResidentRequest, regions: Iterable[PipelineStage], *, tokens: int, shifts: bool = False
) -> tuple[MemoryUse, ...]:
    """Return the memory table of a core of the fullest region, with *tokens* at work."""
    most = max(_kinds(regions), key=lambda region: sum(region_bytes(request, region, tokens=tokens, shifts=shifts)))
    return region_memory(request, most, tokens=tokens, shifts=shifts)


def holds(request: ResidentRequest, regions: Iterable[PipelineStage], *, tokens: int, shifts: bool = False) -> bool:
    """Return whether cores of all regions have memory for *tokens* at work."""
    room = request.cluster.wafer.core.sram_bytes
    return all(sum(region_bytes(request, at, tokens=tokens, shifts=shifts)) <= room for at in _kinds(regions))


def _kinds(regions: Iterable[PipelineStage]) -> Iterable[PipelineStage]:
    """Return one of the regions that hold as much on as many cores, and so have one table, for each such kind."""
    return {(at.columns, at.rows, at.layers, at.embeds, at.heads): at for at in regions}.values()


def region_memory(
    request: ResidentRequest, region: PipelineStage, *, tokens: int, shifts: bool = False
) -> tuple[MemoryUse, ...]:
    """Return the memory table of a core of one region, with *tokens* of one prompt or of many sequences at work.

    With *shifts*, weights move for them: MeshGEMM.
    """
    what = "latent vectors" if request.model.latent_rank else "keys and values"
    held = f"{what} of {plural(request.batch, 'sequence')} of {plural(request.positions, 'position')}"
    if (window := request.model.window) and window < request.positions:
        held += f", where there is a window of its {window:,}"
    lines = (
        ("program and system", "stack, tasks, communication"),
        ("weights", plural(region.layers, "layer")),
        ("tables", "embedding and head, where they lie here"),
        ("cache", held),
        ("at work", plural(tokens, "token")),
    )
    sizes = region_bytes(request, region, tokens=tokens, shifts=shifts)
    return tuple(
        MemoryUse(what=name, bytes_per_core=int(size), note=note)
        for (name, note), size in zip(lines, sizes, strict=True)
    )


def region_bytes(
    request: ResidentRequest, region: PipelineStage, *, tokens: int, shifts: bool = False
) -> tuple[int, ...]:
    """Return the bytes of the lines of `region_memory`."""
    columns, rows, layers = region.columns, region.rows, region.layers
    return (
        request.cluster.wafer.core.reserved_bytes,
        matrices_bytes(request, columns, rows, layers),
        tables_bytes(request, columns, rows, embeds=region.embeds, heads=region.heads) if request.ends else 0,
        caches_bytes(request, columns, rows, layers),
        work_bytes(request, columns, rows, tokens, shifts=shifts) if layers else _table_work(request, columns, rows),
    )


def largest_group(request: ResidentRequest, regions: Sequence[PipelineStage]) -> int:
    """Return the most sequences that regions have memory for side by side as tokens are written; 0 if for none."""
    return next((size for size in reversed(request.groups) if holds(request, regions, tokens=size)), 0)


def weights_bytes(ops: Iterable[ResidentOp], columns: Whole, rows: Whole, *, untied: bool = False) -> Whole:
    """Return what a core holds of the weights of *ops*: matrices, tables, norms, biases; *untied*: without the table
    that embedding and head share."""
    found: Whole = columns - columns
    for op in ops:
        for weight in op.weights:
            if not (untied and weight.tied):
                found = found + weight.number * _part_bytes(op, weight, each(weight.down, rows),
                                                            each(weight.across, columns))  # fmt: skip
    return found


def _part_bytes(op: ResidentOp, weight: ResidentWeight, down: Whole, across: Whole) -> Whole:
    """Return what a core's part of a weight takes, *down* along y and *across* along x."""
    if weight.packing is None:
        return VALUE_BYTES * down * across
    inputs, outputs = (down, across) if op.along == "y" else (across, down)
    found: Whole = packed_bytes(weight.packing, inputs=inputs, outputs=outputs)
    return found


def tables_bytes(request: ResidentRequest, columns: Whole, rows: Whole, *, embeds: bool, heads: bool) -> Whole:
    """Return what a core holds of the embedding, the head, or both: width along y, words along x."""
    laid, found = request.laid, columns - columns
    if embeds:
        found = found + weights_bytes(laid.embed, columns, rows)
    if heads:
        found = found + weights_bytes(laid.head, columns, rows, untied=embeds)
    return found


def matrices_bytes(request: ResidentRequest, columns: Whole, rows: Whole, layers: Whole | int) -> Whole:
    """Return what a core holds of the weights of so many layers, of those that take most.

    Every matrix has the residual stream's width along y.
    """
    laid, found = request.laid, columns - columns
    for kind, number in zip(laid.kinds, fullest_of(request.model, layers), strict=True):
        found = found + number * weights_bytes(getattr(laid, kind.block), columns, rows)
    return found


def caches_bytes(request: ResidentRequest, columns: Whole, rows: Whole, layers: Whole | int) -> Whole:
    """Return what a core holds of keys and values of so many layers: positions along y, features along x.

    A layer with a window keeps those of the window.
    """
    laid, positions = request.laid, columns - columns
    for kind, number in zip(laid.kinds, fullest_of(request.model, layers), strict=True):
        positions = positions + number * each(min(kind.window or request.positions, request.positions), rows)
    features = sum(each(part, columns) for part in request.model.cached)
    return VALUE_BYTES * request.batch * positions * features


def work_bytes(request: ResidentRequest, columns: Whole, rows: Whole, tokens: int, *, shifts: bool = False) -> Whole:
    """Return what *tokens* of one prompt or of many sequences need at work; with *shifts*, weights move for them."""
    return (_shifting_work if shifts else _staying_work)(request, columns, rows, tokens)


def table_region_bytes(request: ResidentRequest, columns: Whole, rows: Whole, *, embeds: bool, heads: bool) -> Whole:
    """Return what a core needs of a region that has tables and no layers."""
    tables = tables_bytes(request, columns, rows, embeds=embeds, heads=heads)
    return request.cluster.wafer.core.reserved_bytes + _table_work(request, columns, rows) + tables


def _table_work(request: ResidentRequest, columns: Whole, rows: Whole) -> Whole:
    """Return a vector of each sequence, and the scores of one."""
    return VALUE_BYTES * (request.batch * each(request.model.width, rows) + each(request.model.vocab, columns))


def _staying_work(request: ResidentRequest, columns: Whole, rows: Whole, tokens: int) -> Whole:
    """Return what *tokens* need while weights stay: the residual stream along y, wide vectors along x, scores; and
    rows that were unpacked, where weights are packed."""
    features = _vectors(request) * each(request.model.width, rows) + _widest(request, columns)
    found: Whole = VALUE_BYTES * tokens * (features + each(request.positions, rows))
    if request.model.weight_format:
        row = each(request.laid.up_width, least(columns, rows))
        found = found + VALUE_BYTES * largest(BUFFER, row)
    return found


def _shifting_work(request: ResidentRequest, columns: Whole, rows: Whole, tokens: int) -> Whole:
    """Return activations, the second buffers of the largest tiles on their way, and the scores of a block; and a tile
    that was unpacked before it leaves, where weights are packed."""
    model, longer = request.model, largest(columns, rows)
    features = _vectors(request) * each(model.width, columns) + _widest(request, columns)
    here = each(tokens, rows)
    tile = each(model.width, longer) * each(request.laid.up_width, columns)
    moving = here * each(model.ffn_width, longer) + tile * (2 if model.weight_format else 1)
    found: Whole = VALUE_BYTES * (here * features + moving + here * each(tokens, columns))
    return found


def _vectors(request: ResidentRequest) -> int:
    """Return the vectors as wide as the stream that a core holds: what attention gave waits for the other half of a
    parallel block, so does what another norm gives, each expert of a token has a copy, and a shared network its own."""
    model = request.model
    copies = model.experts_per_token + bool(model.shared_width) if model.experts else 0
    return request.software.vectors_at_work + (model.block == "parallel") + model.untied_norms + copies


def _widest(request: ResidentRequest, columns: Whole) -> Whole:
    """Return the features of a core between two products: what attention reads and gives, or gate, way up, and both."""
    model = request.model
    shared = model.shared_width * (3 if model.gated else 2)
    dense = model.dense_width * (3 if model.gated else 2)
    inner = max(request.laid.up_width + model.ffn_width, shared, dense)
    return each(max(request.laid.at_work, inner), columns)
