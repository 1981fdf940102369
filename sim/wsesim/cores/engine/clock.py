"""The clock: who is visited when, and what a core does in a cycle.

A core is visited only in a cycle for which somebody has put it on the calendar: the push of a word into an empty queue,
the removal of one from a full queue, or the core itself. A core that waits costs nothing, and the clock jumps over
cycles in which nobody is due. Cores due in the same cycle are visited in the order in which they lie in memory.

What a core does shows at its neighbours a cycle later. So a band of cores goes through some cycles before the next one
does, and what it works on stays in a near cache: with each cycle the band moves back by as many words of the calendar
as lie between a core and that below it, so that whoever is visited finds all as it would be, cycle by cycle.

    cycle  now      |  band 1   |  band 2   |  ...
           now + 1  | band 1 |  band 2   |  band 3
"""

from __future__ import annotations

from typing import Any

import numpy as np

from wsesim.cores import isa
from wsesim.cores.engine.compiling import Rule, called, inlined
from wsesim.cores.engine.launch import complete
from wsesim.cores.engine.notes import note
from wsesim.cores.engine.queues import next_due, rouse, wake
from wsesim.cores.engine.router import route
from wsesim.cores.engine.tasks import go_on
from wsesim.cores.engine.vector import issue
from wsesim.cores.engine.words import ONE, Int, lowest
from wsesim.cores.state import (
    BANK,
    COMPLETED,
    COMPUTE,
    FAULTY,
    HUNG,
    IDLE,
    ISSUE,
    LAUNCH,
    NEVER,
    PAUSED,
    QUIET,
    ROOM,
    SPAN,
    State,
)

EVENTS_A_CALL = 20_000_000
"""After which a run comes up for air, so that it can be interrupted."""


@inlined
def _complete_due(core: Int, now: Int, state: State, finish: Rule) -> None:
    """Take all finished vector instructions off their threads."""
    live = np.int64(state.cores[core]["live"])
    while live:
        slot = lowest(live)
        live &= ~(ONE << slot)
        thread = state.threads[core, slot]
        if thread["done"] >= thread["wanted"] and thread["next"] <= now:
            note(core, COMPLETED, slot, thread["line"], now, now, 0, state)
            finish(core, slot, now, state)


@inlined
def _is_due(core: Int, slot: Int, taken: Int, now: Int, state: State) -> bool:
    """Whether a thread has elements to issue and the side of the datapath they need."""
    thread = state.threads[core, slot]
    if (state.cores[core]["live"] >> slot) & 1 == 0 or thread["next"] > now or thread["done"] >= thread["wanted"]:
        return False
    return bool(thread["sides"] & taken == 0)


@inlined
def _is_ready(here: Any, now: Int) -> bool:
    """Whether the main thread of a core can go on."""
    return bool(here["live"] & 1 == 0 and not here["halted"] and here["ready"] <= now)


@inlined
def _use_datapath(
    core: Int, now: Int, until: Int, state: State, proceed: Rule, hand_out: Rule
) -> tuple[Int, Int, Int, Int]:  # fmt: skip
    """Let threads issue in turn, and the main thread go on.

    Return how many cycles of work they took up; of these, how many elements take at full rate and how many more they
    took; and what a thread waits for, if one does.
    """
    here, threads = state.cores[core], state.clock[0]["threads"]
    took, full, longer, waits = np.int64(0), np.int64(0), np.int64(0), np.int64(LAUNCH)
    taken, slot = np.int64(0), np.int64(here["turn"])
    if state.clock[0]["scalars_first"] and _is_ready(here, now):
        slot = np.int64(0)
    for _ in range(threads):
        if slot >= threads:
            slot = np.int64(0)
        if slot == 0 and taken == 0 and _is_ready(here, now):
            took = proceed(core, now, until, state)
            if took > 0:
                here["turn"] = 1
                break
            waits = np.int64(ROOM) if took < 0 else waits
            took = np.int64(0)
        if _is_due(core, slot, taken, now, state):
            cycles, rate = hand_out(core, slot, now, until, state)
            if cycles == 0:
                waits = rate
            else:
                note(core, ISSUE, slot, state.threads[core, slot]["line"], now, now + cycles, rate, state)
                if taken == 0:
                    here["turn"] = slot + 1
                if cycles > took:
                    took, full, longer = cycles, rate, cycles - rate
                taken |= state.threads[core, slot]["sides"]
                here["free"] = now + took
                if taken == isa.BOTH_SIDES:
                    break
        slot += 1
    if taken:
        state.clock[0]["moved"] = max(state.clock[0]["moved"], now + took)
    return took, full, longer, waits


@inlined
def _come_back(core: Int, now: Int, took: Int, state: State) -> None:
    """Have the core visited again when a thread of it is due."""
    here, soon = state.cores[core], took > 0
    live = np.int64(here["live"])
    while live:
        slot = lowest(live)
        live &= ~(ONE << slot)
        due = state.threads[core, slot]["next"]
        if due > now:
            rouse(core, due, now, state)
        elif soon:
            rouse(core, now + 1, now, state)
    if here["live"] & 1 == 0 and not here["halted"]:
        if here["ready"] > now:
            rouse(core, here["ready"], now, state)
        elif soon:
            rouse(core, now + 1, now, state)


@inlined
def _account(core: Int, now: Int, took: Int, full: Int, longer: Int, waits: Int, state: State) -> None:
    """Note where the cycles went: up to now to what the core waited for, from now on to work."""
    here, tally, clock = state.cores[core], state.tallies[core], state.clock[0]
    covered = np.int64(here["covered"])
    if now > covered:
        tally["spent"][here["waits"]] += now - covered
        covered = now
    active = here["live"] != 0 or here["counter"] >= 0
    if active != (here["waits"] != IDLE):
        tally["occupied"] += -now if active else now
    here["waits"] = waits if active else IDLE
    if took > 0:
        work = max(np.int64(0), now + took - covered)
        tally["busy"] += work
        tally["spent"][COMPUTE] += min(full, work)
        tally["spent"][BANK] += min(longer, max(np.int64(0), work - full))
        tally["spent"][LAUNCH] += max(np.int64(0), work - full - longer)
        covered += work
        clock["worked"] = max(clock["worked"], now + took)
        clock["acted"] = max(clock["acted"], now + took)
    here["covered"] = covered


@inlined
def is_idle(core: Int, state: State) -> bool:
    """Whether a program has nothing under way and nothing to begin."""
    here = state.cores[core]
    if here["live"] != 0 or here["counter"] >= 0:
        return False
    arrived = here["pending"] & ~state.roles[here["role"]]["forward"]
    return bool(arrived == 0 and here["activated"] & ~here["blocked"] == 0)


@inlined
def _forward(core: Int, now: Int, state: State, pass_on: Rule) -> Int:
    """One cycle of a router; return how many wavelets left."""
    here, clock = state.cores[core], state.clock[0]
    if here["pending"] & state.roles[here["role"]]["forward"] == 0:
        return np.int64(0)
    moved = pass_on(core, now, state)
    if moved:
        clock["moved"] = max(clock["moved"], now)
        clock["worked"] = max(clock["worked"], now + 1)
    return moved


@inlined
def _work(
    core: Int, now: Int, until: Int, state: State, finish: Rule, proceed: Rule, hand_out: Rule, rests: Rule
) -> Int:
    """One cycle of a core's program; return how many cycles of work it took up."""
    here = state.cores[core]
    if here["rests"] > now:
        if here["rests"] < NEVER:
            wake(core, here["rests"], now, state)
        return np.int64(0)
    here["rests"] = NEVER
    if rests(core, state):
        return np.int64(0)
    free, took, full, longer = np.int64(here["free"]), np.int64(0), np.int64(0), np.int64(0)
    waits = np.int64(LAUNCH)
    _complete_due(core, now, state, finish)
    if free > now:
        rouse(core, free, now, state)
    else:
        took, full, longer, waits = _use_datapath(core, now, until, state, proceed, hand_out)
    _come_back(core, now, took, state)
    _account(core, now, took, full, longer, waits, state)
    return took


@inlined
def _gather(now: Int, low: Int, high: Int, state: State) -> Int:
    """List the cores of some words of the calendar that are due, in the order of memory; return how many."""
    count, bucket = np.int64(0), now & (SPAN - 1)
    for word in range(low, high):
        bits = state.due[bucket, 1 + word]
        if bits != 0:
            state.due[bucket, 1 + word] = 0
        while bits != 0:
            number = lowest(bits)
            bits &= ~(ONE << number)
            state.visits[count] = (word << 6) + number
            count += 1
    return count


@inlined
def _failed(now: Int, state: State) -> Int:
    """Return how a run ends that did what none can do or gets nowhere, -1 if neither."""
    clock = state.clock[0]
    if clock["fault"] and clock["fault_cycle"] < now:
        return np.int64(FAULTY)
    return np.int64(HUNG if now - min(clock["moved"], clock["acted"]) > clock["patience"] else -1)


@inlined
def _visit(
    now: Int, low: Int, high: Int, until: Int, state: State, pass_on: Rule, finish: Rule, proceed: Rule,
    hand_out: Rule, rests: Rule,
) -> Int:  # fmt: skip
    """Have the cores of some words of the calendar do what they do in a cycle; return how many events that were."""
    events, count = np.int64(0), _gather(now, max(np.int64(0), low), min(high, state.due.shape[1] - 1), state)
    for turn in range(count):
        core = np.int64(state.visits[turn])
        events += _forward(core, now, state, pass_on)
        events += _work(core, now, until, state, finish, proceed, hand_out, rests)
    return events


@inlined
def _cycles_at_once(now: Int, until: Int, state: State) -> Int:
    """Return how many cycles a band may go through at once: none after which the run might be found to hang.

    While events are noted it is one, so that they stand in the order in which they happen.
    """
    clock, rows = state.clock[0], len(state.events)
    if 0 < rows >= clock["noted"]:
        return np.int64(1)
    hangs = min(clock["moved"], clock["acted"]) + clock["patience"] - now
    return np.int64(max(1, min(clock["ahead"], until - now, hangs)))


@inlined
def _pass(
    now: Int, cycles: Int, until: Int, state: State, pass_on: Rule, finish: Rule, proceed: Rule, hand_out: Rule,
    rests: Rule,
) -> Int:  # fmt: skip
    """Run some cycles, band by band; return how many events they had."""
    clock, events, low = state.clock[0], np.int64(0), np.int64(0)
    words, band = state.due.shape[1] - 1, np.int64(clock["band"])
    skew = ((clock["width"] if clock["width"] < len(state.cores) else 1) + 63) >> 6
    while low < words + (cycles - 1) * skew:
        for step in range(cycles):
            if clock["fault"] and clock["fault_cycle"] < now + step:
                break
            events += _visit(
                now + step, low - step * skew, low + band - step * skew, until, state, pass_on, finish, proceed,
                hand_out, rests,
            )  # fmt: skip
        low += band
    for step in range(cycles):
        state.due[(now + step) & (SPAN - 1), 0] = 0
    return events


@inlined
def _nothing_to_tell(state: State) -> bool:
    """Whether nobody outside has to hear of something now: the programs of builders say nothing as they run."""
    return False


@called
def run_cycles(until: Int, state: State) -> Int:
    """Run until cycle *until*, or until nobody is due any more; return how it ended (`state.PAUSED` and so on)."""
    return run(until, state, route, complete, go_on, issue, is_idle, _nothing_to_tell)


@inlined
def run(
    until: Int, state: State, pass_on: Rule, finish: Rule, proceed: Rule, hand_out: Rule, rests: Rule, tells: Rule
) -> Int:  # fmt: skip
    """Run as `run_cycles` does.

    Args:
        until: the cycle.
        state: of the machine.
        pass_on: a cycle of a router.
        finish: takes a vector instruction off its thread.
        proceed: lets the main thread go on.
        hand_out: handles elements of an issue.
        rests: whether a program has nothing under way.
        tells: whether somebody outside has to hear of something now.
    """
    clock, ended = state.clock[0], np.int64(-1)
    now, events, budget = clock["now"], clock["events"], clock["events"] + EVENTS_A_CALL
    while ended < 0:
        due = next_due(now, state)
        if due < 0:
            ended = np.int64(QUIET)
            break
        now = due
        if now >= until or events >= budget or clock["logged"] > len(state.log) // 2 or tells(state):
            ended = np.int64(PAUSED)
            break
        cycles = _cycles_at_once(now, until, state)
        events += _pass(now, cycles, until, state, pass_on, finish, proceed, hand_out, rests)
        now += cycles
        ended = _failed(now, state)
    clock["now"], clock["events"] = now, events
    return ended
