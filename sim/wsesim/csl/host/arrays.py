"""Arrays of a host as words of cores: orders, types, regions."""

from __future__ import annotations

from dataclasses import dataclass
from enum import IntEnum
from typing import Any

import numpy as np
import numpy.typing as npt

from wsesim.csl.host.reporting import HostError

Words = npt.NDArray[np.uint32]
WORD_BYTES = 4


class MemcpyDataType(IntEnum):
    """Elements of a copy."""

    MEMCPY_16BIT = 0
    MEMCPY_32BIT = 1


class MemcpyOrder(IntEnum):
    """How a host's array lies over cores and elements."""

    ROW_MAJOR = 0
    COL_MAJOR = 1


@dataclass(frozen=True, slots=True)
class CopyRegion:
    """Cores of a command, and elements on each."""

    column: int
    row: int
    width: int
    height: int
    elements: int
    column_step: int = 1
    row_step: int = 1

    def cores(self, width: int, height: int) -> npt.NDArray[np.int64]:
        """Return [row, column] numbers of the cores in a program of so many columns and rows.

        Raises:
            HostError: it reaches outside.
        """
        columns = self.column + self.column_step * np.arange(self.width)
        rows = self.row + self.row_step * np.arange(self.height)
        outside = min(self.column, self.row) < 0 or columns.max(initial=0) >= width or rows.max(initial=0) >= height
        if outside:
            raise HostError(
                f"the region at ({self.column}, {self.row}) of {self.width} x {self.height} PEs reaches outside the "
                f"program's rectangle of {width} x {height}"
            )
        return rows[:, None] * width + columns[None, :]


def as_words(source: Any) -> Words:
    """Return the items of an array as 32-bit words, in its order.

    Raises:
        HostError: they have no 32 bits.
    """
    flat = np.ascontiguousarray(np.asarray(source)).ravel()
    if flat.dtype.itemsize == WORD_BYTES:
        return flat.view(np.uint32)
    if flat.dtype.kind in "iub":
        return (flat.astype(np.int64) & 0xFFFFFFFF).astype(np.uint32)
    raise HostError(f"memcpy takes arrays of 32-bit items (float32, int32, uint32), not {flat.dtype}")


def spread(words: Words, region: CopyRegion, order: MemcpyOrder) -> Words:
    """Return an array of the host as [row, column, element].

    Raises:
        HostError: it is too short.
    """
    shape = (region.height, region.width, region.elements)
    need = int(np.prod(shape))
    if len(words) < need:
        raise HostError(f"the array has {len(words)} items; {shape[0]} x {shape[1]} PEs of {shape[2]} need {need}")
    words = words[:need]
    if order == MemcpyOrder.ROW_MAJOR:
        return words.reshape(shape)
    return words.reshape(region.elements, region.width, region.height).transpose(2, 1, 0)


def gather(found: Words, dest: Any, order: MemcpyOrder) -> None:
    """Fill an array of the host from [row, column, element].

    Raises:
        HostError: its items have no 32 bits.
        HostError: it is too short.
    """
    into = np.asarray(dest)
    if into.dtype.itemsize != WORD_BYTES:
        raise HostError(f"memcpy fills arrays of 32-bit items (float32, int32, uint32), not {into.dtype}")
    flat = (found if order == MemcpyOrder.ROW_MAJOR else found.transpose(2, 1, 0)).ravel()
    if into.size < flat.size:
        raise HostError(f"the array has {into.size} items; the copy brings {flat.size}")
    values = np.ascontiguousarray(flat).view(into.dtype)
    if into.size == flat.size:
        into[...] = values.reshape(into.shape)
    else:
        into.reshape(-1)[: flat.size] = values
