"""What NumPy makes of a streamed product in the order of the cores, rounded where they round."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from functools import reduce
from typing import Any

import numpy as np

from wsesim.cores.kit.base import Array
from wsesim.cores.programs.gemm.stream_layer import StreamedLayer
from wsesim.cores.programs.gemm.streaming import ROUNDED


def replay(layer: StreamedLayer, x: Array, weights: Array) -> Array:
    """Return x W, x [token, input] and W [input, output], as the cores sum it."""
    cut, sums, way = layer.cut, ROUNDED[layer.arithmetic.sum], ROUNDED[layer.way]
    filled = cut.columns * cut.inputs_each - cut.inputs
    x, weights = np.pad(x, ((0, 0), (0, filled))), np.pad(weights, ((0, filled), (0, 0)))
    first = np.arange(cut.outputs) // cut.outputs_each + 1

    def product(passed: int, feature: int) -> Array:
        """Return what a column makes of a feature, of each output the column that it passes so much later."""
        place = (first + passed) % cut.columns * cut.inputs_each + feature
        return np.asarray(x[:, place] * weights[place, np.arange(cut.outputs)])

    if layer.each:
        return _each(layer, product, way)
    total = np.zeros((len(x), cut.outputs))
    for passed in range(cut.columns):
        own = np.zeros_like(total)
        for feature in range(cut.inputs_each):
            rounds = way if feature == cut.inputs_each - 1 else sums
            own = (own + product(passed, feature)).astype(rounds).astype(np.float64)
        total = (total + own).astype(way).astype(np.float64)
    return total


def _each(layer: StreamedLayer, product: Callable[[int, int], Array], way: type[np.floating[Any]]) -> Array:
    """Return the sum of what goes round of each feature."""

    def added(terms: Iterable[Array]) -> Array:
        return reduce(lambda total, term: (total + term).astype(way).astype(np.float64), terms, np.zeros(()))

    columns = range(layer.cut.columns)
    return added(added(product(passed, feature) for passed in columns) for feature in range(layer.kept))
