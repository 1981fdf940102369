"""Routes that compiled code may rewrite: switch positions that accumulate, commands of control wavelets, filters.

A control wavelet carries eight commands of three bits, the first in bits 22 to 24, then on to bit 29 and from bit 0:
two of operation, one by which the core does not get the wavelet.
"""

from __future__ import annotations

import numpy as np

from wsesim.cores import isa
from wsesim.cores.codestate import POSITIONS, TEARDOWN_TASK
from wsesim.cores.engine.code_issue import OWN_ADVANCE
from wsesim.cores.engine.compiling import called, inlined
from wsesim.cores.engine.queues import neighbour, rouse, wake
from wsesim.cores.engine.words import ONE, WORD, Int
from wsesim.cores.state import CONTROL_SHIFT, State

NOP, ADVANCE, RESET, TEARDOWN = 0, 1, 2, 3
ALWAYS_POP, POP_ON_ADVANCE, POP_ON_ADVANCE_NOP = 1, 2, 3
IGNORED_NOP = 4
SPARE_ROOM = 4
"""Words of a queue that is opened as code runs."""
COUNTER_CONTROL, COUNTER_WORDS = 0x7D00, 0x7D08
"""Addresses, after our choice: a write to the first starts the counter of cycles, whose words begin at the second."""
COUNTER, SPARSE, RANGE, OFF = 1, 2, 3, 4
"""Kinds of filters; builders' have kind 0."""
COUNTS_DATA, COUNTS_CONTROL, FILTERS_CONTROL = 1, 2, 4


@called
def listen(core: Int, color: Int, state: State) -> None:
    """Have the router of a core listen and send as the position of a color's switch says."""
    role = np.int64(state.cores[core]["role"])
    routes, rx, tx = state.code_state.routes[role, color], np.int64(0), np.int64(0)
    for place in range(np.int64(state.position[core, color]) + 1):
        if routes[place]["valid"]:
            if routes[place]["rx"] >= 0:
                rx = np.int64(routes[place]["rx"])
            if routes[place]["tx"] >= 0:
                tx = np.int64(routes[place]["tx"])
    if (state.code_state.cells[core]["suspended"] >> color) & 1:
        rx = np.int64(0)
    for port in range(isa.PORTS):
        if (rx >> port) & 1 and state.places[role, color, port] < 0:
            _open(core, color, np.int64(port), state)
        queue = np.int64(state.places[role, color, port])
        if queue >= 0 and state.channels[role, queue]["color"] == color:
            state.queues[core, queue]["mask"] = (tx if tx else isa.DROPS) if (rx >> port) & 1 else 0


@called
def _open(core: Int, color: Int, port: Int, state: State) -> None:
    """Give a color a queue for a side that code begins to listen to as it runs, if one is left."""
    role, number, words = np.int64(state.cores[core]["role"]), np.int64(0), np.int64(0)
    while number < state.queues.shape[1] and state.queues[core, number]["room"] > 0:
        words = max(words, np.int64(state.queues[core, number]["words"]) + state.queues[core, number]["room"])
        number += 1
    if number >= state.queues.shape[1] or words + SPARE_ROOM > state.ring.shape[1]:
        return
    queue, channel = state.queues[core, number], state.channels[role, number]
    queue["words"], queue["room"], queue["freed"] = words, SPARE_ROOM, -1
    channel["color"], channel["port"], channel["task"], channel["filter"] = color, port, -1, -1
    state.places[role, color, port] = number
    state.roles[role]["forward"] |= ONE << number


@called
def _call_neighbours(core: Int, now: Int, state: State) -> None:
    """Have the routers beside a core looked at: what they hold may go on now."""
    wake(core, now + 1, now, state)
    for port in range(isa.RAMP):
        if (state.cores[core]["edges"] >> port) & 1 == 0:
            wake(neighbour(core, port, state.clock), now + 1, now, state)


@called
def following(core: Int, color: Int, state: State) -> Int:
    """Return the position that comes after that of a color's switch."""
    role, place = np.int64(state.cores[core]["role"]), np.int64(state.position[core, color])
    for later in range(place + 1, POSITIONS):
        if state.code_state.routes[role, color, later]["valid"]:
            return np.int64(later)
    return np.int64(0) if state.code_state.colors[role, color]["ring"] else place


@called
def take_command(core: Int, color: Int, word: Int, goes: Int, state: State) -> tuple[Int, Int, Int]:
    """Return the command of a control wavelet, the word that leaves, and the ports that are left to it."""
    if word & WORD == OWN_ADVANCE:
        return np.int64(ADVANCE), word, np.int64(0)
    commands = ((word >> 22) & 0xFF) | (word & 0xFFFF) << 8
    command = np.int64(commands & 3)
    if commands & IGNORED_NOP:
        goes &= ~(1 << isa.RAMP)
    mode = np.int64(state.code_state.colors[state.cores[core]["role"], color]["pop"])
    moves = command == ADVANCE and following(core, color, state) != state.position[core, color]
    pops = mode == ALWAYS_POP or (mode >= POP_ON_ADVANCE and moves)
    if pops or (mode == POP_ON_ADVANCE_NOP and command == NOP):
        commands = commands >> 3 | IGNORED_NOP << 21
        word = (word & (ONE << CONTROL_SHIFT | 0xC03F0000)) | (commands & 0xFF) << 22 | commands >> 8
    return command, np.int64(word), np.int64(goes)


@called
def obey(core: Int, color: Int, command: Int, now: Int, state: State) -> None:
    """Carry out a command of a control wavelet."""
    if command == NOP:
        return
    here, cell = state.cores[core], state.code_state.cells[core]
    if command == ADVANCE:
        state.position[core, color] = following(core, color, state)
    elif command == RESET:
        state.position[core, color] = 0
    else:
        cell["suspended"] |= ONE << color
        cell["tearing"] |= ONE << color
        here["activated"] |= ONE << TEARDOWN_TASK
        rouse(core, now + 1, now, state)
    listen(core, color, state)
    wake(core, now + 1, now, state)


@inlined
def passes(core: Int, number: Int, word: Int, control: Int, state: State) -> bool:
    """Whether a filter lets a wavelet through."""
    sieve = state.filters[core, number]
    if sieve["kind"] == RANGE:
        return bool(control or sieve["low"] <= (word >> 16) & 0xFFFF <= sieve["high"])
    if sieve["kind"] == OFF:
        return True
    if control:
        return bool(sieve["flags"] & FILTERS_CONTROL == 0 or sieve["seen"] == sieve["count"])
    return bool(sieve["flags"] & COUNTS_DATA == 0 or sieve["seen"] <= sieve["count"])


@inlined
def count(core: Int, number: Int, control: Int, state: State) -> None:
    """Have a filter count a wavelet."""
    sieve = state.filters[core, number]
    if sieve["kind"] == RANGE or sieve["flags"] & (COUNTS_CONTROL if control else COUNTS_DATA) == 0:
        return
    if sieve["seen"] != sieve["period"]:
        sieve["seen"] += 1
        return
    sieve["seen"] = 0
    if sieve["kind"] == SPARSE:
        if sieve["low"] >= 0:
            sieve["period"], sieve["low"] = sieve["low"], -1
        else:
            sieve["kind"] = OFF


@inlined
def collect(core: Int, color: Int, word: Int, now: Int, state: State) -> None:
    """Keep a word for the host if its color goes there."""
    if state.code_state.colors[state.cores[core]["role"], color]["collects"] == 0:
        return
    meter, collected = state.code_state.meter, state.code_state.collected
    row = collected[meter[0]["collected"]]
    row["core"], row["cycle"], row["what"], row["a"] = core, now, color, word & WORD
    meter[0]["collected"] += 1


@called
def rewrite(core: Int, number: Int, a: Int, b: Int, c: Int, now: Int, state: State) -> None:
    """Carry out an intrinsic that changes routes: 33 to 38 and 46."""
    role, color, code = np.int64(state.cores[core]["role"]), a & 31, state.code_state
    if number == 33:
        code.cells[core]["suspended"] &= ~(ONE << color)
        code.cells[core]["tearing"] &= ~(ONE << color)
    elif number == 34:
        code.routes[role, color, 0]["rx"], code.routes[role, color, 0]["tx"] = b, c
    elif number == 35:
        state.position[core, color] = b & 3
    elif number == 36:
        route = code.routes[role, color, b & 3]
        route["valid"] = (c >> 16) & 1
        route["rx"], route["tx"] = (c & 0xFF) if c & 0xFF else -1, ((c >> 8) & 0xFF) if (c >> 8) & 0xFF else -1
    elif number == 37:
        code.colors[role, color]["ring"] = b & 1
    elif number == 38:
        code.colors[role, color]["pop"] = b & 3
    elif number == 46:
        route = code.routes[role, color, 0]
        old = max(np.int64(0), np.int64(route["tx"] if b & 1 else route["rx"]))
        new = old ^ c if b < 2 else (old | c if b < 4 else old & ~c)
        if b & 1:
            route["tx"] = new
        else:
            route["rx"] = new
    listen(core, color, state)
    _call_neighbours(core, now, state)


@called
def _sides(bits: Int) -> Int:
    """Return bits in the order W, E, S, N, RAMP as W, E, N, S, RAMP, or back."""
    return np.int64((bits & 0b10011) | (bits & 4) << 1 | (bits & 8) >> 1)


@called
def read_register(core: Int, address: Int, base: Int, now: Int, state: State) -> Int:
    """Return a register of colors (from *base* on) or of switches (32 further), or a word of the counter of cycles."""
    role, color, code = np.int64(state.cores[core]["role"]), (address - base) & 31, state.code_state
    if COUNTER_WORDS <= address < COUNTER_WORDS + 3:
        return ((now - code.cells[core]["clock_start"]) >> 16 * (address - COUNTER_WORDS)) & 0xFFFF
    if not base <= address < base + 64:
        return np.int64(0)
    if address < base + 32:
        route = code.routes[role, color, 0]
        value = _sides(np.int64(max(0, route["tx"]))) | _sides(np.int64(max(0, route["rx"]))) << 5
        value |= np.int64(code.colors[role, color]["pop"]) << 12
        return np.int64(value | ((code.cells[core]["suspended"] >> color) & 1) << 14)
    value = np.int64(code.colors[role, color]["ring"]) << 12 | np.int64(state.position[core, color]) << 13
    for place in range(1, POSITIONS):
        route, bits = code.routes[role, color, place], np.int64(5 + 8)
        if route["valid"]:
            mask, bits = max(np.int64(route["rx"]), np.int64(route["tx"])), np.int64(0)
            for port in range(isa.PORTS):
                if (_sides(mask) >> port) & 1:
                    bits = np.int64(port)
            bits |= 8 if route["tx"] < 0 else 0
        value |= bits << 4 * (place - 1)
    return np.int64(value)


@called
def write_register(core: Int, address: Int, value: Int, base: Int, now: Int, state: State) -> None:
    """Write such a register."""
    role, color, code = np.int64(state.cores[core]["role"]), (address - base) & 31, state.code_state
    if address == COUNTER_CONTROL:
        code.cells[core]["clock_start"], code.cells[core]["counts"] = now, 1
    if not base <= address < base + 64:
        return
    if address < base + 32:
        route = code.routes[role, color, 0]
        route["tx"], route["rx"] = _sides(value & 31), _sides((value >> 5) & 31)
        code.colors[role, color]["pop"] = (value >> 12) & 3
        if (value >> 14) & 1 == 0:
            code.cells[core]["suspended"] &= ~(ONE << color)
            code.cells[core]["tearing"] &= ~(ONE << color)
        else:
            code.cells[core]["suspended"] |= ONE << color
    else:
        for place in range(1, POSITIONS):
            bits = (value >> 4 * (place - 1)) & 15
            route = code.routes[role, color, place]
            route["valid"] = bits & 7 < 5
            side = _sides(ONE << (bits & 7)) if bits & 7 < 5 else np.int64(-1)
            route["tx"], route["rx"] = (-1, side) if bits & 8 else (side, -1)
        code.colors[role, color]["ring"] = (value >> 12) & 1
        state.position[core, color] = (value >> 13) & 3
    listen(core, color, state)
    _call_neighbours(core, now, state)
