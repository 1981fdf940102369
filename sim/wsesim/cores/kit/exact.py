"""Operands whose sums are exact: whole numbers, none of them zero, so small that every sum on the way is exact too.

Then the order of additions does not matter, what cores compute must equal what NumPy computes, and a product that is
left out, or counted twice, is seen in whatever sum it belongs to.
"""

from __future__ import annotations

from math import sqrt

import numpy as np

from wsesim.cores import isa
from wsesim.cores.kit.base import Array, Shape

EXACT = {isa.F32: 2**24, isa.F16: 2**11, isa.I32: 2**31 - 1, isa.I16: 2**15 - 1}
"""Up to this size a type holds all whole numbers."""
BLOCK = 1 << 16
"""Numbers that are drawn at once, so that they are still in a near cache when they are stored."""
SURE = 8
"""Standard deviations that a sum of random signs never reaches: beyond them it is off once in 10^13 (Hoeffding)."""


def terms(random: np.random.Generator, shape: Shape, kind: int, depth: int) -> Array:
    """Return whole numbers of which *depth* add up exactly in the type *kind*, as float64."""
    return _signed(random, shape, _largest(kind, depth))


def factors(random: np.random.Generator, shape: Shape, kind: int, depth: int) -> Array:
    """Return whole numbers such that *depth* products of two of them add up exactly in the type *kind*, as float64.

    So that they are exact as fp16 factors too, none is greater than that type allows.
    """
    return _signed(random, shape, min(sqrt(_largest(kind, depth)), EXACT[isa.F16]))


def _largest(kind: int, depth: int) -> float:
    """Return how large each of *depth* terms may be."""
    return EXACT[kind] / min(depth, SURE * sqrt(depth)) if depth else EXACT[kind]


def _signed(random: np.random.Generator, shape: Shape, most: float) -> Array:
    """Return numbers from 1 to *most* of random sign; where not even 1 is small enough, some are zero instead."""
    top = max(1, int(most))
    drawn = np.empty(shape)
    values = drawn.reshape(-1)
    for start in range(0, values.size, BLOCK):
        block = random.integers(-top, top, min(BLOCK, values.size - start))
        values[start : start + BLOCK] = block + (block >= 0)
    return drawn if most >= 1 else np.where(random.random(shape) < most**2, drawn, 0.0)
