"""Arithmetic on known numbers, and numbers as bits."""

from __future__ import annotations

import math
import operator
import struct
from collections.abc import Callable
from typing import Any

from wsesim.csl import types
from wsesim.csl.source import CslError, LimitError, SourcePlace
from wsesim.csl.types import CslType

_FORMATS = {"f32": ("<f", "<I"), "f16": ("<e", "<H")}
_SMALL = {"bf16": (8, 7, 127), "cb16": (6, 9, 42)}
MAX_BITS = 14_000
"""Of an integer without a width: a limit that keeps hostile files from filling memory, and that Python writes out."""


def round_to(of: CslType, value: float) -> float:
    """The nearest float of the type, ties to even."""
    name = str(of)
    if name == "comptime_float" or math.isnan(value) or math.isinf(value):
        return value
    return float_of(of, bits_of(of, value))


def bits_of(of: CslType, value: Any) -> int:
    """The bits of a number, a bool or an id, as an unsigned number of its width."""
    name = str(of)
    if name in _FORMATS:
        packed, plain = _FORMATS[name]
        try:
            return int(struct.unpack(plain, struct.pack(packed, value))[0])
        except OverflowError:
            return bits_of(of, math.copysign(math.inf, value))
    if name in _SMALL:
        return _small_bits(name, value)
    if isinstance(of, types.Int):
        return int(value) & ((1 << of.bits) - 1)
    return int(value)


def _small_bits(name: str, value: float) -> int:
    exponent_bits, fraction_bits, bias = _SMALL[name]
    sign = (1 if math.copysign(1, value) < 0 else 0) << (exponent_bits + fraction_bits)
    top = (1 << exponent_bits) - 1
    if math.isnan(value):
        return sign | top << fraction_bits | 1
    size = abs(value)
    exponent = max(math.frexp(size)[1] - 1, 1 - bias) if size and not math.isinf(size) else 1 - bias
    if math.isinf(size):
        return sign | top << fraction_bits
    fraction = round(math.ldexp(size, fraction_bits - exponent))
    code = fraction + ((exponent + bias - 1) << fraction_bits)
    return sign | min(code, top << fraction_bits)


def float_of(of: CslType, bits: int) -> float:
    """The float that these bits are."""
    name = str(of)
    if name in _FORMATS:
        packed, plain = _FORMATS[name]
        return float(struct.unpack(packed, struct.pack(plain, bits))[0])
    exponent_bits, fraction_bits, bias = _SMALL[name]
    sign = -1.0 if bits >> (exponent_bits + fraction_bits) & 1 else 1.0
    exponent, fraction = bits >> fraction_bits & ((1 << exponent_bits) - 1), bits & ((1 << fraction_bits) - 1)
    if exponent == (1 << exponent_bits) - 1:
        return sign * (math.nan if fraction else math.inf)
    fraction += (1 << fraction_bits) if exponent else 0
    return sign * math.ldexp(fraction, max(exponent, 1) - bias - fraction_bits)


def _quotient(a: int, b: int) -> int:
    return abs(a) // abs(b) * (1 if (a < 0) == (b < 0) else -1)


def _remainder(a: int, b: int) -> int:
    return a - b * _quotient(a, b)


INTEGER: dict[str, Callable[[int, int], int]] = {
    "+": operator.add, "-": operator.sub, "*": operator.mul, "/": _quotient, "%": _remainder, "&": operator.and_,
    "|": operator.or_, "^": operator.xor, "<<": operator.lshift, ">>": operator.rshift,
}  # fmt: skip
FLOAT: dict[str, Callable[[float, float], float]] = {
    "+": operator.add, "-": operator.sub, "*": operator.mul, "/": operator.truediv,
}  # fmt: skip
COMPARE: dict[str, Callable[[Any, Any], bool]] = {
    "==": operator.eq, "!=": operator.ne, "<": operator.lt, ">": operator.gt, "<=": operator.le, ">=": operator.ge,
}  # fmt: skip


def integer(op: str, of: CslType, a: int, b: int, at: SourcePlace) -> int:
    """The result of an operator on two known integers; those of a fixed width wrap around.

    Raises:
        CslError: A division by zero, a negative shift.
        LimitError: A number of more than `MAX_BITS` bits.
    """
    if op in ("/", "%") and b == 0:
        raise CslError(at, "division by zero")
    if op in ("<<", ">>"):
        if b < 0:
            raise CslError(at, f"shifts by {b}", "shift the other way")
        if b > MAX_BITS or (op == "<<" and a.bit_length() + b > MAX_BITS):
            raise LimitError(at, f"a number of more than {MAX_BITS} bits")
    if op == "*" and a.bit_length() + b.bit_length() > MAX_BITS:
        raise LimitError(at, f"a number of more than {MAX_BITS} bits")
    result = INTEGER[op](a, b)
    return of.wrap(result) if isinstance(of, types.Int) else result


def floating(op: str, of: CslType, a: float, b: float, at: SourcePlace) -> float:
    """The result of an operator on two known floats, rounded to the type.

    Raises:
        CslError: A division by zero.
    """
    if op not in FLOAT:
        raise CslError(at, f"{op} is not for {of}", "it is for integers")
    if op == "/" and b == 0:
        raise CslError(at, "division by zero")
    try:
        return round_to(of, FLOAT[op](a, b))
    except OverflowError:
        return math.inf
