"""Where every KiB of a core goes when weights stay: layers, tables, cache, what is at work."""

from __future__ import annotations

from collections.abc import Iterable

from wsesim.kernels.resident import VALUE_BYTES, Square
from wsesim.mapping.resident.request import ResidentRequest
from wsesim.mapping.resident.stages import Region
from wsesim.result import MemoryUse

VECTORS_AT_WORK = 3
"""The residual stream, its normed copy, and the result that is added."""


def needs_bytes(lines: Iterable[MemoryUse]) -> int:
    """Return the sum of a memory table."""
    return sum(line.bytes_per_core for line in lines)


def fullest(request: ResidentRequest, stages: Iterable[Region], *, tokens: int) -> tuple[MemoryUse, ...]:
    """Return the memory table of a core of the fullest stage, *tokens* of each sequence (or of a prompt) at work."""
    return max((stage_memory(request, stage, tokens=tokens) for stage in stages), key=needs_bytes)


def stage_memory(request: ResidentRequest, stage: Region, *, tokens: int) -> tuple[MemoryUse, ...]:
    """Return the memory table of a core of one stage; all sizes are filled up to multiples of its side."""
    square, shape, core = request.square(stage.side), request.shape, request.cluster.wafer.core
    lines = [
        ("program and system", core.reserved_bytes, "stack, tasks, communication"),
        ("weights", stage.layers * _layer_bytes(square, request), f"{stage.layers} layers"),
        ("tables", _table_bytes(square, request, stage), "embedding and head, where the stage has them"),
        (
            "cache",
            2 * VALUE_BYTES * stage.layers * request.batch * square.each(request.positions)
            * square.each(shape.kv_width),
            f"keys and values of {request.batch} x {request.positions:,} positions",
        ),
        ("at work", _work_bytes(square, request, tokens), f"{tokens:,} tokens"),
    ]  # fmt: skip
    return tuple(MemoryUse(what=name, bytes_per_core=size, note=note) for name, size, note in lines)


def _layer_bytes(square: Square, request: ResidentRequest) -> int:
    shape = request.shape
    sizes = (
        (shape.width, shape.qkv_width), (shape.attention_width, shape.width),
        (shape.width, shape.up_width), (shape.ffn_width, shape.width),
    )  # fmt: skip
    return VALUE_BYTES * sum(square.each(rows) * square.each(columns) for rows, columns in sizes)


def _table_bytes(square: Square, request: ResidentRequest, stage: Region) -> int:
    if not request.ends:
        return 0
    model = request.model
    tables = int(stage.embeds) + int(stage.heads)
    shared = model.tied and stage.embeds and stage.heads
    return VALUE_BYTES * (1 if shared else tables) * square.each(model.vocab) * square.each(model.width)


def _work_bytes(square: Square, request: ResidentRequest, tokens: int) -> int:
    """Return activations, and for a prompt the second buffers of the largest tiles on their way, scores of a block."""
    shape = request.shape
    widest = max(shape.qkv_width + shape.attention_width, shape.up_width + shape.ffn_width)
    features = VECTORS_AT_WORK * square.each(shape.width) + square.each(widest)
    if tokens == 1:
        return VALUE_BYTES * request.batch * (features + square.each(request.positions))
    here = square.each(tokens)
    moving = here * square.each(shape.ffn_width) + square.each(shape.width) * square.each(shape.up_width)
    return VALUE_BYTES * (here * features + moving + here * here)
