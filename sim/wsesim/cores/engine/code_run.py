"""Compiled code on the main thread: which task runs, and its steps one after the other."""

from __future__ import annotations

import numpy as np

from wsesim.cores.codestate import BAD_ASSERT, BAD_CODE, CONTROL_ENTRY
from wsesim.cores.engine.code_intrinsics import LAST_MATHEMATICS, function, intrinsic
from wsesim.cores.engine.code_memory import REACH, read, signed, words_of, write
from wsesim.cores.engine.code_routes import read_register, write_register
from wsesim.cores.engine.code_values import arithmetic, convert, goes_on, less, same, wrap
from wsesim.cores.engine.code_vector import start_vector
from wsesim.cores.engine.compiling import called, inlined
from wsesim.cores.engine.notes import log_code
from wsesim.cores.engine.queues import fault, first_word, pop, rouse
from wsesim.cores.engine.words import ONE, WORD, Int, lowest
from wsesim.cores.state import CALL_SLOT, CONTROL_SHIFT, OUTSIDE_MEMORY, READY_SHIFT, RETURN_SLOT, TASK_SLOT, State

FIRST_REGISTER = 0x7000
"""Address from which on a core has registers; those that are not simulated read 0."""
MOST_AHEAD = 1 << 12
"""Cycles that a main thread goes ahead of the others where nobody sees it."""


@called
def _begin(core: Int, task: Int, word: Int, now: Int, cost: Int, state: State) -> None:
    """Start a task by a word."""
    here, frame = state.cores[core], state.code_state.frames[core]
    for at in range(task["count"]):
        bits, t = word >> task["shifts"][at], np.int64(task["types"][at])
        frame[task["registers"][at]] = bits & WORD if words_of(t) == 2 and t != 5 else wrap(bits, t)
    here["counter"], here["ready"] = task["entry"], now + cost
    cell = state.code_state.cells[core]
    cell["entry"], cell["since"] = task["entry"], now
    state.clock[0]["worked"] = max(state.clock[0]["worked"], now + cost)


@called
def _end(core: Int, end: Int, state: State) -> None:
    """Count what a task took, and log it."""
    cell = state.code_state.cells[core]
    run = state.code_state.runs[cell["entry"]]
    run["times"] += 1
    run["cycles"] += end - cell["since"]
    if state.cores[core]["watched"]:
        log_code(core, TASK_SLOT, np.int64(cell["entry"]), np.int64(cell["since"]), end, 0, state)


@called
def _by_wavelet(core: Int, among: Int, now: Int, state: State) -> tuple[Int, Int]:
    """Return the ids *among* those that may run whose first wavelet starts a task, and the queue of the next in turn.

    Those after the task that ran last come first.
    """
    here, code = state.cores[core], state.code_state
    role, last, nearest = np.int64(here["role"]), np.int64(code.cells[core]["task_id"]), np.int64(1 << 20)
    waiting, found, chosen = here["pending"] & ~state.roles[role]["forward"], np.int64(-1), np.int64(-1)
    while waiting != 0:
        number = lowest(waiting)
        waiting &= ~(ONE << number)
        entry, who = first_word(core, number, state), np.int64(state.channels[role, number]["task"])
        if entry >> READY_SHIFT > now:
            rouse(core, entry >> READY_SHIFT, now, state)
            continue
        control = (entry >> CONTROL_SHIFT) & 1
        if who < 0 or (among >> who) & 1 == 0 or (control == 0 and code.tasks[role, who]["entry"] < 0):
            continue
        if (who - last - 1) & 63 < nearest:
            nearest, found, chosen = (who - last - 1) & 63, who, np.int64(number)
    return found, chosen


@called
def _receive(core: Int, who: Int, queue: Int, now: Int, state: State) -> bool:
    """Start the task of the first wavelet of a queue; whether there is one."""
    code, role = state.code_state, np.int64(state.cores[core]["role"])
    entry = first_word(core, queue, state)
    word, control = entry & WORD, (entry >> CONTROL_SHIFT) & 1
    task = code.tasks[role, CONTROL_ENTRY + ((word >> 16) & 63) if control else who]
    pop(core, queue, now, state)
    if task["entry"] < 0:
        code.cells[core]["unread"] += 1
        rouse(core, now + 1, now, state)
        return False
    code.cells[core]["task_id"] = who
    _begin(core, task, word, now, np.int64(state.clock[0]["task_cycles"]), state)
    return True


@called
def _pick(core: Int, among: Int, now: Int, state: State) -> bool:
    """Start one of the tasks *among* if it may run: the next one in turn."""
    here, code = state.cores[core], state.code_state
    last = np.int64(code.cells[core]["task_id"])
    who, queue = _by_wavelet(core, among, now, state)
    local = here["activated"] & among
    while local != 0:
        later = (local >> ((last + 1) & 63)) << ((last + 1) & 63)
        number = lowest(later if later else local)
        if who >= 0 and (who - last - 1) & 63 < (number - last - 1) & 63:
            break
        local &= ~(ONE << number)
        here["activated"] &= ~(ONE << number)
        task = code.tasks[here["role"], number]
        if task["entry"] >= 0:
            code.cells[core]["task_id"] = number
            cost = state.clock[0]["task_cycles"] if now == 0 else state.clock[0]["activation_cycles"]
            _begin(core, task, np.int64(0), now, np.int64(cost), state)
            return True
    return bool(queue >= 0 and _receive(core, who, queue, now, state))


@called
def _pick_task(core: Int, now: Int, state: State) -> bool:
    """Start a task if one may run, those of high priority first; a function that the host launched if none."""
    here, code = state.cores[core], state.code_state
    cell, free = code.cells[core], ~here["blocked"]
    if cell["urgent"] & free and _pick(core, free & cell["urgent"], now, state):
        return True
    if _pick(core, free, now, state):
        return True
    if cell["waiting"] == 0:
        return False
    cell["waiting"] = 0
    task = code.launches[here["role"]]
    for at in range(task["count"]):
        code.frames[core, task["registers"][at]] = code.values[at]
    here["counter"], here["ready"] = task["entry"], now + state.clock[0]["task_cycles"]
    cell["entry"], cell["since"] = task["entry"], now
    return True


@inlined
def _memory(core: Int, line: Int, step: Int, now: Int, state: State) -> None:
    """Load or store."""
    frame, here = state.code_state.frames[core], state.cores[core]
    t, address = np.int64(step["t"]), (frame[step["a"]] + step["n"]) & REACH
    words, base = words_of(t), np.int64(state.clock[0]["registers"])
    if address + words > state.roles[here["role"]]["words"]:
        if address < FIRST_REGISTER:
            fault(core, line, OUTSIDE_MEMORY, now, state.clock)
        elif step["op"] == 20:
            frame[step["d"]] = signed(read_register(core, address, base, now, state), t)
        else:
            write_register(core, address, frame[step["b"]] & REACH, base, now, state)
    elif step["op"] == 20:
        frame[step["d"]] = signed(read(state.memory, np.int64(here["memory"]), address, words), t)
    else:
        write(state.memory, np.int64(here["memory"]), address, words, frame[step["b"]])


@called
def _rare(core: Int, line: Int, now: Int, state: State) -> None:
    """Carry out a step that is neither arithmetic nor a jump nor a load."""
    code, here = state.code_state, state.cores[core]
    step, frame = code.steps[line], code.frames[core]
    op, n = np.int64(step["op"]), np.int64(step["n"])
    a = frame[step["a"]] if step["a"] >= 0 else np.int64(0)
    b = frame[step["b"]] if step["b"] >= 0 else np.int64(0)
    c = frame[step["c"]] if step["c"] >= 0 else np.int64(0)
    if op == 31:
        bits = (a >> ((n & 4095) // 64)) & ((ONE << (n % 64)) - 1)
        frame[step["d"]] = bits - (ONE << (n % 64)) if n >= 4096 and (bits >> (n % 64 - 1)) & 1 else bits
    elif op == 32:
        mask = ((ONE << (n % 64)) - 1) << ((n & 4095) // 64)
        frame[step["d"]] = (a & ~mask) | ((b << ((n & 4095) // 64)) & mask)
    elif op == 33:
        into, vector = code.dsrs[core, n], code.vectors[step["c"]]
        into["value"], into["is_async"], into["save"] = a, vector["is_async"], vector["save"]
        into["activate"] = frame[vector["activate"]] if vector["activate"] >= 0 else -1
        into["unblock"] = frame[vector["unblock"]] if vector["unblock"] >= 0 else -1
        into["thread"] = frame[vector["thread"]] if vector["thread"] >= 0 else -1
        into["on_control"] = vector["on_control"]
        into["control_id"] = frame[vector["control_id"]] if vector["control_id"] >= 0 else -1
    elif op == 34:
        frame[step["d"]] = code.dsrs[core, n]["value"]
    elif op == 35:
        code.dsrs[core, n]["value"] = a
    elif op == 36:
        here["activated"] |= ONE << (a & 63)
    elif op == 37 or op == 38:
        bit = ONE << (a & 63) if n == 0 else np.int64(0)
        here["blocked"] = here["blocked"] | bit if op == 37 else here["blocked"] & ~bit
    elif op == 39:
        if a == 0:
            fault(core, line, BAD_ASSERT, now, state.clock)
    elif op == 44:
        fifo = code.fifos[core, (a >> 3) & 0xFFFF]
        if n:
            fifo["write"] = b
        else:
            fifo["read"] = b
    elif op == 40:
        t = np.int64(step["t"])
        if n <= LAST_MATHEMATICS:  # noqa: SIM108
            found = function(n, t, a, b)
        else:
            found = intrinsic(core, n, t, a, b, c, now, state)
        if step["d"] >= 0:
            frame[step["d"]] = found
    else:
        fault(core, line, BAD_CODE, now, state.clock)


@called
def run_steps(core: Int, now: Int, most: Int, state: State) -> Int:
    """Run steps for *most* cycles, or until one that others see; return their cycles, 0 if the first has to wait."""
    here, code = state.cores[core], state.code_state
    frame, steps, line, took = code.frames[core], code.steps, np.int64(here["counter"]), np.int64(0)
    cycles = code.cycles[np.int64(here["watched"])]
    while True:
        step = steps[line]
        op, t, cost, following = np.int64(step["op"]), np.int64(step["t"]), np.int64(step["cost"]), line + 1
        if step["seen"] and took > 0:
            break
        if op <= 13 and op > 1:
            b = frame[step["b"]] if step["b"] >= 0 else np.int64(0)
            frame[step["d"]] = arithmetic(op, t, frame[step["a"]], b)
        elif op == 1:
            frame[step["d"]] = frame[step["a"]]
        elif op == 20 or op == 21:
            _memory(core, line, step, now + took, state)
        elif (op >= 22 and op <= 26) or (op >= 42 and op <= 43):
            a = frame[step["a"]] if op > 22 else np.int64(0)
            b = frame[step["b"]] if op > 24 else np.int64(0)
            if goes_on(op, t, a, b):
                following, cost = np.int64(step["n"]), np.int64(step["taken"])
        elif op >= 14 and op <= 17:
            a, b = frame[step["a"]], frame[step["b"]]
            if op <= 15:
                frame[step["d"]] = np.int64(same(a, b, t) == (op == 14))
            else:
                frame[step["d"]] = np.int64(less(a, b, t, op == 17))
        elif op == 18:
            frame[step["d"]] = frame[step["b"]] if frame[step["a"]] else frame[step["c"]]
        elif op == 19:
            frame[step["d"]] = convert(frame[step["a"]], np.int64(step["n"]), t)
        elif op == 27:
            frame[step["d"]], following = following, np.int64(step["n"])
            if here["watched"]:
                log_code(core, CALL_SLOT, following, now + took, now + took, 0, state)
        elif op == 28:
            goal = frame[step["a"]] + step["n"]
            if not 0 <= goal < steps.shape[0]:
                fault(core, line, BAD_CODE, now + took, state.clock)
                goal = line
            frame[step["d"]], following = following, goal
            if here["watched"]:
                log_code(core, CALL_SLOT, following, now + took, now + took, 0, state)
        elif op == 29:
            following = frame[step["a"]]
            if not 0 <= following < steps.shape[0]:
                fault(core, line, BAD_CODE, now + took, state.clock)
                following = line
            if here["watched"]:
                log_code(core, RETURN_SLOT, line, now + took + cost, now + took + cost, 0, state)
        elif op == 30:
            here["counter"], here["ready"] = -1, now + took + cost
            cycles[line] += cost
            _end(core, now + took + cost, state)
            return took + cost
        elif op == 41:
            slot = start_vector(core, line, now, state)
            if slot == -1:
                return np.int64(0)
            cycles[line] += cost
            here["counter"] = line + 1
            if slot == 0 and cost == 1 and state.code[code.vectors[step["n"]]["row"]]["cost"] == 0:
                return np.int64(0)
            here["ready"] = now + cost
            return cost
        else:
            _rare(core, line, now + took, state)
        cycles[line] += cost
        took += cost
        line = following
        if took >= most or state.clock[0]["fault"]:
            break
    here["counter"], here["ready"] = line, now + took
    return max(took, np.int64(1))


@called
def go_on_code(core: Int, now: Int, until: Int, state: State) -> Int:
    """Let the main thread go on, as `tasks.go_on`."""
    here, clock = state.cores[core], state.clock[0]
    if here["counter"] < 0 and (not _pick_task(core, now, state) or here["ready"] > now):
        return np.int64(0)
    most = np.int64(1)
    if here["live"] == 0:
        most = max(most, min(until, now + MOST_AHEAD) - now)
    took = run_steps(core, now, most, state)
    clock["moved"] = max(clock["moved"], now + took)
    return took
