"""Where every KiB of a core goes when weights stay: layers, tables, cache, what is at work.

Sizes are filled up to multiples of the cores along their axis. What depends on a rectangle takes its columns and rows
as numbers, or as arrays of many rectangles at once.
"""

from __future__ import annotations

from collections.abc import Iterable
from typing import TypeVar

import numpy as np
from numpy.typing import NDArray

from wsesim.kernels.resident import VALUE_BYTES
from wsesim.mapping.resident.request import ResidentRequest
from wsesim.mapping.resident.stages import Region
from wsesim.answer import MemoryUse

Whole = TypeVar("Whole", int, NDArray[np.int64])
"""A whole number, or an array of them."""


def each(size: Whole | int, cores: Whole) -> Whole:
    """Return how many of *size* values along an axis a core holds."""
    return -(-size // cores)


def needs_bytes(lines: Iterable[MemoryUse]) -> int:
    """Return the sum of a memory table."""
    return sum(line.bytes_per_core for line in lines)


def fullest(
    request: ResidentRequest, regions: Iterable[Region], *, tokens: int, shifts: bool = False
) -> tuple[MemoryUse, ...]:
    """Return the memory table of a core of the fullest region, with *tokens* at work."""
    # Regions that hold as much on as many cores have one table.
    kinds = {(at.columns, at.rows, at.layers, at.embeds, at.heads): at for at in regions}
    tables = [region_memory(request, region, tokens=tokens, shifts=shifts) for region in kinds.values()]
    return max(tables, key=needs_bytes)


def region_memory(
    request: ResidentRequest, region: Region, *, tokens: int, shifts: bool = False
) -> tuple[MemoryUse, ...]:
    """Return the memory table of a core of one region, with *tokens* of one prompt or of many sequences at work.

    With *shifts*, weights move for them: MeshGEMM.
    """
    columns, rows, layers = region.columns, region.rows, region.layers
    tables = (int(region.embeds) + int(region.heads)) * int(request.ends)
    if tables == 2 and request.model.tied:
        tables = 1
    if not layers:
        at_work = _table_work(request, columns, rows)
    else:
        at_work = (_shifting_work if shifts else _staying_work)(request, columns, rows, tokens)
    sequences = f"{count(request.batch, 'sequence')} of {count(request.positions, 'position')}"
    lines = [
        ("program and system", request.cluster.wafer.core.reserved_bytes, "stack, tasks, communication"),
        ("weights", layers * layer_bytes(request, columns, rows), count(layers, "layer")),
        ("tables", tables * table_bytes(request, columns, rows), "embedding and head, where they lie here"),
        ("cache", layers * cache_bytes(request, columns, rows), f"keys and values of {sequences}"),
        ("at work", at_work, count(tokens, "token")),
    ]
    return tuple(MemoryUse(what=name, bytes_per_core=int(size), note=note) for name, size, note in lines)


def count(number: int, noun: str) -> str:
    """Return a number with its noun."""
    return f"{number:,} {noun}{'' if number == 1 else 's'}"


def layer_bytes(request: ResidentRequest, columns: Whole, rows: Whole) -> Whole:
    """Return what a core holds of a layer's weights; every matrix has the residual stream's width along y."""
    shape = request.shape
    along = each(shape.qkv_width, columns) + each(shape.attention_width, columns)
    along = along + each(shape.up_width, columns) + each(shape.ffn_width, columns)
    return VALUE_BYTES * each(shape.width, rows) * along


def table_bytes(request: ResidentRequest, columns: Whole, rows: Whole) -> Whole:
    """Return what a core holds of the embedding, or of the head: width along y, words along x."""
    return VALUE_BYTES * each(request.model.vocab, columns) * each(request.model.width, rows)


def cache_bytes(request: ResidentRequest, columns: Whole, rows: Whole) -> Whole:
    """Return what a core holds of the keys and values of a layer: positions along y, features along x."""
    return 2 * VALUE_BYTES * request.batch * each(request.positions, rows) * each(request.shape.kv_width, columns)


def fixed_bytes(request: ResidentRequest, columns: Whole, rows: Whole) -> Whole:
    """Return what a core of a stage needs beside its layers: the program, and what is at work at least.

    That is a token of each sequence; of a prompt one may pass at a time.
    """
    return request.cluster.wafer.core.reserved_bytes + _staying_work(request, columns, rows, request.batch)


def table_region_bytes(request: ResidentRequest, columns: int, rows: int) -> int:
    """Return what a core needs of a region that has a table and no layers."""
    work = _table_work(request, columns, rows) + table_bytes(request, columns, rows)
    return request.cluster.wafer.core.reserved_bytes + work


def _table_work(request: ResidentRequest, columns: Whole, rows: Whole) -> Whole:
    """Return a vector of each sequence, and the scores of one."""
    return VALUE_BYTES * (request.batch * each(request.model.width, rows) + each(request.model.vocab, columns))


def _staying_work(request: ResidentRequest, columns: Whole, rows: Whole, tokens: int) -> Whole:
    """Return what *tokens* need while weights stay: the residual stream along y, wide vectors along x, scores."""
    features = request.software.vectors_at_work * each(request.shape.width, rows) + _widest(request, columns)
    return VALUE_BYTES * tokens * (features + each(request.positions, rows))


def _shifting_work(request: ResidentRequest, columns: Whole, rows: Whole, tokens: int) -> Whole:
    """Return activations, the second buffers of the largest tiles on their way, and the scores of a block."""
    shape, longer = request.shape, np.maximum(columns, rows)
    features = request.software.vectors_at_work * each(shape.width, columns) + _widest(request, columns)
    here = each(tokens, rows)
    moving = here * each(shape.ffn_width, longer) + each(shape.width, longer) * each(shape.up_width, columns)
    found: Whole = VALUE_BYTES * (here * features + moving + here * each(tokens, columns))
    return found


def _widest(request: ResidentRequest, columns: Whole) -> Whole:
    """Return the features of a core between two products: what attention reads and gives, or gate, way up, and both."""
    shape = request.shape
    return each(max(shape.qkv_width + shape.attention_width, shape.up_width + shape.ffn_width), columns)
