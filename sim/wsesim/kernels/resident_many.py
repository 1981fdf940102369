"""Many rectangles of cores at once: arrays stand where one has numbers, and kernels cost them all the same."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cache
from typing import Any

import numpy as np
from numpy.typing import NDArray

from wsesim.kernels.counts import up
from wsesim.kernels.resident import VALUE_BYTES, CoreLine, Rectangle, line_of


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class CoreLines(CoreLine):
    """Lines of cores."""

    cores: Any

    @property
    def group(self) -> Any:
        """Cores of a group of each line's tree."""
        return _groups(1 << int(self.cores.max()).bit_length())[self.cores]

    @property
    def links(self) -> Any:
        """Cores that a sum passes on its way along each line."""
        return self.group // 2 + up(self.cores, self.group) // 2

    def each(self, size: float) -> Any:
        """Return how many of *size* values along the axis a core of each line holds."""
        return up(size, self.cores)


@cache
def _groups(end: int) -> NDArray[np.int64]:
    return np.array([0, *(line_of(cores).group for cores in range(1, end))])


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Rectangles(Rectangle):
    """Rectangles of one wafer that have the same to do: *columns* and *rows* are arrays, one element a rectangle."""

    columns: Any
    rows: Any

    def __post_init__(self) -> None:
        """Leave the arrays unread: who makes them has sizes from 1."""

    @property
    def longer(self) -> Any:
        """Cores along the longer axis of each."""
        return np.maximum(self.columns, self.rows)

    @property
    def x(self) -> CoreLine:
        """The cores of a row of each."""
        return CoreLines(cores=self.columns)

    @property
    def y(self) -> CoreLine:
        """The cores of a column of each."""
        return CoreLines(cores=self.rows)

    def wavelets(self, values: float) -> Any:
        """Return the wavelets that carry so many values."""
        return up(values * VALUE_BYTES, self.wafer.fabric.wavelet_bytes)
