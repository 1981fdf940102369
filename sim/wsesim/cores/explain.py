"""Say who waits for what, and why, when a run stops before its end."""

from __future__ import annotations

import numpy as np

from wsesim.cores import isa, records
from wsesim.cores.builder import Builder
from wsesim.cores.packing import Arrays
from wsesim.cores.role import PORTS

MOST_EXAMPLES = 3
PORT_NAMES = {number: name for name, number in PORTS.items()}


def explain_waiting(builder: Builder, arrays: Arrays) -> str:
    """Return who waits for what; empty if nobody does."""
    cores = arrays.cores
    waiting = np.flatnonzero((cores[:, records.LIVE] != 0) | (cores[:, records.COUNTER] >= 0))
    found = [_waits(builder, arrays, int(core)) for core in waiting[:MOST_EXAMPLES]]
    if len(waiting) > MOST_EXAMPLES:
        found.append(f"and {len(waiting) - MOST_EXAMPLES:,} more cores")
    return "; ".join(found)


def explain_unread(builder: Builder, arrays: Arrays) -> str:
    """Return where wavelets lie unread; empty if nowhere."""
    held = np.flatnonzero(arrays.queues[:, records.COUNT] > 0)
    found = []
    for queue in held[:MOST_EXAMPLES]:
        row = arrays.queues[queue]
        name, core = builder.colors[row[records.COLOR]].name, int(row[records.OWNER])
        forward = bool(arrays.cores[core, records.FORWARD] >> row[records.BIT] & 1)
        where = "in the router of" if forward else "unread at"
        line = builder.roles[int(arrays.cores[core, records.ROLE])].routes[int(row[records.COLOR])][0].place
        noun, verb = ("wavelet", "lies") if row[records.COUNT] == 1 else ("wavelets", "lie")
        what = f"{row[records.COUNT]} {noun} of color {name!r} ({line})"
        found.append(f"{what} {verb} {where} core {place_of(builder, core)}")
    if len(held) > MOST_EXAMPLES:
        found.append(f"and others in {len(held) - MOST_EXAMPLES:,} more queues")
    return "; ".join(found)


def explain_circling(builder: Builder, arrays: Arrays) -> str:
    """Return what goes round without end: wavelets, or tasks that start each other."""
    wavelets = explain_unread(builder, arrays)
    if wavelets:
        return f"wavelets circulate: {wavelets}"
    busy = np.flatnonzero(arrays.cores[:, records.ACTIVATED] & ~arrays.cores[:, records.BLOCKED])
    found = []
    for core in busy[:MOST_EXAMPLES]:
        row = arrays.cores[core]
        role = builder.roles[int(row[records.ROLE])]
        task = next(task for task in role.tasks.values() if row[records.ACTIVATED] >> task.index & 1)
        line = builder.places[role.lines[role.entries[task.index]][isa.LINE]]
        found.append(f"core {place_of(builder, int(core))} starts task {task.name!r} ({line}) again and again")
    return "; ".join(found)


def explain_fault(builder: Builder, arrays: Arrays) -> str:
    """Return what a core did that none can do."""
    core, line = int(arrays.clock[records.FAULT_CORE]), int(arrays.clock[records.FAULT_LINE])
    role = builder.roles[int(arrays.cores[core, records.ROLE])].name
    who = f"core {place_of(builder, core)}, role {role!r}"
    if arrays.clock[records.FAULT] == records.NO_CONTROL_TASK:
        return f"{who}: a control wavelet of color {builder.colors[line].name!r} starts a task that it does not have"
    if arrays.clock[records.FAULT] == records.NOBODY_THERE:
        row = arrays.queues[line]
        name, targets = builder.colors[row[records.COLOR]].name, row[records.TARGET : records.TARGET + isa.PORTS]
        ports = [PORT_NAMES[port] for port in range(isa.PORTS) if row[records.MASK] >> port & 1 and targets[port] < 0]
        return f"{who}: color {name!r} goes {' and '.join(ports).lower()} after its switch, where nobody takes it"
    cells = int(arrays.cores[core, records.CELLS])
    return f"{who} ({_line(builder, arrays, line)}) reads or writes outside its {cells:,} elements of memory"


def place_of(builder: Builder, core: int) -> str:
    """Return a core as (column, row)."""
    return f"({core % builder.width}, {core // builder.width})"


def _waits(builder: Builder, arrays: Arrays, core: int) -> str:
    row = arrays.cores[core]
    head = f"core {place_of(builder, core)}"
    threads = [slot for slot in range(arrays.clock[records.MICROTHREADS] + 1) if row[records.LIVE] >> slot & 1]
    parts = []
    for slot in threads:
        at = records.THREADS + slot * records.THREAD_WIDTH
        pc = int(row[at + records.THREAD_LINE])
        where = "main thread" if slot == 0 else f"microthread {slot - 1}"
        parts.append(
            f"{where} ({_line(builder, arrays, pc)}) has done {row[at + records.DONE]} of "
            f"{row[at + records.WANTED]} elements and waits for {_wants(builder, arrays, core, pc)}"
        )
    pc = int(row[records.COUNTER])
    if pc >= 0 and 0 not in threads:
        code = arrays.code[pc]
        if code[isa.OP] == isa.CONTROL:
            wants = f"room on color {builder.colors[code[isa.DEST + isa.COLOR]].name!r}"
        elif code[isa.OP] <= isa.LAST_VECTOR:
            wants = f"microthread {code[isa.SLOT] - 1}"
        else:
            wants = "its next instruction"
        parts.append(f"main thread ({_line(builder, arrays, pc)}) waits for {wants}")
    return f"{head}: {', '.join(parts)}"


def _wants(builder: Builder, arrays: Arrays, core: int, pc: int) -> str:
    code, first = arrays.code[pc], int(arrays.cores[core, records.QUEUE])
    for operand in (1, 2, 3):
        at = isa.DEST + operand * isa.OPERAND_WIDTH
        if code[at + isa.KIND] != isa.FABRIC:
            continue
        name = builder.colors[code[at + isa.COLOR]].name
        queue = arrays.queues[first + code[at + isa.ADDRESS]]
        if queue[records.COUNT] == 0:
            return f"a wavelet of color {name!r}"
        word = arrays.ring[queue[records.RING] + queue[records.HEAD]]
        if word >> records.CONTROL_SHIFT & 1:
            return f"data of color {name!r} behind a control wavelet"
    if code[isa.DEST + isa.KIND] == isa.FABRIC:
        return f"room on color {builder.colors[code[isa.DEST + isa.COLOR]].name!r}"
    return "its next element"


def _line(builder: Builder, arrays: Arrays, pc: int) -> str:
    return builder.places[int(arrays.code[pc, isa.LINE])] or "line unknown"
