"""How far rounding can take a result: every value is carried with a bound of its error.

This is running error analysis (Higham, Accuracy and Stability of Numerical Algorithms, sections 2.2, 3.3 and 4.2): an
fp32 operation errs by at most u = 2^-24 of its result, a sum of n values in any order by (n - 1) u / (1 - (n - 1) u) of
the sum of their sizes, or n for n - 1 where it begins at 0; what the operands already err by is carried on. A bound is
for the worst case: along many products it grows as if no two errors ever met with different signs.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from wsesim.cores.programs.base import Array

ROUNDING = 2.0**-24
"""Largest relative error of one fp32 operation."""
SMALLEST = 2.0**-150
"""Largest error where an fp32 result is too small for its full digits."""
HALF_ROUNDING, HALF_SMALLEST = 2.0**-11, 2.0**-25
"""The same of fp16."""


@dataclass(frozen=True, slots=True)
class Bounded:
    """Values in float64, and how far the cores' values can lie from them."""

    value: Array
    error: Array

    @classmethod
    def exact(cls, value: Array | float) -> Bounded:
        """Return values that the cores have as they are."""
        values = np.asarray(value, np.float64)
        return cls(values, np.zeros_like(values))

    @classmethod
    def constant(cls, value: float) -> Bounded:
        """Return a constant that the cores have in fp32."""
        return _rounded(np.asarray(value), np.asarray(0.0))

    @property
    def most(self) -> float:
        """The largest error."""
        return float(self.error.max(initial=0.0))

    def __add__(self, other: Bounded) -> Bounded:
        """Return the sum."""
        return _rounded(self.value + other.value, self.error + other.error)

    def __sub__(self, other: Bounded) -> Bounded:
        """Return the difference."""
        return _rounded(self.value - other.value, self.error + other.error)

    def __mul__(self, other: Bounded) -> Bounded:
        """Return the product."""
        return _rounded(self.value * other.value, _product(self, other))

    def __truediv__(self, other: Bounded) -> Bounded:
        """Return the quotient."""
        value = self.value / other.value
        return _rounded(value, (self.error + np.abs(value) * other.error) / (np.abs(other.value) - other.error))

    def __matmul__(self, other: Bounded) -> Bounded:
        """Return the matrix product, sums in any order, one of them beginning at 0."""
        sizes = (np.abs(self.value) + self.error) @ (np.abs(other.value) + other.error)
        carried = sizes - np.abs(self.value) @ np.abs(other.value)
        return Bounded(self.value @ other.value, carried + _share(self.value.shape[-1] + 1) * sizes + SMALLEST)

    def exp(self) -> Bounded:
        """Return the exponential."""
        value = np.exp(self.value)
        return _rounded(value, value * np.expm1(self.error))

    def sqrt(self) -> Bounded:
        """Return the square root."""
        return _rounded(np.sqrt(self.value), self.error / (2 * np.sqrt(self.value - self.error)))

    def sum(self, axis: int) -> Bounded:
        """Return sums along an axis, which stays, with length 1."""
        sizes = (np.abs(self.value) + self.error).sum(axis, keepdims=True)
        value = self.value.sum(axis, keepdims=True)
        return Bounded(value, self.error.sum(axis, keepdims=True) + _share(self.value.shape[axis]) * sizes + SMALLEST)

    def max(self, axis: int) -> Bounded:
        """Return the greatest along an axis, which stays, with length 1."""
        return Bounded(self.value.max(axis, keepdims=True), self.error.max(axis, keepdims=True))

    def at_least(self, other: float) -> Bounded:
        """Return the greater of each value and a number."""
        return Bounded(np.maximum(self.value, other), self.error)

    def stored(self, *, half: bool) -> Bounded:
        """Return the values as they are stored: in fp16 if *half*."""
        if not half:
            return self
        size = np.abs(self.value) + self.error
        return Bounded(self.value, self.error + HALF_ROUNDING * size + HALF_SMALLEST)


def _rounded(value: Array, error: Array) -> Bounded:
    return Bounded(value, error + ROUNDING * (np.abs(value) + error) + SMALLEST)


def _product(first: Bounded, second: Bounded) -> Array:
    found: Array = np.abs(first.value) * second.error + (np.abs(second.value) + second.error) * first.error
    return found


def _share(additions: int) -> float:
    return additions * ROUNDING / (1 - additions * ROUNDING)
