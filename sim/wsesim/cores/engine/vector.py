"""Issues of a vector instruction: elements of its operands, computed and moved."""

from __future__ import annotations

import numpy as np

from wsesim.cores import isa
from wsesim.cores.engine.compiling import inlined
from wsesim.cores.engine.memory import is_half, load, store, store_bits
from wsesim.cores.engine.queues import first_word, may_send, pop, push, rouse
from wsesim.cores.engine.words import WORD, Int, decode, encode
from wsesim.cores.state import CONTROL_SHIFT, FABRIC, READY_SHIFT, ROOM, Array, State


@inlined
def _place(operand: Int, first: Int, index: Int) -> Int:
    """Return the word of element *index* of an operand that begins at a word."""
    inner = operand["inner"]
    if inner == 0:
        return first + index * operand["stride"]
    return first + index // inner * operand["outer"] + index % inner * operand["stride"]


@inlined
def _fetch(operand: Int, first: Int, index: Int, data: Int, core: Int, state: State) -> float:
    """Return element *index* of a source; *first* is its first word, *data* the wavelet of a fabric operand."""
    kind, element = operand["kind"], operand["element"]
    if kind == isa.MEM:
        return load(_place(operand, first, index), element, state)
    if kind == isa.REG:
        return float(state.registers[core, operand["address"]])
    if kind == isa.FABRIC:
        if index & 1 and is_half(element):
            data = data >> 16
        return decode(data, element)
    return 0.0


@inlined
def _combine(op: Int, a: float, b: float, c: float) -> float:
    if op == isa.MOV:
        return a
    if op == isa.ADD:
        return a + b
    if op == isa.MAC:
        return a + b * c
    if op == isa.MUL:
        return a * b
    if op == isa.SUB:
        return a - b
    if op == isa.MAX:
        return max(a, b)
    return a + b + c


@inlined
def _elements(
    core: Int, op: Int, operands: Array, thread: Int, first: Int, count: Int, data0: Int, data1: Int, data2: Int,
    state: State,
) -> Int:  # fmt: skip
    """Compute *count* elements; return the word to send if the destination is fabric."""
    dest, source0, source1, source2 = operands[0], operands[1], operands[2], operands[3]
    start, kind, element = state.cores[core]["memory"], dest["kind"], dest["element"]
    into, addresses = start + thread["addresses"][0], thread["addresses"]
    from0, from1, from2 = start + addresses[1], start + addresses[2], start + addresses[3]
    two, three = op != isa.MOV, op == isa.MAC or op == isa.ADD3
    product = (element == isa.I32 or element == isa.I16) and op == isa.MUL
    word = np.int64(0)
    for index in range(first, first + count):
        a = _fetch(source0, from0, index, data0, core, state)
        b, c = 0.0, 0.0
        if two:
            b = _fetch(source1, from1, index, data1, core, state)
        if three:
            c = _fetch(source2, from2, index, data2, core, state)
        value = _combine(op, a, b, c)
        if kind == isa.MEM:
            if product:
                store_bits(_place(dest, into, index), np.int64(a) * np.int64(b) & WORD, element, state)
            else:
                store(_place(dest, into, index), value, element, state)
        elif kind == isa.REG:
            state.registers[core, dest["address"]] = decode(encode(value, element), element)
        else:
            bits = np.int64(a) * np.int64(b) & WORD if product else np.int64(encode(value, element))
            if is_half(element):
                bits &= 0xFFFF
                word = word | bits << 16 if index & 1 else bits
            else:
                word = bits
    return word


@inlined
def _arrived(core: Int, number: Int, now: Int, state: State) -> Int:
    """Return the first word of a queue that is read, -1 if there is none to read yet."""
    if state.queues[core, number]["count"] == 0:
        return np.int64(-1)
    entry = first_word(core, number, state)
    if entry >> READY_SHIFT > now:
        rouse(core, entry >> READY_SHIFT, now, state)
        return np.int64(-1)
    return np.int64(-1) if (entry >> CONTROL_SHIFT) & 1 else entry & WORD


@inlined
def issue(core: Int, slot: Int, now: Int, until: Int, state: State) -> tuple[Int, Int]:
    """Handle as many elements of a vector instruction as one issue may.

    Return the cycles it took and would take at full rate; if it must wait, instead of these 0 and what for.

    A memory instruction that is alone on its core takes all its issues at once: nobody can see the difference.
    """
    thread = state.threads[core, slot]
    line, done, wanted = np.int64(thread["line"]), np.int64(thread["done"]), np.int64(thread["wanted"])
    code, pace, full = state.code[line], np.int64(thread["pace"]), np.int64(thread["full"])
    operands = state.described[core, slot] if code["described"] else state.operands[line]
    fabrics, row, per_issue = thread["fabrics"], np.int64(thread["row"]), np.int64(thread["per_issue"])
    count, issues = min(per_issue, wanted - done), np.int64(1)
    data0, data1, data2 = np.int64(0), np.int64(0), np.int64(0)
    if row > 0:
        left = row - done % row
        if left < per_issue:
            count, pace, full = np.int64(min(count, left)), np.int64(thread["tail"]), np.int64(thread["tail_full"])
    elif fabrics == 0 and slot == 0 and state.cores[core]["live"] == 1:
        issues = np.int64(min((wanted - done + per_issue - 1) // per_issue, max(1, (until - now) // pace)))
        count = np.int64(min(wanted - done, issues * per_issue))
    if fabrics:
        if fabrics & 1 and not may_send(core, operands[0]["address"], now, state):
            return np.int64(0), np.int64(ROOM)
        if fabrics & 2:
            data0 = _arrived(core, operands[1]["address"], now, state)
        if fabrics & 4:
            data1 = _arrived(core, operands[2]["address"], now, state)
        if fabrics & 8:
            data2 = _arrived(core, operands[3]["address"], now, state)
        if data0 < 0 or data1 < 0 or data2 < 0:
            return np.int64(0), np.int64(FABRIC)
    word = _elements(core, code["op"], operands, thread, done, count, data0, data1, data2, state)
    if fabrics:
        for source in range(1, 4):
            if (fabrics >> source) & 1:
                pop(core, operands[source]["address"], now, state)
        if fabrics & 1:
            push(core, operands[0]["address"], word, now + 1 + state.clock[0]["ramp"], now, state)
    state.executed[line] += count
    thread["done"] = done + count
    cycles: Int = issues * pace
    if done + count >= wanted:
        cycles += thread["later"]
    thread["next"] = now + cycles
    return cycles, min(cycles, issues * full)
