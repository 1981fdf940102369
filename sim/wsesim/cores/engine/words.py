"""Bits and values: rounding, element types, the lowest bit of a mask."""

from __future__ import annotations

from typing import Any

import numpy as np

from wsesim.cores import isa
from wsesim.cores.engine.compiling import called, inlined, trailing_zeros

Int = Any
"""A whole number: Python's where it can be, NumPy's where arrays are read uncompiled."""
ONE = np.int64(1)
WORD = np.int64(0xFFFFFFFF)


@inlined
def lowest(bits: Int) -> Int:
    """Return the place of the lowest bit that is set; one is."""
    return trailing_zeros(np.int64(bits))


@inlined
def half_to_float(bits: Int) -> float:
    """Return the value of a 16-bit float."""
    size = np.int64(bits) & 0x7FFF
    exponent, fraction = size >> 10, size & 1023
    if exponent == 0:
        value = float(fraction * 2.0**-24)
    elif exponent == 31:
        value = float(np.inf if fraction == 0 else np.nan)
    else:
        value = float(np.uint32((exponent + 112) << 23 | fraction << 13).view(np.float32))
    return -value if bits & 0x8000 else value


@called
def float_to_half(value: float) -> Int:
    """Return the bits of the nearest 16-bit float, ties to even."""
    bits = np.float64(value).view(np.int64)
    sign = (bits >> 48) & 0x8000
    exponent = ((bits >> 52) & 0x7FF) - 1023
    if exponent >= 16:
        return int(sign | (0x7E00 if value != value else 0x7C00))
    if exponent < -14:
        return int(sign | np.int64((abs(value) * 2.0**24 + 2.0**52) - 2.0**52))
    fraction = bits & ((ONE << 52) - 1)
    half = ((exponent + 15) << 10) | (fraction >> 42)
    rest, tie = fraction & ((ONE << 42) - 1), ONE << 41
    if rest > tie or (rest == tie and half & 1):
        half += 1
    return int(sign | half)


@inlined
def decode(bits: Int, kind: Int) -> float:
    """Return the value of one element."""
    if kind == isa.F32:
        return float(np.uint32(bits).view(np.float32))
    if kind == isa.F16:
        return half_to_float(bits & 0xFFFF)
    if kind == isa.I16:
        return float(((bits & 0xFFFF) ^ 0x8000) - 0x8000)
    return float(((bits & 0xFFFFFFFF) ^ 0x80000000) - 0x80000000)


@inlined
def whole(value: float) -> Int:
    """Return a number cut off to a whole one; 0 where there is none."""
    return np.int64(value) if abs(value) < 2.0**63 else np.int64(0)


@inlined
def encode(value: float, kind: Int) -> Int:
    """Return the bits of one element, rounded to its type; whole numbers wrap."""
    if kind == isa.F32:
        return int(np.float32(value).view(np.uint32))
    if kind == isa.F16:
        return float_to_half(value)
    if kind == isa.I16:
        return int(whole(value) & 0xFFFF)
    return int(whole(value) & WORD)
