"""y = x W with the weights streamed in from the edge: tokens along rows, features along columns.

              w0        w1        w2          feeders play the edge: output after output, each sends the weights of
               v         v         v          its column's features down the column
tokens 0-1  y += w0 x  y += w1 x  y += w2 x   each weight that arrives starts an AXPY over the core's tokens
               v         v         v
tokens 2-3  y += w0 x->y += w1 x->y += w2 x   after the last weight of an output its sums go once round the ring of
               ^---------------------|        the row, from behind its owner to its owner, while the next is computed

Outputs are owned in blocks from west to east, so y lies as x did. Two buffers of sums take turns. A core counts outputs
and so knows whether it is the first to send, or keeps the sum, or adds and passes on. With `nonzeros` a weight brings
its index along, 16 bits each, and zeros are not sent. The gradient of the input is the same with the weight transposed:
x is dy then, and y is dx.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace

import numpy as np

from wsesim.cores import isa
from wsesim.cores.kit import exact
from wsesim.cores.kit.base import Array, KernelProgram, KernelSetup, choice_option
from wsesim.cores.kit.durations import Turns, Work, beside, memory, vector_time
from wsesim.cores.kit.written import Operands, kernel
from wsesim.cores.operands import ELEMENT_BYTES, wavelets_of
from wsesim.cores.programs.gemm.stream_core import StreamedLayer, lay, write
from wsesim.cores.programs.gemm.streaming import (
    LAYER,
    PRECISION_HELP,
    Arithmetic,
    MatrixCut,
    aligned,
    arithmetic_of,
    cut_of,
    gathered,
    nonzeros_of,
    thinned,
)
from wsesim.hardware import Wafer
from wsesim.kernels.collectives import link_cycles

NAME = "stream-gemm"
PASSES = ("forward", "input-gradient")
# Counted from the program, a cycle for each scalar instruction that nothing waits for; no figures of a machine.
FEEDER_CYCLES = 2
"""From a feeder's first instruction to its first wavelet."""
SEND_CYCLES = 2
"""And last: the sums are sent, the other buffer is taken; a core alone counts its results."""
OUTPUT_CYCLES = 4
"""After the last weight of an output: two registers begin anew, one counts."""


def asked(setup: KernelSetup) -> StreamedLayer:
    """Return the layer; in the gradient of its input what comes in is as wide as its output.

    Raises:
        InputError: an option cannot be.
    """
    cut = cut_of(setup.grid, setup.shape)
    if choice_option(setup.options, "pass", PASSES) != PASSES[0]:
        cut = replace(cut, inputs=cut.outputs, outputs=cut.inputs)
    nonzeros = nonzeros_of(setup.options, cut)
    return StreamedLayer(cut=cut, arithmetic=arithmetic_of(setup.options), nonzeros=nonzeros)


def operands(layer: StreamedLayer, random: np.random.Generator) -> Mapping[str, Array]:
    """Return random x [token, input] and weights [input, output], whose sums are exact."""
    cut, total = layer.cut, layer.arithmetic.sum
    x = exact.factors(random, (cut.tokens, cut.inputs), total, cut.inputs)
    weights = exact.factors(random, (cut.inputs, cut.outputs), total, cut.inputs)
    return {"x": x, "weights": weights if layer.nonzeros is None else thinned(weights, cut, layer.nonzeros, random)}


def closed(wafer: Wafer, layer: StreamedLayer) -> float:
    """Return the cycles: outputs one after the other, then the way of the last sums round the ring.

    If that way is longer than an output takes, the first core, once it has waited for a sum, lags behind until it is
    as far down the ring again.
    """
    cut, arithmetic, core = layer.cut, layer.arithmetic, wafer.core
    first, following = output_cycles(wafer, cut, arithmetic, layer.nonzeros)
    begin = core.task_launch_cycles + FEEDER_CYCLES + link_cycles(wafer.fabric, cut.rows)
    link, farthest, owner = link_cycles(wafer.fabric, 1), cut.columns - 1, cut.last_owner
    keep = core.microthread_launch_cycles + _sums_cycles(wafer, cut, arithmetic)
    back = wafer.fabric.hop_cycles * max(0, farthest - 1)
    lag = max(0.0, link * owner + back + keep - following) if cut.outputs > 1 else 0.0
    end = link * farthest + (back if owner < farthest else 0) + keep
    return begin + first + (cut.outputs - 1) * following + lag + end


def output_cycles(wafer: Wafer, cut: MatrixCut, arithmetic: Arithmetic, nonzeros: int | None) -> tuple[float, float]:
    """Return the cycles of the first output, and of each that follows, with the sums of the one before beside it.

    Of the ways through the branches the longest counts, that of the core which sends first: each output has one.
    """
    core, tokens, alone = wafer.core, cut.tokens_each, cut.columns == 1
    taken, passed, start = core.branch_taken_cycles, core.branch_not_taken_cycles, core.task_launch_cycles
    weights, decode, advance = (cut.inputs_each, 0, 2) if nonzeros is None else (nonzeros, 2, 1)
    sums, x = memory(arithmetic.sum, tokens), memory(arithmetic.factor, tokens)
    axpy = vector_time(wafer, isa.MAC, arithmetic.product, tokens, sums, sums, x)
    ways = [] if alone else [passed, passed, taken]
    send = SEND_CYCLES + alone
    work = weights * (start + decode + axpy.cycles) + (weights - 1) * (passed + advance) + taken + sum(ways)
    work += OUTPUT_CYCLES + send
    pace = vector_time(wafer, isa.MOV, arithmetic.sum, tokens, sums, sums).pace if alone else 1
    each: Work = [(decode, passed - 1), (axpy.issues, 0), (advance + 1, start)]
    wanted: Work = [
        (send * pace, start), Turns(weights - 1, each), (decode, taken - 1), (axpy.issues, 0),
        (OUTPUT_CYCLES - 1 + len(ways), 1 + sum(ways) - len(ways)),
    ]  # fmt: skip
    hindered, left = beside(_sums_cycles(wafer, cut, arithmetic), wanted)
    return work, work + hindered + left


def _sums_cycles(wafer: Wafer, cut: MatrixCut, arithmetic: Arithmetic) -> int:
    """Return the cycles in which a core passes on the sums of one output; a core alone only moves them."""
    if cut.columns > 1:
        return wavelets_of(cut.tokens_each, arithmetic.sum)
    sums = memory(arithmetic.sum, cut.tokens_each)
    return vector_time(wafer, isa.MOV, arithmetic.sum, cut.tokens_each, sums, sums).busy


def need(layer: StreamedLayer) -> int:
    """Return the bytes of a core's activations and results."""
    cut, kinds = layer.cut, layer.arithmetic
    x = cut.inputs_each * aligned(cut.tokens_each, kinds.factor) * ELEMENT_BYTES[kinds.factor]
    return x + cut.outputs_each * cut.tokens_each * ELEMENT_BYTES[kinds.sum]


def layer_kernel(operands: Operands) -> KernelProgram:
    """Return the program for x and weights that *operands* returns."""
    return kernel(
        name=NAME, doc=__doc__, **LAYER, asked=asked, operands=operands, write=write, lay=lay, closed=closed, need=need,
        meaning=lambda layer, x, weights: x @ weights, values=lambda layer: layer.cut.factors, edge=(1, 0),
        read=lambda layer, ran: layer.cut.from_cores(gathered(ran, "y")[1:]),
        options={
            "pass": "forward, or input-gradient: dx = dy W^T [forward]",
            **PRECISION_HELP,
            "nonzeros": "weights a core gets for an output, with their index; zeros are not sent [all, without an "
            "index]",
        },
    )  # fmt: skip


PROGRAM = layer_kernel(operands)
