"""The programs of weight streaming: a feeder that plays the edge, and the cores that multiply, add and pass sums on."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np

from wsesim.cores import isa
from wsesim.cores.builder import Builder, CoreRole
from wsesim.cores.kit.base import Array
from wsesim.cores.kit.flow import end_task, jump_if_less
from wsesim.cores.kit.plans import alike_places
from wsesim.cores.operands import Color, Mem, Operand, Register
from wsesim.cores.programs.gemm.streaming import Arithmetic, MatrixCut, aligned

LAST = 1 << 31
"""Bit of a sparse weight's wavelet: the last of its output. Below it 15 bits of offset, and 16 of value."""
OFFSET_BIT = 16
PLAN = 3
"""Numbers a core knows of the outputs."""
REDUCTION = 0
"""Microthread of the sums."""


@dataclass(frozen=True, slots=True, kw_only=True)
class StreamedLayer:
    """A layer on its cores, and its precision."""

    cut: MatrixCut
    arithmetic: Arithmetic
    nonzeros: int | None
    """Weights a core gets for an output, at most, each with its index; None if all of them, without."""

    @property
    def sparse(self) -> bool:
        """Whether a weight brings its index along; zeros are not sent then."""
        return self.nonzeros is not None

    @property
    def words(self) -> int:
        """Wavelets of a column's weights, at most."""
        return self.cut.outputs * (self.cut.inputs_each if self.nonzeros is None else self.nonzeros)


@dataclass(frozen=True, slots=True)
class _Colors:
    """Weights go south; sums go east, on a color by the parity of the column that sends, and back to the first one."""

    weights: Color
    east: tuple[Color, Color]
    back: Color


class _Core:
    """Writes the role of a kind of column's cores; the last row passes no weights on."""

    def __init__(self, builder: Builder, layer: StreamedLayer, colors: _Colors, column: int, *, last: bool) -> None:
        self.layer, self.colors, self.parity, cut = layer, colors, column % 2, layer.cut
        self.is_west, self.is_east = column == 0, column == cut.columns - 1
        self.role = role = builder.role(f"core {column}{' last' * last}")
        kinds = layer.arithmetic
        self.x_step, self.sums_step = aligned(cut.tokens_each, kinds.factor), aligned(cut.tokens_each, kinds.sum)
        self.x = role.memory("x", cut.inputs_each * self.x_step, kinds.factor, bank=0)
        self.sums = role.memory("sums", 3 * self.sums_step, kinds.sum, bank=2)
        self.y = role.memory("y", cut.outputs_each * cut.tokens_each, kinds.sum)
        self.plan = role.memory("plan", PLAN, isa.I32)
        self.limit, self.both, self.offset, self.addend = (role.register() for _ in range(4))
        self.now, self.done, self.result, self.value = (role.register() for _ in range(4))
        self.first, self.west, self.own = (role.register() for _ in range(PLAN))
        self._route(last=last)
        self._start()
        self._on_weight()

    def _route(self, *, last: bool) -> None:
        role, colors = self.role, self.colors
        role.route(colors.weights, "NORTH", "RAMP", *(() if last else ("SOUTH",)))
        if not self.is_west:
            role.route(colors.east[1 - self.parity], "WEST", "RAMP")
        if not self.is_east:
            role.route(colors.east[self.parity], "RAMP", "EAST")
        if not (self.is_west and self.is_east):
            role.route(colors.back, "RAMP" if self.is_east else "EAST", "RAMP" if self.is_west else "WEST")

    def _start(self) -> None:
        role, inputs = self.role, self.layer.cut.inputs_each
        with role.task("start", start=True):
            role.set(self.limit, LAST - 1 if self.layer.sparse else (inputs - 1) * self.x_step - 1)
            role.set(self.both, 3 * self.sums_step)
            role.set(self.now, self.sums_step)
            role.set(self.done, 0)
            role.set(self.result, 0)
            for place, register in enumerate((self.first, self.west, self.own)):
                role.load(register, self.plan.at(place), cost=1)

    def _on_weight(self) -> None:
        """Write the task of a weight: an AXPY, and after the last of an output its sums go on their way.

        Where the sums begin stand zeros, to which the first weight of an output adds; then come two buffers.
        """
        role, sparse = self.role, self.layer.sparse
        with role.task("weight", on=self.colors.weights):
            if sparse:
                role.low_half(self.value, role.arrived_word)
                role.high_half(self.offset, role.arrived_word)
            ends_output = jump_if_less(role, self.limit, role.arrived_word if sparse else self.offset)
            self._axpy(self.x)
            role.copy(self.addend, self.now)
            if not sparse:
                role.iadd(self.offset, self.offset, self.x_step, cost=1)
            end_task(role)
            ends_output.land()
            self._axpy(self.x.at(-(LAST >> OFFSET_BIT)) if sparse else self.x)
            role.set(self.addend, 0)
            role.set(self.offset, 0)
            role.iadd(self.done, self.done, 1)
            self._send_sums()

    def _axpy(self, x: Mem) -> None:
        role, tokens = self.role, self.layer.cut.tokens_each
        role.vector(
            isa.MAC, self.sums.at(self.now, tokens), self.sums.at(self.addend, tokens), x.at(self.offset, tokens),
            self.value if self.layer.sparse else role.arrived, kind=self.layer.arithmetic.product,
        )  # fmt: skip

    def _send_sums(self) -> None:
        """Start the microthread that adds what the west sends; the next output goes to the other buffer.

        The microthread starts when the sums before are on their way: then that buffer is free.
        """
        role, tokens, colors, alone = self.role, self.layer.cut.tokens_each, self.colors, self.is_west and self.is_east
        west = role.fabin(colors.back if self.is_west else colors.east[1 - self.parity], tokens)
        east = role.fabout(colors.back if self.is_east else colors.east[self.parity], tokens)
        sums = self.sums.at(self.now, tokens)
        if alone:
            self._keep(sums)
            return
        late = jump_if_less(role, self.own, self.done)
        if self.is_west:
            self._keep(sums, west)
            late.land()
        else:
            mine = jump_if_less(role, self.west, self.done)
        first = jump_if_less(role, self.first, self.done)
        self._sum(east, sums, west)
        first.land()
        self._sum(east, sums)
        if not self.is_west:
            mine.land()
            self._keep(sums, west)
            late.land()
            self._sum(east, sums, west)

    def _keep(self, *terms: Operand) -> None:
        """Add the own sums to what arrives: this is the owner of the output."""
        self._sum(self.y.at(self.result, self.layer.cut.tokens_each), *terms, place=self.result)

    def _sum(self, dest: Operand, *terms: Operand, place: Register | None = None) -> None:
        role, op = self.role, isa.MOV if len(terms) == 1 else isa.ADD
        role.vector(op, dest, *terms, kind=self.layer.arithmetic.sum, thread=REDUCTION)
        role.scalar(isa.FSUB, self.now, self.both, self.now, cost=1)
        if place:
            role.iadd(place, place, self.layer.cut.tokens_each, cost=1)
        end_task(role)


def write(layer: StreamedLayer, builder: Builder) -> None:
    """Write the programs of all cores; row 0 feeds."""
    cut, colors = layer.cut, _colors(builder)
    builder.place(_feeder(builder, layer, colors.weights), range(cut.columns), [0])
    for alike in alike_places(_kind(cut, column) for column in range(cut.columns)):
        if cut.rows > 1:
            builder.place(_Core(builder, layer, colors, alike[0], last=False).role, alike, range(1, cut.rows))
        builder.place(_Core(builder, layer, colors, alike[0], last=True).role, alike, [cut.rows])


def lay(layer: StreamedLayer, x: Array, weights: Array) -> Mapping[str, Array]:
    """Return what each variable begins with; x is [token, input], the weights, which feeders send, [input, output]."""
    cut, (words, counts) = layer.cut, _wavelets(layer, weights)
    cores = cut.rows + 1, cut.columns
    return {
        "x": cut.on_cores(x, cut.inputs_each, kind=layer.arithmetic.factor), "plan": _plans(cut),
        "words": np.broadcast_to(words, (*cores, layer.words)), "count": np.broadcast_to(counts[:, None], (*cores, 1)),
    }  # fmt: skip


def _kind(cut: MatrixCut, column: int) -> tuple[bool, bool, int]:
    return column == 0, column == cut.columns - 1, column % 2


def _colors(builder: Builder) -> _Colors:
    east = (builder.color("east 0"), builder.color("east 1"))
    return _Colors(builder.color("weights"), east, builder.color("back"))


def _plans(cut: MatrixCut) -> Array:
    """Return what each column knows, [row, column, number].

    Outputs before the first whose sums it sends first, before the first of its own, and with its own.
    """
    columns = range(cut.columns)
    found = [[cut.owned_before(at) for at in ((column - 1) % cut.columns, column, column + 1)] for column in columns]
    return np.broadcast_to(found, (cut.rows, cut.columns, PLAN))


def _feeder(builder: Builder, layer: StreamedLayer, weights: Color) -> CoreRole:
    """Write the role that sends the weights of a column, output after output."""
    role, kind, words = builder.role("feeder"), isa.I32 if layer.sparse else isa.F32, layer.words
    memory = role.memory("words", words, kind)
    count, all_words = role.memory("count", 1, isa.I32), role.register()
    role.route(weights, "RAMP", "SOUTH")
    with role.task("start", start=True):
        role.load(all_words, count)
        role.vector(isa.MOV, role.fabout(weights, words), memory, kind=kind, length=all_words)
        role.halt()
    return role


def _wavelets(layer: StreamedLayer, weights: Array) -> tuple[Array, Array]:
    """Return what the feeders send, [column, wavelet] filled up with zeros, and how many wavelets."""
    cut = layer.cut
    filled = np.zeros((cut.columns * cut.inputs_each, cut.outputs))
    filled[: cut.inputs] = weights
    blocks = filled.reshape(cut.columns, cut.inputs_each, cut.outputs).transpose(0, 2, 1)
    if not layer.sparse:
        return blocks.reshape(cut.columns, -1), np.full(cut.columns, cut.outputs * cut.inputs_each)
    step = aligned(cut.tokens_each, layer.arithmetic.factor)
    sent = [np.concatenate([_sparse(weights_of, step) for weights_of in column]) for column in blocks]
    counts = np.array([len(each) for each in sent])
    words = np.zeros((cut.columns, layer.words), np.int64)
    for column, each in enumerate(sent):
        words[column, : counts[column]] = each
    return words, counts


def _sparse(weights: Array, step: int) -> Array:
    """Return the wavelets of one output for a column: value and offset of each weight that is not zero.

    An output without any sends one zero, so that its sums are sent on.
    """
    places = np.flatnonzero(weights) if weights.any() else np.zeros(1, np.intp)
    words = weights[places].astype(np.float16).view(np.uint16).astype(np.int64) | (places * step << OFFSET_BIT)
    words[-1] |= LAST
    return words
