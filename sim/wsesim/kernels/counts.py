"""Arithmetic of sizes that are numbers, or arrays of many at once: kernels cost many rectangles as they cost one.

Who hands arrays in gets arrays out, through the same formulas; types name numbers, which is what one rectangle has.
"""

from __future__ import annotations

from collections.abc import Iterable
from functools import reduce
from math import ceil, fsum
from operator import add
from typing import Any


def up(size: Any, parts: Any) -> Any:
    """Return *size* over *parts*, rounded up to a whole number."""
    return -(-size // parts)


def largest(one: Any, other: Any) -> Any:
    """Return the larger of two, element by element."""
    if _several(one) or _several(other):
        import numpy as np

        return np.maximum(one, other)
    return max(one, other)


def least(one: Any, other: Any) -> Any:
    """Return the smaller of two, element by element."""
    if _several(one) or _several(other):
        import numpy as np

        return np.minimum(one, other)
    return min(one, other)


def whole(size: Any) -> Any:
    """Return *size*, rounded up, as a whole number."""
    if _several(size):
        import numpy as np

        return np.ceil(size).astype(np.int64)
    return ceil(size)


def chosen(condition: Any, one: Any, other: Any) -> Any:
    """Return *one* where *condition* holds, else *other*."""
    if _several(condition):
        import numpy as np

        return np.where(condition, one, other)
    return one if condition else other


def added(values: Iterable[Any]) -> Any:
    """Return the sum, one after the other: of many at once the same to the last bit as of each, on every Python."""
    return reduce(add, values, 0.0)


def exactly(values: Iterable[Any]) -> Any:
    """Return the sum, rounded once: of many at once the same to the last bit as of each."""
    summands = list(values)
    if not any(map(_several, summands)):
        return fsum(summands)
    import numpy as np

    return np.array([fsum(each) for each in zip(*map(np.ndarray.tolist, np.broadcast_arrays(*summands)), strict=True)])


def _several(size: Any) -> bool:
    """Return whether *size* is an array: no number has places, and to know that NumPy need not be imported."""
    return hasattr(size, "__setitem__")
