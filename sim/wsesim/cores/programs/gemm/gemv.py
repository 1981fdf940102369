"""y = x W for one vector, W spread over the cores: each multiplies its part, each row adds up and tells all its cores.

x0 W00 --> x1 W01 <-- x2 W02      x3 W03 --> x4 W04      a chain from each end of a group to its centre,
              ------------------------------> R           from each end of the line of centres to the root,
  y  <------- y <---- y <----- y <----- y <-- R           and back to all, which routers copy on the way

Inputs divide over the columns of cores, outputs over the rows: the published kernel, MeshGEMV of WaferLLM, turned by a
right angle. What does not divide is filled up with zeros. A core fills y with zeros, then runs one multiply-accumulate
over all its outputs for each of its inputs. Of 16-bit values two share a wavelet.
"""

from __future__ import annotations

from math import ceil

import numpy as np

from wsesim.cores import isa
from wsesim.cores.builder import Builder, CoreRole
from wsesim.cores.kit import exact
from wsesim.cores.kit.base import (
    Array,
    Grid,
    KernelCase,
    KernelProgram,
    Measure,
    Options,
    Prepared,
    Reading,
    Shape,
    Shares,
    gather,
    opening,
    sizes_of,
)
from wsesim.cores.kit.durations import memory, vector_time
from wsesim.cores.kit.lines import ALLREDUCE_COLORS, AllreduceLine
from wsesim.cores.kit.plans import ROW
from wsesim.cores.machine import CoreMachine
from wsesim.cores.operands import ELEMENT_BYTES, wavelets_of
from wsesim.cores.programs.collectives.collective import GROUP_HELP, group_of
from wsesim.cores.programs.gemm.mesh_core import z_bank
from wsesim.cores.programs.gemm.streaming import (
    Arithmetic,
    aligned,
    arithmetic_of,
)
from wsesim.hardware import Wafer
from wsesim.kernels import collectives

NAME = "gemv"
# Counted from the program, a cycle for each scalar instruction that nothing waits for; no figures of a machine.
BEGIN_CYCLES = 4
"""Of the scalar instructions before the multiply-accumulates."""
READ_SHARE = 0.5
"""Of the issues of an fp16 multiply-accumulate that reads 16 bytes a cycle, the part memory is taken to limit. Source:
`mic-fma-f16`, which reads as many: an issue of two cycles there, one of which the datapath would need."""


class _Sizes:
    """How a matrix of INPUTS x OUTPUTS lies: inputs divide over the columns of cores, outputs over the rows."""

    def __init__(self, grid: Grid, shape: Shape) -> None:
        sizes_of(NAME, shape, "inputs and outputs", "256x256")
        self.columns, self.rows = grid
        self.inputs, self.outputs = shape
        self.inputs_each, self.outputs_each = ceil(self.inputs / self.columns), ceil(self.outputs / self.rows)

    def place(self, column: int) -> slice:
        """Return which inputs a column of cores has."""
        first, end = (min(self.inputs, at * self.inputs_each) for at in (column, column + 1))
        return slice(first, end)


def prepare(wafer: Wafer, grid: Grid, shape: Shape, options: Options, seed: int) -> Prepared:
    """Return the product loaded onto its cores, with random operands whose sums are exact."""
    sizes, arithmetic, group = _Sizes(grid, shape), _arithmetic(options), group_of(options, grid[0])
    builder = Builder(wafer, width=sizes.columns, height=sizes.rows)
    colors = [builder.color(f"color {number}") for number in range(ALLREDUCE_COLORS)]
    for column in range(sizes.columns):
        line = AllreduceLine(place=column, cores=sizes.columns, group=group, axis=ROW, colors=colors)
        builder.place(_role(builder, line, sizes, arithmetic), [column], range(sizes.rows))
    machine = CoreMachine(builder)
    found = _fill(machine, sizes, arithmetic, seed)
    return Prepared(
        machine=machine,
        read=lambda ran: gather(ran, "y"),
        expected=np.broadcast_to(found[:, None], (sizes.rows, sizes.columns, sizes.outputs_each)),
    )


def folded(wafer: Wafer, grid: Grid, shape: Shape, options: Options, seed: int) -> Prepared:
    """Return one row of cores with its outputs, which stands for all."""
    return prepare(wafer, (grid[0], 1), (shape[0], ceil(shape[1] / grid[1])), options, seed)


def _fill(machine: CoreMachine, sizes: _Sizes, arithmetic: Arithmetic, seed: int) -> Array:
    """Give the cores random operands; return y as [row, output of the row].

    One column of cores after the other, because the matrix of a wafer does not fit a memory several times over.
    """
    x = exact.factors(np.random.default_rng(seed), (1, sizes.inputs), arithmetic.sum, sizes.inputs)[0]
    random = np.random.default_rng(seed + 1)
    found = np.zeros((1, sizes.rows * sizes.outputs_each))
    for column, role in enumerate(machine.builder.roles):
        mine = x[sizes.place(column)]
        filled = np.zeros((sizes.inputs_each, found.shape[1]))
        weights = exact.factors(random, (len(mine), sizes.outputs), arithmetic.sum, sizes.inputs)
        filled[: len(mine), : sizes.outputs] = weights
        own = np.zeros(sizes.inputs_each)
        own[: len(mine)] = mine
        found += own @ filled
        machine.write(role, "x", own)
        machine.write(role, "w", _tiles(filled, sizes, arithmetic.factor))
    return found.reshape(sizes.rows, sizes.outputs_each)


def closed(wafer: Wafer, grid: Grid, shape: Shape, options: Options) -> float:
    """Return the cycles: fill, one multiply-accumulate for each input, the tree, the broadcast back."""
    sizes, arithmetic, group = _Sizes(grid, shape), _arithmetic(options), group_of(options, grid[0])
    outputs = sizes.outputs_each
    y, w = memory(arithmetic.sum, outputs), memory(arithmetic.factor, outputs)
    fill = vector_time(wafer, isa.MOV, arithmetic.sum, outputs, y).cycles
    axpy = vector_time(wafer, isa.MAC, arithmetic.product, outputs, y, y, w).cycles
    turn = axpy + wafer.core.saved_map_cycles
    line = AllreduceLine(place=0, cores=sizes.columns, group=group, axis=ROW, colors=())
    summed = line.cycles(wafer, outputs, arithmetic.sum)
    return wafer.core.task_launch_cycles + BEGIN_CYCLES + fill + sizes.inputs_each * turn + summed


def need(wafer: Wafer, grid: Grid, shape: Shape, options: Options) -> int:
    """Return the bytes of a core's inputs, weights and outputs."""
    sizes, arithmetic = _Sizes(grid, shape), _arithmetic(options)
    factor, total = ELEMENT_BYTES[arithmetic.factor], ELEMENT_BYTES[arithmetic.sum]
    step = aligned(sizes.outputs_each, arithmetic.factor)
    return sizes.inputs_each * (1 + step) * factor + sizes.outputs_each * total


def limits(case: KernelCase, cycles: float) -> Shares:
    """Return the parts of multiply-accumulates and fill, and of what streams through links."""
    wafer, sizes, arithmetic = case.wafer, _Sizes(case.grid, case.shape), _arithmetic(case.options)
    outputs = sizes.outputs_each
    y, w = memory(arithmetic.sum, outputs), memory(arithmetic.factor, outputs)
    multiplies = sizes.inputs_each * vector_time(wafer, isa.MAC, arithmetic.product, outputs, y, y, w).busy
    fill = vector_time(wafer, isa.MOV, arithmetic.sum, outputs, y).busy
    streamed = _streams(sizes.columns, case.options) * wavelets_of(outputs, arithmetic.sum)
    return {
        "memory": (READ_SHARE * multiplies + fill) / cycles,
        "arithmetic every cycle": (1 - READ_SHARE) * multiplies / cycles,
        "link": streamed / cycles,
    }


def _streams(columns: int, options: Options) -> int:
    """Return how often a vector streams through a link: in chains to a centre, on two levels, and on its way back.

    Two chains end at a centre, one where there are two cores, none where there is one.
    """
    group = group_of(options, columns)
    centers = len(collectives.centers(columns, group))
    return min(2, group - 1) + min(2, centers - 1) + (columns > 1)


def _flops(case: KernelCase) -> Reading:
    cycles = case.cycles()
    value = 2 * case.shape[0] * case.shape[1] / cycles * case.wafer.core.clock_hz
    return Reading(value=value, shares=limits(case, cycles))


def _arithmetic(options: Options) -> Arithmetic:
    return arithmetic_of(options, ("fp16", "mixed", "fp32"))


def _role(builder: Builder, line: AllreduceLine, sizes: _Sizes, arithmetic: Arithmetic) -> CoreRole:
    role, outputs = builder.role(f"column {line.place}"), sizes.outputs_each
    x = role.memory("x", sizes.inputs_each, arithmetic.factor)
    step = aligned(outputs, arithmetic.factor)
    w = role.memory("w", sizes.inputs_each * step, arithmetic.factor, bank=0)
    y = role.memory("y", outputs, arithmetic.sum, bank=z_bank(builder.wafer) if arithmetic.sum == isa.F16 else 2)
    zero, factor, place, turn, turns = (role.register() for _ in range(5))
    line.route(role)
    with role.task("start", start=True):
        role.set(zero, 0)
        role.set(place, 0)
        role.set(turns, sizes.inputs_each)
        role.vector(isa.MOV, y, zero, kind=arithmetic.sum)
        with role.map(turn, turns, saved=True):
            role.load(factor, x.at(turn, 1), cost=0)
            role.vector(isa.MAC, y, y, w.at(place, outputs), factor, kind=arithmetic.product)
            role.iadd(place, place, step, cost=0)
        line.allreduce(role, isa.ADD, y)
        role.halt()
    return role


def _tiles(weights: Array, sizes: _Sizes, kind: int) -> Array:
    """Return [input, output] of a column of cores as [row, element]: a row's outputs for one input after the other."""
    blocks = weights.reshape(sizes.inputs_each, sizes.rows, sizes.outputs_each).transpose(1, 0, 2)
    gap = aligned(sizes.outputs_each, kind) - sizes.outputs_each
    return np.pad(blocks, ((0, 0), (0, 0), (0, gap))).reshape(sizes.rows, -1)


PROGRAM = KernelProgram(
    name=NAME,
    **opening(__doc__),
    shape_help="INPUTS x OUTPUTS: of the whole matrix",
    prepare=prepare,
    closed=closed,
    options={"precision": "fp16, mixed (sums in fp32) or fp32 [fp16]", **GROUP_HELP},
    folded=folded,
    need=need,
    limits=limits,
    measures={"flops_per_s": Measure(cores=_flops, closed=_flops)},
)
