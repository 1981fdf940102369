"""y = x W with the weights streamed in from the edge: tokens along rows, features along columns.

              w0        w1        w2          feeders play the edge: each sends the weights of its column's features
               v         v         v          down the column, output after output
tokens 0-1  y += w0 x->y += w1 x->y += w2 x   each weight that arrives starts an AXPY over the core's tokens
               v         v         v
tokens 2-3  y += w0 x->y += w1 x->y += w2 x
               ^---------------------|        sums go once round the ring of the row, from behind their owner to it

A wavelet holds 16 bits of weight and a tag, which says the feature it belongs to and which AXPY it starts, as the
vendor describes (Hot Chips 2022); that start, that choice without cycles, and mixed products that read and send 16 bits
are of the hardware, not of its SDK. Sums travel in 16 bits, two a wavelet; with `precision=fp32` in 32, and a weight is
a second wavelet. Outputs are owned in blocks from west to east, so y lies as x did. With `nonzeros` zeros are not sent.
The gradient of the input is the same with the weight transposed: x is dy then, and y is dx.

A sum passes a core in one of two ways. *Each* feature has its own: all AXPYs take from the west and send east, as fast
as the fabric brings two values a cycle, and an owner adds up the sums of its outputs at the end. Or the core's features
are summed *apart*, in the accumulators, the tokens in blocks that these hold, and that sum is added to the one that
passes: one more turn of the datapath for an output, and AXPYs as fast as memory feeds them. What is faster is taken,
with the gaps that links have on silicon: on a CS-2 each up to nine features, on a CS-3 of one.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import replace
from math import ceil
from typing import NamedTuple

import numpy as np

from wsesim.cores import isa
from wsesim.cores.kit import exact
from wsesim.cores.kit.base import Array, KernelProgram, KernelSetup, choice_option, whole_option
from wsesim.cores.kit.durations import memory, vector_time
from wsesim.cores.kit.written import Operands, kernel
from wsesim.cores.machine import CoreMachine
from wsesim.cores.operands import ELEMENT_BYTES, Color, FabricOperand, Operand, wavelets_of
from wsesim.cores.programs.gemm.stream_core import lay, write
from wsesim.cores.programs.gemm.stream_layer import MOST_FEATURES, StreamedLayer
from wsesim.cores.programs.gemm.stream_replay import replay
from wsesim.cores.programs.gemm.streaming import (
    LAYER,
    PRECISION_HELP,
    MatrixCut,
    arithmetic_of,
    cut_of,
    gathered,
    nonzeros_of,
    thinned,
)
from wsesim.errors import InputError
from wsesim.hardware import Wafer
from wsesim.kernels.collectives import link_cycles

NAME = "stream-gemm"
PASSES = ("forward", "input-gradient")
SUMS = ("fast", "each", "apart")
ZEROS = ("even", "any")
START_CYCLES = 2
"""From the arrival of a weight to its AXPY: what measured training steps of both machines fit (`weight_launch_cycles`).
A data task as the SDK starts it takes `task_launch_cycles`."""
FEEDER_CYCLES = 2
"""From a feeder's first instruction to its first wavelet, counted from the program."""
FEW = 4
"""Outputs an owner has in the closed form; each further one takes as long as the last of them."""


def asked(setup: KernelSetup) -> StreamedLayer:
    """Return the layer as it is faster; in the gradient of its input what comes in is as wide as its output.

    Raises:
        InputError: an option cannot be, or a core has more features than a tag counts.
    """
    cut = cut_of(setup.grid, setup.shape)
    if choice_option(setup.options, "pass", PASSES) != PASSES[0]:
        cut = replace(cut, inputs=cut.outputs, outputs=cut.inputs)
    nonzeros, start = nonzeros_of(setup.options, cut), whole_option(setup.options, "start", START_CYCLES)
    if cut.inputs_each > MOST_FEATURES:
        raise InputError.at(f"a tag tells {MOST_FEATURES:,} features of a core apart; got {cut.inputs_each:,}")
    layer = StreamedLayer(
        cut=cut, arithmetic=arithmetic_of(setup.options), nonzeros=nonzeros, start_cycles=start, each=False, blocks=1,
        even=choice_option(setup.options, "zeros", ZEROS) == ZEROS[0],
    )  # fmt: skip
    ways = _ways(setup.wafer, layer, choice_option(setup.options, "sums", SUMS))
    return min(ways, key=lambda way: _on_silicon(setup.wafer, way))


def _ways(wafer: Wafer, layer: StreamedLayer, sums: str) -> Iterator[StreamedLayer]:
    """Yield the ways to lay a layer; sums of features go round alone only where all columns have as many weights."""
    core, cut, each = wafer.core, layer.cut, replace(layer, each=True)
    if cut.columns > 1 and (layer.nonzeros is None or (layer.nonzeros == 1 and layer.even)) and sums != "apart":
        if sums == "each" or need(each) <= core.sram_bytes - core.reserved_bytes:
            yield each
        if sums == "each":
            return
    yield layer
    blocks = ceil(cut.tokens_each * ELEMENT_BYTES[layer.arithmetic.sum] / max(1, core.accumulator_bytes))
    if 1 < blocks <= cut.tokens_each and blocks * cut.inputs_each <= MOST_FEATURES:
        yield replace(layer, blocks=blocks)


def _on_silicon(wafer: Wafer, layer: StreamedLayer) -> float:
    """Return the cycles of an output where streams have gaps against heat, which makes sums that go round dearer."""
    parts = output_cycles(wafer, layer)
    passing = wavelets_of(layer.tokens, layer.way) * wafer.silicon.link_slowdown * (layer.cut.columns > 1)
    return layer.chains * (parts.before + max(parts.beside, passing))


def operands(layer: StreamedLayer, random: np.random.Generator) -> Mapping[str, Array]:
    """Return random x [token, input] and weights [input, output], whose sums are exact, on their way too."""
    cut, total = layer.cut, layer.way
    x = exact.factors(random, (cut.tokens, cut.inputs), total, cut.inputs)
    weights = exact.factors(random, (cut.inputs, cut.outputs), total, cut.inputs)
    if layer.nonzeros is not None:
        weights = thinned(weights, cut, layer.nonzeros, random, even=layer.even)
    return {"x": x, "weights": weights}


class OutputCycles(NamedTuple):
    """What a sum that goes round takes on a column."""

    start: float
    """From a weight to its first element."""
    before: float
    """What does not wait for the west: starts, and AXPYs of its own."""
    beside: float
    """What takes from the west and sends, or one of both."""
    plain: float
    """An AXPY in memory."""
    weights: float
    """That it takes, in the column with most of them."""

    @property
    def work(self) -> float:
        """Cycles of it, if nothing holds it up."""
        return self.before + self.beside

    @property
    def sums(self) -> float:
        """What it takes longer than starts and AXPYs in memory do."""
        return self.work - self.weights * (self.start + self.plain)


def output_cycles(wafer: Wafer, layer: StreamedLayer) -> OutputCycles:
    """Return the cycles of a sum's parts."""
    kinds, launch, alone = layer.arithmetic, wafer.core.vector_launch_cycles, layer.cut.columns == 1
    own, x = memory(layer.way, layer.tokens), memory(kinds.factor, layer.tokens)
    sums = replace(memory(kinds.sum, layer.tokens), beside=_held(wafer, layer))
    way = FabricOperand(Color("way", 0), layer.tokens, layer.way)

    def axpy(into: Operand, addend: Operand) -> float:
        return vector_time(wafer, isa.MAC, kinds.product, layer.tokens, into, addend, x).busy

    start = layer.start_cycles + launch + (layer.wavelets_each - 1) * (launch + 1)
    plain, made = axpy(sums, sums), (layer.pace - 1) * axpy(sums, sums) + axpy(own, sums)
    if layer.each:
        return OutputCycles(start, start, axpy(way, way), plain, 1)
    added = 0 if alone else vector_time(wafer, isa.ADD, layer.way, layer.tokens, way, way, own).cycles
    return OutputCycles(start, layer.pace * start + made, added, plain, layer.pace)


def _held(wafer: Wafer, layer: StreamedLayer) -> bool:
    return layer.tokens * ELEMENT_BYTES[layer.arithmetic.sum] <= wafer.core.accumulator_bytes


def closed(wafer: Wafer, layer: StreamedLayer) -> float:
    """Return the cycles: from the first weight to the last output of the column that is done last."""
    parts, cut = output_cycles(wafer, layer), layer.cut
    begin = wafer.core.task_launch_cycles + FEEDER_CYCLES + link_cycles(wafer.fabric, cut.rows)
    few = _fewer(layer)
    rest = (cut.outputs * layer.chains - len(few)) * parts.work
    return begin + _round(wafer, cut, parts, few) + rest + (parts.start + _finish_cycles(wafer, layer)) * layer.each


def _finish_cycles(wafer: Wafer, layer: StreamedLayer) -> float:
    """Return the cycles in which a core adds up what it kept of each feature."""
    kept = memory(layer.way, layer.y_length)
    return (layer.kept - 1) * vector_time(wafer, isa.ADD, layer.way, layer.y_length, kept, kept, kept).cycles


def _fewer(layer: StreamedLayer) -> list[int]:
    """Return the owners of sums one after the other, of each no more than FEW."""
    cut, chains = layer.cut, layer.chains
    outputs = [min(cut.outputs_each, cut.outputs - owner * cut.outputs_each) for owner in range(cut.last_owner + 1)]
    return [owner for owner, owned in enumerate(outputs) for _ in range(min(FEW, owned * chains))]


def _round(wafer: Wafer, cut: MatrixCut, parts: OutputCycles, owners: list[int]) -> float:
    """Return when the last column is done with sums that go round, each from behind its owner to it.

    A column takes part in a sum when it is free and the sum comes; it is free when the next one has begun to take it.
    One that begins a sum adds to nothing.
    """
    links = np.full(cut.columns, float(link_cycles(wafer.fabric, 1)))
    links[0] += wafer.fabric.hop_cycles * max(0, cut.columns - 2)
    free, waits = np.zeros(cut.columns), _room(wafer) * np.arange(cut.columns)
    before = np.full(cut.columns, parts.before)
    for owner in owners:
        turn = -(owner + 1)
        steps = np.roll(links, turn)
        way = np.cumsum(steps) - steps[0]
        ready = np.roll(free, turn) + before
        begun = way + np.maximum.accumulate(ready - way)
        ended = way + waits + np.maximum.accumulate((begun - way - waits)[::-1])[::-1] + parts.beside
        free = np.roll(ended, -turn)
    return float(free.max())


def _room(wafer: Wafer) -> int:
    """Return the wavelets that one core has sent at most before the next one takes the first."""
    fabric = wafer.fabric
    return max(fabric.out_queue_words) + max(fabric.in_queue_words)


def need(layer: StreamedLayer) -> int:
    """Return the bytes of a core's activations and results."""
    x = layer.blocks * layer.cut.inputs_each * layer.x_step * ELEMENT_BYTES[layer.arithmetic.factor]
    return x + layer.kept * layer.y_apart * ELEMENT_BYTES[layer.way]


def layer_kernel(operands: Operands) -> KernelProgram:
    """Return the program for x and weights that *operands* returns."""
    return kernel(
        name=NAME, doc=__doc__, **LAYER, asked=asked, operands=operands, write=write, lay=lay, closed=closed, need=need,
        meaning=meaning, values=lambda layer: layer.cut.factors, edge=(1, 0),
        read=lambda layer, ran: _read(layer, ran),
        options={
            "pass": "forward, or input-gradient: dx = dy W^T [forward]",
            **PRECISION_HELP,
            "sums": "each: of each feature one goes round; apart: a core sums its features; fast: either [fast]",
            "nonzeros": "weights a core gets for an output; zeros are not sent [all]",
            "zeros": "even: every core gets as many nonzeros; any: so many on average, as chance has it [even]",
            "start": f"cycles from the arrival of a weight to its AXPY [{START_CYCLES}]",
        },
    )  # fmt: skip


def _read(layer: StreamedLayer, ran: CoreMachine) -> Array:
    last = (layer.kept - 1) * layer.y_apart
    found = gathered(ran, "y")[1:, :, last : last + layer.y_length]
    return layer.cut.from_cores(found, kind=layer.way, blocks=layer.blocks)


def meaning(layer: StreamedLayer, x: Array, weights: Array) -> Array:
    """Return x W, step by step as the cores compute it."""
    return replay(layer, x, weights)


PROGRAM = layer_kernel(operands)
