"""Memory: words of 16 bits; what takes two may begin at any of them, and goes by a shorter way at an even one."""

from __future__ import annotations

import numpy as np

from wsesim.cores import isa
from wsesim.cores.engine.compiling import inlined
from wsesim.cores.engine.words import Int, decode, encode
from wsesim.cores.state import State


@inlined
def is_half(kind: Int) -> bool:
    """Whether an element takes one word."""
    return bool(kind == isa.F16 or kind == isa.I16)


@inlined
def load(place: Int, kind: Int, state: State) -> float:
    """Return the element that begins at a word of all memory."""
    if kind == isa.F32 and place & 1 == 0:
        return float(state.floats[place >> 1])
    bits = np.int64(state.memory[place])
    if not is_half(kind):
        bits |= np.int64(state.memory[place + 1]) << 16
    return decode(bits, kind)


@inlined
def store_bits(place: Int, bits: Int, kind: Int, state: State) -> None:
    """Write the bits of an element from a word of all memory on."""
    state.memory[place] = np.uint16(bits & 0xFFFF)
    if not is_half(kind):
        state.memory[place + 1] = np.uint16(bits >> 16)


@inlined
def store(place: Int, value: float, kind: Int, state: State) -> None:
    """Write an element from a word of all memory on, rounded to its type."""
    if kind == isa.F32 and place & 1 == 0:
        state.floats[place >> 1] = np.float32(value)
    else:
        store_bits(place, np.int64(encode(value, kind)), kind, state)
