"""The programs of weight streaming: a feeder that plays the edge, and the cores that multiply, add and pass sums on."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from itertools import pairwise

import numpy as np

from wsesim.cores import isa
from wsesim.cores.builder import Builder, CoreRole
from wsesim.cores.kit.base import Array
from wsesim.cores.kit.flow import end_task, jump_if_less
from wsesim.cores.kit.plans import alike_places
from wsesim.cores.operands import Color, FabricOperand, Mem, Operand
from wsesim.cores.programs.gemm.stream_layer import (
    ADDED,
    EACH,
    EAST,
    FINISHED,
    FIRST,
    INDEX_BITS,
    KEPT,
    OWNED,
    SUMS,
    WEIGHT_BITS,
    ZERO,
    StreamedLayer,
)
from wsesim.cores.programs.gemm.streaming import MatrixCut


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
        kinds, features = layer.arithmetic, layer.blocks * cut.inputs_each
        self.x = role.memory("x", features * layer.x_step, kinds.factor, bank=0)
        self.y = role.memory("y", layer.kept * layer.y_apart, layer.way, bank=0)
        if not layer.each:
            self.sums = role.memory("sums", layer.tokens, kinds.sum, bank=2, beside=True)
            self.own = role.memory("own", layer.tokens, layer.way, bank=2)
        self.offset, self.value, self.result, self.output, self.zero = (role.register() for _ in range(5))
        self.bounds = [role.register() for _ in layer.parts[1:]]
        self._route(last=last)
        with role.task("start", start=True):
            for part, register in enumerate(self.bounds, start=1):
                role.set(register, self._first_offset(part) - 1, cost=0)
            role.set(self.output, -layer.y_step, cost=0)
            role.set(self.zero, 0)
        self._on_weight()

    def _first_offset(self, part: int) -> int:
        return (part << INDEX_BITS) * self.layer.x_step

    @property
    def _west(self) -> FabricOperand:
        color = self.colors.back if self.is_west else self.colors.east[1 - self.parity]
        return self.role.fabin(color, self.layer.tokens, self.layer.way)

    @property
    def _east(self) -> FabricOperand:
        color = self.colors.back if self.is_east else self.colors.east[self.parity]
        return self.role.fabout(color, self.layer.tokens, self.layer.way)

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
            role.imul(self.offset, self.offset, layer.x_step, cost=0)
            if layer.wavelets_each == 1:
                role.low_half(self.value, role.arrived_word, cost=0)
            else:
                role.vector(isa.MOV, self.value, role.fabin(self.colors.weights, 1))
            self._select(range(len(layer.parts)))

    def _select(self, parts: range) -> None:
        if len(parts) == 1:
            self._play(parts[0])
            end_task(self.role)
            return
        middle = len(parts) // 2
        later = jump_if_less(self.role, self.bounds[parts[middle] - 1], self.offset, cost=0)
        self._select(parts[:middle])
        later.land()
        self._select(parts[middle:])

    def _play(self, part: int) -> None:
        """Write what the weights of a part do."""
        addend, goal = self.layer.parts[part]
        x = self.x.at(-self._first_offset(part)).at(self.offset, self.layer.tokens)
        if goal == FINISHED:
            self._finish()
            return
        if goal in (FIRST, OWNED):
            self.role.iadd(self.output, self.output, self.layer.y_step, cost=0)
            self.role.copy(self.result, self.output, cost=0)
        elif goal == KEPT:
            self.role.iadd(self.result, self.result, self.layer.y_apart, cost=0)
        self._axpy(self._addend(addend), self._into(goal), x)
        if goal in (ADDED, OWNED):
            into = self._east if goal == ADDED else self._kept
            self.role.vector(isa.ADD, into, self._west, self.own, kind=self.layer.way)

    def _axpy(self, addend: Operand, into: Operand, x: Mem) -> None:
        self.role.vector(isa.MAC, into, addend, x, self.value, kind=self.layer.arithmetic.product)

    def _addend(self, addend: str) -> Operand:
        return self.sums if addend == SUMS else self.zero if addend == ZERO else self._west

    def _into(self, goal: str) -> Operand:
        if goal == SUMS:
            return self.sums
        return self._east if goal == EAST else self.own if goal in (ADDED, OWNED) else self._kept

    @property
    def _kept(self) -> Mem:
        return self.y.at(self.result, self.layer.tokens)

    def _finish(self) -> None:
        """Add up what was kept of each feature; at the end, as while sums go round all would wait for it."""
        kept = [self.y.at(feature * self.layer.y_apart, self.layer.y_length) for feature in range(self.layer.kept)]
        for before, feature in pairwise(kept):
            self.role.vector(isa.ADD, feature, before, feature, kind=self.layer.way)


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
        "x": cut.on_cores(x, cut.inputs_each, kind=layer.arithmetic.factor, blocks=layer.blocks),
        "words": np.broadcast_to(words, (*cores, words.shape[1])),
        "count": np.broadcast_to(counts[:, None], (*cores, 1)),
    }  # fmt: skip


def _kind(cut: MatrixCut, column: int) -> tuple[bool, bool, int]:
    return column == 0, column == cut.columns - 1, column % 2


def _colors(builder: Builder) -> _Colors:
    east = (builder.color("east 0"), builder.color("east 1"))
    return _Colors(builder.color("weights"), east, builder.color("back"))


def _most_wavelets(layer: StreamedLayer) -> int:
    return (layer.cut.outputs * layer.blocks * layer.weights + layer.each) * layer.wavelets_each


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
    """Return what the feeder of each column sends: the weights of all outputs."""
    cut = layer.cut
    filled = np.zeros((cut.columns * cut.inputs_each, cut.outputs))
    filled[: cut.inputs] = weights
    blocks = filled.reshape(cut.columns, cut.inputs_each, cut.outputs).transpose(0, 2, 1)
    return [_column(layer, column, blocks[column]) for column in range(cut.columns)]


def _column(layer: StreamedLayer, column: int, weights: Array) -> Array:
    """Return the wavelets of a column, of whose weights [output, feature] zeros are not sent, but one an output."""
    sends = weights != 0
    sends[:, 0] |= ~sends.any(1)
    if layer.nonzeros is None:
        sends[:] = True
    output, block, feature = np.nonzero(np.broadcast_to(sends[:, None], (len(sends), layer.blocks, sends.shape[1])))
    turn = output * layer.blocks + block
    first, last = np.diff(turn, prepend=-1) > 0, np.diff(turn, append=-1) != 0
    owner = output // layer.cut.outputs_each
    parts = _NUMBERS[layer.each, layer.cut.columns > 1](
        first, last, (owner + 1) % layer.cut.columns == column, owner == column
    )  # fmt: skip
    tags, values = parts << INDEX_BITS | (block * layer.cut.inputs_each + feature), weights[output, feature]
    if layer.each:
        tags, values = np.append(tags, EACH.index((ZERO, FINISHED)) << INDEX_BITS), np.append(values, 0.0)
    tags = tags << WEIGHT_BITS
    if layer.wavelets_each == 1:
        return np.asarray(tags | values.astype(np.float16).view(np.uint16).astype(np.int64))
    return np.stack((tags, values.astype(np.float32).view(np.uint32).astype(np.int64)), 1).ravel()


_NUMBERS: Mapping[tuple[bool, bool], Callable[[Array, Array, Array, Array], Array]] = {
    (True, True): lambda first, _, begins, keeps: np.where(begins, 0, np.where(keeps, 2 + first, 1)),
    (False, True): lambda first, last, begins, keeps: 4 * first + last * (2 - begins + keeps),
    (False, False): lambda first, last, *_: 2 * first + last,
}
"""By whether each feature's sum goes round, and whether there are others: numbers of weights' parts, from whether they
are the first and the last of an output, and whether the column begins its sum and keeps it."""
