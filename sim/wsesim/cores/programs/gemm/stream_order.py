"""In which order each column takes the outputs of a streamed product, and what NumPy makes of that order.

An output's sum begins east of its owner and goes once round the ring of its row. A core adds what the west sends with
the first of its n AXPYs and sends with the last, so a column that took the outputs in natural order would wait for the
n - 1 AXPYs of the one before it. Staggered, column c is c AXPYs ahead of a common beat of n, and its last AXPY meets
the first of column c + 1 (here n 3; letters are outputs, | their first AXPY):

    column 0   |A   .   .  |C   .   .  |E      A goes from column 0 to column 1 in the third beat, while that
    column 1    .   .  |A   .   .  |D          begins it; what column 1 did before is another output's
    column 2    .  |B   .   .  |A   .

All sums move in the same beats, so none waits for another in a ring. The beats close round the ring if the columns are
a multiple of n; else, and where a core has one weight for an output, the order is the natural one.
"""

from __future__ import annotations

from functools import lru_cache

import numpy as np

from wsesim.cores import isa
from wsesim.cores.kit.base import Array
from wsesim.cores.programs.gemm.streaming import MatrixCut

EMPTY = -1
"""Of a slot in which a column has no output."""
ROUNDED = {isa.F32: np.float32, isa.F16: np.float16}


def is_staggered(columns: int, weights: int) -> bool:
    """Whether columns that get so many weights for an output take the outputs in staggered order."""
    return weights > 1 and columns % weights == 0


@lru_cache(maxsize=8)
def slots(cut: MatrixCut, weights: int) -> Array:
    """Return [slot, column]: the output that a column works on in its slots one after the other, or EMPTY."""
    if not is_staggered(cut.columns, weights):
        return np.broadcast_to(np.arange(cut.outputs)[:, None], (cut.outputs, cut.columns))
    visits = _visits(cut, weights)
    found = np.full((int(visits[:, 0].max()) + 1, cut.columns), EMPTY)
    found[visits[:, 0], visits[:, 1]] = visits[:, 2]
    return found


def order(cut: MatrixCut, weights: int) -> Array:
    """Return [column, place]: the outputs as a column takes them."""
    taken = slots(cut, weights).T
    return np.asarray(taken[taken != EMPTY].reshape(cut.columns, cut.outputs))


def _visits(cut: MatrixCut, weights: int) -> Array:
    """Return (slot, column, output) of all sums on their ways.

    Chains of cores go on without end, one from each column that does not begin with its last AXPY; they are at another
    column each. One that is free takes the next output of the owner it has just passed, if that has one left.
    """
    columns = cut.columns
    column, slot = np.arange(columns), np.zeros(columns, np.int64)
    started = -column % weights != weights - 1
    column, slot = column[started], slot[started]
    bounds = np.array([cut.owned_before(at) for at in range(columns + 1)])
    following, left = bounds[:-1].copy(), np.zeros(len(column), np.int64)
    output, found = np.zeros(len(column), np.int64), []
    while (left > 0).any() or (following < bounds[1:]).any():
        owner = (column - 1) % columns
        takes = (left == 0) & (following[owner] < bounds[1:][owner])
        output[takes], left[takes] = following[owner[takes]], columns
        following[owner[takes]] += 1
        busy = left > 0
        found.append(np.stack((slot[busy], column[busy], output[busy]), 1))
        left[busy] -= 1
        slot, column = slot + (-column % weights > 0), (column + 1) % columns
    return np.concatenate(found)


def replay(cut: MatrixCut, kinds: tuple[int, int], x: Array, weights: Array) -> Array:
    """Return x W as the cores sum it: rounded after each AXPY, to the first of *kinds*, or on its way to the second."""
    each, rounds = cut.inputs_each, [ROUNDED[kind] for kind in kinds]
    filled_x, filled_weights = (
        np.pad(values, [(0, cut.columns * each - cut.inputs if axis == at else 0) for axis in (0, 1)])
        for values, at in ((x, 1), (weights, 0))
    )
    outputs = np.arange(cut.outputs)
    total = np.zeros((len(x), cut.outputs))
    for passed in range(cut.columns):
        column = (outputs // cut.outputs_each + 1 + passed) % cut.columns
        for feature in range(each):
            place = column * each + feature
            exact = total + filled_x[:, place] * filled_weights[place, outputs]
            total = exact.astype(rounds[feature == each - 1]).astype(np.float64)
    return total
