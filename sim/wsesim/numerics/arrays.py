"""What the numerics agree on about arrays: their types, and how large a piece is worked on at once."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import numpy as np
from numpy.typing import NDArray

Array = NDArray[Any]
"""Numbers of any type; a docstring gives the shape."""
Ids = NDArray[np.int64]
"""Token ids, labels or positions."""

CHUNK_ELEMENTS = 2**16
"""Numbers an elementwise op works on at once: its temporaries stay in cache and out of the memory peak."""


def row_chunks(rows: int, row_elements: int) -> Iterator[slice]:
    """Yield slices that cover *rows* rows, each of at most `CHUNK_ELEMENTS` numbers but at least one row."""
    step = max(1, CHUNK_ELEMENTS // max(1, row_elements))
    for start in range(0, rows, step):
        yield slice(start, min(start + step, rows))


def as_rows(array: Array) -> Array:
    """Return *array* with all axes but the last made one."""
    return array.reshape(-1, array.shape[-1])
