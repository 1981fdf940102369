"""A vector instruction from its launch on a thread to its end."""

from __future__ import annotations

import numpy as np

from wsesim.cores import isa
from wsesim.cores.engine.compiling import called, inlined
from wsesim.cores.engine.queues import fault
from wsesim.cores.engine.words import ONE, Int, whole
from wsesim.cores.state import OUTSIDE_MEMORY, Array, State

WORD_BYTES = 2
"""Of memory."""


@inlined
def touched(core: Int, operand: Int, state: State) -> Int:
    """Return the address of the first element of an operand in memory."""
    address = np.int64(operand["address"])
    if operand["register"] >= 0:
        address += whole(state.registers[core, operand["register"]]) * operand["words"]
    return address


@called
def inside(address: Int, length: Int, operand: Int, words: Int) -> bool:
    """Whether an operand of *length* elements from *address* on stays within so many words."""
    low, high = np.int64(address), np.int64(address) + operand["words"]
    inner, stride = operand["inner"], operand["stride"]
    last = (length if inner == 0 else min(inner, length)) - 1
    low, high = low + min(0, last * stride), high + max(0, last * stride)
    if inner > 0:
        last = (length - 1) // inner * operand["outer"]
        low, high = low + min(0, last), high + max(0, last)
    return bool(low >= 0 and high <= words)


@called
def _half_lines(start: Int, size: Int, line_bytes: Int) -> tuple[Int, Int]:
    """Return how many lines of so many bytes *size* bytes from *start* on touch in each half of the memory."""
    first, last = start // line_bytes, (start + size - 1) // line_bytes
    even = (last + 2) // 2 - (first + 1) // 2
    return even, last - first + 1 - even


@called
def _line_cycles(thread: Int, code: Int, length: Int, line_bytes: Int) -> Int:
    """Return the cycles to read two vectors of 16-bit elements: see `rates.line_cycles`."""
    first, second = np.int64(thread["addresses"][code["bank_a"]]), np.int64(thread["addresses"][code["bank_b"]])
    even_a, odd_a = _half_lines(WORD_BYTES * first, WORD_BYTES * length, line_bytes)
    even_b, odd_b = _half_lines(WORD_BYTES * second, WORD_BYTES * length, line_bytes)
    return max(even_a + even_b, odd_a + odd_b)


@called
def _set_pace(thread: Int, code: Int, length: Int, line_bytes: Int) -> None:
    """Fix how fast an instruction goes: by the banks and lines its descriptors meet."""
    pace, tail = np.int64(code["cycles"]), np.int64(code["tail_cycles"])
    if code["bank_a"] >= 0:
        period, first = np.int64(code["bank_period"]), np.int64(thread["addresses"][code["bank_a"]])
        apart = WORD_BYTES * (first - thread["addresses"][code["bank_b"]]) & (period - 1)
        apart = min(apart, period - apart)
        if apart < code["bank_reach"]:
            pace = np.int64(code["slow_cycles"])
        if apart < code["tail_reach"]:
            tail = np.int64(code["tail_slow_cycles"])
    thread["pace"], thread["tail"], thread["later"] = pace, tail, 0
    if code["by_lines"] and length > code["per_issue"]:
        issues = (length + code["per_issue"] - 1) // code["per_issue"]
        thread["later"] = max(_line_cycles(thread, code, length, line_bytes) - issues * pace, 1 - pace)


@inlined
def launch(core: Int, slot: Int, line: Int, now: Int, state: State) -> None:
    """Put a vector instruction on a thread: its descriptors and its pace are fixed from here on."""
    here, thread, code = state.cores[core], state.threads[core, slot], state.code[line]
    length = np.int64(code["length"])
    if code["length_register"] >= 0:
        length = np.int64(max(0, whole(state.registers[core, code["length_register"]])))
    for number in range(4):
        operand = state.operands[line, number]
        if operand["kind"] == isa.MEM:
            address = touched(core, operand, state)
            if length > 0 and not inside(address, length, operand, state.roles[here["role"]]["words"]):
                fault(core, line, OUTSIDE_MEMORY, state.clock)
                length, address = np.int64(0), np.int64(0)
            thread["addresses"][number] = address
    _set_pace(thread, code, length, state.clock[0]["line_bytes"])
    thread["line"], thread["done"], thread["wanted"], thread["started"] = line, 0, length, now
    thread["next"] = max(now + 1, now + code["cost"]) if length == 0 else now + code["cost"]
    here["live"] |= ONE << slot


@called
def log_span(core: Int, slot: Int, line: Int, start: Int, end: Int, log: Array, clock: Array) -> None:
    """Add a row to the log."""
    row = log[clock[0]["logged"]]
    row["core"], row["slot"], row["line"], row["start"], row["end"] = core, slot, line, start, end
    clock[0]["logged"] += 1


@inlined
def complete(core: Int, slot: Int, now: Int, state: State) -> None:
    """Take a finished vector instruction off its thread and start what it triggers."""
    here, thread = state.cores[core], state.threads[core, slot]
    code = state.code[thread["line"]]
    if code["activate"] >= 0:
        here["activated"] |= ONE << code["activate"]
    if code["unblock"] >= 0:
        here["blocked"] &= ~(ONE << code["unblock"])
    here["live"] &= ~(ONE << slot)
    if slot == 0:
        here["ready"] = now
    if here["watched"]:
        log_span(core, slot, thread["line"], thread["started"], now, state.log, state.clock)
