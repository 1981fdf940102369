"""y = x W with the weights streamed in from the edge: tokens along rows, features along columns.

              w0        w1        w2          feeders play the edge: each sends the weights of its column's features
               v         v         v          down the column, output after output
tokens 0-1  y += w0 x->y += w1 x->y += w2 x   each weight that arrives starts an AXPY over the core's tokens; the first
               v         v         v          of an output adds to the sum the west sends, the last sends it east
tokens 2-3  y += w0 x->y += w1 x->y += w2 x
               ^---------------------|        sums go once round the ring of the row, from behind their owner to it

A wavelet holds 16 bits of weight and a tag, which says the feature it belongs to and which AXPY it starts, as the
vendor describes (Hot Chips 2022); that start, that choice without cycles, and mixed products that read and send 16 bits
are of the hardware, not of its SDK. Sums travel in 16 bits, two a wavelet; with `precision=fp32` in 32, and a weight is
a second wavelet. Columns take the outputs in staggered order (`stream_order`). Outputs are owned in blocks from west to
east, so y lies as x did. With `nonzeros` zeros are not sent. The gradient of the input is the same with the weight
transposed: x is dy then, and y is dx.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from typing import NamedTuple

import numpy as np

from wsesim.cores import isa
from wsesim.cores.kit import exact
from wsesim.cores.kit.base import Array, KernelProgram, KernelSetup, choice_option, whole_option
from wsesim.cores.kit.durations import memory, vector_time
from wsesim.cores.kit.written import Operands, kernel
from wsesim.cores.operands import ELEMENT_BYTES, Color, FabricOperand, Operand
from wsesim.cores.programs.gemm.stream_core import MOST_FEATURES, StreamedLayer, lay, write
from wsesim.cores.programs.gemm.stream_order import is_staggered, replay, slots
from wsesim.cores.programs.gemm.streaming import (
    LAYER,
    PRECISION_HELP,
    MatrixCut,
    aligned,
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
START_CYCLES = 2
"""From the arrival of a weight to its AXPY: what measured training steps of both machines fit (`weight_launch_cycles`).
A data task as the SDK starts it takes `task_launch_cycles`."""
FEEDER_CYCLES = 2
"""From a feeder's first instruction to its first wavelet, counted from the program."""
FEW = 4
"""Outputs an owner has in the closed form; each further one takes as long as the last of them."""


def asked(setup: KernelSetup) -> StreamedLayer:
    """Return the layer; in the gradient of its input what comes in is as wide as its output.

    Raises:
        InputError: an option cannot be, or a core has more features than a tag counts.
    """
    cut = cut_of(setup.grid, setup.shape)
    if choice_option(setup.options, "pass", PASSES) != PASSES[0]:
        cut = replace(cut, inputs=cut.outputs, outputs=cut.inputs)
    nonzeros, start = nonzeros_of(setup.options, cut), whole_option(setup.options, "start", START_CYCLES)
    if cut.inputs_each > MOST_FEATURES:
        raise InputError.at(f"a tag tells {MOST_FEATURES:,} features of a core apart; got {cut.inputs_each:,}")
    return StreamedLayer(cut=cut, arithmetic=arithmetic_of(setup.options), nonzeros=nonzeros, start_cycles=start)


def operands(layer: StreamedLayer, random: np.random.Generator) -> Mapping[str, Array]:
    """Return random x [token, input] and weights [input, output], whose sums are exact, on their way too."""
    cut, total = layer.cut, layer.way
    x = exact.factors(random, (cut.tokens, cut.inputs), total, cut.inputs)
    weights = exact.factors(random, (cut.inputs, cut.outputs), total, cut.inputs)
    return {"x": x, "weights": weights if layer.nonzeros is None else thinned(weights, cut, layer.nonzeros, random)}


class OutputCycles(NamedTuple):
    """What an output takes on a column."""

    starts: float
    """From weights to their first elements, all together."""
    first: float
    """Its first AXPY, fed by the fabric; of a single weight, all."""
    within: float
    """Those between the first and the last."""
    last: float
    """Its last one, whose end waits for the next column to begin; nothing of a single weight."""
    plain: float
    """An AXPY in memory."""
    weights: int

    @property
    def ahead(self) -> float:
        """Cycles from the first element that comes in to the first that goes out."""
        return self.first + self.within + self.starts - self.start if self.last else 0.0

    @property
    def start(self) -> float:
        """From a weight to its first element."""
        return self.starts / self.weights


def output_cycles(wafer: Wafer, layer: StreamedLayer) -> OutputCycles:
    """Return the cycles of an output's parts."""
    tokens, kinds, weights = layer.cut.tokens_each, layer.arithmetic, layer.weights
    sums, x = replace(memory(kinds.sum, tokens), beside=_held(wafer, layer)), memory(kinds.factor, tokens)
    way = FabricOperand(Color("way", 0), tokens, layer.way) if layer.cut.columns > 1 else None

    def axpy(into: Operand, addend: Operand) -> float:
        return vector_time(wafer, isa.MAC, kinds.product, tokens, into, addend, x).busy

    launch = wafer.core.vector_launch_cycles
    start = layer.start_cycles + launch + (layer.wavelets_each - 1) * (launch + 1)
    first, plain, last = axpy(sums, way), axpy(sums, sums), axpy(way or memory(layer.way, tokens), sums)
    if weights == 1:
        first, last = axpy(way or memory(layer.way, tokens), way), 0
    return OutputCycles(weights * start, first, max(0, weights - 2) * plain, last, plain, weights)


def _held(wafer: Wafer, layer: StreamedLayer) -> bool:
    return layer.cut.tokens_each * ELEMENT_BYTES[layer.arithmetic.sum] <= wafer.core.accumulator_bytes


def closed(wafer: Wafer, layer: StreamedLayer) -> float:
    """Return the cycles: from the first weight to the last output of the column that is done last."""
    parts, cut = output_cycles(wafer, layer), _fewer(layer.cut)
    begin = wafer.core.task_launch_cycles + FEEDER_CYCLES + link_cycles(wafer.fabric, cut.rows)
    link = link_cycles(wafer.fabric, 1)
    work = parts.starts + parts.first + parts.within + parts.last
    if is_staggered(cut.columns, layer.weights):
        work = max(work, _beside_neighbours(cut, parts, link))
        return begin + (len(slots(cut, layer.weights)) + layer.cut.outputs - cut.outputs) * work
    return begin + _in_natural_order(wafer, cut, parts, work) + (layer.cut.outputs - cut.outputs) * work


def _beside_neighbours(cut: MatrixCut, parts: OutputCycles, link: float) -> float:
    """Return the cycles of a slot by the longest chain of what waits for what.

    It follows a sum from column to column to its owner, each a link and n - 1 beats on, and there the next sum, which
    has just begun its way; of n - 1 such changes one meets a sum that is a column on, for there one is missing.
    """
    changes = parts.weights - 1
    steps = changes * (cut.columns - 1) - 1
    along = steps * (parts.ahead + link) + changes * (parts.start + parts.last)
    return parts.weights * along / (steps * changes + changes)


def _fewer(cut: MatrixCut) -> MatrixCut:
    """Return a layer of no more than FEW outputs an owner."""
    each, others = min(FEW, cut.outputs_each), cut.last_owner
    return replace(cut, outputs=others * each + min(each, cut.outputs - others * cut.outputs_each))


def _in_natural_order(wafer: Wafer, cut: MatrixCut, parts: OutputCycles, work: float) -> float:
    """Return when the last column is done if all take the outputs one after the other.

    A column begins an output when it is free and the sum comes; it is free when the next one has begun to take it.
    """
    links = np.full(cut.columns, float(link_cycles(wafer.fabric, 1)))
    links[0] += wafer.fabric.hop_cycles * max(0, cut.columns - 2)
    free, room = np.zeros(cut.columns), _room(wafer)
    for output in range(cut.outputs):
        turn = -(output // cut.outputs_each + 1)
        ready, steps = np.roll(free, turn) + parts.start, np.roll(links, turn)
        way = np.cumsum(steps) - steps[0]
        waits = way + room * np.arange(cut.columns)
        ahead = way + parts.ahead * np.arange(cut.columns)
        begun = ahead + np.maximum.accumulate(ready - ahead)
        if parts.last:
            taken = np.append(begun[1:] - steps[1:] - room, 0.0)
            ended = np.maximum(begun + parts.ahead, taken) + parts.last
        else:
            ended = waits + np.maximum.accumulate((begun - waits)[::-1])[::-1] + parts.first
        free = np.roll(ended, -turn)
    return float(free.max())


def _room(wafer: Wafer) -> int:
    """Return the wavelets that one core has sent at most before the next one takes the first."""
    fabric = wafer.fabric
    return max(fabric.out_queue_words) + max(fabric.in_queue_words)


def need(layer: StreamedLayer) -> int:
    """Return the bytes of a core's activations and results."""
    cut, factor = layer.cut, layer.arithmetic.factor
    x = cut.inputs_each * aligned(cut.tokens_each, factor) * ELEMENT_BYTES[factor]
    return x + cut.outputs_each * cut.tokens_each * ELEMENT_BYTES[layer.way]


def layer_kernel(operands: Operands) -> KernelProgram:
    """Return the program for x and weights that *operands* returns."""
    return kernel(
        name=NAME, doc=__doc__, **LAYER, asked=asked, operands=operands, write=write, lay=lay, closed=closed, need=need,
        meaning=meaning, values=lambda layer: layer.cut.factors, edge=(1, 0),
        read=lambda layer, ran: layer.cut.from_cores(gathered(ran, "y")[1:]),
        options={
            "pass": "forward, or input-gradient: dx = dy W^T [forward]",
            **PRECISION_HELP,
            "nonzeros": "weights a core gets for an output; zeros are not sent [all]",
            "start": f"cycles from the arrival of a weight to its AXPY [{START_CYCLES}]",
        },
    )  # fmt: skip


def meaning(layer: StreamedLayer, x: Array, weights: Array) -> Array:
    """Return x W, step by step as the cores compute it."""
    return replay(layer.cut, (layer.arithmetic.sum, layer.way), x, weights)


PROGRAM = layer_kernel(operands)
