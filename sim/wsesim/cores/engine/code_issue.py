"""Issues of vector operations of compiled code: elements as bits, one after the other."""

from __future__ import annotations

import numpy as np

from wsesim.cores import isa
from wsesim.cores.codestate import DIMENSIONS
from wsesim.cores.engine.code_elements import combined
from wsesim.cores.engine.code_memory import REACH, read, write
from wsesim.cores.engine.compiling import called
from wsesim.cores.engine.notes import log_code
from wsesim.cores.engine.queues import fault, first_word, may_send, pop, push, rouse
from wsesim.cores.engine.words import ONE, WORD, Int
from wsesim.cores.state import (
    CONTROL_SHIFT,
    FABRIC,
    LAUNCH,
    OUTSIDE_MEMORY,
    READY_SHIFT,
    RECEIVED_SHIFT,
    ROOM,
    SENT_SHIFT,
    State,
)

OWN_ADVANCE = 0xFFFFFFFF
"""Word of a control wavelet that only the own router obeys: its switch advances."""
NOT_YET, CONTROL_WORD = -1, -2
DFILT = 60
"""Number of the operation that drops."""


@called
def _place(operand: Int, job: Int, at: Int, index: Int) -> Int:
    """Return the address of element *index* of an operand in memory."""
    if not (job["many"] >> at) & 1:
        return (operand["address"] + index * operand["stride"]) & REACH
    address, rest = np.int64(operand["address"]), np.int64(index)
    for dimension in range(DIMENSIONS):
        extent = np.int64(job["extents"][at][dimension])
        if extent > 0:
            address += rest % extent * job["steps"][at][dimension]
            rest //= extent
    return address & REACH


@called
def _fifo_take(core: Int, at: Int, operands: Int, state: State) -> Int:
    """Return the first element of a FIFO, taken out of it."""
    number, here = np.int64(operands[at]["address"]), state.cores[core]
    fifo, kind = state.code_state.fifos[core, number], state.code_state.fifo_kinds[here["role"], number]
    where = kind["base"] + fifo["head"] * kind["words"]
    bits = read(state.memory, np.int64(here["memory"]), where, np.int64(kind["words"]))
    fifo["head"] = (fifo["head"] + 1) % kind["room"]
    fifo["count"] -= 1
    if fifo["full_met"] and kind["pop"] >= 0:
        here["activated"] |= ONE << kind["pop"]
    fifo["full_met"] = 0
    return bits


@called
def _fifo_put(core: Int, bits: Int, operands: Int, state: State) -> None:
    """Put an element into a FIFO that has room."""
    number, here = np.int64(operands[0]["address"]), state.cores[core]
    fifo, kind = state.code_state.fifos[core, number], state.code_state.fifo_kinds[here["role"], number]
    where = kind["base"] + (fifo["head"] + fifo["count"]) % kind["room"] * kind["words"]
    write(state.memory, np.int64(here["memory"]), where, np.int64(kind["words"]), bits)
    fifo["count"] += 1
    if fifo["empty_met"] and kind["push"] >= 0:
        here["activated"] |= ONE << kind["push"]
    fifo["empty_met"] = 0


@called
def _fifos_ready(core: Int, fifos: Int, operands: Int, state: State) -> bool:
    """Whether no FIFO that is read is empty, and none that is written is full."""
    ready = True
    for at in range(4):
        if (fifos >> at) & 1:
            number = np.int64(operands[at]["address"])
            fifo = state.code_state.fifos[core, number]
            if at == 0 and fifo["count"] >= state.code_state.fifo_kinds[state.cores[core]["role"], number]["room"]:
                fifo["full_met"], ready = 1, False
            elif at > 0 and fifo["count"] == 0:
                fifo["empty_met"], ready = 1, False
    return ready


@called
def _arrived(core: Int, number: Int, now: Int, state: State) -> Int:
    """Return the first word of a queue that is read, NOT_YET if there is none, CONTROL_WORD if it is one of control."""
    if state.queues[core, number]["count"] == 0:
        return np.int64(NOT_YET)
    entry = first_word(core, number, state)
    if entry >> READY_SHIFT > now:
        rouse(core, entry >> READY_SHIFT, now, state)
        return np.int64(NOT_YET)
    return np.int64(CONTROL_WORD) if (entry >> CONTROL_SHIFT) & 1 else entry & WORD


@called
def _fetched(
    core: Int, at: Int, index: Int, data: Int, operands: Int, job: Int, line: Int, now: Int, state: State
) -> Int:
    """Return the bits of element *index* of a source."""
    operand = operands[at]
    kind = operand["kind"]
    if kind == isa.MEM:
        address, here = _place(operand, job, at, index), state.cores[core]
        if address + operand["words"] > state.roles[here["role"]]["words"]:
            fault(core, line, OUTSIDE_MEMORY, now, state.clock)
            return np.int64(0)
        return read(state.memory, np.int64(here["memory"]), address, np.int64(operand["words"]))
    if kind == isa.REG:
        return np.int64(job["scalars"][at])
    if kind == isa.FABRIC:
        return data
    if (job["fifos"] >> at) & 1:
        return _fifo_take(core, at, operands, state)
    return np.int64(0)


@called
def _elements(
    core: Int, slot: Int, line: Int, first: Int, count: Int, data0: Int, data1: Int, data2: Int, now: Int, state: State
) -> Int:  # fmt: skip
    """Compute *count* elements; return the word to send if the destination is fabric."""
    operands, job, here = state.described[core, slot], state.code_state.jobs[core, slot], state.cores[core]
    op, dest, word = np.int64(state.code[job["row"]]["op"]), operands[0], np.int64(0)
    two, three = (op > 1 and op < 28) or op == 31 or (op >= 40 and op < 45) or op == 48, op == 43
    words = np.int64(state.roles[here["role"]]["words"])
    for index in range(first, first + count):
        odd = (index - first) & 1
        a = _fetched(core, np.int64(1), index, data0 >> 16 if odd else data0, operands, job, line, now, state)
        b, c = np.int64(0), np.int64(0)
        if two:
            b = _fetched(core, np.int64(2), index, data1 >> 16 if odd else data1, operands, job, line, now, state)
        if three:
            c = _fetched(core, np.int64(3), index, data2 >> 16 if odd else data2, operands, job, line, now, state)
        bits = combined(op, a, b, c, operands, job)
        if dest["kind"] == isa.MEM:
            address = _place(dest, job, np.int64(0), index)
            if address + dest["words"] > words:
                fault(core, line, OUTSIDE_MEMORY, now, state.clock)
            else:
                write(state.memory, np.int64(here["memory"]), address, np.int64(dest["words"]), bits)
        elif dest["kind"] == isa.FABRIC:
            word = word | (bits & 0xFFFF) << 16 if odd else bits
        elif job["fifos"] & 1:
            _fifo_put(core, bits, operands, state)
        for at in range(1, 3):
            if (job["zero"] >> (at - 1)) & 1 and operands[at]["kind"] == isa.MEM:
                address = _place(operands[at], job, np.int64(at), index)
                write(state.memory, np.int64(here["memory"]), address, np.int64(operands[at]["words"]), np.int64(0))
    return word


@called
def _end_early(core: Int, slot: Int, now: Int, state: State) -> None:
    """End an operation before all its elements are done."""
    thread, job = state.threads[core, slot], state.code_state.jobs[core, slot]
    left = thread["wanted"] - thread["done"]
    for at in range(4):
        if (job["fifos"] >> at) & 1:
            fifo = state.code_state.fifos[core, state.described[core, slot][at]["address"]]
            if at == 0:
                fifo["write"] = left
            else:
                fifo["read"] = left
    if job["result"] >= 0:
        state.code_state.frames[core, job["result"]] = 0
    thread["wanted"], thread["next"] = thread["done"], now + 1
    rouse(core, now + 1, now, state)


@called
def _on_control(core: Int, slot: Int, queue: Int, now: Int, state: State) -> None:
    """End an operation by a control wavelet."""
    job, here = state.code_state.jobs[core, slot], state.cores[core]
    pop(core, queue, now, state)
    if job["on_control"] == 2:
        here["activated"] |= ONE << job["control_id"]
    elif job["on_control"] == 3:
        here["blocked"] &= ~(ONE << job["control_id"])
    thread = state.threads[core, slot]
    thread["wanted"], thread["next"] = thread["done"], now + 1
    rouse(core, now + 1, now, state)


@called
def _drop(core: Int, slot: Int, now: Int, state: State) -> tuple[Int, Int]:
    """Drop what arrives; control wavelets are what is counted."""
    thread, queue = state.threads[core, slot], np.int64(state.described[core, slot][0]["address"])
    word = _arrived(core, queue, now, state)
    if word == NOT_YET:
        return np.int64(0), np.int64(FABRIC)
    pop(core, queue, now, state)
    if word == CONTROL_WORD:
        thread["done"] += 1
    thread["next"] = now + 1
    state.code_state.work[thread["line"]]["compute"] += 1
    return np.int64(1), np.int64(1)


@called
def issue_code(core: Int, slot: Int, now: Int, until: Int, state: State) -> tuple[Int, Int]:
    """Handle as many elements of a vector operation as one issue may; return as `vector.issue` does."""
    thread, job = state.threads[core, slot], state.code_state.jobs[core, slot]
    line, done, wanted = np.int64(thread["line"]), np.int64(thread["done"]), np.int64(thread["wanted"])
    operands, pace, full = state.described[core, slot], np.int64(thread["pace"]), np.int64(thread["full"])
    if state.code[job["row"]]["op"] == DFILT:
        return _drop(core, slot, now, state)
    fabrics, row, per_issue = np.int64(thread["fabrics"]), np.int64(thread["row"]), np.int64(thread["per_issue"])
    count, issues = min(per_issue, wanted - done), np.int64(1)
    data = (np.int64(0), np.int64(0), np.int64(0))
    if fabrics == 0 and job["fifos"] == 0:
        if row > 0 and row - done % row < per_issue:
            count, pace, full = min(count, row - done % row), np.int64(thread["tail"]), np.int64(thread["tail_full"])
        elif row == 0 and slot == 0 and state.cores[core]["live"] == 1:
            issues = np.int64(min((wanted - done + per_issue - 1) // per_issue, max(1, (until - now) // pace)))
            count = np.int64(min(wanted - done, issues * per_issue))
    else:
        if fabrics & 1 and not may_send(core, operands[0]["address"], now, state):
            return np.int64(0), np.int64(ROOM)
        data0, data1, data2 = np.int64(0), np.int64(0), np.int64(0)
        for at in range(1, 4):
            if (fabrics >> at) & 1:
                word = _arrived(core, np.int64(operands[at]["address"]), now, state)
                if word == CONTROL_WORD and job["on_control"]:
                    _on_control(core, slot, np.int64(operands[at]["address"]), now, state)
                if word < 0:
                    return np.int64(0), np.int64(FABRIC)
                if at == 1:
                    data0 = word
                elif at == 2:
                    data1 = word
                else:
                    data2 = word
        if job["fifos"] and not _fifos_ready(core, np.int64(job["fifos"]), operands, state):
            if job["waits"] == 0:
                _end_early(core, slot, now, state)
            return np.int64(0), np.int64(LAUNCH)
        data = (data0, data1, data2)
    word = _elements(core, slot, line, done, count, data[0], data[1], data[2], now, state)
    for source in range(1, 4):
        if (fabrics >> source) & 1:
            pop(core, operands[source]["address"], now, state)
    if fabrics & 1:
        word = np.int64(word) & WORD
        if operands[0]["words"] == 1 and count == 1:
            word |= (job["index"] & 0xFFFF) << 16
        word |= np.int64(job["control"]) << CONTROL_SHIFT
        push(core, operands[0]["address"], word, now + 1 + state.clock[0]["ramp"], now, state)
    thread["done"] = done + count
    state.executed[job["row"]] += count
    cycles: Int = issues * pace
    if done + count >= wanted:
        cycles += thread["later"]
    thread["next"] = now + cycles
    whole, work = np.int64(min(cycles, issues * full)), state.code_state.work[line]
    work["compute"] += whole
    work["banks"] += cycles - whole
    work["elements"] += count
    return np.int64(cycles), whole


@called
def _streamed(core: Int, slot: Int, state: State) -> Int:
    """Return what a row of the log says of an operation: elements, and the colors that it sent and received."""
    operands, channels = state.described[core, slot], state.channels[state.cores[core]["role"]]
    more = np.int64(state.threads[core, slot]["done"])
    for at in range(4):
        if operands[at]["kind"] == isa.FABRIC:
            color = np.int64(channels[operands[at]["address"]]["color"]) + 1
            more |= color << (SENT_SHIFT if at == 0 else RECEIVED_SHIFT)
    return more


@called
def complete_code(core: Int, slot: Int, now: Int, state: State) -> None:
    """Take a finished vector operation off its thread and start what it triggers."""
    here, job = state.cores[core], state.code_state.jobs[core, slot]
    if job["activate"] >= 0:
        here["activated"] |= ONE << job["activate"]
    if job["unblock"] >= 0:
        here["blocked"] &= ~(ONE << job["unblock"])
    here["live"] &= ~(ONE << slot)
    thread = state.threads[core, slot]
    work = state.code_state.work[thread["line"]]
    work["times"] += 1
    work["held"] += now - thread["started"]
    if slot == 0:
        here["ready"] = now
        state.code_state.cycles[np.int64(here["watched"]), thread["line"]] += now - thread["started"] - 1
    if here["watched"]:
        started, more = np.int64(thread["started"]), _streamed(core, slot, state)
        log_code(core, slot, np.int64(thread["line"]), started, now, more, state)
    if job["advance"]:
        word = ONE << CONTROL_SHIFT | np.int64(OWN_ADVANCE)
        push(core, state.described[core, slot][0]["address"], word, now + 1 + state.clock[0]["ramp"], now, state)
