"""Intrinsics of compiled code: functions of the machine that library modules call, by their numbers in `csl`."""

from __future__ import annotations

import numpy as np

from wsesim.cores import isa
from wsesim.cores.codestate import QUEUES, TEARDOWN_TASK, Array
from wsesim.cores.engine.code_routes import read_register, rewrite, write_register
from wsesim.cores.engine.code_values import bits_of, mathematics, value_of, wrap
from wsesim.cores.engine.compiling import called
from wsesim.cores.engine.words import ONE, Int
from wsesim.cores.state import State

LAST_MATHEMATICS = 11
COLOR_MASK, ID_MASK, QUEUE_MASK = 31, 63, QUEUES - 1
"""Bits of numbers of colors, ids and queues that code may compute."""
SHIFTS = 128
"""Of the register that random numbers come from, after each."""


@called
def draw(cell: Int) -> Int:
    """Return 16 random bits."""
    state = np.int64(cell["prng"])
    found = state & 0xFFFF
    for _ in range(SHIFTS):
        state = ((state << 1) & 0xFFFFFFFF) | (((state >> 22) ^ (state >> 17)) & 1)
    cell["prng"] = state
    return found


@called
def _note(core: Int, what: Int, a: Int, b: Int, c: Int, now: Int, meter: Array, notes: Array) -> None:
    row = notes[meter[0]["notes"]]
    row["core"], row["cycle"], row["what"], row["a"], row["b"], row["c"] = core, now, what, a, b, c
    meter[0]["notes"] += 1


@called
def _status(core: Int, out: Int, state: State) -> Int:
    """Return a bit per empty queue, and from bit 16 on per full one."""
    role, bits = np.int64(state.cores[core]["role"]), np.int64(0)
    for number in range(QUEUES):
        color = np.int64(state.code_state.out_colors[role, out, number])
        if color < 0:
            bits |= ONE << number
            continue
        place = np.int64(state.places[role, color, isa.RAMP if out else isa.INWARD])
        if place < 0 or state.queues[core, place]["count"] == 0:
            bits |= ONE << number
        elif state.queues[core, place]["count"] >= state.queues[core, place]["room"]:
            bits |= ONE << (16 + number)
    return bits


@called
def _counter(cell: Int, number: Int, now: Int) -> Int:
    """Return the cycle counter, or start or stop it."""
    if number == 24:
        cell["clock_start"], cell["clock_value"], cell["counts"] = now, 0, 1
    elif number == 25:
        if cell["counts"]:
            cell["clock_value"] = now - cell["clock_start"]
        cell["counts"] = 0
    return np.int64(now - cell["clock_start"]) if cell["counts"] else np.int64(cell["clock_value"])


@called
def _set_filter(core: Int, color: Int, what: Int, value: Int, state: State) -> None:
    """Set the counter, the limit or the period of the filter of a color, if it has one."""
    role = np.int64(state.cores[core]["role"])
    place = np.int64(state.places[role, color, isa.INWARD])
    number = np.int64(state.channels[role, place]["filter"]) if place >= 0 else np.int64(-1)
    if number < 0:
        return
    sieve = state.filters[core, number]
    if what == 0:
        sieve["seen"] = value
    elif what == 1:
        sieve["count"] = value
    else:
        sieve["period"] = value


@called
def intrinsic(core: Int, number: Int, t: Int, a: Int, b: Int, c: Int, now: Int, state: State) -> Int:
    """Carry out an intrinsic; return its result."""
    here, code = state.cores[core], state.code_state
    cell = code.cells[core]
    if number == 12:
        return draw(cell)
    if number == 13:
        cell["prng"] = a & 0xFFFFFFFF
    elif number == 20:
        if cell["streams"] == 0:
            code.meter[0]["opened"] += 1
            cell["opened"] = now
        cell["streams"] = 1
    elif number == 21:
        return np.int64(core % state.clock[0]["width"]) if state.clock[0]["width"] > 1 else np.int64(0)
    elif number == 22:
        return np.int64(core // state.clock[0]["width"])
    elif 23 <= number <= 25:
        return _counter(cell, number, now)
    elif number == 26 or number == 27 or number >= 50:
        _note(core, number, a, b, c, now, code.meter, code.notes)
        if number >= 50:
            code.meter[0]["requests"] += 1
    elif number == 30:
        return read_register(core, a, np.int64(state.clock[0]["registers"]), now, state)
    elif number == 31:
        write_register(core, a, b, np.int64(state.clock[0]["registers"]), now, state)
    elif number == 32:
        return np.int64(cell["tearing"])
    elif number == 39:
        _set_filter(core, a & COLOR_MASK, b, c, state)
    elif number == 40:
        return _status(core, a, state)
    elif number == 41:
        bit = ONE << (a & ID_MASK)
        cell["urgent"] = cell["urgent"] | bit if b else cell["urgent"] & ~bit
    elif number == 42:
        cell["flushing"] |= ONE << (a & QUEUE_MASK)
        here["activated"] |= ONE << TEARDOWN_TASK
    elif number == 43:
        return np.int64(cell["flushing"])
    elif number == 44:
        cell["flushing"] &= ~(ONE << (a & QUEUE_MASK))
    elif number == 45:
        code.out_colors[here["role"], a, b & QUEUE_MASK] = c & COLOR_MASK
    else:
        rewrite(core, number, a, b, c, now, state)
    return np.int64(0)


@called
def function(number: Int, t: Int, a: Int, b: Int) -> Int:
    """Return a mathematical function of floats of a type; of whole numbers their shift for the power of a scale."""
    second = float(wrap(b, 3)) if number == LAST_MATHEMATICS else value_of(b, t)
    return bits_of(mathematics(number, value_of(a, t), second), t)
