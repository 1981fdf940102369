"""The calendar of cores to visit, and the queues between them.

What leaves a queue is decided on what was there when the cycle began: a pushed word carries the cycle from which it can
be seen, and a freed place counts from the next cycle on. So the order in which cores are visited never matters.
"""

from __future__ import annotations

import numpy as np

from wsesim.cores import isa
from wsesim.cores.engine.compiling import called, inlined
from wsesim.cores.engine.words import ONE, Int
from wsesim.cores.state import LOOK, READY_SHIFT, SPAN, Array, State


@inlined
def neighbour(core: Int, port: Int, clock: Array) -> Int:
    """Return the core behind a port; behind the ramp, itself."""
    if port < isa.NORTH:
        return np.int64(core + (1 if port == isa.EAST else -1))
    if port < isa.RAMP:
        return np.int64(core + (clock[0]["width"] if port == isa.SOUTH else -clock[0]["width"]))
    return np.int64(core)


@inlined
def next_due(now: Int, state: State) -> Int:
    """Return the next cycle from *now* on in which a core is due, -1 if none is."""
    for ahead in range(SPAN):
        if state.due[(now + ahead) & (SPAN - 1), 0]:
            return now + ahead
    return np.int64(-1)


@inlined
def wake(core: Int, when: Int, now: Int, state: State) -> None:
    """Have a core visited at a later cycle; if that is too far off for the calendar, at its last one, to ask again."""
    bucket = min(when, now + LOOK) & (SPAN - 1)
    state.due[bucket, 0] = 1
    state.due[bucket, 1 + (core >> 6)] |= ONE << (core & 63)


@inlined
def rouse(core: Int, when: Int, now: Int, state: State) -> None:
    """Have a core visited at a later cycle because its program may then have something to do."""
    here = state.cores[core]
    here["rests"] = min(here["rests"], np.int64(when))
    wake(core, when, now, state)


@inlined
def has_room(core: Int, number: Int, now: Int, state: State) -> bool:
    """Whether a queue has room for one more word in this cycle."""
    queue = state.queues[core, number]
    taken = queue["count"] + (1 if queue["freed"] == now else 0)
    return bool(taken < queue["room"])


@inlined
def may_send(core: Int, number: Int, now: Int, state: State) -> bool:
    """Whether a program has room to send; if it has from the next cycle on, it is roused then."""
    if has_room(core, number, now, state):
        return True
    if state.queues[core, number]["freed"] == now:
        rouse(core, now + 1, now, state)
    return False


@inlined
def first_word(core: Int, number: Int, state: State) -> Int:
    """Return the first word of a queue that has one."""
    queue = state.queues[core, number]
    return state.ring[core, queue["words"] + queue["head"]]


@inlined
def push(core: Int, number: Int, word: Int, ready: Int, now: Int, state: State) -> None:
    """Put a word (data and control bit) into a queue that has room."""
    here = state.cores[core]
    queue = state.queues[core, number]
    count: Int = np.int64(queue["count"])
    slot: Int = np.int64(0)
    if count == 0:
        queue["head"] = 0
        here["pending"] |= ONE << number
        if (state.roles[here["role"]]["forward"] >> number) & 1:
            wake(core, ready, now, state)
        else:
            rouse(core, ready, now, state)
    else:
        slot = queue["head"] + count
        if slot >= queue["room"]:
            slot -= queue["room"]
    state.ring[core, queue["words"] + slot] = np.int64(ready) << READY_SHIFT | word
    queue["count"] = count + 1
    queue["pushed"] += 1


@inlined
def pop(core: Int, number: Int, now: Int, state: State) -> None:
    """Take the first word out of a queue; have the next one looked at, and who waited for the room roused."""
    here, queue = state.cores[core], state.queues[core, number]
    count, head = np.int64(queue["count"]), np.int64(queue["head"]) + 1
    if head == queue["room"]:
        head = np.int64(0)
    queue["head"] = head
    queue["count"] = count - 1
    queue["freed"] = now
    if count == queue["room"]:
        port = state.channels[here["role"], number]["port"]
        rouse(neighbour(core, port, state.clock), now + 1, now, state)
    if count == 1:
        here["pending"] &= ~(ONE << number)
    else:
        ready = state.ring[core, queue["words"] + head] >> READY_SHIFT
        wake(core, max(now + 1, ready), now, state)


@called
def set_switch(core: Int, color: Int, place: Int, switches: Array, queues: Array, position: Array) -> None:
    """Make the router of *core* take a color from, and send it to, where position *place* of its *switches* says."""
    queues[core, switches[color, position[core, color]]["queue"]]["mask"] = 0
    position[core, color] = place
    queues[core, switches[color, place]["queue"]]["mask"] = switches[color, place]["mask"]


@called
def fault(core: Int, line: Int, kind: Int, now: Int, clock: Array) -> None:
    """Note what none can do, of several the first, on the first core; the run ends with its cycle."""
    first, there = clock[0]["fault_cycle"], clock[0]["fault_core"]
    if clock[0]["fault"] == 0 or now < first or (now == first and core < there):
        clock[0]["fault"], clock[0]["fault_core"], clock[0]["fault_line"] = kind, core, line
        clock[0]["fault_cycle"] = now


@inlined
def inward(core: Int, color: Int, state: State) -> Int:
    """Return the queue from the ramp of a core to its program."""
    return np.int64(state.places[state.cores[core]["role"], color, isa.INWARD])
