"""Where weights come from: one copy of one block at a time, so that a model larger than memory still runs."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor
from math import sqrt
from typing import Protocol
from zlib import crc32

import numpy as np

from wsesim.errors import require_not_negative
from wsesim.graph import Graph, Tensor
from wsesim.numerics.arrays import Array
from wsesim.numerics.packed import as_packed

INIT_STD = 0.02
"""Standard deviation of a fresh weight. Source: GPT-2 (Radford et al. 2019), `initializer_range` in its release."""

_PIECE_ELEMENTS = 2**20
"""Numbers of one random stream; pieces are made side by side, and the answer is the same on any number of cores."""
_RESIDUAL_PROJECTIONS = ("attention.project.weight", "ffn.down.weight")


class Weights(Protocol):
    """A source of weights."""

    def load(self, block: str, copy: int) -> dict[str, Array]:
        """Return the weights of the `copy`-th copy (from 0) of a block by name, fp32, in the graph's shapes."""


class SeededWeights:
    """Random weights as GPT-2 starts from.

    Matrices and tables are normal(0, 0.02), and those that write to the residual stream are smaller by
    1 / sqrt(2 * layers); biases are zero and norms one. Sparse matrices lose entries at random. Every tensor has random
    streams of its own, named by seed, tensor and layer, so any layer can be made alone.
    """

    def __init__(self, graph: Graph, seed: int, *, spread: float = 0.0, deviation: float = INIT_STD) -> None:
        """Make weights for the shapes of *graph*.

        A positive *spread* draws biases from normal(0, spread) and norms from normal(1, spread), so that a comparison
        notices when one is forgotten. Matrices and tables are normal(0, *deviation*).

        Raises:
            SpecError: *seed*, *spread* or *deviation* is negative.
        """
        require_not_negative(seed=seed, spread=spread, deviation=deviation)
        self._graph = graph
        self._seed = seed
        self._spread = spread
        self._deviation = deviation
        self._blocks = {block.name: block for block in graph.blocks}

    def load(self, block: str, copy: int) -> dict[str, Array]:
        """Return the weights of one copy of a block; a tied head is the token table."""
        wanted = self._blocks[block]
        return {tensor.name: self._make(tensor, copy, wanted.repeat) for tensor in wanted.weights()}

    def _make(self, tensor: Tensor, copy: int, layers: int) -> Array:
        name = tensor.of or tensor.name
        mean = 1.0 if name.endswith(".scale") else 0.0
        deviation = self._spread if name.endswith((".scale", ".bias")) else self._deviation
        if name in _RESIDUAL_PROJECTIONS:
            deviation /= sqrt(2 * layers)
        shape = self._graph.shape(tensor)
        if deviation == 0:
            return np.full(shape, mean, dtype=np.float32)
        array = np.empty(shape, dtype=np.float32)
        self._draw(array.reshape(-1), tensor, copy, mean, deviation)
        return as_packed(array, tensor)

    def _draw(self, values: Array, tensor: Tensor, copy: int, mean: float, deviation: float) -> None:
        """Fill *values* piece after piece, each from a seed of its own, so that threads may share them."""

        def fill(start: int) -> None:
            part, name = values[start : start + _PIECE_ELEMENTS], tensor.of or tensor.name
            seed = np.random.SeedSequence((self._seed, crc32(name.encode()), copy, start // _PIECE_ELEMENTS))
            generator = np.random.Generator(np.random.PCG64(seed))
            generator.standard_normal(out=part, dtype=np.float32)
            part *= deviation
            part += mean
            if tensor.density < 1:
                part *= generator.random(part.size) < tensor.density

        starts = range(0, values.size, _PIECE_ELEMENTS)
        if len(starts) == 1:
            fill(0)
        else:
            with ThreadPoolExecutor() as pool:
                list(pool.map(fill, starts))
