"""A vector instruction from its launch on a thread to its end."""

from __future__ import annotations

import numpy as np

from wsesim.cores import isa
from wsesim.cores.engine.compiling import called, inlined
from wsesim.cores.engine.describe import WORD_BYTES, by_lines, length_of, move_on, set_described_pace, take, words_moved
from wsesim.cores.engine.queues import fault
from wsesim.cores.engine.words import ONE, Int, whole
from wsesim.cores.state import NO_DESCRIPTOR, OUTSIDE_MEMORY, Array, State

MOST_ELEMENTS = (1 << 31) - 1
"""Of an instruction whose length a register holds."""


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
def _line_cycles(first: Int, second: Int, length: Int, line_bytes: Int) -> Int:
    """Return the cycles to read two vectors of 16-bit elements: see `rates.line_cycles`."""
    even_a, odd_a = _half_lines(WORD_BYTES * first, WORD_BYTES * length, line_bytes)
    even_b, odd_b = _half_lines(WORD_BYTES * second, WORD_BYTES * length, line_bytes)
    return max(even_a + even_b, odd_a + odd_b)


@called
def _set_pace(thread: Int, code: Int) -> None:
    """Fix how fast an instruction goes over what its row describes: by the banks that its operands meet."""
    pace, tail = np.int64(code["cycles"]), np.int64(code["tail_cycles"])
    if code["bank_a"] >= 0:
        period, first = np.int64(code["bank_period"]), np.int64(thread["addresses"][code["bank_a"]])
        apart = WORD_BYTES * (first - thread["addresses"][code["bank_b"]]) & (period - 1)
        apart = min(apart, period - apart)
        if apart < code["bank_reach"]:
            pace = np.int64(code["slow_cycles"])
        if apart < code["tail_reach"]:
            tail = np.int64(code["tail_slow_cycles"])
    thread["pace"], thread["tail"], thread["full"], thread["tail_full"] = (
        pace,
        tail,
        code["cycles"],
        code["tail_cycles"],
    )
    thread["per_issue"], thread["row"] = code["per_issue"], code["row"]
    thread["fabrics"], thread["sides"] = code["fabrics"], code["sides"]


@called
def _set_later(thread: Int, first: Int, second: Int, length: Int, line_bytes: Int) -> None:
    """Fix by how much the last issue takes longer, of an instruction that reads two operands by lines, if not -1."""
    thread["later"], per_issue, pace = 0, np.int64(thread["per_issue"]), np.int64(thread["pace"])
    if first >= 0 and length > per_issue:
        addresses, issues = thread["addresses"], (length + per_issue - 1) // per_issue
        cycles = _line_cycles(np.int64(addresses[first]), np.int64(addresses[second]), length, line_bytes)
        thread["later"] = max(cycles - issues * pace, 1 - pace)


@inlined
def _reach(core: Int, line: Int, length: Int, thread: Int, operands: Array, now: Int, state: State) -> Int:
    """Note where operands in memory begin; return the length, 0 if one reaches outside."""
    words = state.roles[state.cores[core]["role"]]["words"]
    for number in range(4):
        operand = operands[number]
        if operand["kind"] == isa.MEM:
            address = touched(core, operand, state)
            if length > 0 and not inside(address, length, operand, words):
                fault(core, line, OUTSIDE_MEMORY, now, state.clock)
                length, address = np.int64(0), np.int64(0)
            thread["addresses"][number] = address
    return length


@inlined
def _by_descriptors(core: Int, slot: Int, line: Int, length: Int, now: Int, state: State) -> Int:
    """Fix what an instruction works on that names registers of descriptors, and its pace; return its length."""
    thread, code, named = state.threads[core, slot], state.code[line], state.operands[line]
    operands, descriptors = state.described[core, slot], state.descriptors[core]
    if not take(descriptors, named, operands):
        fault(core, line, NO_DESCRIPTOR, now, state.clock)
        length = np.int64(0)
    if length < 0:
        length = length_of(operands)
    length = _reach(core, line, length, thread, operands, now, state)
    set_described_pace(thread, code, operands, state.figures)
    first, second = by_lines(operands, thread["per_issue"], state.figures.line_bytes)
    _set_later(thread, first, second, length, state.figures.line_bytes)
    state.clock[0]["described"] += length * words_moved(named, operands)
    move_on(descriptors, named, operands, length)
    return length


@inlined
def launch(core: Int, slot: Int, line: Int, now: Int, state: State) -> None:
    """Put a vector instruction on a thread: its descriptors and its pace are fixed from here on."""
    here, thread, code = state.cores[core], state.threads[core, slot], state.code[line]
    length = np.int64(code["length"])
    if code["length_register"] >= 0:
        length = np.int64(min(MOST_ELEMENTS, max(0, whole(state.registers[core, code["length_register"]]))))
    if code["described"]:
        length = _by_descriptors(core, slot, line, length, now, state)
    else:
        length = _reach(core, line, length, thread, state.operands[line], now, state)
        _set_pace(thread, code)
        first = np.int64(code["bank_a"] if code["by_lines"] else -1)
        _set_later(thread, first, code["bank_b"], length, state.figures.line_bytes)
    thread["line"], thread["done"], thread["wanted"], thread["started"] = line, 0, length, now
    thread["next"] = max(now + 1, now + code["cost"]) if length == 0 else now + code["cost"]
    here["live"] |= ONE << slot


@called
def log_span(core: Int, slot: Int, line: Int, start: Int, end: Int, more: Int, log: Array, clock: Array) -> None:
    """Add a row to the log."""
    row = log[clock[0]["logged"]]
    row["core"], row["slot"], row["line"], row["start"], row["end"], row["more"] = core, slot, line, start, end, more
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
        log_span(core, slot, thread["line"], thread["started"], now, thread["done"], state.log, state.clock)
