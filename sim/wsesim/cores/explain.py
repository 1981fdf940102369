"""Say who waits for what, and why, when a run stops before its end."""

from __future__ import annotations

import numpy as np

from wsesim.cores import isa
from wsesim.cores.builder import Builder
from wsesim.cores.operands import MEMORY_WORD_BYTES, FabricOperand
from wsesim.cores.packing import STEP
from wsesim.cores.role import PORTS
from wsesim.cores.state import CONTROL_SHIFT, NO_CONTROL_TASK, NO_DESCRIPTOR, NOBODY_THERE, State

MOST_EXAMPLES = 3
PORT_NAMES = {number: name for name, number in PORTS.items()}


def explain_waiting(builder: Builder, state: State) -> str:
    """Return who waits for what; empty if nobody does."""
    waiting = np.flatnonzero((state.cores["live"] != 0) | (state.cores["counter"] >= 0))
    found = [_waits(builder, state, int(core)) for core in waiting[:MOST_EXAMPLES]]
    if len(waiting) > MOST_EXAMPLES:
        found.append(f"and {len(waiting) - MOST_EXAMPLES:,} more cores")
    return "; ".join(found)


def explain_unread(builder: Builder, state: State) -> str:
    """Return where wavelets lie unread; empty if nowhere."""
    held = np.argwhere(state.queues["count"] > 0)
    found = []
    for core, number in held[:MOST_EXAMPLES].tolist():
        role, count = int(state.cores[core]["role"]), state.queues[core, number]["count"]
        color = builder.colors[state.channels[role, number]["color"]]
        where = "in the router of" if state.roles[role]["forward"] >> number & 1 else "unread at"
        line = builder.roles[role].routes[color.index][0].place
        noun, verb = ("wavelet", "lies") if count == 1 else ("wavelets", "lie")
        what = f"{count} {noun} of color {color.name!r} ({line})"
        found.append(f"{what} {verb} {where} core {place_of(builder, core)}")
    if len(held) > MOST_EXAMPLES:
        found.append(f"and others in {len(held) - MOST_EXAMPLES:,} more queues")
    return "; ".join(found)


def explain_circling(builder: Builder, state: State) -> str:
    """Return what goes round without end: wavelets, or tasks that start each other."""
    wavelets = explain_unread(builder, state)
    if wavelets:
        return f"wavelets circulate: {wavelets}"
    busy = np.flatnonzero(state.cores["activated"] & ~state.cores["blocked"])
    found = []
    for core in busy[:MOST_EXAMPLES]:
        here = state.cores[core]
        role = builder.roles[here["role"]]
        task = next(task for task in role.tasks.values() if here["activated"] >> task.index & 1)
        line = role.instructions[role.entries[task.index]].place
        found.append(f"core {place_of(builder, int(core))} starts task {task.name!r} ({line}) again and again")
    return "; ".join(found)


def explain_fault(builder: Builder, state: State) -> str:
    """Return what a core did that none can do."""
    clock = state.clock[0]
    core, line = int(clock["fault_core"]), int(clock["fault_line"])
    role = int(state.cores[core]["role"])
    who = f"core {place_of(builder, core)}, role {builder.roles[role].name!r}"
    if clock["fault"] == NO_CONTROL_TASK:
        return f"{who}: a control wavelet of color {builder.colors[line].name!r} starts a task that it does not have"
    if clock["fault"] == NOBODY_THERE:
        color = int(state.channels[role, line]["color"])
        mask = int(state.queues[core, line]["mask"])
        ports = [
            PORT_NAMES[port]
            for port in range(isa.RAMP)
            if mask >> port & 1 and _leads_nowhere(builder, state, core, color, port)
        ]
        name = builder.colors[color].name
        return f"{who}: color {name!r} goes {' and '.join(ports).lower()} after its switch, where nobody takes it"
    if clock["fault"] == NO_DESCRIPTOR:
        return f"{who} ({_line(builder, line)}) uses a descriptor that it has not written"
    has = builder.roles[role].words * MEMORY_WORD_BYTES
    return f"{who} ({_line(builder, line)}) reads or writes outside its {has:,} bytes of data"


def place_of(builder: Builder, core: int) -> str:
    """Return a core as (column, row)."""
    return f"({core % builder.width}, {core // builder.width})"


def _leads_nowhere(builder: Builder, state: State, core: int, color: int, port: int) -> bool:
    if state.cores[core]["edges"] >> port & 1:
        return True
    down, right = STEP[port]
    other = builder.role_of.ravel()[core + down * builder.width + right]
    return bool(state.places[other, color, port ^ 1] < 0)


def _waits(builder: Builder, state: State, core: int) -> str:
    here, parts = state.cores[core], []
    slots = [slot for slot in range(state.threads.shape[1]) if here["live"] >> slot & 1]
    for slot in slots:
        thread = state.threads[core, slot]
        line = int(thread["line"])
        where = "main thread" if slot == 0 else f"microthread {slot - 1}"
        parts.append(
            f"{where} ({_line(builder, line)}) has done {thread['done']} of {thread['wanted']} elements and waits for "
            f"{_wants(builder, state, core, slot, line)}"
        )
    line = int(here["counter"])
    if line >= 0 and 0 not in slots:
        parts.append(f"main thread ({_line(builder, line)}) waits for {_next(builder, line)}")
    return f"core {place_of(builder, core)}: {', '.join(parts)}"


def _next(builder: Builder, line: int) -> str:
    """Return what keeps an instruction from starting."""
    each = builder.instruction(line)
    dest = each.operands[0] if each.operands else None
    if each.op == isa.CONTROL and isinstance(dest, FabricOperand):
        return f"room on color {dest.color.name!r}"
    return f"microthread {each.thread}" if each.is_vector else "its next instruction"


def _wants(builder: Builder, state: State, core: int, slot: int, line: int) -> str:
    operands = state.described[core, slot] if state.code[line]["described"] else state.operands[line]
    channels = state.channels[state.cores[core]["role"]]
    for operand in operands[1:]:
        if operand["kind"] != isa.FABRIC:
            continue
        queue, color = state.queues[core, operand["address"]], builder.colors[channels[operand["address"]]["color"]]
        if queue["count"] == 0:
            return f"a wavelet of color {color.name!r}"
        word = state.ring[core, queue["words"] + queue["head"]]
        if word >> CONTROL_SHIFT & 1:
            return f"data of color {color.name!r} behind a control wavelet"
    if operands[0]["kind"] != isa.FABRIC:
        return "its next element"
    return f"room on color {builder.colors[channels[operands[0]['address']]['color']].name!r}"


def _line(builder: Builder, number: int) -> str:
    return builder.instruction(number).place or "line unknown"
