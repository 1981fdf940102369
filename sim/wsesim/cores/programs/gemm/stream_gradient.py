"""dW = x^T dy, summed over tokens: the narrower of x and dy runs along the rows, the sums run down the columns.

tokens 0-1   x dy  <---  x dy  --->  x dy      the owner of a feature of dy sends it to its row, one after the other;
              |           |           |        each core multiplies it with its features of x: dot products over its
              v +         v +         v +      tokens
tokens 2-3   x dy  <---  x dy  --->  x dy
              |           |           |        these run down the column, added up on the way, while the next feature
              v           v           v        arrives; a row of sinks plays the edge and keeps dW
             dW          dW          dW

The color that spreads a feature has three switch positions on each core: pass on what comes from the west, send, pass
on what comes from the east. Owners take turns from west to east; after its last feature an owner sends a control
wavelet that moves on its own switch, and that of the next owner.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from math import ceil

import numpy as np

from wsesim.cores import isa
from wsesim.cores.kit import exact
from wsesim.cores.kit.base import Array, KernelSetup
from wsesim.cores.kit.durations import Turns, Work, beside, memory, vector_time
from wsesim.cores.kit.written import kernel
from wsesim.cores.operands import ELEMENT_BYTES, wavelets_of
from wsesim.cores.programs.gemm.gradient_core import Gradient, lay, result, write
from wsesim.cores.programs.gemm.streaming import (
    LAYER,
    PRECISION_HELP,
    Arithmetic,
    MatrixCut,
    aligned,
    arithmetic_of,
    cut_of,
)
from wsesim.hardware import Core, Wafer
from wsesim.kernels.collectives import link_cycles

NAME = "stream-gradient"
# Counted from the program, a cycle for each scalar instruction that nothing waits for; no figures of a machine.
START_CYCLES = 10
"""Registers that are filled before the first feature."""
BEGIN_CYCLES = 3
"""Of a feature before its products: place, buffer and count begin."""
PRODUCT_CYCLES = 4
"""Beside a product: the sum is cleared and stored, two places move on."""
SEND_CYCLES = 2
"""After the products: the sums are sent, the other buffer is taken."""
FETCHED_CYCLES = 2
"""Of a fetch after its launch: the other buffer is taken, one more counted."""


def asked(setup: KernelSetup) -> Gradient:
    """Return how the layer lies, turned so that the narrower operand is the one that is spread.

    Raises:
        InputError: an option cannot be.
    """
    cut = cut_of(setup.grid, setup.shape)
    if cut.outputs > cut.inputs:
        cut = replace(cut, inputs=cut.outputs, outputs=cut.inputs)
    return Gradient(cut=cut, arithmetic=arithmetic_of(setup.options))


def operands(gradient: Gradient, random: np.random.Generator) -> Mapping[str, Array]:
    """Return random x [token, input] and dy [token, output], whose sums are exact."""
    cut, total = gradient.cut, gradient.arithmetic.sum
    widths = {"x": cut.inputs, "dy": cut.outputs}
    return {name: exact.factors(random, (cut.tokens, width), total, cut.tokens) for name, width in widths.items()}


def closed(wafer: Wafer, gradient: Gradient) -> float:
    """Return the cycles: features one after the other, then the way of the last sums down the column."""
    cut, arithmetic, core = gradient.cut, gradient.arithmetic, wafer.core
    work, following, left = feature_cycles(wafer, cut, arithmetic)
    link, launch, taken = link_cycles(wafer.fabric, 1), core.microthread_launch_cycles, core.branch_taken_cycles
    begin = core.task_launch_cycles + START_CYCLES + 3 * core.branch_not_taken_cycles + 1
    if cut.columns > 1:
        begin += launch + wavelets_of(cut.tokens_each, arithmetic.factor) + link
    hand_over = link * (ceil(cut.outputs / cut.outputs_each) - 1) if left else 0
    end = link * cut.rows + launch + wavelets_of(cut.inputs_each, arithmetic.sum)
    last = work - _fetch_cycles(core, cut) + taken
    return begin + (cut.outputs - 1) * following + hand_over + last + end


def feature_cycles(wafer: Wafer, cut: MatrixCut, arithmetic: Arithmetic) -> tuple[float, float, float]:
    """Return the cycles of a feature alone, and beside the transfer of the next; and what that takes longer."""
    core, tokens, features = wafer.core, cut.tokens_each, cut.inputs_each
    taken, passed = core.branch_taken_cycles, core.branch_not_taken_cycles
    dy = memory(arithmetic.factor, tokens)
    product = vector_time(wafer, isa.MAC, arithmetic.product, tokens, None, None, dy, dy)
    work = core.activation_cycles + 1 + _fetch_cycles(core, cut) + BEGIN_CYCLES + SEND_CYCLES
    work += features * (PRODUCT_CYCLES + product.cycles) + (features - 1) * taken + passed
    turn, last = ([(1, 0), (product.issues, 0), (PRODUCT_CYCLES, jump - 1)] for jump in (taken, passed))
    wanted: Work = [(FETCHED_CYCLES + BEGIN_CYCLES, 0), Turns(features - 1, turn), *last, (SEND_CYCLES + 1, 0)]
    arriving = wavelets_of(tokens, arithmetic.factor) if cut.columns > 1 else 0
    hindered, left = beside(arriving, wanted)
    sent, _ = beside(wavelets_of(features, arithmetic.sum), [(SEND_CYCLES, 0)])
    return work, work + hindered + left + (left > 0) + sent, left


def _fetch_cycles(core: Core, cut: MatrixCut) -> int:
    """Return the cycles that begin the next feature, on a core that has had its own: the longest way."""
    taken, passed = core.branch_taken_cycles, core.branch_not_taken_cycles
    return 3 * passed + taken + 4 if cut.columns == 1 else 2 * (passed + taken) + 4


def need(gradient: Gradient) -> int:
    """Return the bytes of a core's activations and their gradients."""
    cut, factor = gradient.cut, gradient.arithmetic.factor
    return (cut.inputs_each + cut.outputs_each) * aligned(cut.tokens_each, factor) * ELEMENT_BYTES[factor]


PROGRAM = kernel(
    name=NAME, doc=__doc__, **LAYER, asked=asked, operands=operands, write=write, lay=lay, closed=closed,
    need=need, meaning=lambda _, x, dy: x.T @ dy, read=lambda gradient, ran: result(ran, gradient.cut),
    values=lambda gradient: gradient.cut.factors, edge=(0, 1), options=PRECISION_HELP,
)  # fmt: skip
