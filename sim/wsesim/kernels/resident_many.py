"""Many rectangles of cores, and many steps, at once: arrays stand where one has numbers, and kernels cost them all the
same.

A rectangle is an element of a row, a step one of a column: together they are a table of all steps on all rectangles.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from functools import cache, cached_property
from typing import Any

import numpy as np
from numpy.typing import NDArray

from wsesim.kernels.counts import up
from wsesim.kernels.resident import CoreLine, Rectangle, line_of
from wsesim.kernels.resident_ops import ChunkStep, TokenStep


@dataclass(frozen=True, kw_only=True, eq=False)
class CoreLines(CoreLine):
    """Lines of cores; what follows from their lengths is found once."""

    cores: Any

    @cached_property
    def group(self) -> Any:
        """Cores of a group of each line's tree."""
        return _groups(1 << int(self.cores.max()).bit_length())[self.cores]

    @cached_property
    def links(self) -> Any:
        """Cores that a sum passes on its way along each line."""
        return self.group // 2 + up(self.cores, self.group) // 2


@cache
def _groups(end: int) -> NDArray[np.int64]:
    return np.array([0, *(line_of(cores).group for cores in range(1, end))])


@dataclass(frozen=True, kw_only=True, eq=False)
class Rectangles(Rectangle):
    """Rectangles of one wafer that have the same to do: *columns* and *rows* are arrays, one element a rectangle."""

    columns: Any
    rows: Any

    def __post_init__(self) -> None:
        """Leave the arrays unread: who makes them has sizes from 1."""

    @cached_property
    def longer(self) -> Any:
        """Cores along the longer axis of each."""
        return np.maximum(self.columns, self.rows)

    @cached_property
    def x(self) -> CoreLine:
        """The cores of a row of each."""
        return CoreLines(cores=self.columns)

    @cached_property
    def y(self) -> CoreLine:
        """The cores of a column of each."""
        return CoreLines(cores=self.rows)


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class TokenSteps(TokenStep):
    """Steps in which tokens are written: *positions* and *batch* are columns, one element a step."""

    positions: Any
    batch: Any

    def __post_init__(self) -> None:
        """Leave the arrays unread: they are of steps that are checked."""

    __hash__ = object.__hash__
    """Arrays have no other."""

    @classmethod
    def of(cls, steps: Sequence[TokenStep]) -> TokenSteps:
        """Return so many steps at once."""
        return cls(positions=_column([step.positions for step in steps]), batch=_column([step.batch for step in steps]))


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class ChunkSteps(ChunkStep):
    """Steps in which chunks are read: *tokens*, *start* and *block* are columns, one element a step."""

    tokens: Any
    start: Any
    block: Any

    def __post_init__(self) -> None:
        """Leave the arrays unread: they are of steps that are checked."""

    @classmethod
    def of(cls, steps: Sequence[ChunkStep]) -> ChunkSteps:
        """Return so many steps at once."""
        return cls(
            tokens=_column([step.tokens for step in steps]), start=_column([step.start for step in steps]),
            block=_column([step.block for step in steps]),
        )  # fmt: skip


def _column(numbers: Sequence[int]) -> NDArray[np.int64]:
    return np.array(numbers, dtype=np.int64)[:, None]
