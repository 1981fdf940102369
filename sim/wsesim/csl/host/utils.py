"""Helpers of host scripts, as the vendor's `sdk_utils` describes them."""

from __future__ import annotations

from typing import Any

import numpy as np
import numpy.typing as npt

from wsesim.csl.host.reporting import HostError

HALF_BITS = 16
_HALF, _WORD = 2, 4


def calculate_cycles(timestamps: Any) -> int:
    """Return the cycles between two time stamps: six halves in three words, start and end, the lowest first."""
    halves = np.ascontiguousarray(np.asarray(timestamps)).ravel()[:3].view(np.uint16).astype(object)
    start = sum(int(half) << HALF_BITS * at for at, half in enumerate(halves[:3]))
    end = sum(int(half) << HALF_BITS * at for at, half in enumerate(halves[3:]))
    return end - start


def input_array_to_u32(
    np_arr: npt.NDArray[Any], sentinel: int | None = None, fast_dim_sz: int = 1
) -> npt.NDArray[np.uint32]:  # fmt: skip
    """Return an array as 32-bit words: 16-bit items in the low half, their index in the high one with a *sentinel*."""
    flat = np.ascontiguousarray(np_arr)
    if flat.dtype.itemsize == _WORD:
        return flat.view(np.uint32)
    if flat.dtype.itemsize != _HALF:
        raise HostError(f"input_array_to_u32 takes items of 16 or 32 bits, not {flat.dtype}")
    words = flat.view(np.uint16).astype(np.uint32)
    if sentinel is None:
        return words
    index = (np.arange(words.size, dtype=np.uint32) % fast_dim_sz).reshape(words.shape)
    return ((index << HALF_BITS) | words).astype(np.uint32)


def memcpy_view(arr: npt.NDArray[Any], datatype: Any) -> npt.NDArray[Any]:
    """Return the low part of each word of an array as items of a type; what is written there goes into the array."""
    kind = np.dtype(datatype)
    if arr.dtype.itemsize != _WORD:
        raise HostError(f"memcpy_view takes an array of 32-bit items, not {arr.dtype}")
    if kind.itemsize == _WORD:
        return arr.view(kind)
    return arr.view(np.dtype([("low", kind), ("high", f"V{_WORD - kind.itemsize}")]))["low"]


def convert_input_tensor(tensor: npt.NDArray[Any]) -> npt.NDArray[np.uint32]:
    """Return an array as words (older name)."""
    return input_array_to_u32(tensor)


def prepare_output_tensor(size: int, dtype: Any) -> npt.NDArray[np.uint32]:
    """Return an array of words to receive into (older name)."""
    return np.zeros(size, np.uint32)


def format_output_tensor(tensor: npt.NDArray[Any], dtype: Any) -> npt.NDArray[Any]:
    """Return what was received as items of a type (older name)."""
    return memcpy_view(tensor, dtype)
