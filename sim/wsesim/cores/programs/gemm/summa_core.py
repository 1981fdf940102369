"""The program of a core in SUMMA: it sends its panels in their turn, receives the others, multiplies each pair."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from math import ceil, lcm

import numpy as np

from wsesim.cores import isa
from wsesim.cores.builder import Builder, CoreRole, CoreTask
from wsesim.cores.kit.base import Array, Grid, Shape
from wsesim.cores.kit.flow import jump, jump_if_less
from wsesim.cores.kit.plans import COLUMN, ROW, LineAxis, alike_places
from wsesim.cores.operands import Color
from wsesim.cores.programs.gemm.local_code import ScalarCode

BUFFERS = 2
PLAN_WORDS = 2
"""First step in which a core is the root, and the first after those."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Panels:
    """How C = A B lies on a rectangle: as many steps as both columns and rows divide, a panel of A and of B in each."""

    shape: Shape
    """Rows and columns of A, columns of B."""
    columns: int
    rows: int
    m: int
    """Rows of a core's panels of A and of C."""
    k: int
    """Columns of a panel of A, rows of a panel of B."""
    n: int
    """Columns of a core's panels of B and of C."""
    overlapped: bool = True
    """Whether the next panels travel while a pair is multiplied."""

    @classmethod
    def of(cls, grid: Grid, shape: Shape, *, overlapped: bool) -> Panels:
        """Cut an M x K by K x N product; what does not divide is filled up."""
        (columns, rows), (m, k, n) = grid, shape
        each = (ceil(m / rows), ceil(k / lcm(columns, rows)), ceil(n / columns))
        return cls(shape=shape, columns=columns, rows=rows, m=each[0], k=each[1], n=each[2], overlapped=overlapped)

    @property
    def steps(self) -> int:
        """Pairs of panels."""
        return lcm(self.columns, self.rows)


class _Operand:
    """A or B on one role: its own panels, two buffers behind them, when it is its turn, and its seat on its line."""

    def __init__(
        self, role: CoreRole, name: str, elements: int, own: int, seat: tuple[LineAxis, bool, bool], thread: int
    ) -> None:
        self.name, self.elements, self.thread, self.own = name, elements, thread, own
        self.axis, self.first, self.last = seat
        self.moves = not (self.first and self.last)
        self.panels = role.memory(name, (own + BUFFERS) * elements)
        self.plan = role.memory(f"{name} plan", PLAN_WORDS, isa.I32)
        self.begin, self.end = role.register(), role.register()
        self.now, self.next, self.mine, self.buffer, self.other = (role.register() for _ in range(5))

    def route(self, role: CoreRole, color: Color) -> None:
        """Write the switch positions: roots nearer the start of the line, the core itself, roots farther."""
        toward, away = self.axis.toward, self.axis.away
        behind, ahead = ([] if self.first else [toward]), ([] if self.last else [away])
        if not self.first:
            role.route(color, toward, "RAMP", *ahead)
        role.route(color, "RAMP", *behind, *ahead)
        if not self.last:
            role.route(color, away, "RAMP", *behind)


class _Core:
    """Writes the role of the cores whose seats are alike: first, last, both or neither on their row and column."""

    def __init__(
        self, builder: Builder, panels: Panels, colors: Sequence[Color], seats: Sequence[tuple[bool, bool]]
    ) -> None:
        self.panels = panels
        self.role = role = builder.role(f"core {len(builder.roles)}")
        self.code, self.colors = ScalarCode(role), colors
        a_own, b_own = panels.steps // panels.columns, panels.steps // panels.rows
        self.operands = (
            _Operand(role, "a", panels.m * panels.k, a_own, (ROW, *seats[0]), 0),
            _Operand(role, "b", panels.k * panels.n, b_own, (COLUMN, *seats[1]), 1),
        )
        self.moving = [operand for operand in self.operands if operand.moves]
        for operand in self.moving:
            operand.route(role, colors[operand.thread])
        self.c = role.memory("c", panels.m * panels.n)
        self.at, self.steps, self.count, self.pending, self.bound = (role.register() for _ in range(5))
        self.inner, self.inners, self.outer, self.outers = (role.register() for _ in range(4))
        self.a_place, self.b_place, self.c_place, self.b_line, self.factor = (role.register() for _ in range(5))
        self.move, self.multiply = role.declare("move"), role.declare("multiply")
        self._start()
        self.sent, self.received = self._done_tasks()
        self._on_move()
        self._on_multiply()

    def _start(self) -> None:
        role, panels = self.role, self.panels
        with role.task("start", start=True):
            for register, value in (
                (self.at, 0), (self.steps, panels.steps), (self.inners, panels.n), (self.outers, panels.k),
            ):  # fmt: skip
                role.set(register, value)
            for operand in self.operands:
                role.load(operand.begin, operand.plan.at(0, 1))
                role.load(operand.end, operand.plan.at(1, 1))
                role.set(operand.mine, 0)
                role.set(operand.buffer, operand.own * operand.elements)
                role.set(operand.other, (operand.own + 1) * operand.elements)
            role.activate(self.move)

    def _done_tasks(self) -> tuple[dict[int, CoreTask], dict[int, CoreTask]]:
        """Write the tasks that follow each transfer; the last begins what comes next."""
        role = self.role
        found: tuple[dict[int, CoreTask], dict[int, CoreTask]] = ({}, {})
        for operand in self.moving:
            for tasks, what in zip(found, ("sent", "received"), strict=True):
                with role.task(f"{operand.name} {what}") as tasks[operand.thread]:
                    if what == "sent" and not operand.last:
                        self._hand_over(operand)
                    self._one_done()
        return found

    def _hand_over(self, operand: _Operand) -> None:
        """After the last own panel, let the next core of the line be the root; all before listen to where it is."""
        role = self.role
        more = jump_if_less(role, self.at, operand.end)
        role.control(self.colors[operand.thread], routers=2)
        more.land()

    def _on_move(self) -> None:
        """Write the task that starts the transfers of step `at`; with nothing to wait for it goes on by itself."""
        role = self.role
        with role.task(self.move.name):
            role.set(self.count, 0)
            role.set(self.pending, len(self.moving) + 1)
            goes_on = jump_if_less(role, self.at, self.steps)
            role.set(self.pending, 1)
            ready = jump(role)
            goes_on.land()
            if not self.panels.overlapped:
                role.wait(role.wafer.code.routes_cycles * len(self.moving))
            for operand in self.operands:
                self._transfer(operand)
            ready.land()
            role.iadd(self.at, self.at, 1)
            if self.panels.overlapped:
                self._product_of_the_step_before()
            self._one_done()

    def _on_multiply(self) -> None:
        """Write the task that follows the transfers of a step."""
        role = self.role
        with role.task(self.multiply.name):
            goes_on = jump_if_less(role, self.steps, self.at)
            for operand in self.operands:
                role.copy(operand.now, operand.next)
            if not self.panels.overlapped:
                role.wait(role.wafer.code.routes_cycles * len(self.moving))
                self._product()
            role.activate(self.move)
            over = jump(role)
            goes_on.land()
            role.halt()
            over.land()

    def _transfer(self, operand: _Operand) -> None:
        """Send an own panel, or receive one into the buffer that is free."""
        role, elements, thread = self.role, operand.elements, operand.thread
        before = jump_if_less(role, self.at, operand.begin)
        own = jump_if_less(role, self.at, operand.end)
        before.land()
        if operand.moves:
            role.copy(operand.next, operand.buffer)
            role.copy(operand.buffer, operand.other)
            role.copy(operand.other, operand.next)
            arrives = role.fabin(self.colors[thread], elements)
            into = operand.panels.at(operand.next, elements)
            role.fmovs(into, arrives, thread=thread, activate=self.received[thread])
        done = jump(role)
        own.land()
        role.copy(operand.next, operand.mine)
        role.iadd(operand.mine, operand.mine, elements, cost=1)
        if operand.moves:
            leaves, panel = role.fabout(self.colors[thread], elements), operand.panels.at(operand.next, elements)
            role.fmovs(leaves, panel, thread=thread, activate=self.sent[thread])
        done.land()

    def _one_done(self) -> None:
        """Count what is done; after the last go on."""
        role = self.role
        role.iadd(self.count, self.count, 1)
        more = jump_if_less(role, self.count, self.pending)
        role.activate(self.multiply)
        more.land()

    def _product_of_the_step_before(self) -> None:
        """Multiply, unless this is the first step and nothing has come yet."""
        role = self.role
        role.set(self.bound, 2)
        first = jump_if_less(role, self.at, self.bound)
        self._product()
        first.land()

    def _product(self) -> None:
        """Add the product of the pair to C, column by column: A's column times a value of B."""
        role, code, panels = self.role, self.code, self.panels
        a, b = self.operands
        role.copy(self.a_place, a.now)
        role.copy(self.b_line, b.now)
        with code.count(self.outer, self.outers):
            role.set(self.c_place, 0)
            role.copy(self.b_place, self.b_line)
            with code.count(self.inner, self.inners):
                code.load(self.factor, b.panels.at(self.b_place, 1), indices=2)
                into = self.c.at(self.c_place, panels.m)
                role.fmacs(into, into, a.panels.at(self.a_place, panels.m), self.factor)
                role.iadd(self.b_place, self.b_place, panels.k, cost=0)
                code.move_descriptor(self.c_place, panels.m)
            role.iadd(self.b_line, self.b_line, 1, cost=0)
            code.move_descriptor(self.a_place, panels.m)


def write(panels: Panels, builder: Builder) -> None:
    """Write the programs of all cores, one for those at the same ends of their lines."""
    colors = [builder.color("a"), builder.color("b")]
    across, down = (
        [(place == 0, place == cores - 1) for place in range(cores)] for cores in (panels.columns, panels.rows)
    )
    for columns in alike_places(across):
        for rows in alike_places(down):
            role = _Core(builder, panels, colors, (across[columns[0]], down[rows[0]])).role
            builder.place(role, columns, rows)


def lay(panels: Panels, a: Array, b: Array) -> Mapping[str, Array]:
    """Return what each variable begins with, of operands that are filled up to whole panels."""
    k, own_a, own_b = panels.k, panels.steps // panels.columns, panels.steps // panels.rows
    depth = panels.steps * k - a.shape[1]
    filled_a = np.pad(a, ((0, panels.rows * panels.m - a.shape[0]), (0, depth)))
    filled_b = np.pad(b, ((0, depth), (0, panels.columns * panels.n - b.shape[1])))
    a_panels = filled_a.reshape(panels.rows, panels.m, panels.columns, own_a, k).transpose(0, 2, 3, 4, 1)
    b_panels = filled_b.reshape(panels.rows, own_b, k, panels.columns, panels.n).transpose(0, 3, 1, 4, 2)
    plans = (panels.rows, panels.columns, PLAN_WORDS)
    return {
        "a": _with_buffers(a_panels), "a plan": np.broadcast_to(_turns(panels.columns, own_a)[None], plans),
        "b": _with_buffers(b_panels), "b plan": np.broadcast_to(_turns(panels.rows, own_b)[:, None], plans),
    }  # fmt: skip


def _turns(cores: int, own: int) -> Array:
    """Return the first step in which each core of a line is the root, and the first after those, as [core, 2]."""
    begin = own * np.arange(cores)
    return np.stack([begin, begin + own], 1)


def _with_buffers(panels: Array) -> Array:
    """Return [row, column, panel, column of the panel, element] flat, with two more panels."""
    filled = np.pad(panels, ((0, 0), (0, 0), (0, BUFFERS), (0, 0), (0, 0)))
    return filled.reshape(*panels.shape[:2], -1)


def take(panels: Panels, c: Array) -> Array:
    """Return C as a matrix, without what fills up its panels."""
    found = c.reshape(panels.rows, panels.columns, panels.n, panels.m).transpose(0, 3, 1, 2)
    return found.reshape(panels.rows * panels.m, panels.columns * panels.n)[: panels.shape[0], : panels.shape[2]]
