"""dW = x^T dy, summed over tokens: the narrower of x and dy runs along the rows, the sums run down the columns.

tokens 0-1   x dy  <---  x dy  --->  x dy      the owner of a feature of dy sends it to its row, once for each feature
              |           |           |        of a core: these take it as it comes, in dot products with their x over
              v +         v +         v +      its tokens, as they have no room to keep it
tokens 2-3   x dy  <---  x dy  --->  x dy
              |           |           |        the sums run down the column, added up on the way, while the next feature
              v           v           v        arrives; a row of sinks plays the edge and keeps dW
             dW          dW          dW

The color that spreads a feature has three switch positions on each core: pass on what comes from the west, send, pass
on what comes from the east. Owners take turns from west to east; after its last feature an owner sends a control
wavelet that moves on its own switch, and that of the next owner. What an owner sends it does not receive: all make the
products with features of their own before the first one passes. Sums travel in 16 bits, but with `precision=fp32`.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from math import ceil
from typing import NamedTuple

import numpy as np

from wsesim.cores import isa
from wsesim.cores.kit import exact
from wsesim.cores.kit.base import Array, KernelSetup
from wsesim.cores.kit.durations import Turns, VectorTime, Work, beside, memory, vector_time
from wsesim.cores.kit.written import kernel
from wsesim.cores.operands import ELEMENT_BYTES, Color, FabricOperand, wavelets_of
from wsesim.cores.programs.gemm.gradient_core import Gradient, lay, result, write
from wsesim.cores.programs.gemm.streaming import LAYER, PRECISION_HELP, ROUNDED, arithmetic_of, cut_of
from wsesim.hardware import Wafer
from wsesim.kernels.collectives import link_cycles

NAME = "stream-gradient"
# Counted from the program, a cycle for each scalar instruction that nothing waits for; no figures of a machine.
START_CYCLES = 6
"""Registers that are filled before the first feature."""
BEGIN_CYCLES = 3
"""Of own features, before the first: two places and a count."""
PRODUCT_CYCLES = 2
"""Beside a product: the sum is cleared and stored."""
FEATURE_CYCLES = 2
"""After the products of a feature: its sums begin their way, the other place is taken; or both places move on."""


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
    cut, total = gradient.cut, gradient.way
    widths = {"x": cut.inputs, "dy": cut.outputs}
    return {name: exact.factors(random, (cut.tokens, width), total, cut.tokens) for name, width in widths.items()}


class FeatureCycles(NamedTuple):
    """What a feature that passes takes on a core."""

    product: VectorTime
    """With one of the core's, as both arrive or lie."""
    products: float
    """All of them, with the scalars of each."""
    sums: float
    """Where its sums take the datapath on their way down."""
    rest: float
    """Scalars and the branch."""

    @property
    def work(self) -> float:
        """All of it."""
        return self.products + self.sums + self.rest


def feature_cycles(wafer: Wafer, gradient: Gradient, *, own: bool) -> FeatureCycles:
    """Return the cycles of a feature that arrives, or of an own one, whose products are made before it passes."""
    core, factor, features, tokens = wafer.core, gradient.arithmetic.factor, gradient.cut.inputs_each, gradient.tokens
    dy = memory(factor, tokens) if own else FabricOperand(Color("along", 0), tokens)
    product = vector_time(
        wafer, isa.MAC, gradient.arithmetic.product, tokens, None, None, memory(factor, tokens), dy
    )  # fmt: skip
    products, sent = features * (PRODUCT_CYCLES + product.cycles), _sums(gradient)
    after: Work = [
        (FEATURE_CYCLES, core.branch_taken_cycles - 1),
        Turns(features, [(PRODUCT_CYCLES + product.busy, 0)]),
    ]
    sums = 0 if own else beside(sent, after)[0]
    return FeatureCycles(product, products, sums, FEATURE_CYCLES + core.branch_taken_cycles)


def closed(wafer: Wafer, gradient: Gradient) -> float:
    """Return the cycles: own products, features one after the other, then the way of the last sums down the column."""
    cut, core, link = gradient.cut, wafer.core, link_cycles(wafer.fabric, 1)
    passed, launch, sums = core.branch_not_taken_cycles, core.microthread_launch_cycles, _sums(gradient)
    own, received = (feature_cycles(wafer, gradient, own=each) for each in (True, False))
    begin = core.task_launch_cycles + START_CYCLES + 2 * (passed + BEGIN_CYCLES) + cut.outputs_each * own.work
    end = link * cut.rows + launch + sums
    if cut.columns == 1:
        begin += passed - core.branch_taken_cycles
        return begin + (cut.outputs - 1) * _passing_alone(wafer, gradient) + end
    first = link + launch + wafer.fabric.hop_cycles * (cut.columns - 1) + core.branch_taken_cycles - received.rest
    owners = ceil(cut.outputs / cut.outputs_each)
    turns = (owners - 1) * (link + launch + passed) + owners * (sums - received.sums)
    return begin + first + cut.outputs * received.work + turns + end


def _sums(gradient: Gradient) -> int:
    """Return the wavelets in which the sums of a feature go down."""
    return wavelets_of(gradient.cut.inputs_each, gradient.way)


def _passing_alone(wafer: Wafer, gradient: Gradient) -> float:
    """Return the cycles from own feature to own feature where nothing else passes: scalars, or the sums before."""
    launch, sums = wafer.core.microthread_launch_cycles, _sums(gradient)
    scalars = launch + FEATURE_CYCLES
    return max(scalars + wafer.core.branch_taken_cycles + min(sums, scalars), sums + launch + scalars)


def need(gradient: Gradient) -> int:
    """Return the bytes of a core's activations and their gradients."""
    cut, factor = gradient.cut, gradient.arithmetic.factor
    return (cut.inputs_each + cut.outputs_each) * gradient.step * ELEMENT_BYTES[factor]


def meaning(gradient: Gradient, x: Array, dy: Array) -> Array:
    """Return x^T dy as the cores sum it: over a core's tokens, rounded, then down the rows, rounded again."""
    cut, sums, way = gradient.cut, ROUNDED[gradient.arithmetic.sum], ROUNDED[gradient.way]
    passing = np.zeros((cut.inputs, cut.outputs))
    for row in range(cut.rows):
        total = np.zeros_like(passing)
        for token in range(row * cut.tokens_each, min(cut.tokens, (row + 1) * cut.tokens_each)):
            total = (total + np.outer(x[token], dy[token])).astype(sums).astype(np.float64)
        passing = (passing + total.astype(way)).astype(way).astype(np.float64)
    return passing


PROGRAM = kernel(
    name=NAME, doc=__doc__, **LAYER, asked=asked, operands=operands, write=write, lay=lay, closed=closed,
    need=need, meaning=meaning, read=lambda gradient, ran: result(ran, gradient.cut),
    values=lambda gradient: gradient.cut.factors, edge=(0, 1), options=PRECISION_HELP,
)  # fmt: skip
