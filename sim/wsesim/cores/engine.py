"""The compiled part: routers, cores and the clock.

One cycle has two halves that do not see each other's changes: what leaves a queue is decided on what was there when the
cycle began, because a pushed word carries the cycle from which it can be seen and a freed place counts from the next
cycle on. So the order in which cores are visited never matters. A core is visited only in a cycle for which somebody
has put it on the calendar: the push of a word into an empty queue, the removal of one from a full queue, or the core
itself. A core that waits costs nothing, and the clock jumps over cycles in which nobody is due.

Ugly for speed: rows of integers instead of objects, and all in one module, because compiled code is kept per module.
"""

from __future__ import annotations

from math import exp, sqrt
from typing import Any

import numpy as np

from wsesim.cores import isa
from wsesim.cores import records as rec
from wsesim.cores.jit import compiled, inlined

Array = np.ndarray[Any, Any]
Int = Any
"""A whole number: Python's where it can be, NumPy's where arrays are read uncompiled."""
ONE = np.int64(1)
WORD = np.int64(0xFFFFFFFF)
EVENTS_A_CALL = 20_000_000
"""After which a run comes up for air, so that it can be interrupted."""
ZERO_COST = 64
"""Instructions without cost that the main thread runs in one cycle before it is made to take a breath."""


@inlined
def half_to_float(bits: Int) -> float:
    """Return the value of a 16-bit float."""
    size = np.int64(bits) & 0x7FFF
    exponent, fraction = size >> 10, size & 1023
    if exponent == 0:
        value = float(fraction * 2.0**-24)
    elif exponent == 31:
        value = float(np.inf if fraction == 0 else np.nan)
    else:
        value = float(np.uint32((exponent + 112) << 23 | fraction << 13).view(np.float32))
    return -value if bits & 0x8000 else value


@compiled
def float_to_half(value: float) -> Int:
    """Return the bits of the nearest 16-bit float, ties to even."""
    bits = np.float64(value).view(np.int64)
    sign = (bits >> 48) & 0x8000
    exponent = ((bits >> 52) & 0x7FF) - 1023
    if exponent >= 16:
        return int(sign | (0x7E00 if value != value else 0x7C00))
    if exponent < -14:
        return int(sign | np.int64((abs(value) * 2.0**24 + 2.0**52) - 2.0**52))
    fraction = bits & ((ONE << 52) - 1)
    half = ((exponent + 15) << 10) | (fraction >> 42)
    rest, tie = fraction & ((ONE << 42) - 1), ONE << 41
    if rest > tie or (rest == tie and half & 1):
        half += 1
    return int(sign | half)


@inlined
def decode(bits: Int, kind: Int) -> float:
    """Return the value of one element."""
    if kind == isa.F32:
        return float(np.uint32(bits).view(np.float32))
    if kind == isa.F16:
        return half_to_float(bits & 0xFFFF)
    if kind == isa.I16:
        return float(((bits & 0xFFFF) ^ 0x8000) - 0x8000)
    return float(((bits & 0xFFFFFFFF) ^ 0x80000000) - 0x80000000)


@inlined
def _whole(value: float) -> Int:
    """Return a number cut off to a whole one; 0 where there is none."""
    return np.int64(value) if abs(value) < 2.0**63 else np.int64(0)


@inlined
def encode(value: float, kind: Int) -> Int:
    """Return the bits of one element, rounded to its type; whole numbers wrap."""
    if kind == isa.F32:
        return int(np.float32(value).view(np.uint32))
    if kind == isa.F16:
        return float_to_half(value)
    if kind == isa.I16:
        return int(_whole(value) & 0xFFFF)
    return int(_whole(value) & WORD)


@inlined
def _wake(core: Int, when: Int, now: Int, buckets: Array, listed: Array, counts: Array) -> None:
    """Have a core visited at a later cycle; if that is too far off for the calendar, at its last one, to ask again."""
    if when > now + rec.SPAN - 1:
        when = now + rec.SPAN - 1
    bucket = when & (rec.SPAN - 1)
    bit = 1 << bucket
    if listed[core] & bit == 0:
        listed[core] |= bit
        buckets[bucket, counts[bucket]] = core
        counts[bucket] += 1


@inlined
def _push(
    queue: Int, word: Int, ready: Int, now: Int, cores: Array, queues: Array, ring: Array, buckets: Array,
    listed: Array, counts: Array,
) -> None:  # fmt: skip
    """Put a word (data and control bit) into a queue that has room."""
    count, room = queues[queue, rec.COUNT], queues[queue, rec.ROOM]
    slot = queues[queue, rec.HEAD] + count
    if slot >= room:
        slot -= room
    ring[queues[queue, rec.RING] + slot] = np.int64(ready) << rec.READY_SHIFT | word
    queues[queue, rec.COUNT] = count + 1
    queues[queue, rec.PUSHED] += 1
    if count == 0:
        owner = queues[queue, rec.OWNER]
        cores[owner, rec.PENDING] |= ONE << queues[queue, rec.BIT]
        _wake(owner, ready, now, buckets, listed, counts)


@inlined
def _pop(
    core: Int, queue: Int, now: Int, cores: Array, queues: Array, ring: Array, buckets: Array, listed: Array,
    counts: Array,
) -> None:  # fmt: skip
    """Take the first word out of a queue of *core*; have the next one looked at, and who waited for the room woken."""
    count, room = queues[queue, rec.COUNT], queues[queue, rec.ROOM]
    head = queues[queue, rec.HEAD] + 1
    if head == room:
        head = 0
    queues[queue, rec.HEAD] = head
    queues[queue, rec.COUNT] = count - 1
    queues[queue, rec.FREED] = now
    if count == room:
        _wake(queues[queue, rec.FEEDER], now + 1, now, buckets, listed, counts)
    if count == 1:
        cores[core, rec.PENDING] &= ~(ONE << queues[queue, rec.BIT])
    else:
        ready = ring[queues[queue, rec.RING] + head] >> rec.READY_SHIFT
        _wake(core, max(now + 1, ready), now, buckets, listed, counts)


@inlined
def _has_room(queue: Int, now: Int, queues: Array) -> bool:
    taken = queues[queue, rec.COUNT]
    if queues[queue, rec.FREED] == now:
        taken += 1
    return bool(taken < queues[queue, rec.ROOM])


@compiled
def set_switch(core: Int, color: Int, place: Int, cores: Array, queues: Array, routes: Array, position: Array) -> None:
    """Make the router of *core* take a color from, and send it to, where switch position *place* says."""
    role, base = cores[core, rec.ROLE], cores[core, rec.QUEUE]
    position[core, color] = place
    for other in range(routes[role, color, 0]):
        queue = routes[role, color, 2 + 2 * other]
        if queue >= 0:
            queues[base + queue, rec.MASK] = 0
    queue = routes[role, color, 2 + 2 * place]
    if queue >= 0:
        queues[base + queue, rec.MASK] = routes[role, color, 3 + 2 * place]


@compiled
def _fault(core: Int, pc: Int, kind: Int, clock: Array) -> None:
    if clock[rec.FAULT] == 0:
        clock[rec.FAULT], clock[rec.FAULT_CORE], clock[rec.FAULT_LINE] = kind, core, pc


@compiled
def _command(core: Int, color: Int, command: Int, cores: Array, queues: Array, routes: Array, position: Array) -> None:
    """Carry out a command of a control wavelet."""
    role = cores[core, rec.ROLE]
    place = int(position[core, color])
    if command == isa.ADVANCE:
        if place + 1 < routes[role, color, 0]:
            place += 1
        elif routes[role, color, 1]:
            place = 0
    elif command == isa.RESET:
        place = 0
    set_switch(core, color, place, cores, queues, routes, position)


@inlined
def _passes(queue: Int, queues: Array) -> bool:
    """Whether the filter before a program's *queue* lets the next wavelet through."""
    place = queues[queue, rec.FILTER_SEEN] - queues[queue, rec.FILTER_FIRST]
    return bool(0 <= place < queues[queue, rec.FILTER_COUNT])


@inlined
def _count(queue: Int, control: Int, queues: Array) -> None:
    """Have the filter before a program's *queue* count a wavelet; one of control has it start again."""
    seen = 0 if control else queues[queue, rec.FILTER_SEEN] + 1
    queues[queue, rec.FILTER_SEEN] = 0 if seen == queues[queue, rec.FILTER_PERIOD] else seen


@inlined
def _route(
    core: Int, now: Int, hop: Int, ramp: Int, cores: Array, queues: Array, ring: Array, routes: Array, position: Array,
    clock: Array, buckets: Array, listed: Array, counts: Array,
) -> Int:  # fmt: skip
    """Forward what the router of *core* can in this cycle, at most one wavelet to each port; return how many."""
    pending = cores[core, rec.PENDING] & cores[core, rec.FORWARD]
    base, number = cores[core, rec.QUEUE], cores[core, rec.FIRST]
    used, moved, lost, switched = 0, 0, -1, 0
    while pending != 0:
        if pending >> number == 0:
            number = 0
        while (pending >> number) & 1 == 0:
            number += 1
        pending &= ~(ONE << number)
        queue = base + number
        number += 1
        goes = int(queues[queue, rec.MASK])
        if goes == 0 or (switched >> queues[queue, rec.COLOR]) & 1:
            continue
        entry = ring[queues[queue, rec.RING] + queues[queue, rec.HEAD]]
        ready = entry >> rec.READY_SHIFT
        if ready > now:
            _wake(core, ready, now, buckets, listed, counts)
            continue
        word = entry & (ONE << rec.READY_SHIFT) - 1
        filtered = -1
        if (goes >> isa.RAMP) & 1:
            filtered = int(queues[queue, rec.TARGET + isa.RAMP])
            if filtered >= 0 and queues[filtered, rec.FILTER_COUNT] == 0:
                filtered = -1
            if filtered >= 0 and word >> rec.CONTROL_SHIFT == 0 and not _passes(filtered, queues):
                goes &= ~(1 << isa.RAMP)
        command = -1
        if word >> rec.CONTROL_SHIFT:
            left = (word >> isa.LEFT_SHIFT) & 15
            if left > 0:
                command = int(word & 3)
                if word & isa.KEEP_BIT == 0:
                    rest = (word & 0xFFFF) >> 2 | (left - 1) << isa.LEFT_SHIFT
                    word = (word & ~np.int64(0xFFFFF)) | rest
                    left -= 1
            if (word >> isa.STARTS_SHIFT) & 127 == 0:
                goes &= ~(1 << isa.RAMP)
                if left == 0:
                    goes = 0
        if goes & used:
            if lost < 0:
                lost = number - 1
            continue
        fits, rest_of_ports, target = True, goes, rec.TARGET
        while rest_of_ports:
            if rest_of_ports & 1:
                if queues[queue, target] < 0:
                    _fault(core, queue, rec.NOBODY_THERE, clock)
                    fits = False
                elif not _has_room(queues[queue, target], now, queues):
                    fits = False
            rest_of_ports >>= 1
            target += 1
        if not fits:
            continue
        used |= goes
        rest_of_ports, target = goes, rec.TARGET
        while rest_of_ports:
            if rest_of_ports & 1:
                ready = now + (ramp if target == rec.TARGET + isa.RAMP else hop)
                _push(queues[queue, target], word, ready, now, cores, queues, ring, buckets, listed, counts)
            rest_of_ports >>= 1
            target += 1
        _pop(core, queue, now, cores, queues, ring, buckets, listed, counts)
        moved += 1
        if filtered >= 0:
            _count(filtered, word >> rec.CONTROL_SHIFT, queues)
        if command >= 0:
            _command(core, queues[queue, rec.COLOR], command, cores, queues, routes, position)
            switched |= 1 << queues[queue, rec.COLOR]
            _wake(core, now + 1, now, buckets, listed, counts)
    if lost >= 0:
        cores[core, rec.FIRST] = lost
        _wake(core, now + 1, now, buckets, listed, counts)
    return moved


@inlined
def _fetch(
    pc: Int, at: Int, cell: Int, index: Int, data: Int, core: Int, code: Array, memory: Array, floats: Array,
    registers: Array,
) -> float:  # fmt: skip
    """Return element *index* of a source operand; *cell* is its first cell, *data* the wavelet of a fabric operand."""
    kind, element = code[pc, at + isa.KIND], code[pc, at + isa.ELEMENT]
    if kind == isa.MEM:
        inner = code[pc, at + isa.INNER]
        if inner == 0:
            cell += index * code[pc, at + isa.STRIDE]
        else:
            cell += index // inner * code[pc, at + isa.OUTER_STRIDE] + index % inner * code[pc, at + isa.STRIDE]
        if element == isa.F32:
            return float(floats[cell])
        return decode(np.int64(memory[cell]), element)
    if kind == isa.REG:
        return float(registers[core, code[pc, at + isa.ADDRESS]])
    if kind == isa.FABRIC:
        if index & 1 and (element == isa.F16 or element == isa.I16):
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
    pc: Int, row: Int, first: Int, count: Int, core: Int, data0: Int, data1: Int, data2: Int, code: Array,
    cores: Array, memory: Array, floats: Array, registers: Array,
) -> Int:  # fmt: skip
    """Compute *count* elements of a vector instruction; return the word to send if the destination is fabric."""
    op, kind, element = code[pc, isa.OP], code[pc, isa.DEST + isa.KIND], code[pc, isa.DEST + isa.ELEMENT]
    base = cores[core, row + rec.BASE]
    stride, inner = code[pc, isa.DEST + isa.STRIDE], code[pc, isa.DEST + isa.INNER]
    cell0, cell1 = cores[core, row + rec.BASE + 1], cores[core, row + rec.BASE + 2]
    cell2 = cores[core, row + rec.BASE + 3]
    two, three = op != isa.MOV, op == isa.MAC or op == isa.ADD3
    whole = (element == isa.I32 or element == isa.I16) and op == isa.MUL
    word = np.int64(0)
    for index in range(first, first + count):
        a = _fetch(pc, isa.SRC0, cell0, index, data0, core, code, memory, floats, registers)
        b, c = 0.0, 0.0
        if two:
            b = _fetch(pc, isa.SRC1, cell1, index, data1, core, code, memory, floats, registers)
        if three:
            c = _fetch(pc, isa.SRC2, cell2, index, data2, core, code, memory, floats, registers)
        value = _combine(op, a, b, c)
        if kind == isa.MEM:
            if inner == 0:
                cell = base + index * stride
            else:
                cell = base + index // inner * code[pc, isa.DEST + isa.OUTER_STRIDE] + index % inner * stride
            if element == isa.F32:
                floats[cell] = np.float32(value)
            elif whole:
                memory[cell] = np.uint32(np.int64(a) * np.int64(b) & WORD)
            else:
                memory[cell] = np.uint32(encode(value, element))
        elif kind == isa.REG:
            registers[core, code[pc, isa.DEST + isa.ADDRESS]] = decode(encode(value, element), element)
        else:
            bits = np.int64(a) * np.int64(b) & WORD if whole else np.int64(encode(value, element))
            if element == isa.F16 or element == isa.I16:
                bits &= 0xFFFF
                word = word | bits << 16 if index & 1 else bits
            else:
                word = bits
    return word


@inlined
def _issue(
    core: Int, slot: Int, now: Int, until: Int, ramp: Int, code: Array, cores: Array, queues: Array, ring: Array,
    memory: Array, floats: Array, registers: Array, executed: Array, buckets: Array, listed: Array, counts: Array,
) -> Int:  # fmt: skip
    """Handle as many elements of a vector instruction as one issue may; return the cycles it took, 0 if it must wait.

    A memory instruction that is alone on its core takes all its issues at once: nobody can see the difference.
    """
    row = rec.THREADS + slot * rec.THREAD_WIDTH
    pc, done, wanted = cores[core, row + rec.THREAD_LINE], cores[core, row + rec.DONE], cores[core, row + rec.WANTED]
    fabrics, pace, base = code[pc, isa.FABRICS], cores[core, row + rec.PACE], cores[core, rec.QUEUE]
    per_issue = code[pc, isa.PER_ISSUE]
    count, issues, word = min(per_issue, wanted - done), 1, np.int64(0)
    data0, data1, data2 = np.int64(0), np.int64(0), np.int64(0)
    if code[pc, isa.ROW] > 0:
        left = code[pc, isa.ROW] - done % code[pc, isa.ROW]
        if left < per_issue:
            count, pace = min(count, left), cores[core, row + rec.TAIL]
    elif fabrics == 0 and slot == 0 and cores[core, rec.LIVE] == 1:
        issues = min((wanted - done + per_issue - 1) // per_issue, max(1, (until - now) // pace))
        count = min(wanted - done, issues * per_issue)
    if fabrics:
        if fabrics & 1 and not _has_room(base + code[pc, isa.DEST + isa.ADDRESS], now, queues):
            return 0
        for source in range(1, 4):
            if (fabrics >> source) & 1:
                queue = base + code[pc, isa.DEST + source * isa.OPERAND_WIDTH + isa.ADDRESS]
                if queues[queue, rec.COUNT] == 0:
                    return 0
                entry = ring[queues[queue, rec.RING] + queues[queue, rec.HEAD]]
                ready = entry >> rec.READY_SHIFT
                if ready > now:
                    _wake(core, ready, now, buckets, listed, counts)
                    return 0
                if (entry >> rec.CONTROL_SHIFT) & 1:
                    return 0
                if source == 1:
                    data0 = entry & WORD
                elif source == 2:
                    data1 = entry & WORD
                else:
                    data2 = entry & WORD
    word = _elements(
        pc, row, done, count, core, data0, data1, data2, code, cores, memory, floats, registers
    )  # fmt: skip
    if fabrics:
        for source in range(1, 4):
            if (fabrics >> source) & 1:
                queue = base + code[pc, isa.DEST + source * isa.OPERAND_WIDTH + isa.ADDRESS]
                _pop(core, queue, now, cores, queues, ring, buckets, listed, counts)
        if fabrics & 1:
            queue = base + code[pc, isa.DEST + isa.ADDRESS]
            _push(queue, word, now + 1 + ramp, now, cores, queues, ring, buckets, listed, counts)
    executed[pc] += count
    cores[core, row + rec.DONE] = done + count
    cycles = issues * pace
    if done + count >= wanted:
        cycles += cores[core, row + rec.LATER]
    cores[core, row + rec.NEXT] = now + cycles
    return int(cycles)


@compiled
def _inside(core: Int, cell: Int, pc: Int, at: Int, length: Int, code: Array, cores: Array) -> bool:
    """Whether an operand of *length* elements from *cell* on stays in the memory of its core."""
    low, high = cell, cell
    inner, stride = code[pc, at + isa.INNER], code[pc, at + isa.STRIDE]
    last = (length if inner == 0 else min(inner, length)) - 1
    low, high = low + min(0, last * stride), high + max(0, last * stride)
    if inner > 0:
        last = (length - 1) // inner * code[pc, at + isa.OUTER_STRIDE]
        low, high = low + min(0, last), high + max(0, last)
    start = cores[core, rec.CELL]
    return bool(low >= start and high < start + cores[core, rec.CELLS])


@inlined
def _half_lines(start: Int, size: Int, line_bytes: Int) -> tuple[Int, Int]:
    """Return how many lines of so many bytes *size* bytes from *start* on touch in each half of the memory."""
    first, last = start // line_bytes, (start + size - 1) // line_bytes
    even = (last + 2) // 2 - (first + 1) // 2
    return even, last - first + 1 - even


@compiled
def _line_cycles(row: Int, pc: Int, core: Int, length: Int, code: Array, cores: Array, clock: Array) -> Int:
    """Return the cycles to read two vectors of 16-bit elements: see `rates.line_cycles`."""
    even, odd = 0, 0
    for operand, origin in ((code[pc, isa.BANK_A], code[pc, isa.LINE_A]), (code[pc, isa.BANK_B], code[pc, isa.LINE_B])):
        start = 2 * (cores[core, row + rec.BASE + operand] - cores[core, rec.CELL]) + origin
        lines = _half_lines(start, 2 * length, clock[rec.LINE_BYTES])
        even, odd = even + lines[0], odd + lines[1]
    return max(even, odd)


@compiled
def _launch(core: Int, slot: Int, pc: Int, now: Int, code: Array, cores: Array, registers: Array, clock: Array) -> None:
    """Put a vector instruction on a thread: its descriptors and its pace are fixed from here on."""
    row = rec.THREADS + slot * rec.THREAD_WIDTH
    length = code[pc, isa.LENGTH]
    if code[pc, isa.LENGTH_REG] >= 0:
        length = max(0, _whole(registers[core, code[pc, isa.LENGTH_REG]]))
    for operand in range(4):
        at = isa.DEST + operand * isa.OPERAND_WIDTH
        if code[pc, at + isa.KIND] == isa.MEM:
            cell = cores[core, rec.CELL] + code[pc, at + isa.ADDRESS]
            if code[pc, at + isa.OFFSET_REG] >= 0:
                cell += _whole(registers[core, code[pc, at + isa.OFFSET_REG]])
            if length > 0 and not _inside(core, cell, pc, at, length, code, cores):
                _fault(core, pc, rec.OUTSIDE_MEMORY, clock)
                length = 0
            cores[core, row + rec.BASE + operand] = cell
    pace, tail, first = code[pc, isa.ISSUE_CYCLES], code[pc, isa.TAIL_CYCLES], code[pc, isa.BANK_A]
    if first >= 0:
        second = code[pc, isa.BANK_B]
        apart = cores[core, row + rec.BASE + first] * code[pc, isa.DEST + first * isa.OPERAND_WIDTH + isa.BYTES]
        apart -= cores[core, row + rec.BASE + second] * code[pc, isa.DEST + second * isa.OPERAND_WIDTH + isa.BYTES]
        apart -= cores[core, rec.CELL] * (
            code[pc, isa.DEST + first * isa.OPERAND_WIDTH + isa.BYTES]
            - code[pc, isa.DEST + second * isa.OPERAND_WIDTH + isa.BYTES]
        )
        apart = (apart + code[pc, isa.BANK_OFFSET]) & (code[pc, isa.BANK_PERIOD] - 1)
        apart = min(apart, code[pc, isa.BANK_PERIOD] - apart)
        if apart < code[pc, isa.BANK_REACH]:
            pace = code[pc, isa.SLOW_CYCLES]
        if apart < code[pc, isa.TAIL_REACH]:
            tail = code[pc, isa.TAIL_SLOW_CYCLES]
    cores[core, row + rec.TAIL], cores[core, row + rec.LATER] = tail, 0
    if code[pc, isa.LINE_A] >= 0 and length > code[pc, isa.PER_ISSUE]:
        issues = (length + code[pc, isa.PER_ISSUE] - 1) // code[pc, isa.PER_ISSUE]
        later = _line_cycles(row, pc, core, length, code, cores, clock) - issues * pace
        cores[core, row + rec.LATER] = max(later, 1 - pace)
    cores[core, row + rec.THREAD_LINE], cores[core, row + rec.DONE] = pc, 0
    cores[core, row + rec.WANTED], cores[core, row + rec.PACE] = length, pace
    cores[core, row + rec.NEXT] = max(now + 1, now + code[pc, isa.COST]) if length == 0 else now + code[pc, isa.COST]
    cores[core, row + rec.STARTED] = now
    cores[core, rec.LIVE] |= ONE << slot


@compiled
def _log(core: Int, slot: Int, line: Int, start: Int, end: Int, log: Array, clock: Array) -> None:
    at = clock[rec.LOGGED]
    log[at, rec.LOG_CORE], log[at, rec.LOG_SLOT], log[at, rec.LOG_LINE] = core, slot, line
    log[at, rec.LOG_START], log[at, rec.LOG_END] = start, end
    clock[rec.LOGGED] = at + 1


@compiled
def _complete(core: Int, slot: Int, now: Int, code: Array, cores: Array, log: Array, clock: Array) -> None:
    """Take a finished vector instruction off its thread and start what it triggers."""
    row = rec.THREADS + slot * rec.THREAD_WIDTH
    pc = cores[core, row + rec.THREAD_LINE]
    if code[pc, isa.ON_DONE_ACTIVATE] >= 0:
        cores[core, rec.ACTIVATED] |= ONE << code[pc, isa.ON_DONE_ACTIVATE]
    if code[pc, isa.ON_DONE_UNBLOCK] >= 0:
        cores[core, rec.BLOCKED] &= ~(ONE << code[pc, isa.ON_DONE_UNBLOCK])
    cores[core, rec.LIVE] &= ~(ONE << slot)
    if slot == 0:
        cores[core, rec.READY] = now
    if cores[core, rec.WATCHED]:
        _log(core, slot, pc, cores[core, row + rec.STARTED], now, log, clock)


@compiled
def _begin(core: Int, task: Int, now: Int, cost: Int, entries: Array, cores: Array, clock: Array) -> None:
    """Start a task, whose first instruction comes *cost* cycles later."""
    cores[core, rec.COUNTER] = entries[cores[core, rec.ROLE], task]
    cores[core, rec.READY] = now + cost
    cores[core, rec.TASK], cores[core, rec.TASK_START] = task, now
    clock[rec.WORKED] = max(clock[rec.WORKED], cores[core, rec.READY])


@compiled
def _pick_wavelet_task(
    core: Int, urgent: bool, now: Int, entries: Array, queue_task: Array, control_task: Array, cores: Array,
    queues: Array, ring: Array, registers: Array, clock: Array, buckets: Array, listed: Array, counts: Array,
) -> bool:  # fmt: skip
    """Start the task of a wavelet that has arrived, if one may run: a data task, or what a control wavelet names."""
    role, base = cores[core, rec.ROLE], cores[core, rec.QUEUE]
    waiting = cores[core, rec.PENDING] & ~cores[core, rec.FORWARD]
    number = 0
    while waiting >> number:
        if (waiting >> number) & 1 == 0:
            number += 1
            continue
        queue = base + number
        entry = ring[queues[queue, rec.RING] + queues[queue, rec.HEAD]]
        task = queue_task[role, number]
        number += 1
        ready = entry >> rec.READY_SHIFT
        if ready > now:
            _wake(core, ready, now, buckets, listed, counts)
            continue
        if (entry >> rec.CONTROL_SHIFT) & 1:
            task = control_task[role, ((entry >> isa.STARTS_SHIFT) & 127) - 1]
            if task < 0:
                _fault(core, queues[queue, rec.COLOR], rec.NO_CONTROL_TASK, clock)
        if task < 0 or (cores[core, rec.BLOCKED] >> task) & 1:
            continue
        if urgent and (cores[core, rec.URGENT] >> task) & 1 == 0:
            continue
        registers[core, 0] = decode(entry & WORD, isa.F32)
        registers[core, 1] = float(entry & WORD)
        _pop(core, queue, now, cores, queues, ring, buckets, listed, counts)
        _begin(core, task, now, clock[rec.TASK_CYCLES], entries, cores, clock)
        return True
    return False


@compiled
def _pick_task(
    core: Int, now: Int, entries: Array, queue_task: Array, control_task: Array, cores: Array, queues: Array,
    ring: Array, registers: Array, clock: Array, buckets: Array, listed: Array, counts: Array,
) -> bool:  # fmt: skip
    """Start a task if one may run: those of high priority first; among equals, first those of wavelets."""
    arrived = cores[core, rec.PENDING] & ~cores[core, rec.FORWARD]
    runnable = cores[core, rec.ACTIVATED] & ~cores[core, rec.BLOCKED]
    for urgent in (True, False):
        if urgent and cores[core, rec.URGENT] == 0:
            continue
        if arrived != 0 and _pick_wavelet_task(
            core, urgent, now, entries, queue_task, control_task, cores, queues, ring, registers, clock, buckets,
            listed, counts,
        ):  # fmt: skip
            return True
        local = runnable & cores[core, rec.URGENT] if urgent else runnable
        if local != 0:
            task = 0
            while (local >> task) & 1 == 0:
                task += 1
            cores[core, rec.ACTIVATED] &= ~(ONE << task)
            cost = clock[rec.TASK_CYCLES] if now == 0 else clock[rec.ACTIVATION_CYCLES]
            _begin(core, task, now, cost, entries, cores, clock)
            return True
    return False


@compiled
def _number(core: Int, pc: Int, at: Int, code: Array, registers: Array) -> float:
    """Return a scalar operand: a register, or the immediate if there is none."""
    if code[pc, at + isa.KIND] == isa.REG:
        return float(registers[core, code[pc, at + isa.ADDRESS]])
    if code[pc, isa.TYPE] == isa.I32:
        return float(code[pc, isa.IMM])
    return decode(code[pc, isa.IMM], isa.F32)


@compiled
def _calculate(op: Int, a: float, b: float) -> float:
    if op == isa.IADD or op == isa.FADD:
        return a + b
    if op == isa.IMUL or op == isa.FMUL:
        return a * b
    if op == isa.FSUB:
        return a - b
    if op == isa.FDIV:
        return float(np.float64(a) / np.float64(b))
    if op == isa.FMAXS:
        return max(a, b)
    if op == isa.FEXP:
        return exp(a) if a < 700.0 else np.inf
    return sqrt(a) if a >= 0.0 else np.nan


@compiled
def _touch(core: Int, pc: Int, at: Int, code: Array, cores: Array, registers: Array, clock: Array) -> Int:
    """Return the cell that a load or a store goes to; the first of the core if it would be outside."""
    cell = cores[core, rec.CELL] + code[pc, at + isa.ADDRESS]
    if code[pc, at + isa.OFFSET_REG] >= 0:
        cell += _whole(registers[core, code[pc, at + isa.OFFSET_REG]])
    if _inside(core, cell, pc, at, 1, code, cores):
        return int(cell)
    _fault(core, pc, rec.OUTSIDE_MEMORY, clock)
    return int(cores[core, rec.CELL])


@compiled
def _scalar(
    core: Int, pc: Int, now: Int, ramp: Int, code: Array, cores: Array, queues: Array, ring: Array, routes: Array,
    position: Array, memory: Array, registers: Array, clock: Array, log: Array, buckets: Array, listed: Array,
    counts: Array,
) -> Int:  # fmt: skip
    """Run one scalar instruction; return its cycles, -1 if it has to wait."""
    op, kind, cost = code[pc, isa.OP], code[pc, isa.TYPE], code[pc, isa.COST]
    target, source = code[pc, isa.DEST + isa.ADDRESS], code[pc, isa.SRC0 + isa.ADDRESS]
    following = pc + 1
    if op == isa.SET:
        registers[core, target] = _number(core, pc, isa.SRC0, code, registers)
    elif op == isa.COPY:
        registers[core, target] = registers[core, source]
    elif op == isa.LOAD:
        cell = _touch(core, pc, isa.SRC0, code, cores, registers, clock)
        registers[core, target] = decode(np.int64(memory[cell]), kind)
    elif op == isa.STORE:
        cell = _touch(core, pc, isa.DEST, code, cores, registers, clock)
        memory[cell] = np.uint32(encode(registers[core, source], kind))
    elif op == isa.JUMP:
        following = code[pc, isa.IMM]
    elif op == isa.JUMP_LESS:
        if registers[core, source] < registers[core, code[pc, isa.SRC1 + isa.ADDRESS]]:
            following = code[pc, isa.IMM]
        else:
            cost += code[pc, isa.COST_ELSE]
    elif op == isa.ACTIVATE:
        cores[core, rec.ACTIVATED] |= ONE << code[pc, isa.IMM]
    elif op == isa.BLOCK:
        cores[core, rec.BLOCKED] |= ONE << code[pc, isa.IMM]
    elif op == isa.UNBLOCK:
        cores[core, rec.BLOCKED] &= ~(ONE << code[pc, isa.IMM])
    elif op == isa.CONTROL:
        queue = cores[core, rec.QUEUE] + target
        if not _has_room(queue, now, queues):
            return -1
        word = ONE << rec.CONTROL_SHIFT | code[pc, isa.IMM]
        _push(queue, word, now + 1 + ramp, now, cores, queues, ring, buckets, listed, counts)
    elif op == isa.SWITCH:
        set_switch(core, code[pc, isa.IMM], code[pc, isa.LENGTH], cores, queues, routes, position)
        _wake(core, now + 1, now, buckets, listed, counts)
    elif op == isa.STAMP:
        registers[core, target] = float(now)
    elif op == isa.LOW_HALF:
        registers[core, target] = half_to_float(_whole(registers[core, source]) & 0xFFFF)
    elif op == isa.HIGH_HALF:
        registers[core, target] = float(_whole(registers[core, source]) >> 16)
    elif op == isa.END or op == isa.HALT:
        following = -1
        if op == isa.HALT:
            cores[core, rec.HALTED] = 1
        if cores[core, rec.WATCHED]:
            _log(core, rec.TASK_SLOT, cores[core, rec.TASK], cores[core, rec.TASK_START], now + cost, log, clock)
    elif op == isa.WAIT:
        clock[rec.MOVED] = max(clock[rec.MOVED], now + cost)
    else:
        a, b = _number(core, pc, isa.SRC0, code, registers), _number(core, pc, isa.SRC1, code, registers)
        value = _calculate(op, a, b)
        registers[core, target] = value if kind == isa.I32 else decode(encode(value, kind), kind)
    cores[core, rec.COUNTER] = following
    return int(cost)


@compiled
def _main(
    core: Int, now: Int, ramp: Int, code: Array, entries: Array, queue_task: Array, control_task: Array, cores: Array,
    queues: Array, ring: Array, routes: Array, position: Array, memory: Array, registers: Array, clock: Array,
    log: Array, buckets: Array, listed: Array, counts: Array,
) -> Int:  # fmt: skip
    """Let the main thread go on; return the cycles it took, 0 if it must wait or has put an instruction on thread 0."""
    for _ in range(ZERO_COST):
        pc = cores[core, rec.COUNTER]
        if pc < 0:
            picked = _pick_task(
                core, now, entries, queue_task, control_task, cores, queues, ring, registers, clock, buckets, listed,
                counts,
            )  # fmt: skip
            if not picked or cores[core, rec.READY] > now:
                return 0
            continue
        if code[pc, isa.OP] > isa.LAST_VECTOR:
            cost = _scalar(
                core, pc, now, ramp, code, cores, queues, ring, routes, position, memory, registers, clock, log,
                buckets, listed, counts,
            )  # fmt: skip
            if cost < 0:
                return 0
            cores[core, rec.READY] = now + cost
            if cost > 0 or cores[core, rec.HALTED]:
                return cost
            continue
        slot = code[pc, isa.SLOT]
        if (cores[core, rec.LIVE] >> slot) & 1:
            return 0
        _launch(core, slot, pc, now, code, cores, registers, clock)
        cores[core, rec.COUNTER] = pc + 1
        if slot > 0 or code[pc, isa.COST] > 0:
            cores[core, rec.READY] = now + 1
            return 1
        return 0
    cores[core, rec.READY] = now + 1
    return 1


@inlined
def _work(
    core: Int, now: Int, until: Int, ramp: Int, code: Array, entries: Array, queue_task: Array, control_task: Array,
    cores: Array, queues: Array, ring: Array, routes: Array, position: Array, memory: Array, floats: Array,
    registers: Array, executed: Array, clock: Array, log: Array, buckets: Array, listed: Array, counts: Array,
) -> Int:  # fmt: skip
    """One cycle of a core's program; return how many cycles of work it took up."""
    live, threads = cores[core, rec.LIVE], clock[rec.MICROTHREADS] + 1
    slot = 0
    while live >> slot:
        row = rec.THREADS + slot * rec.THREAD_WIDTH
        done = cores[core, row + rec.DONE] >= cores[core, row + rec.WANTED]
        if done and (live >> slot) & 1 and cores[core, row + rec.NEXT] <= now:
            _complete(core, slot, now, code, cores, log, clock)
        slot += 1
    took, taken = 0, 0
    free = cores[core, rec.FREE]
    if free > now:
        _wake(core, free, now, buckets, listed, counts)
    else:
        slot = cores[core, rec.TURN]
        main_free = cores[core, rec.LIVE] & 1 == 0 and not cores[core, rec.HALTED]
        if clock[rec.SCALARS_FIRST] and main_free and cores[core, rec.READY] <= now:
            slot = 0
        for _ in range(threads):
            if slot >= threads:
                slot = 0
            main_free = cores[core, rec.LIVE] & 1 == 0 and not cores[core, rec.HALTED]
            if slot == 0 and main_free and taken == 0 and cores[core, rec.READY] <= now:
                took = _main(
                    core, now, ramp, code, entries, queue_task, control_task, cores, queues, ring, routes, position,
                    memory, registers, clock, log, buckets, listed, counts,
                )  # fmt: skip
                if took:
                    cores[core, rec.TURN] = 1
                    break
            row = rec.THREADS + slot * rec.THREAD_WIDTH
            due = (cores[core, rec.LIVE] >> slot) & 1 and cores[core, row + rec.NEXT] <= now
            sides = code[cores[core, row + rec.THREAD_LINE], isa.SIDES]
            if due and sides & taken == 0 and cores[core, row + rec.DONE] < cores[core, row + rec.WANTED]:
                cycles = _issue(
                    core, slot, now, until, ramp, code, cores, queues, ring, memory, floats, registers, executed,
                    buckets, listed, counts,
                )  # fmt: skip
                if cycles:
                    if taken == 0:
                        cores[core, rec.TURN] = slot + 1
                    took, taken = max(took, cycles), taken | sides
                    cores[core, rec.FREE] = now + took
                    clock[rec.MOVED] = max(clock[rec.MOVED], now + took)
                    if taken == isa.BOTH_SIDES:
                        break
            slot += 1
    live, slot = cores[core, rec.LIVE], 0
    while live >> slot:
        if (live >> slot) & 1:
            due = cores[core, rec.THREADS + slot * rec.THREAD_WIDTH + rec.NEXT]
            if due > now:
                _wake(core, due, now, buckets, listed, counts)
            elif took > 0:
                _wake(core, now + 1, now, buckets, listed, counts)
        slot += 1
    if live & 1 == 0 and not cores[core, rec.HALTED]:
        if cores[core, rec.READY] > now:
            _wake(core, cores[core, rec.READY], now, buckets, listed, counts)
        elif took > 0:
            _wake(core, now + 1, now, buckets, listed, counts)
    active = live != 0 or cores[core, rec.COUNTER] >= 0
    since = cores[core, rec.SINCE]
    if active and since < 0:
        cores[core, rec.SINCE] = now
    elif not active and since >= 0:
        cores[core, rec.OCCUPIED] += now - since
        cores[core, rec.SINCE] = -1
    if took > 0:
        covered = cores[core, rec.COVERED]
        cores[core, rec.BUSY] += max(0, now + took - max(now, covered))
        cores[core, rec.COVERED] = max(covered, now + took)
        clock[rec.WORKED] = max(clock[rec.WORKED], now + took)
        clock[rec.ACTED] = max(clock[rec.ACTED], now + took)
    return took


@compiled
def run_cycles(
    until: Int, code: Array, entries: Array, queue_task: Array, control_task: Array, routes: Array, cores: Array,
    queues: Array, ring: Array, memory: Array, floats: Array, registers: Array, position: Array, executed: Array,
    clock: Array, log: Array, buckets: Array, listed: Array, counts: Array,
) -> Int:  # fmt: skip
    """Run until cycle *until*, or until nobody is due any more; return how it ended (records.PAUSED and so on)."""
    now, events, budget = clock[rec.NOW], clock[rec.EVENTS], clock[rec.EVENTS] + EVENTS_A_CALL
    hop, ramp, patience = clock[rec.HOP], clock[rec.RAMP_CYCLES], clock[rec.PATIENCE]
    while True:
        ahead = 0
        while ahead < rec.SPAN and counts[(now + ahead) & (rec.SPAN - 1)] == 0:
            ahead += 1
        if ahead == rec.SPAN:
            ended = rec.QUIET
            break
        now += ahead
        if now >= until or events >= budget or clock[rec.LOGGED] > len(log) // 2:
            ended = rec.PAUSED
            break
        bucket = now & (rec.SPAN - 1)
        bit = 1 << bucket
        for index in range(counts[bucket]):
            core = buckets[bucket, index]
            listed[core] &= ~bit
            if cores[core, rec.PENDING] & cores[core, rec.FORWARD]:
                moved = _route(
                    core, now, hop, ramp, cores, queues, ring, routes, position, clock, buckets, listed, counts
                )  # fmt: skip
                if moved:
                    events += moved
                    clock[rec.MOVED] = max(clock[rec.MOVED], now)
                    clock[rec.WORKED] = max(clock[rec.WORKED], now + 1)
            idle = cores[core, rec.LIVE] == 0 and cores[core, rec.COUNTER] < 0
            if idle:
                arrived = cores[core, rec.PENDING] & ~cores[core, rec.FORWARD]
                runnable = cores[core, rec.ACTIVATED] & ~cores[core, rec.BLOCKED]
                idle = arrived == 0 and runnable == 0
            if not idle:
                events += _work(
                    core, now, until, ramp, code, entries, queue_task, control_task, cores, queues, ring, routes,
                    position, memory, floats, registers, executed, clock, log, buckets, listed, counts,
                )  # fmt: skip
        counts[bucket] = 0
        now += 1
        if clock[rec.FAULT]:
            ended = rec.FAULTY
            break
        if now - min(clock[rec.MOVED], clock[rec.ACTED]) > patience:
            ended = rec.HUNG
            break
    clock[rec.NOW], clock[rec.EVENTS] = now, events
    return ended
