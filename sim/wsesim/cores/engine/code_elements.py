"""Arithmetic of vector operations of compiled code, on the bits of elements."""

from __future__ import annotations

import numpy as np

from wsesim.cores.engine.compiling import called
from wsesim.cores.engine.memory import is_half
from wsesim.cores.engine.words import WORD, Int, decode, encode


@called
def _whole(op: Int, a: Int, b: Int, carry: Int) -> Int:
    """Return an operation on 16 bits."""
    if op == 20:
        return a + b
    if op == 21:
        return a - b
    if op == 22:
        return a & b
    if op == 23:
        return a | b
    if op == 24:
        return a ^ b
    by = b & 31
    if op == 25:
        return a << by if by < 16 else np.int64(0)
    if op == 26:
        return a >> by
    if op == 27:
        return ((a ^ 0x8000) - 0x8000) >> by
    if op == 31:
        return a + b + carry
    count = np.int64(0)
    if op == 30:
        for at in range(16):
            count += (a >> at) & 1
        return count
    for at in range(16):
        if (a >> (15 - at if op == 28 else at)) & 1:
            return count
        count += 1
    return count


@called
def _float(op: Int, a: float, b: float, c: float) -> float:
    """Return an operation on floats."""
    if op == 40:
        return a + b
    if op == 41:
        return a - b
    if op == 42:
        return a * b
    if op == 43:
        return a + b * c
    if op == 44:
        return b if b > a or a != a else a
    if op == 45:
        return abs(a)
    if op == 46:
        return -a
    if op == 48:
        return float(a * 2.0**b)
    return a


@called
def combined(op: Int, a: Int, b: Int, c: Int, operands: Int, job: Int) -> Int:
    """Return the bits of the result of an operation on bits."""
    into = np.int64(operands[0]["element"])
    if op == 1:
        return a & 0xFFFF if is_half(into) else a & WORD
    if op < 40:
        value = _whole(op, a & 0xFFFF, b & 0xFFFF, np.int64(job["carry"]))
        job["carry"] = (value >> 16) & 1
        return value & 0xFFFF
    if op == 46:
        return a ^ (0x8000 if is_half(into) else 0x80000000)
    x, y, z = decode(a, operands[1]["element"]), 0.0, 0.0
    if op < 45 or op == 48:
        y = decode(b, operands[2]["element"])
    if op == 43:
        z = decode(c, operands[3]["element"])
    return np.int64(encode(_float(op, x, y, z), into))
