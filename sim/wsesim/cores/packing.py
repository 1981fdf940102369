"""Lay a program out in the arrays the engine runs on.

The queues of a core stand one after the other: first those the router forwards (one for each side a color comes from,
and one for what the program sends), then those the program reads. All cores have room for as many queues, threads and
registers as the role with most of them; of memory, each has what its role uses, role by role.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass

import numpy as np

from wsesim.cores import isa, state
from wsesim.cores.builder import Builder, CoreRole
from wsesim.cores.codestate import no_code
from wsesim.cores.detours import detours
from wsesim.cores.encoding import OPERANDS, Places, encode
from wsesim.cores.errors import ProgramError, TooFew
from wsesim.cores.rates import memory_figures
from wsesim.cores.state import Array, State, zeros

STEP = {isa.WEST: (0, -1), isa.EAST: (0, 1), isa.NORTH: (-1, 0), isa.SOUTH: (1, 0)}
PATIENCE_CYCLES = 10_000_000
"""Cycles in which nothing moves, or no program acts, before a run is taken to hang."""
LOG_ROWS = 1 << 15
CYCLES_AT_ONCE, BAND = 16, 16
"""Cycles that a band of cores goes through before the next one does, and its size in words of the calendar: what it
works on then stays in a near cache. Measured; from 4 words to 32 an all-reduce of a wafer takes the same."""
CORES_A_WORD = 64
"""Of the calendar."""


@dataclass(frozen=True, slots=True, kw_only=True)
class CoreQueue:
    """A queue of every core of a role."""

    color: int
    port: int
    """Where its words come from; `isa.INWARD` if they go to the program."""
    room: int


def role_queues(builder: Builder, role: CoreRole) -> list[CoreQueue]:
    """Return the queues of a core of *role*, in their order.

    Raises:
        ProgramError: more than there are, or than the engine can number.
    """
    fabric = builder.wafer.fabric
    sides = {color: sorted({route.source for route in routes}) for color, routes in sorted(role.routes.items())}
    heard = [color for color, routes in sorted(role.routes.items()) if any(r.outputs >> isa.RAMP & 1 for r in routes)]
    sent = [color for color, ports in sides.items() if isa.RAMP in ports]
    inward, outward = _bound(builder, role, heard, out=False), _bound(builder, role, sent, out=True)
    found = []
    for color, ports in sides.items():
        for port in ports:
            outgoing = fabric.out_queue_words[outward[color]] + fabric.ramp_cycles if port == isa.RAMP else 0
            found.append(CoreQueue(color=color, port=port, room=outgoing or fabric.link_words))
    for color in heard:
        room = fabric.in_queue_words[inward[color]] + fabric.ramp_cycles
        found.append(CoreQueue(color=color, port=isa.INWARD, room=room))
    deepest = max((queue.room for queue in found), default=0)
    for has, most, what in ((len(found), state.QUEUES, "queues"), (deepest, state.MOST_WORDS, "words in a queue")):
        if has > most:
            raise ProgramError(
                f"role {role.name!r} ({role.place}), on {builder.core_of(role)}, has {has} {what} on a core; "
                f"{most} can be simulated"
            )
    return found


def _bound(builder: Builder, role: CoreRole, colors: Sequence[int], *, out: bool) -> dict[int, int]:
    """Return the hardware's queue of each of *colors*: as bound, the others by number, to the deepest left.

    Raises:
        TooFew: there are not enough queues.
    """
    depths = builder.wafer.fabric.out_queue_words if out else builder.wafer.fabric.in_queue_words
    bound = {color.index: queue for (color, side), queue in role.queues.items() if side == out}
    found = {color: bound[color] for color in colors if color in bound}
    left = sorted(set(range(len(depths))) - set(found.values()), key=lambda queue: (-depths[queue], queue))
    for color in colors:
        if color in found:
            continue
        if not left:
            who = f"role {role.name!r} ({role.routes[color][0].place}), on {builder.core_of(role)},"
            raise TooFew(
                f"{who} {'sends' if out else 'receives'} {len(colors)} colors; a core has {len(depths)} queues for "
                f"that, and color {builder.colors[color].name!r} gets none"
            )
        found[color] = left.pop(0)
    return found


def pack(builder: Builder) -> State:
    """Return the state of a checked program before its first cycle."""
    queues = [role_queues(builder, role) for role in builder.roles]
    places = [{(queue.color, queue.port): at for at, queue in enumerate(mine)} for mine in queues]
    of = builder.role_of.ravel()
    code, operands = encode(builder.roles, places, builder.control_tasks)
    threads = 1 + max([0, *(int(slot) for slot in code["slot"])])
    taken = np.array([role.words for role in builder.roles], np.int64)[of]
    memory = zeros(max(2, int(taken.sum())), np.uint16)
    described = max(role.descriptors for role in builder.roles)
    longer = detours(builder.wafer, builder.width, builder.height)
    words, cores = max(sum(queue.room for queue in mine) for mine in queues), len(of)
    return State(
        clock=_clock(builder, threads, len(longer)), code=code, operands=operands, roles=_roles(builder, queues),
        entries=_entries(builder), control_task=_control_tasks(builder), channels=_channels(builder, queues),
        places=_places(builder, places), switches=_switches(builder, places),
        cores=_cores(builder, taken), tallies=zeros(cores, state.TALLY),
        threads=zeros((cores, threads), state.THREAD), queues=_queues(builder, queues),
        ring=zeros((cores, words), "i8"), filters=_filters(builder), position=zeros((cores, len(builder.colors)), "u1"),
        registers=zeros((cores, max(role.registers for role in builder.roles)), "f8"), memory=memory,
        descriptors=zeros((cores, described), state.OPERAND),
        described=zeros((cores, threads if described else 0, OPERANDS), state.OPERAND),
        figures=memory_figures(builder.wafer.core),
        floats=memory.view(np.float32), executed=zeros(len(code), "i8"), log=zeros(LOG_ROWS, state.LOG),
        events=zeros(0, state.EVENT), ways=zeros((isa.PORTS, 2), "i8"), visits=zeros(cores, "i4"), code_state=no_code(),
        detours=longer,
        due=zeros((state.SPAN, 1 + -(-cores // CORES_A_WORD)), "i8"),
    )  # fmt: skip


def _clock(builder: Builder, threads: int, longer: int) -> Array:
    core, fabric = builder.wafer.core, builder.wafer.fabric
    clock = zeros(1, state.CLOCK)
    for name, value in (
        ("hop", fabric.hop_cycles), ("ramp", fabric.ramp_cycles), ("task_cycles", core.task_launch_cycles),
        ("detours", longer), ("activation_cycles", core.activation_cycles), ("line_bytes", core.line_bytes),
        ("threads", threads), ("width", builder.width), ("scalars_first", builder.scalars_first),
        ("patience", PATIENCE_CYCLES), ("ahead", CYCLES_AT_ONCE), ("band", BAND),
    ):  # fmt: skip
        clock[name] = min(value, state.LAST_CYCLE)
    return clock


def _roles(builder: Builder, queues: list[list[CoreQueue]]) -> Array:
    roles = zeros(len(builder.roles), state.ROLE)
    roles["forward"] = [_mask(at for at, q in enumerate(mine) if q.port != isa.INWARD) for mine in queues]
    roles["urgent"] = [_mask(role.urgent) for role in builder.roles]
    roles["words"] = [role.words for role in builder.roles]
    return roles


def _entries(builder: Builder) -> Array:
    entries, start = np.full((len(builder.roles), isa.TASKS), -1, np.int64), 0
    for number, role in enumerate(builder.roles):
        for task, first in role.entries.items():
            entries[number, task] = start + first
        start += len(role.instructions)
    return entries


def _control_tasks(builder: Builder) -> Array:
    names = builder.control_tasks
    found = np.full((len(builder.roles), max(1, len(names))), -1, np.int64)
    for number, role in enumerate(builder.roles):
        for at, name in enumerate(names):
            found[number, at] = role.tasks[name].index if name in role.tasks else -1
    return found


def _channels(builder: Builder, queues: list[list[CoreQueue]]) -> Array:
    channels = zeros((len(queues), max(len(mine) for mine in queues)), state.CHANNEL)
    for number, (role, mine) in enumerate(zip(builder.roles, queues, strict=True)):
        for at, queue in enumerate(mine):
            inward = queue.port == isa.INWARD
            task = role.on_wavelet.get(queue.color, -1) if inward else -1
            sieve = [*role.filters].index(queue.color) if inward and queue.color in role.filters else -1
            begins = role.begins.get(queue.color, builder.core.task_launch_cycles)
            channels[number, at] = (queue.color, queue.port, task, sieve, min(begins, state.LAST_CYCLE))
    return channels


def _places(builder: Builder, places: list[Places]) -> Array:
    found = np.full((len(places), max(1, len(builder.colors)), isa.INWARD + 1), -1, np.int64)
    for number, mine in enumerate(places):
        for (color, port), at in mine.items():
            found[number, color, port] = at
    return found


def _switches(builder: Builder, places: list[Places]) -> Array:
    switches = zeros((len(builder.roles), len(builder.colors), isa.POSITIONS), state.SWITCH)
    for number, role in enumerate(builder.roles):
        for color, positions in role.routes.items():
            for place, route in enumerate(positions):
                last = place + 1 == len(positions)
                following = (0 if color in role.rings else place) if last else place + 1
                switches[number, color, place] = (places[number][color, route.source], route.mask, following)
    return switches


def _cores(builder: Builder, taken: Array) -> Array:
    of = builder.role_of.ravel()
    cores = zeros(len(of), state.CORE)
    cores["role"], cores["counter"] = of, -1
    by_role = np.argsort(of, kind="stable")
    cores["memory"][by_role] = np.cumsum(taken[by_role]) - taken[by_role]
    for name, tasks in (("activated", "started"), ("blocked", "blocked_first")):
        cores[name] = np.array([_mask(getattr(role, tasks)) for role in builder.roles], np.int64)[of]
    edges = cores["edges"].reshape(builder.role_of.shape)
    edges[:, 0] |= 1 << isa.WEST
    edges[:, -1] |= 1 << isa.EAST
    edges[0] |= 1 << isa.NORTH
    edges[-1] |= 1 << isa.SOUTH
    return cores


def _queues(builder: Builder, queues: list[list[CoreQueue]]) -> Array:
    usual = np.zeros((len(queues), max(len(mine) for mine in queues)), state.QUEUE)
    for number, (role, mine) in enumerate(zip(builder.roles, queues, strict=True)):
        words = 0
        for at, queue in enumerate(mine):
            first = role.routes[queue.color][0]
            usual[number, at] = (-1, 0, words, 0, 0, queue.room, first.mask if first.source == queue.port else 0)
            words += queue.room
    return _spread(builder, usual)


def _filters(builder: Builder) -> Array:
    usual = np.zeros((len(builder.roles), max(len(role.filters) for role in builder.roles)), state.FILTER)
    for number, role in enumerate(builder.roles):
        for at, sieve in enumerate(role.filters.values()):
            usual[number, at] = (sieve.first, sieve.count, sieve.period, 0, 0, 0, 0, 0)
    return _spread(builder, usual)


def _spread(builder: Builder, usual: Array) -> Array:
    """Return [core, ...] of what is [role, ...]."""
    of = builder.role_of.ravel()
    found = zeros((len(of), *usual.shape[1:]), usual.dtype)
    if usual.size:
        np.take(usual, of, axis=0, out=found)
    return found


def _mask(bits: Iterable[int]) -> int:
    found = np.int64(0)
    for bit in bits:
        found |= np.int64(1) << np.int64(bit)
    return int(found)
