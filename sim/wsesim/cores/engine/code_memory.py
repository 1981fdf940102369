"""Memory of a core as compiled code sees it: addresses of words, around which they wrap, and registers above them."""

from __future__ import annotations

import numpy as np

from wsesim.cores.codestate import Array
from wsesim.cores.engine.code_values import F32, I8, I16, I32, I64, U32, U64
from wsesim.cores.engine.compiling import called
from wsesim.cores.engine.words import Int

REACH = 0xFFFF
"""Of an address."""


@called
def words_of(t: Int) -> Int:
    """Return the words that a type takes."""
    if t == I32 or t == U32 or t == F32:  # noqa: SIM109 - compares are what compiles best
        return np.int64(2)
    return np.int64(4 if t == I64 or t == U64 else 1)  # noqa: SIM109


@called
def read(memory: Array, start: Int, address: Int, words: Int) -> Int:
    """Return *words* words of a core whose memory begins at *start*, the lowest first."""
    bits = np.int64(memory[start + address])
    if words > 1:
        bits |= np.int64(memory[start + address + 1]) << 16
    if words > 2:
        bits |= np.int64(memory[start + address + 2]) << 32 | np.int64(memory[start + address + 3]) << 48
    return bits


@called
def write(memory: Array, start: Int, address: Int, words: Int, bits: Int) -> None:
    """Write *words* words of a core."""
    memory[start + address] = np.uint16(bits & REACH)
    if words > 1:
        memory[start + address + 1] = np.uint16((bits >> 16) & REACH)
    if words > 2:
        memory[start + address + 2] = np.uint16((bits >> 32) & REACH)
        memory[start + address + 3] = np.uint16((bits >> 48) & REACH)


@called
def signed(bits: Int, t: Int) -> Int:
    """Return bits read from memory as a register holds them."""
    if t == I16 or t == I8:  # noqa: SIM109
        return ((bits & 0xFFFF) ^ 0x8000) - 0x8000
    if t == I32:
        return ((bits & 0xFFFFFFFF) ^ 0x80000000) - 0x80000000
    return bits
