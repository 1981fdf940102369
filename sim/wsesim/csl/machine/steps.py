"""Scalar code of all tile classes in one table of the engine."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from wsesim.cores import codestate as code
from wsesim.cores.state import Array, zeros
from wsesim.csl.image import JUMPS, CodeStep, Operation, TileClass
from wsesim.csl.machine.costs import costs_of
from wsesim.csl.machine.operations import ROWS
from wsesim.csl.vectors import NOWHERE, VectorOptions, VectorUse
from wsesim.hardware import Wafer

_AIMED = JUMPS | {Operation.CALL}
_SEEN_INTRINSICS = range(30, 60)
"""Numbers of those whose moment others see: registers, routes, queues, libraries of many cores."""
_SEEN = {Operation.VECTOR, Operation.BLOCK, Operation.UNBLOCK}


@dataclass(frozen=True, slots=True)
class EncodedSteps:
    """Steps of all classes, and where each class begins."""

    steps: Array
    vectors: Array
    bases: tuple[int, ...]


def encode(classes: Sequence[TileClass], wafer: Wafer) -> EncodedSteps:
    """Return the code of tile classes as the engine reads it."""
    rows: list[tuple[int, ...]] = []
    vectors: list[tuple[object, ...]] = []
    bases = []
    for tile in classes:
        base = len(rows)
        bases.append(base)
        for step, (cost, taken) in zip(tile.steps, costs_of(tile, wafer), strict=True):
            rows.append(_row(step, base, cost, taken, vectors))
    table = zeros(max(1, len(rows)), code.STEP)
    for at, row in enumerate(rows):
        table[at] = row
    named = zeros(max(1, len(vectors)), code.VECTOR)
    for at, each in enumerate(vectors):
        named[at] = each
    return EncodedSteps(table, named, tuple(bases))


def _row(step: CodeStep, base: int, cost: int, taken: int, vectors: list[tuple[object, ...]]) -> tuple[int, ...]:
    n, c = step.n, step.c
    if step.op in _AIMED:
        n += base
    elif step.op == Operation.CALL_AT:
        n = base
    elif step.op in (Operation.VECTOR, Operation.LOAD_DSR):
        vectors.append(_vector(step.vector or VectorUse("", (), VectorOptions())))
        n, c = (len(vectors) - 1, c) if step.op == Operation.VECTOR else (n, len(vectors) - 1)
    seen = step.op in _SEEN or (step.op == Operation.INTRINSIC and step.n in _SEEN_INTRINSICS)
    return (n, int(step.op), step.d, step.a, step.b, c, cost, taken, int(step.t), seen)


def _vector(vector: VectorUse) -> tuple[object, ...]:
    kinds, values, options = np.full(4, -1), np.zeros(4, np.int64), vector.options
    for at, operand in enumerate(vector.operands):
        kinds[at], values[at] = operand.kind, operand.value
    return (
        ROWS.get(vector.name, NOWHERE), kinds, values, options.activate, options.unblock, options.index,
        options.thread, options.is_async, options.on_control, options.control_id, options.save_address,
    )  # fmt: skip
