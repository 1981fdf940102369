"""The program of a core in MeshGEMM: it aligns its tiles, then passes them on and multiplies them, step by step."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from math import ceil

import numpy as np

from wsesim.cores import isa
from wsesim.cores.builder import Builder, CoreRole, CoreTask
from wsesim.cores.kit.base import Array, Shape
from wsesim.cores.kit.durations import memory
from wsesim.cores.kit.flow import end_task, jump, jump_if_less
from wsesim.cores.kit.plans import COLUMN, ROW, alike_places
from wsesim.cores.operands import MEMORY_WORD_BYTES, Color
from wsesim.cores.programs.collectives.rings import FORWARD, RING_COLORS, WAYS, Seat, ring_order, seats
from wsesim.cores.programs.gemm.streaming import aligned
from wsesim.cores.rates import go_by_lines, rate_of
from wsesim.hardware import Wafer

OWN_STEP = 1
"""What the step itself adds to the count of things to wait for; a shift adds two, its sending and its receiving."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Tiles:
    """Sizes of the tiles, and how often they are multiplied: 0 and 2 times are for measurements."""

    shape: Shape
    """Rows and columns of X, columns of W."""
    cores: int
    """In a line of the square."""
    m: int
    """Rows of a tile of X and of Z."""
    k: int
    """Columns of a tile of X, rows of a tile of W."""
    n: int
    """Columns of a tile of W and of Z."""
    times: int = 1
    moved: bool = True
    """Whether tiles travel; if not, each core multiplies those it has again and again."""
    repeats: int = 1
    """Products one after the other, for measurements. Cores do not wait for each other in between, and tiles are
    aligned again from where they lie, so only the first product is that of matrices."""

    @property
    def alignments(self) -> int:
        """Steps that bring tiles into place."""
        return self.cores // 2


class _Operand:
    """X or W on one role: two buffers, the seats of its ring, and how far it is to be aligned each way."""

    def __init__(self, role: CoreRole, name: str, elements: int, ways: Sequence[Seat], first_thread: int) -> None:
        self.elements, self.ways, self.threads = elements, ways, (first_thread, first_thread + 1)
        self.step = aligned(elements, isa.F16)
        self.tiles = role.memory(name, 2 * self.step, isa.F16, bank=0)
        self.plan = role.memory(f"{name} plan", len(WAYS), isa.I32)
        self.now, self.next = role.register(), role.register()
        self.aligns = [role.register() for _ in WAYS]


class _Core:
    """Writes the role of all cores with the same seats."""

    def __init__(
        self, builder: Builder, tiles: Tiles, colors: Sequence[Color], row: Sequence[Seat], column: Sequence[Seat]
    ) -> None:
        self.tiles, self.colors = tiles, colors
        self.role = role = builder.role(f"core {len(builder.roles)}")
        self.x = _Operand(role, "x", tiles.m * tiles.k, row, 0)
        self.w = _Operand(role, "w", tiles.k * tiles.n, column, 2)
        self.operands = (self.x, self.w)
        self.z = role.memory("z", tiles.n * tiles.m, isa.F16, bank=z_bank(builder.wafer))
        self.align, self.main = role.declare("align"), role.declare("main")
        self.at, self.steps, self.alignments, self.zero = (role.register() for _ in range(4))
        self.pending, self.one, self.spare, self.round, self.rounds = (role.register() for _ in range(5))
        self.now, self.ended = role.register(), role.memory("ended", tiles.repeats, isa.I32)
        self.inner, self.inners, self.outer, self.outers = (role.register() for _ in range(4))
        self.x_place, self.w_place, self.z_place, self.factor = (role.register() for _ in range(4))
        for seat in (*row, *column):
            for route in seat.routes:
                role.route(colors[route.color], route.source, *route.outputs)
        self.start = self._start()
        self.done = {step.name: self._done_tasks(step) for step in (self.align, self.main)}
        self._on_align()
        self._on_main()

    def _start(self) -> CoreTask:
        role, tiles = self.role, self.tiles
        with role.task("start", start=True) as task:
            role.wait(role.wafer.code.mesh_setup_cycles)
            for register, value in (
                (self.at, 0), (self.steps, tiles.cores), (self.alignments, tiles.alignments), (self.zero, 0),
                (self.one, 1), (self.inners, tiles.k), (self.outers, tiles.n),
            ):  # fmt: skip
                role.set(register, value)
            for operand in self.operands:
                role.set(operand.now, 0)
                role.set(operand.next, operand.step)
                for way in WAYS:
                    role.load(operand.aligns[way], operand.plan.at(way), cost=1)
            role.vector(isa.MOV, self.z, self.zero, kind=isa.F16)
            role.activate(self.align)
        return task

    def _done_tasks(self, step: CoreTask) -> list[CoreTask]:
        """Write the tasks that count the transfers of a step; the last begins the next step."""
        role, tasks = self.role, []
        for what in ("x sent", "x received", "w sent", "w received"):
            with role.task(f"{step.name}: {what}") as task:
                self._one_done(step)
            tasks.append(task)
        return tasks

    def _on_align(self) -> None:
        """Write the task of a step of the alignment; after the last comes the first of the others."""
        role = self.role
        with role.task(self.align.name):
            role.set(self.pending, OWN_STEP)
            aligns = jump_if_less(role, self.at, self.alignments)
            role.set(self.at, 0)
            self._move_and_multiply()
            end_task(role)
            aligns.land()
            for operand in self.operands:
                self._align(operand)
            role.iadd(self.at, self.at, 1)
            self._one_done(self.align)

    def _on_main(self) -> None:
        role = self.role
        with role.task(self.main.name):
            goes_on = jump_if_less(role, self.at, self.steps)
            self._finish()
            goes_on.land()
            self._move_and_multiply()

    def _finish(self) -> None:
        """Note the time, then end or begin the next product."""
        role = self.role
        role.stamp(self.now, cost=0)
        role.store(self.ended.at(self.round), self.now, cost=0)
        if self.tiles.repeats > 1:
            role.set(self.rounds, self.tiles.repeats)
            role.iadd(self.round, self.round, 1)
            over = jump_if_less(role, self.round, self.rounds)
            role.halt()
            over.land()
            role.activate(self.start)
            end_task(role)
        else:
            role.halt()

    def _align(self, operand: _Operand) -> None:
        """Move tiles on by one, the way they have to go, if they still have to."""
        role, ends = self.role, []
        for way in WAYS if operand.ways else ():
            goes = jump_if_less(role, self.at, operand.aligns[way])
            goes_not = jump(role)
            goes.land()
            self._shift(operand, way, self.align)
            self._swap(operand)
            role.iadd(self.pending, self.pending, 2, cost=1)
            ends.append(jump(role))
            goes_not.land()
        for end in ends:
            end.land()

    def _move_and_multiply(self) -> None:
        role, shifts = self.role, [operand for operand in self.operands if operand.ways]
        for operand in shifts:
            self._shift(operand, FORWARD, self.main)
        role.set(self.pending, OWN_STEP + 2 * len(shifts))
        role.iadd(self.at, self.at, 1, cost=1)
        for _ in range(self.tiles.times):
            self._multiply()
        for operand in shifts:
            self._swap(operand)
        self._one_done(self.main)

    def _swap(self, operand: _Operand) -> None:
        """Change the buffers; what is under way keeps to those it began with."""
        self.role.copy(self.spare, operand.now)
        self.role.copy(operand.now, operand.next)
        self.role.copy(operand.next, self.spare)

    def _shift(self, operand: _Operand, way: int, step: CoreTask) -> None:
        """Start to send a tile to the next core of the ring, and to receive one from that before."""
        role, seat, elements = self.role, operand.ways[way], operand.elements
        there, here = role.fabout(self.colors[seat.sends], elements), role.fabin(self.colors[seat.receives], elements)
        now, following = operand.tiles.at(operand.now, elements), operand.tiles.at(operand.next, elements)
        for dest, source, thread in ((there, now, operand.threads[0]), (following, here, operand.threads[1])):
            done = self.done[step.name][thread]
            role.vector(isa.MOV, dest, source, kind=isa.F16, thread=thread, activate=done)

    def _one_done(self, step: CoreTask) -> None:
        """Count what is done, and begin the next step after the last."""
        role = self.role
        role.iadd(self.pending, self.pending, -1)
        last = jump_if_less(role, self.pending, self.one)
        end_task(role)
        last.land()
        role.activate(step)

    def _multiply(self) -> None:
        """Add the product of the tiles to Z: for each k and n one multiply-accumulate over the rows."""
        role, tiles, x, w, z = self.role, self.tiles, self.x, self.w, self.z
        role.copy(self.x_place, x.now, cost=0)
        role.copy(self.w_place, w.now, cost=0)
        with role.loop(self.inner, self.inners):
            role.set(self.z_place, 0)
            role.wait(role.wafer.code.map_start_cycles)
            with role.map(self.outer, self.outers, saved=True):
                role.load(self.factor, w.tiles.at(self.w_place, 1), cost=0)
                into = z.at(self.z_place, tiles.m)
                role.vector(isa.MAC, into, into, x.tiles.at(self.x_place, tiles.m), self.factor, kind=isa.F16)
                role.iadd(self.w_place, self.w_place, 1, cost=0)
                role.iadd(self.z_place, self.z_place, tiles.m, cost=0)
            role.iadd(self.x_place, self.x_place, tiles.m, cost=1)


def z_bank(wafer: Wafer) -> int:
    """Return the bank in which Z begins, X lying in the first: one that does not collide, or on a line like X."""
    column, core = memory(isa.F16, 1), wafer.core
    reads_lines = go_by_lines(core, (column,) * 3, rate_of(core, isa.MAC, isa.F16, (column,) * 3))
    return 0 if reads_lines else ceil(core.bank_apart_bytes / MEMORY_WORD_BYTES)


def write(tiles: Tiles, builder: Builder) -> None:
    """Write the programs of all cores."""
    cores = tiles.cores
    colors: list[Color] = []
    lines: list[list[tuple[Seat, ...]]] = []
    for name, axis in (("row", ROW), ("column", COLUMN)):
        travels = cores > 1 and tiles.moved
        of_ways = [seats(cores, way, axis, len(colors) + RING_COLORS * way) for way in WAYS] if travels else []
        lines.append(list(zip(*of_ways, strict=True)) if of_ways else [()] * cores)
        colors += [builder.color(f"{name} {number}") for number in range(RING_COLORS * len(of_ways))]
    for columns in alike_places(lines[0]):
        for rows in alike_places(lines[1]):
            role = _Core(builder, tiles, colors, lines[0][columns[0]], lines[1][rows[0]]).role
            builder.place(role, columns, rows)


def lay(tiles: Tiles, x: Array, w: Array) -> Mapping[str, Array]:
    """Return what each variable begins with, of operands that are filled up to whole tiles."""
    cores = tiles.cores
    filled_x, filled_w = _filled(x, cores * tiles.m, cores * tiles.k), _filled(w, cores * tiles.k, cores * tiles.n)
    ways = np.array([_alignment(int(place), cores) for place in np.argsort(ring_order(cores))])
    plans = (cores, cores, len(WAYS))
    return {
        "x": _with_buffer(_tiled(filled_x, cores, tiles.m, tiles.k).transpose(0, 1, 3, 2)),
        "w": _with_buffer(_tiled(filled_w, cores, tiles.k, tiles.n)),
        "x plan": np.broadcast_to(ways[:, None], plans), "w plan": np.broadcast_to(ways[None], plans),
    }  # fmt: skip


def _filled(values: Array, rows: int, columns: int) -> Array:
    return np.pad(values, ((0, rows - values.shape[0]), (0, columns - values.shape[1])))


def _alignment(place: int, cores: int) -> tuple[int, int]:
    """Return the steps forward and backward that take tiles back by *place* on the ring."""
    return (cores - place, 0) if place > cores // 2 else (0, place)


def _tiled(values: Array, cores: int, height: int, width: int) -> Array:
    """Return a matrix as [row, column, row of the tile, column of the tile], tiles where the ring wants them."""
    blocks = values.reshape(cores, height, cores, width).transpose(0, 2, 1, 3)
    places = np.argsort(ring_order(cores))
    return blocks[np.ix_(places, places)]


def _with_buffer(tiles: Array) -> Array:
    """Return tiles flat, filled up to where the second buffer ends."""
    flat = tiles.reshape(*tiles.shape[:2], -1)
    return np.pad(flat, ((0, 0), (0, 0), (0, 2 * aligned(flat.shape[2], isa.F16) - flat.shape[2])))


def take(tiles: Tiles, z: Array) -> Array:
    """Return Z as a matrix, filled up to whole tiles."""
    order = ring_order(tiles.cores)
    found = z.reshape(tiles.cores, tiles.cores, tiles.n, tiles.m)[np.ix_(order, order)]
    return found.transpose(0, 3, 1, 2).reshape(tiles.cores * tiles.m, tiles.cores * tiles.n)
