"""The programs of a weight's gradient: cores spread features, multiply, and pass sums down; a sink keeps them."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from itertools import pairwise

import numpy as np

from wsesim.cores import isa
from wsesim.cores.builder import Builder, CoreRole
from wsesim.cores.kit.base import Array
from wsesim.cores.kit.flow import unless_less
from wsesim.cores.kit.plans import alike_places, by_parity
from wsesim.cores.machine import CoreMachine
from wsesim.cores.operands import VALUES_PER_WAVELET, Color, Operand, Register, wavelets_of
from wsesim.cores.programs.gemm.streaming import Arithmetic, MatrixCut, aligned, gathered

REDUCTION = 0
"""Microthread of the sums."""
PLAN = 3
"""Numbers a core knows of the features."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Gradient:
    """A layer on its cores, and its precision."""

    cut: MatrixCut
    arithmetic: Arithmetic

    @property
    def tokens(self) -> int:
        """Tokens of a core, filled up with zeros to whole wavelets."""
        together = VALUES_PER_WAVELET[self.arithmetic.factor]
        return wavelets_of(self.cut.tokens_each, self.arithmetic.factor) * together

    @property
    def step(self) -> int:
        """Elements from one feature to the next."""
        return aligned(self.cut.tokens_each, self.arithmetic.factor)

    @property
    def way(self) -> int:
        """Type of sums on their way down: 16 bits, but for a product in single precision."""
        return isa.F32 if self.arithmetic.product == isa.F32 else isa.F16


@dataclass(frozen=True, slots=True)
class _Colors:
    """One spreads features along the row, two take sums down, by the parity of the row that sends."""

    along: Color
    down: tuple[Color, Color]


class _Core:
    """Writes the role of the cores of a kind of column and a kind of row."""

    def __init__(self, builder: Builder, gradient: Gradient, colors: _Colors, column: int, row: int) -> None:
        self.gradient, self.cut, self.colors, self.row = gradient, gradient.cut, colors, row
        self.is_west, self.is_east = column == 0, column == self.cut.columns - 1
        self.role = role = builder.role(f"core {column},{row}")
        factor, each = gradient.arithmetic.factor, self.cut.inputs_each
        self.x = role.memory("x", each * gradient.step, factor, bank=0)
        self.dy = role.memory("dy", self.cut.outputs_each * gradient.step, factor, bank=2)
        self.sums = role.memory("sums", (self.cut.outputs_each + 2) * each, gradient.way)
        self.plan = role.memory("plan", PLAN, isa.I32)
        self.west, self.own, self.east, self.one, self.features = (role.register() for _ in range(5))
        self.done, self.place, self.slot, self.turn, self.sum = (role.register() for _ in range(5))
        self._route()
        with role.task("start", start=True):
            self._start()
            self._multiply_own()
            self._receive(self.west)
            self._spread_own()
            self._receive(self.east)

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
        role = self.role
        role.set(self.one, 1)
        role.set(self.features, self.cut.inputs_each)
        role.set(self.turn, 0)
        for number, register in enumerate((self.west, self.own, self.east)):
            role.load(register, self.plan.at(number), cost=1)

    def _begin_own(self) -> None:
        """Go to the first own feature, whose sums lie behind the two places of others."""
        self.role.set(self.place, 0)
        self.role.set(self.slot, 2 * self.cut.inputs_each)

    def _next_own(self) -> None:
        self.role.iadd(self.place, self.place, self.gradient.step, cost=1)
        self.role.iadd(self.slot, self.slot, self.features, cost=1)

    def _multiply_own(self) -> None:
        """Write the products with own features; at the start, as while they pass all others would wait for it."""
        with unless_less(self.role, self.own, self.one):
            self._begin_own()
            with self.role.loop(self.done, self.own):
                self._products(self.dy.at(self.place, self.gradient.tokens), self.slot)
                self._next_own()

    def _receive(self, count: Register) -> None:
        """Write the products with *count* features of others: they pass once for each of a core's, and are not kept."""
        if self.cut.columns == 1:
            return
        with unless_less(self.role, count, self.one), self.role.loop(self.done, count):
            self._products(self.role.fabin(self.colors.along, self.gradient.tokens), self.turn)
            self._send_down(self.turn)
            self.role.scalar(isa.FSUB, self.turn, self.features, self.turn, cost=1)

    def _products(self, dy: Operand, slot: Register) -> None:
        """Write the dot products of a feature of dy with all of x, whose sums lie from *slot* on."""
        role, tokens = self.role, self.gradient.tokens
        for feature in range(self.cut.inputs_each):
            x = self.x.at(feature * self.gradient.step, tokens)
            role.set(self.sum, 0)
            role.vector(isa.MAC, self.sum, self.sum, x, dy, kind=self.gradient.arithmetic.product)
            role.store(self.sums.at(feature, 1).at(slot, 1), self.sum)

    def _spread_own(self) -> None:
        """Write how own features pass, and their sums; then the next owner's turn begins."""
        role, each, tokens = self.role, self.cut.inputs_each, self.gradient.tokens
        with unless_less(role, self.own, self.one):
            self._begin_own()
            with role.loop(self.done, self.own):
                self._send_down(self.slot)
                if self.cut.columns > 1:
                    again = self.dy.at(self.place).grid(each, tokens, row_stride=0)
                    role.vector(
                        isa.MOV, role.fabout(self.colors.along, each * tokens), again,
                        kind=self.gradient.arithmetic.factor,
                    )  # fmt: skip
                self._next_own()
            if not self.is_east:
                role.control(self.colors.along, routers=2)

    def _send_down(self, slot: Register) -> None:
        """Start the microthread that adds what comes from above; it waits until the sums before are on their way."""
        role, parity, each, way = self.role, self.row % 2, self.cut.inputs_each, self.gradient.way
        terms: list[Operand] = [self.sums.at(slot, each)]
        if self.row > 0:
            terms.append(role.fabin(self.colors.down[1 - parity], each))
        role.vector(
            isa.ADD if self.row > 0 else isa.MOV, role.fabout(self.colors.down[parity], each), *terms,
            kind=way, thread=REDUCTION,
        )  # fmt: skip


def write(gradient: Gradient, builder: Builder) -> None:
    """Write the programs of all cores; dW ends up in the last row."""
    cut = gradient.cut
    down = (builder.color("down 0"), builder.color("down 1"))
    colors = _Colors(builder.color("along"), down)
    for at_x in alike_places((place == 0, place == cut.columns - 1) for place in range(cut.columns)):
        for at_y in alike_places(by_parity(cut.rows)):
            builder.place(_Core(builder, gradient, colors, at_x[0], at_y[0]).role, at_x, at_y)
    builder.place(_sink(builder, gradient, colors), range(cut.columns), [cut.rows])


def lay(gradient: Gradient, x: Array, dy: Array) -> Mapping[str, Array]:
    """Return what each variable begins with; x is [token, input], dy [token, output]."""
    cut, kind = gradient.cut, gradient.arithmetic.factor
    return {
        "x": cut.on_cores(x, cut.inputs_each, kind=kind), "dy": cut.on_cores(dy, cut.outputs_each, kind=kind),
        "plan": _plans(cut),
    }  # fmt: skip


def _plans(cut: MatrixCut) -> Array:
    """Return what each column knows, [row, column, number]: features before its own, its own, and those after them."""
    before = [cut.owned_before(column) for column in range(cut.columns + 1)]
    found = [[west, own - west, cut.outputs - own] for west, own in pairwise(before)]
    return np.broadcast_to(found, (cut.rows, cut.columns, PLAN))


def result(machine: CoreMachine, cut: MatrixCut) -> Array:
    """Return dW, [input, output], as the sinks hold it."""
    found = gathered(machine, "dw")[cut.rows].reshape(cut.columns, cut.outputs, -1)[:, :, : cut.inputs_each]
    return np.asarray(found.transpose(0, 2, 1).reshape(-1, cut.outputs)[: cut.inputs])


def _sink(builder: Builder, gradient: Gradient, colors: _Colors) -> CoreRole:
    """Write the role that keeps what comes down, output after output, each filled up to whole wavelets."""
    cut, way = gradient.cut, gradient.way
    role, together, arriving = builder.role("sink"), VALUES_PER_WAVELET[way], colors.down[1 - cut.rows % 2]
    dw = role.memory("dw", cut.outputs * wavelets_of(cut.inputs_each, way) * together, way)
    role.route(arriving, "NORTH", "RAMP")
    with role.task("start", start=True):
        role.vector(isa.MOV, dw, role.fabin(arriving, dw.length), kind=way)
        role.halt()
    return role
