"""Sizes of stages that could be: rectangles with memory for their layers."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, fields

import numpy as np
from numpy.typing import NDArray

from wsesim.mapping.resident.memory import caches_bytes, matrices_bytes, work_bytes
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
    matrices_bytes: Counts
    """Of a core: the weights of its layers."""

    def some(self, which: NDArray[np.bool_] | Counts) -> StageOptions:
        """Return some of them."""
        return StageOptions(**{field.name: getattr(self, field.name)[which] for field in fields(self)})

    def layers_bytes(self, request: ResidentRequest) -> Counts:
        """Return what a core holds of the weights and the cache of its layers."""
        return self.matrices_bytes + caches_bytes(request, self.columns, self.rows, self.layers)

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
    deep = np.array([*depths])[:, None]
    matrices = matrices_bytes(request, columns, rows, deep)
    depth, size = np.nonzero((matrices + caches_bytes(request, columns, rows, deep) <= left) | whatever_fits)
    return StageOptions(
        columns=columns[size], rows=rows[size], layers=np.array([*depths])[depth],
        stages=np.array([*depths.values()])[depth], size=size, matrices_bytes=matrices[depth, size],
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
