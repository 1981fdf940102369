"""What cores compute step by step, in NumPy: the same operations in the same order, rounded to the same types.

A core computes in float64 and rounds each result to its type. For sums, differences, products, quotients and roots of
fp32 numbers that gives what NumPy's fp32 gives, as float64 has more than twice the digits; so arrays of fp32 are simply
added and multiplied. What a core rounds once for two operations stands here. All arrays are float32.
"""

from __future__ import annotations

from collections.abc import Iterable
from functools import reduce
from math import exp, inf

import numpy as np
import numpy.typing as npt

from wsesim.cores.kit.base import Array

MOST_EXPONENT = 700.0
"""Beyond it a core's exponential is infinite."""


def mac(total: Array, a: Array, b: npt.ArrayLike) -> Array:
    """Return total + a b, rounded once."""
    return np.asarray(total + a * np.asarray(b, np.float64)).astype(np.float32)


def exponential(x: Array) -> Array:
    """Return e^x by the C library's float64, as cores do: NumPy's own may differ in the last bit."""
    grown = np.frompyfunc(lambda value: exp(value) if value < MOST_EXPONENT else inf, 1, 1)(x.astype(np.float64))
    with np.errstate(over="ignore"):
        return np.asarray(grown, np.float64).astype(np.float32)


def running(parts: Iterable[Array]) -> Array:
    """Return the sum of *parts*, one after the other."""
    return reduce(np.add, parts)


def line_sum(parts: Array, group: int) -> Array:
    """Return the sum of [core, ...] as a tree of two levels has it: in groups of cores, then over these."""
    return _to_center([_to_center(parts[first : first + group]) for first in range(0, len(parts), group)])


def _to_center(parts: Array | list[Array]) -> Array:
    """Return the sum of two chains, from both ends of a line to its centre, which adds the first one first."""
    center = len(parts) // 2
    sides = (parts[:center], parts[:center:-1])
    return running([parts[center], *(running(side) for side in sides if len(side))])
