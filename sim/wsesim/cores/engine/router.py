"""The router of a core: in a cycle at most one wavelet to each port."""

from __future__ import annotations

import numpy as np

from wsesim.cores import isa
from wsesim.cores.engine.compiling import Rule, inlined
from wsesim.cores.engine.notes import note
from wsesim.cores.engine.queues import fault, first_word, has_room, inward, neighbour, pop, push, set_switch, wake
from wsesim.cores.engine.words import ONE, Int, lowest
from wsesim.cores.state import CONTROL_SHIFT, FORWARDED, NOBODY_THERE, OBEYED, READY_SHIFT, State

RAMP_BIT = 1 << isa.RAMP


@inlined
def beyond(core: Int, color: Int, port: Int, state: State) -> tuple[Int, Int]:
    """Return the core behind a port and the queue there that takes a color; -1 if nobody does."""
    if port == isa.RAMP:
        return np.int64(core), inward(core, color, state)
    if (state.cores[core]["edges"] >> port) & 1:
        return np.int64(core), np.int64(-1)
    other = neighbour(core, port, state.clock)
    return other, np.int64(state.places[state.cores[other]["role"], color, port ^ 1])


@inlined
def _nobody(core: Int, number: Int, port: Int, now: Int, state: State) -> bool:
    """Say what becomes of queue *number*'s next word behind a port where no queue takes it; whether it may go."""
    fault(core, number, NOBODY_THERE, now, state.clock)
    return False


@inlined
def _takes(
    core: Int, color: Int, number: Int, port: Int, now: Int, state: State, nobody: Rule
) -> tuple[bool, Int, Int]:  # fmt: skip
    """Return whether there is room for queue *number*'s next word behind a port, the core there and its queue."""
    other, queue = beyond(core, color, port, state)
    if queue < 0:
        return nobody(core, number, port, now, state), other, queue
    return has_room(other, queue, now, state), other, queue


@inlined
def _hand_over(other: Int, queue: Int, word: Int, port: Int, now: Int, state: State) -> None:
    """Push a word into the queue of a core that lies behind a port."""
    clock = state.clock[0]
    if queue < 0:
        return
    takes = clock["ramp"] if port == isa.RAMP else clock["hop"]
    if clock["detours"] and port != isa.RAMP:
        takes += state.detours[other, port]
    push(other, queue, word, now + takes, now, state)


@inlined
def _send(
    core: Int, color: Int, number: Int, goes: Int, word: Int, now: Int, state: State, nobody: Rule
) -> bool:  # fmt: skip
    """Send a word to the ports of a mask if there is room behind all of them; whether there was."""
    if goes == 0:
        return True
    port, rest = lowest(goes), goes & (goes - 1)
    fits, other, queue = _takes(core, color, number, port, now, state, nobody)
    if rest == 0:
        if fits:
            _hand_over(other, queue, word, port, now, state)
        return fits
    left = rest
    while left != 0:
        second = lowest(left)
        left &= left - 1
        fine, state.ways[second, 0], state.ways[second, 1] = _takes(
            core, color, number, second, now, state, nobody
        )  # fmt: skip
        fits = fits and fine
    if fits:
        _hand_over(other, queue, word, port, now, state)
        while rest != 0:
            port = lowest(rest)
            rest &= rest - 1
            _hand_over(state.ways[port, 0], state.ways[port, 1], word, port, now, state)
    return fits


@inlined
def _passes(core: Int, number: Int, word: Int, control: Int, state: State) -> bool:
    """Whether a filter lets the next wavelet through."""
    if control:
        return True
    sieve = state.filters[core, number]
    place = sieve["seen"] - sieve["first"]
    return bool(0 <= place < sieve["count"])


@inlined
def _count(core: Int, number: Int, control: Int, state: State) -> None:
    """Have a filter count a wavelet; one of control has it start again."""
    sieve = state.filters[core, number]
    seen = np.int64(0) if control else np.int64(sieve["seen"]) + 1
    sieve["seen"] = np.int64(0) if seen == sieve["period"] else seen


@inlined
def _take_command(core: Int, color: Int, word: Int, goes: Int, state: State) -> tuple[Int, Int, Int]:
    """Return the command of a control wavelet (-1: none), the word without it, and the ports that are left to it."""
    command, left = np.int64(-1), (word >> isa.LEFT_SHIFT) & 15
    if left > 0:
        command = word & 3
        if word & isa.KEEP_BIT == 0:
            rest = (word & 0xFFFF) >> 2 | (left - 1) << isa.LEFT_SHIFT
            word = (word & ~np.int64(0xFFFFF)) | rest
            left -= 1
    if (word >> isa.STARTS_SHIFT) & 127 == 0:
        goes &= ~RAMP_BIT
        if left == 0:
            goes = np.int64(0)
    return command, word, goes


@inlined
def _obey(core: Int, color: Int, command: Int, now: Int, state: State) -> None:
    """Carry out a command of a control wavelet."""
    switches, place = state.switches[state.cores[core]["role"]], np.int64(state.position[core, color])
    if command == isa.ADVANCE:
        place = np.int64(switches[color, place]["following"])
    elif command == isa.RESET:
        place = np.int64(0)
    set_switch(core, color, place, switches, state.queues, state.position)
    wake(core, now + 1, now, state)


@inlined
def _vanish(core: Int, color: Int, word: Int, now: Int, state: State) -> None:
    """Nothing becomes of a wavelet that leaves by no port."""


@inlined
def route(core: Int, now: Int, state: State) -> Int:
    """Forward what the router of *core* can in this cycle; return how many wavelets."""
    return forward(core, now, state, _passes, _count, _take_command, _obey, _nobody, _vanish)


@inlined
def forward(
    core: Int, now: Int, state: State, passes: Rule, count: Rule, take_command: Rule, obey: Rule, nobody: Rule,
    vanish: Rule,
) -> Int:  # fmt: skip
    """Forward what the router of *core* can in this cycle, by rules; return how many wavelets.

    Args:
        core: the core.
        now: this cycle.
        state: of the machine.
        passes: whether a filter lets a wavelet through: takes the core, the filter, the word, whether it is control.
        count: has a filter count a wavelet.
        take_command: the command of a control wavelet, the word that goes on, and the ports that are left to it.
        obey: carries out a command.
        nobody: whether a wavelet may leave by a port behind which no queue takes it.
        vanish: what becomes of data that leave by no port.
    """
    here = state.cores[core]
    role, number = here["role"], np.int64(here["first"])
    pending = here["pending"] & state.roles[role]["forward"]
    used, moved, lost, switched = np.int64(0), np.int64(0), np.int64(-1), np.int64(0)
    while pending != 0:
        later = pending >> number << number
        queue = lowest(later if later else pending)
        pending &= ~(ONE << queue)
        number = queue + 1
        color, goes = np.int64(state.channels[role, queue]["color"]), np.int64(state.queues[core, queue]["mask"])
        if goes == 0 or (switched >> color) & 1:
            continue
        entry = first_word(core, queue, state)
        if entry >> READY_SHIFT > now:
            wake(core, entry >> READY_SHIFT, now, state)
            continue
        goes &= isa.DROPS - 1
        word, sieve, command = entry & (ONE << READY_SHIFT) - 1, np.int64(-1), np.int64(-1)
        control = word >> CONTROL_SHIFT
        if goes & RAMP_BIT:
            sieve = np.int64(state.channels[role, inward(core, color, state)]["filter"])
            if sieve >= 0 and not passes(core, sieve, word, control, state):
                goes &= ~RAMP_BIT
        if control:
            command, word, goes = take_command(core, color, word, goes, state)
        if goes & used:
            if lost < 0:
                lost = queue
            continue
        if not _send(core, color, queue, goes, word, now, state, nobody):
            continue
        used |= goes
        pop(core, queue, now, state)
        note(core, FORWARDED, 0, queue, now, now + 1, goes + (OBEYED if command >= 0 else 0), state)
        moved += 1
        if sieve >= 0:
            count(core, sieve, control, state)
        if goes == 0 and control == 0:
            vanish(core, color, word, now, state)
        if command >= 0:
            obey(core, color, command, now, state)
            switched |= ONE << color
    if lost >= 0:
        here["first"] = lost
        wake(core, now + 1, now, state)
    return moved
