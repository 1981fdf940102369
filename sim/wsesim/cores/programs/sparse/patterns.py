"""Sparse tiles: their size, random values for every core, and how the formats store them."""

from __future__ import annotations

from dataclasses import dataclass
from math import ceil

import numpy as np

from wsesim.cores.kit.base import Array, Shape
from wsesim.errors import InputError

WHOLE_WORDS = 4
"""Words that the eight banks hold side by side; lines of dense matrices begin with the first."""


@dataclass(frozen=True, slots=True, kw_only=True)
class SparseTile:
    """What every core multiplies: a sparse tile of ROWS x DEPTH by a dense one of DEPTH x WIDTH."""

    rows: int
    depth: int
    width: int
    stored: int
    """Values of the sparse tile that are stored, on every core as many."""

    @classmethod
    def of(cls, name: str, shape: Shape, *, filled: bool) -> SparseTile:
        """Return the tile of a shape; with *filled* all rows store as many values.

        Raises:
            InputError: the values do not fit the tile.
        """
        rows, depth, width, stored = shape
        if stored > rows * depth:
            raise InputError.at(f"a tile of {rows} x {depth} stores at most {rows * depth:,} values; got {stored:,}")
        if filled and stored % rows:
            raise InputError.at(f"{name} stores as many values in each of {rows} rows; {stored:,} does not divide")
        return cls(rows=rows, depth=depth, width=width, stored=stored)

    @property
    def slots(self) -> int:
        """Stored values of a row, where all have as many."""
        return self.stored // self.rows

    @property
    def step(self) -> int:
        """Elements from one line of the dense matrices to the next."""
        return ceil(self.width / WHOLE_WORDS) * WHOLE_WORDS

    def lines(self, values: Array) -> Array:
        """Return [..., line, element] as memory holds it."""
        filled = np.pad(values, ((0, 0), (0, 0), (0, self.step - self.width)))
        return filled.reshape(len(values), -1)


def random_places(tile: SparseTile, cores: int, random: np.random.Generator, *, filled: bool) -> tuple[Array, Array]:
    """Return row and column of the stored values of each core as [core, value], row by row."""
    if filled:
        order = random.random((cores, tile.rows, tile.depth)).argsort(2)[..., : tile.slots]
        columns = np.sort(order, 2).reshape(cores, -1)
        return np.broadcast_to(np.repeat(np.arange(tile.rows), tile.slots), columns.shape), columns
    places = np.sort(random.random((cores, tile.rows * tile.depth)).argsort(1)[:, : tile.stored], 1)
    return places // tile.depth, places % tile.depth


def starts_of(lines: Array, count: int) -> Array:
    """Return where each of *count* lines starts in [core, value], and where the last ends, as [core, line]."""
    return np.stack([np.searchsorted(found, np.arange(count + 1)) for found in lines])
