"""Sizes of stages that could be: rectangles with memory for their layers."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, fields

import numpy as np
from numpy.typing import NDArray

from wsesim.mapping.resident.memory import layers_bytes, work_bytes
from wsesim.mapping.resident.request import ResidentRequest
from wsesim.mapping.resident.sizes import stage_shapes

Counts = NDArray[np.int64]


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class StageOptions:
    """Sizes of stages with so many layers each; arrays, one element an option."""

    columns: Counts
    rows: Counts
    """Cores of a stage."""
    layers: Counts
    """Of a stage, at most."""
    stages: Counts
    """That this takes."""
    size: Counts
    """Number of its size among all sizes of rectangles."""

    def some(self, which: NDArray[np.bool_] | Counts) -> StageOptions:
        """Return some of them."""
        return StageOptions(
            columns=self.columns[which], rows=self.rows[which], layers=self.layers[which], stages=self.stages[which],
            size=self.size[which],
        )  # fmt: skip

    def __len__(self) -> int:
        """Return how many there are."""
        return len(self.columns)


def stage_options(request: ResidentRequest, *, whatever_fits: bool = False) -> StageOptions:
    """Return the options with memory for their layers while the smallest group of tokens is at work; or all."""
    wafer, layers = request.cluster.wafer, request.model.layers
    columns, rows = stage_shapes(request.laid, request.positions, wafer.columns, wafer.rows)
    core = request.cluster.wafer.core
    left = core.sram_bytes - core.reserved_bytes - work_bytes(request, columns, rows, request.groups[0])
    depths = {-(-layers // stages): stages for stages in range(layers, 0, -1)}  # the fewest stages of each depth
    if request.stages:
        depths = {-(-layers // request.stages): request.stages}
    which = [np.flatnonzero((layers_bytes(request, columns, rows, depth) <= left) | whatever_fits) for depth in depths]
    counts = [len(each) for each in which]
    at = np.concatenate(which)
    return StageOptions(
        columns=columns[at], rows=rows[at], layers=np.repeat([*depths], counts),
        stages=np.repeat([*depths.values()], counts), size=at,
    )  # fmt: skip


def joined(several: Sequence[StageOptions]) -> StageOptions:
    """Return all options of several."""
    arrays = {field.name: np.concatenate([getattr(one, field.name) for one in several]) for field in fields(several[0])}
    return StageOptions(**arrays)


def has_room(
    request: ResidentRequest, options: StageOptions, layers: Counts, tokens: int
) -> NDArray[np.bool_]:  # fmt: skip
    """Return which have memory for *layers* of so many bytes a core while *tokens* are written."""
    core = request.cluster.wafer.core
    work = work_bytes(request, options.columns, options.rows, tokens)
    found: NDArray[np.bool_] = layers + work <= core.sram_bytes - core.reserved_bytes
    return found
