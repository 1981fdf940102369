"""Arguments of launches as bits."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np

from wsesim.csl.host.reporting import HostError
from wsesim.csl.image import ExportedName, Type
from wsesim.units import plural

_NUMPY = {
    Type.I16: np.int16, Type.U16: np.uint16, Type.I32: np.int32, Type.U32: np.uint32, Type.F16: np.float16,
    Type.F32: np.float32, Type.I8: np.int8, Type.U8: np.uint8, Type.I64: np.int64, Type.U64: np.uint64,
    Type.BOOL: np.uint16,
}  # fmt: skip
_BITS = {2: np.uint16, 4: np.uint32}


def argument_bits(name: ExportedName, values: Sequence[Any]) -> list[int]:
    """Return the arguments of a launch as registers hold them.

    Raises:
        HostError: their number or a type is wrong.
    """
    if len(values) != len(name.inputs):
        raise HostError(f"{name.name} takes {plural(len(name.inputs), 'argument')} ({name.type}), not {len(values)}")
    return [
        _bits(name.name, number, value, t) for number, (value, t) in enumerate(zip(values, name.inputs, strict=True))
    ]


def _bits(function: str, number: int, value: Any, t: Type) -> int:
    kind = np.asarray(value).dtype
    is_float, wants_float = kind.kind == "f", t in (Type.F16, Type.F32)
    wrong = is_float != wants_float
    if isinstance(value, np.generic) and kind != np.dtype(_NUMPY[t]):
        wrong = wrong or not (kind == np.int64 and t == Type.I32)
    if wrong:
        raise HostError(f"argument {number} of {function} is {t.name.lower()}; {value!r} is {kind}")
    stored = np.array(value).astype(_NUMPY[t])
    if not wants_float:
        return int(stored)
    return int(stored.view(_BITS[stored.dtype.itemsize]))


def word_bits(words: Sequence[int], inputs: Sequence[Type]) -> list[int]:
    """Return 32-bit words, as `call` takes them, as registers hold them."""
    found = []
    for word, t in zip(words, inputs, strict=False):
        bits = int(word) & (0xFFFF if t.words == 1 else 0xFFFFFFFF)
        signed = t in (Type.I16, Type.I32) and bits >> (15 if t == Type.I16 else 31)
        found.append(bits - (1 << (16 if t == Type.I16 else 32)) if signed else bits)
    return found
