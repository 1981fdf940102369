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
from wsesim.cores.operands import Color, Operand
from wsesim.cores.programs.gemm.stream_order import order
from wsesim.cores.programs.gemm.streaming import Arithmetic, MatrixCut, aligned

WEIGHT_BITS = 16
"""Of a wavelet, below its tag."""
INDEX_BITS = 12
"""Of a tag: the feature a weight belongs to; above them its part in the output."""
MOST_FEATURES = 1 << INDEX_BITS
WITHIN, PASSES, ENDS = 0, 1, 2
"""Of a first weight: not first, adds to what the west sends, begins the sum. Of a last one: not last, sends it, keeps
it. Together 3 first + last: the part of a weight."""
PARTS = [(first, last) for first in (WITHIN, PASSES, ENDS) for last in (WITHIN, PASSES, ENDS)]


@dataclass(frozen=True, slots=True, kw_only=True)
class StreamedLayer:
    """A layer on its cores, and its precision."""

    cut: MatrixCut
    arithmetic: Arithmetic
    nonzeros: int | None
    """Weights a core gets for an output, at most; None if all of them."""
    start_cycles: int
    """From the arrival of a weight to its AXPY."""

    @property
    def weights(self) -> int:
        """Weights a core gets for an output, at most."""
        return self.cut.inputs_each if self.nonzeros is None else self.nonzeros

    @property
    def way(self) -> int:
        """Type of sums on their way, and of results: 16 bits, but for a product in single precision."""
        return isa.F32 if self.arithmetic.product == isa.F32 else isa.F16

    @property
    def wavelets_each(self) -> int:
        """Wavelets of a weight: beside one of 32 bits a tag has no room."""
        return 1 if self.arithmetic.factor == isa.F16 else 2


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
        self.x_step = aligned(cut.tokens_each, kinds.factor)
        self.x = role.memory("x", cut.inputs_each * self.x_step, kinds.factor, bank=0)
        self.sums = role.memory("sums", cut.tokens_each, kinds.sum, bank=2, beside=True)
        self.y = role.memory("y", cut.outputs_each * cut.tokens_each, layer.way)
        self.offset, self.value, self.result, self.zero = (role.register() for _ in range(4))
        self.bounds = {part: role.register() for part in self._parts[1:]}
        self._route(last=last)
        with role.task("start", start=True):
            for part, register in self.bounds.items():
                role.set(register, self._first_offset(part) - 1, cost=0)
            role.set(self.result, 0, cost=0)
            role.set(self.zero, 0)
        self._on_weight()

    @property
    def _parts(self) -> list[int]:
        """The parts that weights play on a core: one alone passes nothing on."""
        alone = self.is_west and self.is_east
        return [part for part, both in enumerate(PARTS) if not (alone and PASSES in both)]

    def _first_offset(self, part: int) -> int:
        return (part << INDEX_BITS) * self.x_step

    def _route(self, *, last: bool) -> None:
        role, colors = self.role, self.colors
        role.route(colors.weights, "NORTH", "RAMP", *(() if last else ("SOUTH",)))
        if not self.is_west:
            role.route(colors.east[1 - self.parity], "WEST", "RAMP")
        if not self.is_east:
            role.route(colors.east[self.parity], "RAMP", "EAST")
        if not (self.is_west and self.is_east):
            role.route(colors.back, "RAMP" if self.is_east else "EAST", "RAMP" if self.is_west else "WEST")

    def _on_weight(self) -> None:
        """Write the task of a weight: the AXPY its tag selects. That choice takes no cycles: hardware, not the SDK."""
        role, layer = self.role, self.layer
        with role.task("weight", on=self.colors.weights, begins=layer.start_cycles):
            role.high_half(self.offset, role.arrived_word, cost=0)
            role.imul(self.offset, self.offset, self.x_step, cost=0)
            if layer.wavelets_each == 1:
                role.low_half(self.value, role.arrived_word, cost=0)
            else:
                role.vector(isa.MOV, self.value, role.fabin(self.colors.weights, 1))
            self._select(self._parts)

    def _select(self, parts: list[int]) -> None:
        if len(parts) == 1:
            self._axpy(parts[0])
            return
        middle = len(parts) // 2
        later = jump_if_less(self.role, self.bounds[parts[middle]], self.offset, cost=0)
        self._select(parts[:middle])
        later.land()
        self._select(parts[middle:])

    def _axpy(self, part: int) -> None:
        """Write one AXPY: the first of an output adds to what arrives, the last sends what it makes, or keeps it."""
        role, tokens, (first, last) = self.role, self.layer.cut.tokens_each, PARTS[part]
        west = self.colors.back if self.is_west else self.colors.east[1 - self.parity]
        east = self.colors.back if self.is_east else self.colors.east[self.parity]
        addends: list[Operand] = [self.sums, role.fabin(west, tokens, self.layer.way), self.zero]
        into: list[Operand] = [
            self.sums, role.fabout(east, tokens, self.layer.way), self.y.at(self.result, tokens),
        ]  # fmt: skip
        x = self.x.at(-self._first_offset(part)).at(self.offset, tokens)
        role.vector(isa.MAC, into[last], addends[first], x, self.value, kind=self.layer.arithmetic.product)
        if last == ENDS:
            role.iadd(self.result, self.result, tokens, cost=0)
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
    cut, sent = layer.cut, _wavelets(layer, weights)
    cores, counts = (cut.rows + 1, cut.columns), np.array([len(each) for each in sent])
    words = np.zeros((cut.columns, _most_wavelets(layer)), np.int64)
    for column, each in enumerate(sent):
        words[column, : counts[column]] = each
    return {
        "x": cut.on_cores(x, cut.inputs_each, kind=layer.arithmetic.factor),
        "words": np.broadcast_to(words, (*cores, words.shape[1])),
        "count": np.broadcast_to(counts[:, None], (*cores, 1)),
    }  # fmt: skip


def _kind(cut: MatrixCut, column: int) -> tuple[bool, bool, int]:
    return column == 0, column == cut.columns - 1, column % 2


def _colors(builder: Builder) -> _Colors:
    east = (builder.color("east 0"), builder.color("east 1"))
    return _Colors(builder.color("weights"), east, builder.color("back"))


def _most_wavelets(layer: StreamedLayer) -> int:
    return layer.cut.outputs * layer.weights * layer.wavelets_each


def _feeder(builder: Builder, layer: StreamedLayer, weights: Color) -> CoreRole:
    """Write the role that sends the weights of a column, output after output."""
    role, words = builder.role("feeder"), _most_wavelets(layer)
    memory = role.memory("words", words, isa.I32)
    count, all_words = role.memory("count", 1, isa.I32), role.register()
    role.route(weights, "RAMP", "SOUTH")
    with role.task("start", start=True):
        role.load(all_words, count)
        role.vector(isa.MOV, role.fabout(weights, words), memory, kind=isa.I32, length=all_words)
        role.halt()
    return role


def _wavelets(layer: StreamedLayer, weights: Array) -> list[Array]:
    """Return what the feeder of each column sends: the weights of its outputs, in its order."""
    cut = layer.cut
    filled = np.zeros((cut.columns * cut.inputs_each, cut.outputs))
    filled[: cut.inputs] = weights
    blocks = filled.reshape(cut.columns, cut.inputs_each, cut.outputs).transpose(0, 2, 1)
    taken = order(cut, layer.weights)
    return [_column(layer, column, taken[column], blocks[column]) for column in range(cut.columns)]


def _column(layer: StreamedLayer, column: int, taken: Array, weights: Array) -> Array:
    """Return the wavelets of a column for the outputs *taken*, of whose weights [output, feature] zeros are not sent.

    An output sends two at least, where its order rests on a first and a last one, else one.
    """
    cut, sends = layer.cut, weights[taken] != 0
    if layer.nonzeros is None:
        sends[:] = True
    for at in range(min(2, layer.weights)):
        sends[:, at] |= sends.sum(1) < min(2, layer.weights)
    place, feature = np.nonzero(sends)
    owner = taken // cut.outputs_each
    first, last = np.diff(place, prepend=-1) > 0, np.diff(place, append=len(taken)) > 0
    begins, keeps = (owner[place] + 1) % cut.columns == column, owner[place] == column
    enters = np.where(first, np.where(begins, ENDS, PASSES), WITHIN)
    leaves = np.where(last, np.where(keeps, ENDS, PASSES), WITHIN)
    tags = (3 * enters + leaves << INDEX_BITS | feature) << WEIGHT_BITS
    values = weights[taken[place], feature]
    if layer.wavelets_each == 1:
        return np.asarray(tags | values.astype(np.float16).view(np.uint16).astype(np.int64))
    return np.stack((tags, values.astype(np.float32).view(np.uint32).astype(np.int64)), 1).ravel()
