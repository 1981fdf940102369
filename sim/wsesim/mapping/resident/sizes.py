"""Sizes of rectangles that are worth comparing: those at which a core's part of something gets smaller.

A line of cores with one core more has the same parts and a longer way, unless the part of some size shrinks. So of all
lines up to the wafer's edge only those are compared at which a part shrinks; of those that differ by little only the
smallest and the one with the least padding. They depend on the model and not on the machine: a larger wafer has all
that a smaller one has, and more.
"""

from __future__ import annotations

from functools import lru_cache

import numpy as np
from numpy.typing import NDArray

from wsesim.kernels.resident import Along
from wsesim.kernels.resident_model import ResidentModel

ALIKE = 1.03
"""Ratio of sizes up to which they are alike."""

LONGEST = 8
"""Times that a rectangle of layers is as long as it is wide, at most: thinner ones have longer ways."""
Sizes = NDArray[np.int64]


def stage_shapes(laid: ResidentModel, positions: int, columns: int, rows: int) -> tuple[Sizes, Sizes]:
    """Return the columns and the rows of all rectangles that stages could have, on a wafer of so many."""
    wide, high = (found.ravel() for found in np.meshgrid(
        stage_sizes(laid, "x", positions, columns), stage_sizes(laid, "y", positions, rows)))  # fmt: skip
    square = np.maximum(wide, high) <= LONGEST * np.minimum(wide, high)
    return wide[square], high[square]


def stage_sizes(laid: ResidentModel, along: Along, positions: int, most: int) -> Sizes:
    """Return the numbers of cores along an axis that stages could have, up to *most*."""
    ops = (*laid.dense, *laid.layer)
    spread = {weight.across if along == "x" else weight.down for op in ops for weight in op.weights}
    spread |= {part for op in ops for part in op.parts} | {*laid.model.cached, positions}
    return shrinking_sizes(frozenset(spread - {0, 1}), most)


def table_sizes(laid: ResidentModel, along: Along, most: int) -> Sizes:
    """Return the numbers of cores along an axis that strips of tables could have, up to *most*."""
    spread = {
        weight.across if along == "x" else weight.down for op in (*laid.embed, *laid.head) for weight in op.weights
    }
    return shrinking_sizes(frozenset(spread - {0, 1}), most)


@lru_cache(maxsize=256)
def shrinking_sizes(spread: frozenset[int], most: int) -> Sizes:
    """Return the numbers of cores up to *most* at which a core's part of any of the *spread* sizes shrinks."""
    cores = np.arange(1, int(most * ALIKE) + 2)
    parts = -(-np.array(sorted(spread) or [1])[:, None] // cores)
    shrinks = np.ones(len(cores), bool)
    shrinks[1:] = (parts[:, 1:] < parts[:, :-1]).any(axis=0)
    padding = (parts * cores / np.array(sorted(spread) or [1])[:, None]).sum(axis=0)
    cores, padding = cores[shrinks], padding[shrinks]
    cells = np.floor(np.log(cores) / np.log(ALIKE)).astype(np.int64)
    starts = np.flatnonzero(np.diff(cells, prepend=-1))
    least = {
        int(start + padding[start:stop].argmin()) for start, stop in zip(starts, [*starts[1:], len(cores)], strict=True)
    }
    found = cores[sorted({*starts.tolist(), *least})]
    return found[found <= most]
