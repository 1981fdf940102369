"""The main thread: which task it runs, and its instructions one after the other."""

from __future__ import annotations

import numpy as np

from wsesim.cores import isa
from wsesim.cores.engine.compiling import called, inlined
from wsesim.cores.engine.launch import launch
from wsesim.cores.engine.notes import note
from wsesim.cores.engine.queues import fault, first_word, pop, rouse
from wsesim.cores.engine.scalar import scalar
from wsesim.cores.engine.words import ONE, WORD, Int, decode, lowest
from wsesim.cores.state import BEGUN, CONTROL_SHIFT, LAUNCHED, NO_CONTROL_TASK, READY_SHIFT, SCALAR, State

MOST_AHEAD = 1 << 12
"""Cycles that a main thread goes ahead of the others where nobody sees it."""
ZERO_COST = 64
"""Instructions without cost that the main thread runs in one cycle before it is made to take a breath."""


@inlined
def _begin(core: Int, task: Int, number: Int, now: Int, cost: Int, state: State) -> None:
    """Start a task, by a wavelet of queue *number* if not -1; its first instruction comes *cost* cycles later."""
    here, tally, clock = state.cores[core], state.tallies[core], state.clock[0]
    here["counter"] = state.entries[here["role"], task]
    here["ready"] = now + cost
    tally["task"], tally["begun"] = task, now
    note(core, BEGUN, 0, task, now, now + cost, number + 1, state)
    clock["worked"] = max(clock["worked"], now + cost)


@inlined
def _task_of(core: Int, number: Int, entry: Int, now: Int, state: State) -> Int:
    """Return the task that a word starts, -1: none."""
    role = state.cores[core]["role"]
    if (entry >> CONTROL_SHIFT) & 1 == 0:
        return np.int64(state.channels[role, number]["task"])
    task = np.int64(state.control_task[role, ((entry >> isa.STARTS_SHIFT) & 127) - 1])
    if task < 0:
        fault(core, state.channels[role, number]["color"], NO_CONTROL_TASK, now, state.clock)
    return task


@inlined
def _arrival(core: Int, among: Int, now: Int, state: State) -> tuple[Int, Int]:
    """Return the queue whose first word may start one of the tasks *among*, and that task; -1 if none."""
    here = state.cores[core]
    waiting = here["pending"] & ~state.roles[here["role"]]["forward"]
    while waiting != 0:
        number = lowest(waiting)
        waiting &= ~(ONE << number)
        entry = first_word(core, number, state)
        if entry >> READY_SHIFT > now:
            rouse(core, entry >> READY_SHIFT, now, state)
            continue
        task = _task_of(core, number, entry, now, state)
        if task >= 0 and (among >> task) & 1:
            return number, task
    return np.int64(-1), np.int64(-1)


@inlined
def _pick(core: Int, among: Int, now: Int, state: State) -> bool:
    """Start one of the tasks *among* if it may run; among equals, first those of wavelets."""
    here, clock = state.cores[core], state.clock[0]
    number, task = _arrival(core, among, now, state)
    if number >= 0:
        word = first_word(core, number, state) & WORD
        state.registers[core, 0], state.registers[core, 1] = decode(word, isa.F32), float(word)
        pop(core, number, now, state)
        _begin(core, task, number, now, np.int64(state.channels[here["role"], number]["begins"]), state)
        return True
    local = here["activated"] & among
    if local == 0:
        return False
    task = lowest(local)
    here["activated"] &= ~(ONE << task)
    _begin(core, task, -1, now, clock["task_cycles"] if now == 0 else clock["activation_cycles"], state)
    return True


@inlined
def _pick_task(core: Int, now: Int, state: State) -> bool:
    """Start a task if one may run, those of high priority first."""
    here = state.cores[core]
    urgent = state.roles[here["role"]]["urgent"]
    for among in (~here["blocked"] & urgent, ~here["blocked"]):  # noqa: SIM110 - compiled code knows no any()
        if among != 0 and _pick(core, among, now, state):
            return True
    return False


@inlined
def _unseen(core: Int, now: Int, until: Int, state: State) -> Int:
    """Return the cycle before which nobody sees when the main thread runs what is only its core's own."""
    clock, rows = state.clock[0], len(state.events)
    if state.cores[core]["live"] or 0 < rows >= clock["noted"]:
        return np.int64(now)
    return np.int64(min(until, now + MOST_AHEAD, min(clock["moved"], clock["acted"]) + clock["patience"]))


@inlined
def _run_ahead(core: Int, line: Int, now: Int, until: Int, state: State) -> Int:
    """Run an instruction that is only its core's own, and those that follow it before a cycle; return their cycles."""
    here, took, cost = state.cores[core], np.int64(0), np.int64(0)
    while state.code[line]["inward"] and (cost == 0 or now + took < until):
        cost = scalar(core, line, now + took, state)
        state.executed[line] += 1
        note(core, SCALAR, 0, line, now + took, now + took + cost, 0, state)
        took += cost
        line = np.int64(here["counter"])
    here["ready"] = now + took
    return took


@called
def go_on(core: Int, now: Int, until: Int, state: State) -> Int:
    """Let the main thread go on.

    Return the cycles it took; 0 if it must wait or has put an instruction on thread 0, -1 if it waits for room to send.
    """
    here = state.cores[core]
    for turn in range(ZERO_COST):
        line = np.int64(here["counter"])
        if line < 0:
            if not _pick_task(core, now, state) or here["ready"] > now:
                return np.int64(0)
            continue
        code = state.code[line]
        if code["inward"] and turn < ZERO_COST - isa.MOST_FREE:
            return _run_ahead(core, line, now, _unseen(core, now, until, state), state)
        if code["op"] > isa.LAST_VECTOR:
            cost = scalar(core, line, now, state)
            if cost < 0:
                return cost
            here["ready"] = now + cost
            state.executed[line] += 1
            note(core, SCALAR, 0, line, now, now + cost, 0, state)
            if cost > 0 or here["halted"]:
                return cost
            continue
        slot = np.int64(code["slot"])
        if (here["live"] >> slot) & 1:
            return np.int64(0)
        launch(core, slot, line, now, state)
        here["counter"] = line + 1
        note(core, LAUNCHED, slot, line, now, state.threads[core, slot]["next"], 0, state)
        if slot > 0 or code["cost"] > 0:
            here["ready"] = now + 1
            return np.int64(1)
        return np.int64(0)
    here["ready"] = now + 1
    note(core, BEGUN, 0, state.tallies[core]["task"], now, now + 1, -1, state)
    return np.int64(1)
