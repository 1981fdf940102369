"""Values as the bits that lie in memory, by type of element."""

from __future__ import annotations

from typing import Any

import numpy as np
import numpy.typing as npt

from wsesim.cores import isa


def to_bits(values: npt.NDArray[Any], kind: int) -> npt.NDArray[np.uint32]:
    """Return *values*, of any shape, as one word each, rounded to the type."""
    if kind == isa.F16:
        return values.astype(np.float16).view(np.uint16).astype(np.uint32)
    if kind == isa.F32:
        return values.astype(np.float32).view(np.uint32)
    whole = values.astype(np.int64)
    return (whole & 0xFFFF if kind == isa.I16 else whole).astype(np.uint32)


def from_bits(bits: npt.NDArray[np.uint32], kind: int) -> npt.NDArray[np.float64]:
    """Return the values that words, of any shape, stand for."""
    if kind == isa.F16:
        return bits.astype(np.uint16).view(np.float16).astype(np.float64)
    if kind == isa.F32:
        return np.ascontiguousarray(bits).view(np.float32).astype(np.float64)
    if kind == isa.I16:
        return bits.astype(np.uint16).view(np.int16).astype(np.float64)
    return np.ascontiguousarray(bits).view(np.int32).astype(np.float64)
