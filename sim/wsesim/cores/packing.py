"""Lay a program out in the arrays the engine runs on.

A core has only what its role uses: queues of its colors, cells of its variables. Its queues stand in one block, first
those the router forwards (one for each side a color comes from, and one for what the program sends), then those the
program reads; their words and the cells of memory stand in blocks of their own.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass

import numpy as np

from wsesim.cores import isa, records
from wsesim.cores.builder import Builder, CoreRole
from wsesim.cores.engine import Array
from wsesim.cores.errors import ProgramError

STEP = {isa.WEST: (0, -1), isa.EAST: (0, 1), isa.NORTH: (-1, 0), isa.SOUTH: (1, 0)}
PATIENCE_CYCLES = 10_000_000
"""Cycles in which nothing moves, or no program acts, before a run is taken to hang."""
LOG_ROWS = 1 << 15


@dataclass(frozen=True, slots=True, kw_only=True)
class CoreQueue:
    """A queue of every core of a role."""

    color: int
    port: int
    """Where its words come from; `isa.INWARD` if they go to the program."""
    room: int


@dataclass(slots=True, kw_only=True)
class Arrays:
    """What the engine reads and writes; columns are named in `records`."""

    code: Array
    """[instruction, isa.WIDTH]"""
    entries: Array
    """[role, task] first instruction, -1: no such task"""
    queue_task: Array
    """[role, queue] task that a wavelet in it starts, -1: none"""
    control_task: Array
    """[role, number] task that a control wavelet starts, -1: none"""
    routes: Array
    """[role, color, 2 + 2 positions] positions, ring, then queue and port mask of each position"""
    cores: Array
    """[core, column] int64"""
    queues: Array
    """[queue, column] int32"""
    ring: Array
    """[word] int64"""
    memory: Array
    """[cell] uint32"""
    floats: Array
    """The same memory as float32."""
    registers: Array
    """[core, register] float64"""
    position: Array
    """[core, color] switch position"""
    executed: Array
    """[instruction] elements handled"""
    clock: Array
    log: Array
    """[row, records.LOG_WIDTH]"""
    buckets: Array
    """[cycle modulo records.SPAN, place] cores that are due"""
    listed: Array
    """[core] bit per bucket it stands in"""
    counts: Array
    """[cycle modulo records.SPAN] cores that are due"""


def role_queues(role: CoreRole) -> list[CoreQueue]:
    """Return the queues of a core of *role*, in their order.

    Raises:
        ProgramError: more than there are, or than the engine can number.
    """
    fabric = role.builder.wafer.fabric
    sides = {color: sorted({route.source for route in routes}) for color, routes in sorted(role.routes.items())}
    heard = [color for color, routes in sorted(role.routes.items()) if any(r.outputs >> isa.RAMP & 1 for r in routes)]
    sent = [color for color, ports in sides.items() if isa.RAMP in ports]
    inward, outward = role.bound_queues(heard, out=False), role.bound_queues(sent, out=True)
    found = []
    for color, ports in sides.items():
        for port in ports:
            outgoing = fabric.out_queue_words[outward[color]] + fabric.ramp_cycles if port == isa.RAMP else 0
            found.append(CoreQueue(color=color, port=port, room=outgoing or fabric.link_words))
    for color in heard:
        room = fabric.in_queue_words[inward[color]] + fabric.ramp_cycles
        found.append(CoreQueue(color=color, port=isa.INWARD, room=room))
    if len(found) > records.QUEUES:
        raise ProgramError(
            f"role {role.name!r} ({role.place}), on {role.builder.core_of(role)}, has {len(found)} queues on a core; "
            f"{records.QUEUES} can be simulated"
        )
    return found


def pack(builder: Builder) -> Arrays:
    """Return the arrays of a checked program, before its first cycle."""
    queues = [role_queues(role) for role in builder.roles]
    of = builder.role_of.ravel()
    code, entries = _code(builder, queues)
    threads = 1 + max([0, *(int(line[isa.SLOT]) for role in builder.roles for line in role.lines)])
    cores = _cores(builder, queues, threads)
    memory = np.zeros(max(1, int(cores[:, records.CELLS].sum())), np.uint32)
    rows, words = _queues(builder, queues, cores)
    clock = np.zeros(records.CLOCK, np.int64)
    core, fabric = builder.wafer.core, builder.wafer.fabric
    clock[records.HOP], clock[records.RAMP_CYCLES] = fabric.hop_cycles, fabric.ramp_cycles
    clock[records.TASK_CYCLES], clock[records.ACTIVATION_CYCLES] = core.task_launch_cycles, core.activation_cycles
    clock[records.LINE_BYTES], clock[records.SCALARS_FIRST] = core.line_bytes, builder.scalars_first
    clock[records.MICROTHREADS], clock[records.PATIENCE] = threads - 1, PATIENCE_CYCLES
    return Arrays(
        code=code, entries=entries, queue_task=_queue_tasks(builder, queues), control_task=_control_tasks(builder),
        routes=_routes(builder, queues), cores=cores, queues=rows, ring=np.zeros(max(1, words), np.int64),
        memory=memory, floats=memory.view(np.float32),
        registers=np.zeros((len(of), max(role.registers for role in builder.roles)), np.float64),
        position=np.zeros((len(of), max(1, len(builder.colors))), np.uint8), executed=np.zeros(len(code), np.int64),
        clock=clock, log=np.zeros((LOG_ROWS, records.LOG_WIDTH), np.int64),
        buckets=np.zeros((records.SPAN, len(of)), np.int32), listed=np.zeros(len(of), np.int32),
        counts=np.zeros(records.SPAN, np.int64),
    )  # fmt: skip


def first_lines(builder: Builder) -> list[int]:
    """Return where the instructions of each role begin in the table of all."""
    return [0, *np.cumsum([len(role.lines) for role in builder.roles]).tolist()]


def _code(builder: Builder, queues: list[list[CoreQueue]]) -> tuple[Array, Array]:
    starts = first_lines(builder)
    code = np.array([line for role in builder.roles for line in role.lines] or [[0] * isa.WIDTH], np.int64)
    entries = np.full((len(builder.roles), isa.TASKS), -1, np.int64)
    for number, role in enumerate(builder.roles):
        for task, first in role.entries.items():
            entries[number, task] = starts[number] + first
        places = {(queue.color, queue.port): at for at, queue in enumerate(queues[number])}
        for line in code[starts[number] : starts[number + 1]]:
            if line[isa.OP] in (isa.JUMP, isa.JUMP_LESS):
                line[isa.IMM] += starts[number]
            for operand in range(4):
                at = isa.DEST + operand * isa.OPERAND_WIDTH
                if line[at + isa.KIND] == isa.FABRIC and line[isa.OP] != isa.SWITCH:
                    port = isa.RAMP if operand == 0 else isa.INWARD
                    line[at + isa.ADDRESS] = places[int(line[at + isa.COLOR]), port]
    return code, entries


def _queue_tasks(builder: Builder, queues: list[list[CoreQueue]]) -> Array:
    found = np.full((len(builder.roles), records.QUEUES), -1, np.int64)
    for number, role in enumerate(builder.roles):
        for at, queue in enumerate(queues[number]):
            if queue.port == isa.INWARD:
                found[number, at] = role.on_wavelet.get(queue.color, -1)
    return found


def _control_tasks(builder: Builder) -> Array:
    found = np.full((len(builder.roles), max(1, len(builder.control_tasks))), -1, np.int64)
    for number, role in enumerate(builder.roles):
        for at, name in enumerate(builder.control_tasks):
            found[number, at] = role.tasks[name].index if name in role.tasks else -1
    return found


def _routes(builder: Builder, queues: list[list[CoreQueue]]) -> Array:
    shape = (len(builder.roles), max(1, len(builder.colors)), 2 + 2 * isa.POSITIONS)
    found = np.full(shape, -1, np.int64)
    for number, role in enumerate(builder.roles):
        places = {(queue.color, queue.port): at for at, queue in enumerate(queues[number])}
        for color, positions in role.routes.items():
            found[number, color, 0], found[number, color, 1] = len(positions), color in role.rings
            for place, route in enumerate(positions):
                found[number, color, 2 + 2 * place] = places[color, route.source]
                found[number, color, 3 + 2 * place] = route.outputs
    return found


def _cores(builder: Builder, queues: list[list[CoreQueue]], threads: int) -> Array:
    of = builder.role_of.ravel()
    rows = np.zeros((len(of), records.THREADS + threads * records.THREAD_WIDTH), np.int64)
    rows[:, records.ROLE] = of
    for column, each in (
        (records.QUEUE, [len(found) for found in queues]),
        (records.CELL, [role.cells for role in builder.roles]),
    ):
        sizes = np.array(each, np.int64)[of]
        rows[:, column] = np.cumsum(sizes) - sizes
    for column, values in (
        (records.CELLS, [role.cells for role in builder.roles]),
        (records.FORWARD, [_mask(at for at, q in enumerate(found) if q.port != isa.INWARD) for found in queues]),
        (records.URGENT, [_mask(role.urgent) for role in builder.roles]),
        (records.ACTIVATED, [_mask(role.started) for role in builder.roles]),
        (records.BLOCKED, [_mask(role.blocked_first) for role in builder.roles]),
    ):  # fmt: skip
        rows[:, column] = np.array(values, np.int64)[of]
    rows[:, records.COUNTER] = rows[:, records.SINCE] = -1
    return rows


def _queues(builder: Builder, queues: list[list[CoreQueue]], cores: Array) -> tuple[Array, int]:
    """Return the rows of all queues, and how many words they hold together."""
    of = builder.role_of.ravel()
    words = np.array([sum(queue.room for queue in found) for found in queues], np.int64)[of]
    begins = np.cumsum(words) - words
    rows = np.zeros((sum(int(n) * len(q) for n, q in zip(np.bincount(of, minlength=len(queues)), queues, strict=True)),
                     records.QUEUE_WIDTH), np.int32)  # fmt: skip
    place = _places(builder, queues)
    for number, role in enumerate(builder.roles):
        here = np.flatnonzero(of == number)
        ring = begins[here]
        for at, queue in enumerate(queues[number]):
            at_rows = cores[here, records.QUEUE] + at
            first = role.routes[queue.color][0]
            rows[at_rows, records.RING], rows[at_rows, records.ROOM] = ring, queue.room
            ring = ring + queue.room
            rows[at_rows, records.FREED] = -1
            rows[at_rows, records.OWNER] = here
            rows[at_rows, records.COLOR], rows[at_rows, records.BIT] = queue.color, at
            rows[at_rows, records.MASK] = first.outputs if first.source == queue.port else 0
            other, on_grid = _neighbours(builder, here, queue.port)
            rows[at_rows, records.FEEDER] = np.where(on_grid, other, here)
            if queue.port == isa.INWARD and queue.color in role.filters:
                found = role.filters[queue.color]
                rows[at_rows, records.FILTER_FIRST], rows[at_rows, records.FILTER_COUNT] = found.first, found.count
                rows[at_rows, records.FILTER_PERIOD] = found.period
            outputs = 0
            for route in role.routes[queue.color]:
                outputs |= route.outputs if route.source == queue.port else 0
            for port in range(isa.PORTS):
                if not outputs >> port & 1 or queue.port == isa.INWARD:
                    continue
                other, on_grid = _neighbours(builder, here, port)
                local = place[of[other], queue.color, isa.INWARD if port == isa.RAMP else port ^ 1]
                target = np.where(on_grid & (local >= 0), cores[other, records.QUEUE] + local, -1)
                rows[at_rows, records.TARGET + port] = target
    return rows, int(words.sum())


def _neighbours(builder: Builder, cores: Array, port: int) -> tuple[Array, Array]:
    """Return the core beyond a port of each of *cores*, itself beyond its ramp, and whether there is one."""
    down, right = STEP.get(port, (0, 0))
    y, x = cores // builder.width + down, cores % builder.width + right
    on_grid = (y >= 0) & (y < builder.height) & (x >= 0) & (x < builder.width)
    return np.where(on_grid, y * builder.width + x, 0), on_grid


def _places(builder: Builder, queues: list[list[CoreQueue]]) -> Array:
    """Return [role, color, port] number of the queue on a core."""
    found = np.full((len(queues), max(1, len(builder.colors)), isa.INWARD + 1), -1, np.int64)
    for number, mine in enumerate(queues):
        for at, queue in enumerate(mine):
            found[number, queue.color, queue.port] = at
    return found


def _mask(bits: Iterable[int]) -> int:
    found = np.int64(0)
    for bit in bits:
        found |= np.int64(1) << np.int64(bit)
    return int(found)
