"""Elements as they lie in memory, by type."""

from __future__ import annotations

from typing import Any

import numpy as np
import numpy.typing as npt

from wsesim.cores import isa

DTYPES = {isa.F32: np.float32, isa.F16: np.float16, isa.I32: np.int32, isa.I16: np.int16}


def view(words: npt.NDArray[np.uint16], kind: int) -> npt.NDArray[Any]:
    """Return words of memory, [core, word], as the elements of a type that they are."""
    return words.view(DTYPES[kind])


def rounded(values: npt.NDArray[Any], kind: int) -> npt.NDArray[Any]:
    """Return values that are rounded to a type when they are stored as one: whole numbers cut off and wrapped."""
    return values.astype(np.int64) if kind in (isa.I32, isa.I16) and values.dtype.kind == "f" else values
