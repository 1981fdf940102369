"""Arithmetic of sizes that are numbers, or arrays of many at once: kernels cost many rectangles as they cost one.

Who hands arrays in gets arrays out, through the same formulas; types name numbers, which is what one rectangle has.
"""

from __future__ import annotations

from collections.abc import Iterable
from functools import reduce
from math import ceil
from operator import add
from typing import Any

import numpy as np


def up(size: Any, parts: Any) -> Any:
    """Return *size* over *parts*, rounded up to a whole number."""
    return -(-size // parts)


def largest(one: Any, other: Any) -> Any:
    """Return the larger of two, element by element."""
    return np.maximum(one, other) if _several(one, other) else max(one, other)


def least(one: Any, other: Any) -> Any:
    """Return the smaller of two, element by element."""
    return np.minimum(one, other) if _several(one, other) else min(one, other)


def whole(size: Any) -> Any:
    """Return *size*, rounded up, as a whole number."""
    return np.ceil(size).astype(np.int64) if isinstance(size, np.ndarray) else ceil(size)


def chosen(condition: Any, one: Any, other: Any) -> Any:
    """Return *one* where *condition* holds, else *other*."""
    if isinstance(condition, np.ndarray):
        return np.where(condition, one, other)
    return one if condition else other


def added(values: Iterable[Any]) -> Any:
    """Return the sum, one after the other: of many at once the same to the last bit as of each, on every Python."""
    return reduce(add, values, 0.0)


def _several(one: Any, other: Any) -> bool:
    return isinstance(one, np.ndarray) or isinstance(other, np.ndarray)
