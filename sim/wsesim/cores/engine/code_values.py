"""Values of compiled scalar code: bits in registers of 64, by type, as `csl.image` says."""

from __future__ import annotations

import math

import numpy as np

from wsesim.cores.engine.compiling import called, inlined
from wsesim.cores.engine.words import WORD, Int, float_to_half, half_to_float, whole

BOOL, I8, U8, I16, U16, I32, U32, I64, U64, F16, F32 = 0, 1, 2, 3, 4, 5, 6, 7, 8, 9, 10
LOWEST = np.int64(-(1 << 63))


@called
def wrap(value: Int, t: Int) -> Int:
    """Return a whole number as one of a type: its low bits."""
    if t == U16:
        return value & 0xFFFF
    if t == I16:
        return ((value & 0xFFFF) ^ 0x8000) - 0x8000
    if t == U32 or t == F32:  # noqa: SIM109
        return value & WORD
    if t == I32:
        return ((value & WORD) ^ 0x80000000) - 0x80000000
    if t == U8:
        return value & 0xFF
    if t == I8:
        return ((value & 0xFF) ^ 0x80) - 0x80
    if t == BOOL:
        return value & 1
    return value & 0xFFFF if t == F16 else value


@called
def value_of(bits: Int, t: Int) -> float:
    """Return the number that bits of a type mean."""
    if t == F32:
        return float(np.uint32(bits & WORD).view(np.float32))
    if t == F16:
        return half_to_float(bits & 0xFFFF)
    if t == U64 and bits < 0:
        return float(bits) + 18446744073709551616.0
    return float(bits)


@called
def bits_of(value: float, t: Int) -> Int:
    """Return a number as bits of a type: floats rounded, whole numbers cut off."""
    if t == F32:
        return np.int64(np.float32(value).view(np.uint32))
    if t == F16:
        return np.int64(float_to_half(value))
    if t == BOOL:
        return np.int64(value != 0.0)
    return wrap(np.int64(whole(value)), t)


@called
def convert(bits: Int, source: Int, t: Int) -> Int:
    """Return what bits of one type are as another."""
    if source < F16 and t < F16:
        return np.int64(bits != 0) if t == BOOL else wrap(bits, t)
    return bits_of(value_of(bits, source), t)


@called
def divide(a: Int, b: Int, t: Int, rest: bool) -> Int:
    """Return a whole quotient, cut off toward zero, or the *rest*, with the sign of the dividend."""
    if b == 0:
        return np.int64(0)
    if t == U64 and (a < 0 or b < 0):
        quotient = np.int64(np.uint64(a) // np.uint64(b))
        return np.int64(np.uint64(a) - np.uint64(quotient) * np.uint64(b)) if rest else quotient
    if b == -1:
        return np.int64(0) if rest else np.int64(-a)
    quotient = np.int64(a // b)
    if quotient * b != a and (a < 0) != (b < 0):
        quotient += 1
    return np.int64(a - quotient * b) if rest else quotient


@called
def shift(a: Int, by: Int, t: Int, left: bool) -> Int:
    """Return a whole number shifted; to the right with its sign where its type has one."""
    if left:
        return wrap(np.int64(a << by), t) if 0 <= by < 64 else np.int64(0)
    if t == U64:
        return np.int64(np.uint64(a) >> np.uint64(by)) if 0 <= by < 64 else np.int64(0)
    return np.int64(a >> (by if 0 <= by < 63 else 63))


@called
def less(a: Int, b: Int, t: Int, equal: bool) -> bool:
    """Whether a < b, or a <= b with *equal*."""
    if t >= F16:
        x, y = value_of(a, t), value_of(b, t)
        return bool(x <= y) if equal else bool(x < y)
    if t == U64:
        a, b = a ^ LOWEST, b ^ LOWEST
    return bool(a <= b) if equal else bool(a < b)


@called
def same(a: Int, b: Int, t: Int) -> bool:
    """Whether two values are equal, as floats where they are."""
    if t >= F16:
        return bool(value_of(a, t) == value_of(b, t))
    return bool(a == b)


@called
def mathematics(number: Int, a: float, b: float) -> float:
    """Return a function of `csl.intrinsics`, 1 to 11."""
    if number == 1:
        return math.sqrt(a) if a >= 0.0 else math.nan
    if number == 2:
        return math.exp(a) if a < 709.0 else (math.inf if a == a else a)
    if number == 3:
        return math.log(a) if a > 0.0 else (-math.inf if a == 0.0 else math.nan)
    if number == 4:
        return math.sin(a) if abs(a) < 1e300 else math.nan
    if number == 5:
        return math.cos(a) if abs(a) < 1e300 else math.nan
    if number == 6:
        return math.tanh(a)
    if number == 7:
        return float(np.power(np.float64(a), np.float64(b)))
    if number == 8:
        return float(np.floor(a))
    if number == 9:
        return float(np.ceil(a))
    if number == 10:
        return 1.0 / math.sqrt(a) if a > 0.0 else (math.inf if a == 0.0 else math.nan)
    return float(a * 2.0 ** min(max(b, -300.0), 300.0))


@inlined
def arithmetic(op: Int, t: Int, a: Int, b: Int) -> Int:
    """Return the result of ADD to SHR."""
    if t >= F16 and op <= 7:
        x, y = value_of(a, t), value_of(b, t)
        if op == 2:
            x = x + y
        elif op == 3:
            x = x - y
        elif op == 4:
            x = x * y
        elif op == 5:
            x = float(np.float64(x) / np.float64(y))
        else:
            return a ^ (0x8000 if t == F16 else 0x80000000)
        return bits_of(x, t)
    if op == 2:
        return wrap(a + b, t)
    if op == 3:
        return wrap(a - b, t)
    if op == 4:
        return wrap(a * b, t)
    if op == 5:
        return wrap(divide(a, b, t, False), t)
    if op == 6:
        return wrap(divide(a, b, t, True), t)
    if op == 7:
        return wrap(-a, t)
    if op == 8:
        return np.int64(a & b)
    if op == 9:
        return np.int64(a | b)
    if op == 10:
        return np.int64(a ^ b)
    if op == 11:
        return np.int64(a ^ 1) if t == BOOL else wrap(~a, t)
    return shift(a, b, t, op == 12)


@inlined
def goes_on(op: Int, t: Int, a: Int, b: Int) -> bool:
    """Whether a jump is taken."""
    if op == 22:
        return True
    if op == 23:
        return bool(a != 0)
    if op == 24:
        return bool(a == 0)
    if op == 26:
        return same(a, b, t)
    if op == 42:
        return not same(a, b, t)
    return less(a, b, t, op == 43)
