"""The programs of a weight's gradient: cores spread a feature, multiply, and pass sums down; a sink keeps them."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from itertools import pairwise

import numpy as np

from wsesim.cores import isa
from wsesim.cores.builder import Builder, CoreRole
from wsesim.cores.kit.base import Array
from wsesim.cores.kit.flow import jump, jump_if_less, unless_less
from wsesim.cores.kit.plans import alike_places, by_parity
from wsesim.cores.machine import CoreMachine
from wsesim.cores.operands import VALUES_PER_WAVELET, Color, Operand, wavelets_of
from wsesim.cores.programs.gemm.streaming import Arithmetic, MatrixCut, aligned, gathered

SPREAD, REDUCTION = 0, 1
"""Microthreads of the features and of the sums."""
ARRIVALS = 2
"""Features that have a place to arrive; before those a core owns."""
PLAN = 3
"""Numbers a core knows of the features."""


@dataclass(frozen=True, slots=True)
class _Colors:
    """One spreads features along the row, two take sums down, by the parity of the row that sends."""

    along: Color
    down: tuple[Color, Color]


class _Core:
    """Writes the role of the cores of a kind of column and a kind of row."""

    def __init__(
        self, builder: Builder, cut: MatrixCut, arithmetic: Arithmetic, colors: _Colors, column: int, row: int
    ) -> None:
        self.cut, self.arithmetic, self.colors, self.row = cut, arithmetic, colors, row
        self.is_west, self.is_east = column == 0, column == cut.columns - 1
        self.role = role = builder.role(f"core {column},{row}")
        self.step = aligned(cut.tokens_each, arithmetic.factor)
        self.x = role.memory("x", cut.inputs_each * self.step, arithmetic.factor, bank=0)
        self.dy = role.memory("dy", (ARRIVALS + cut.outputs_each) * self.step, arithmetic.factor, bank=2)
        self.sums = role.memory("sums", 2 * cut.inputs_each, arithmetic.sum)
        self.plan = role.memory("plan", PLAN, isa.I32)
        self.task = role.declare("feature")
        self.begun, self.last, self.west, self.own, self.own_last = (role.register() for _ in range(5))
        self.mine, self.arrival, self.following, self.now, self.one_step = (role.register() for _ in range(5))
        self.place, self.feature, self.features, self.sum = (role.register() for _ in range(4))
        self.turn, self.slot = role.register(), role.register()
        self._route()
        self._start()
        self._on_feature()

    def _route(self) -> None:
        role, colors, sides = self.role, self.colors, [*["WEST"] * (not self.is_west), *["EAST"] * (not self.is_east)]
        if not self.is_west:
            role.route(colors.along, "WEST", "RAMP", *sides[1:])
        if sides:
            role.route(colors.along, "RAMP", *sides)
        if not self.is_east:
            role.route(colors.along, "EAST", "RAMP", *sides[:-1])
        role.route(colors.down[self.row % 2], "RAMP", "SOUTH")
        if self.row > 0:
            role.route(colors.down[1 - self.row % 2], "NORTH", "RAMP")

    def _start(self) -> None:
        role, features = self.role, self.cut.inputs_each
        with role.task("start", start=True):
            for register, value in (
                (self.features, features), (self.begun, 0), (self.last, self.cut.outputs - 1), (self.turn, 0),
                (self.arrival, 0), (self.one_step, self.step), (self.mine, ARRIVALS * self.step),
            ):  # fmt: skip
                role.set(register, value)
            for place, register in enumerate((self.west, self.own, self.own_last)):
                role.load(register, self.plan.at(place), cost=1)
            self._fetch()

    def _on_feature(self) -> None:
        """Write the task that multiplies a feature of dy with those of x, while the next arrives, and sends sums on."""
        role, tokens = self.role, self.cut.tokens_each
        with role.task(self.task.name):
            role.copy(self.now, self.following)
            self._fetch()
            role.set(self.place, 0)
            role.copy(self.slot, self.turn)
            with role.loop(self.feature, self.features):
                role.set(self.sum, 0)
                role.vector(
                    isa.MAC, self.sum, self.sum, self.x.at(self.place, tokens), self.dy.at(self.now, tokens),
                    kind=self.arithmetic.product,
                )  # fmt: skip
                role.store(self.sums.at(self.slot, 1), self.sum)
                role.iadd(self.place, self.place, self.step, cost=1)
                role.iadd(self.slot, self.slot, 1, cost=1)
            self._send_down()
            role.scalar(isa.FSUB, self.turn, self.features, self.turn, cost=1)

    def _send_down(self) -> None:
        """Start the microthread that adds what comes from above; it waits until the sums before are on their way."""
        role, parity, each = self.role, self.row % 2, self.cut.inputs_each
        terms: list[Operand] = [self.sums.at(self.turn, each)]
        if self.row > 0:
            terms.append(role.fabin(self.colors.down[1 - parity], each))
        role.vector(
            isa.ADD if self.row > 0 else isa.MOV, role.fabout(self.colors.down[parity], each), *terms,
            kind=self.arithmetic.sum, thread=REDUCTION,
        )  # fmt: skip

    def _fetch(self) -> None:
        """Send the next feature if it is an own one, else let it arrive; its task follows either."""
        role, along, tokens, alone = self.role, self.colors.along, self.cut.tokens_each, self.is_west and self.is_east
        ended = jump_if_less(role, self.last, self.begun)
        early = jump_if_less(role, self.begun, self.west)
        late = jump_if_less(role, self.own_last, self.begun)
        role.copy(self.following, self.mine)
        if alone:
            role.activate(self.task)
        else:
            self._move(role.fabout(along, tokens), self.dy.at(self.mine, tokens))
        role.iadd(self.mine, self.mine, self.step, cost=1)
        role.iadd(self.begun, self.begun, 1, cost=1)
        fetched = jump(role)
        late.land()
        if not self.is_east:
            with unless_less(role, self.own, self.begun):
                role.control(along, routers=2)
        early.land()
        if not alone:
            role.copy(self.following, self.arrival)
            self._move(self.dy.at(self.arrival, tokens), role.fabin(along, tokens))
            role.scalar(isa.FSUB, self.arrival, self.one_step, self.arrival, cost=1)
        role.iadd(self.begun, self.begun, 1, cost=1)
        fetched.land()
        ended.land()

    def _move(self, dest: Operand, source: Operand) -> None:
        self.role.vector(isa.MOV, dest, source, kind=self.arithmetic.factor, thread=SPREAD, activate=self.task)


@dataclass(frozen=True, slots=True, kw_only=True)
class Gradient:
    """A layer on its cores, and its precision."""

    cut: MatrixCut
    arithmetic: Arithmetic


def write(gradient: Gradient, builder: Builder) -> None:
    """Write the programs of all cores; dW ends up in the last row."""
    cut, arithmetic = gradient.cut, gradient.arithmetic
    down = (builder.color("down 0"), builder.color("down 1"))
    colors = _Colors(builder.color("along"), down)
    for at_x in alike_places((place == 0, place == cut.columns - 1) for place in range(cut.columns)):
        for at_y in alike_places(by_parity(cut.rows)):
            builder.place(_Core(builder, cut, arithmetic, colors, at_x[0], at_y[0]).role, at_x, at_y)
    builder.place(_sink(builder, cut, arithmetic, colors), range(cut.columns), [cut.rows])


def lay(gradient: Gradient, x: Array, dy: Array) -> Mapping[str, Array]:
    """Return what each variable begins with; x is [token, input], dy [token, output]."""
    cut, kind = gradient.cut, gradient.arithmetic.factor
    return {
        "x": cut.on_cores(x, cut.inputs_each, kind=kind),
        "dy": cut.on_cores(dy, cut.outputs_each, kind=kind, before=ARRIVALS), "plan": _plans(cut),
    }  # fmt: skip


def _plans(cut: MatrixCut) -> Array:
    """Return what each column knows, [row, column, number].

    Features before its own, with its own, and the number of its last.
    """
    before = [cut.owned_before(column) for column in range(cut.columns + 1)]
    found = [[west, own, own - 1] for west, own in pairwise(before)]
    return np.broadcast_to(found, (cut.rows, cut.columns, PLAN))


def result(machine: CoreMachine, cut: MatrixCut) -> Array:
    """Return dW, [input, output], as the sinks hold it."""
    found = gathered(machine, "dw")[cut.rows].reshape(cut.columns, cut.outputs, -1)[:, :, : cut.inputs_each]
    return np.asarray(found.transpose(0, 2, 1).reshape(-1, cut.outputs)[: cut.inputs])


def _sink(builder: Builder, cut: MatrixCut, arithmetic: Arithmetic, colors: _Colors) -> CoreRole:
    """Write the role that keeps what comes down, output after output, each filled up to whole wavelets."""
    role, together, arriving = builder.role("sink"), VALUES_PER_WAVELET[arithmetic.sum], colors.down[1 - cut.rows % 2]
    dw = role.memory("dw", cut.outputs * wavelets_of(cut.inputs_each, arithmetic.sum) * together, arithmetic.sum)
    role.route(arriving, "NORTH", "RAMP")
    with role.task("start", start=True):
        role.vector(isa.MOV, dw, role.fabin(arriving, dw.length), kind=arithmetic.sum)
        role.halt()
    return role
