"""y = x W for one vector, W spread over the cores: each multiplies its part, each row adds up and tells all its cores.

x0 W00 --> x1 W01 <-- x2 W02      x3 W03 --> x4 W04      a chain from each end of a group to its centre,
              ------------------------------> R           from each end of the line of centres to the root,
  y  <------- y <---- y <----- y <----- y <-- R           and back to all, which routers copy on the way

Inputs lie along a row, outputs along the rows: the published kernel, MeshGEMV of WaferLLM, turned by a right angle. A
core fills y with zeros, then runs one multiply-accumulate over all its outputs for each of its inputs. Of 16-bit values
two share a wavelet.
"""

from __future__ import annotations

from collections.abc import Sequence
from math import ceil

import numpy as np

from wsesim.cores import isa
from wsesim.cores.builder import Builder, Role
from wsesim.cores.machine import Machine
from wsesim.cores.operands import Color, Mem
from wsesim.cores.programs.base import (
    Array,
    Grid,
    KernelProgram,
    Options,
    Prepared,
    Shape,
    gather,
    opening,
    scatter,
)
from wsesim.cores.programs.collectives.collective import GROUP_HELP, group_of
from wsesim.cores.programs.collectives.plans import ROW, Add, Keep, Plan, Route, Send
from wsesim.cores.programs.collectives.reduce_tree import root, tree
from wsesim.cores.programs.durations import memory, vector_time
from wsesim.cores.programs.gemm.streaming import (
    VALUES_PER_WAVELET,
    Arithmetic,
    aligned,
    arithmetic_of,
    product_tolerance,
    random_factors,
)
from wsesim.cores.timing import Timing
from wsesim.errors import InputError
from wsesim.hardware import Wafer
from wsesim.kernels import collectives

NAME = "gemv"
BEGIN_CYCLES = 4
"""Of the scalar instructions before the multiply-accumulates."""
COLORS = 5
BACK = 4
"""The color of the broadcast, after the four of the tree."""


class _Sizes:
    """How a matrix of INPUTS x OUTPUTS lies: inputs divide over a row, each row has all its outputs."""

    def __init__(self, grid: Grid, shape: Shape) -> None:
        if len(shape) != 2 or min(shape) < 1:
            given = "x".join(map(str, shape)) or "nothing"
            raise InputError.at(f"{NAME} takes inputs, and outputs of a row, for example --shape 256x8; got {given}")
        self.columns, self.rows = grid
        self.inputs, self.outputs = shape
        self.inputs_each = ceil(self.inputs / self.columns)


def prepare(wafer: Wafer, grid: Grid, shape: Shape, options: Options, seed: int) -> Prepared:
    """Return the product loaded onto its cores, with random operands that are exact in the precision."""
    sizes, arithmetic, group = _Sizes(grid, shape), _arithmetic(options), group_of(options, grid[0])
    x = random_factors(seed, (1, sizes.inputs), arithmetic.factor)
    weights = random_factors(seed + 1, (sizes.inputs, sizes.rows * sizes.outputs), arithmetic.factor)
    builder = Builder(wafer, width=sizes.columns, height=sizes.rows)
    colors = [builder.color(f"color {number}") for number in range(COLORS)]
    for column in range(sizes.columns):
        plan = tree(column, sizes.columns, group, ROW).then(_back(column, sizes.columns, root(sizes.columns, group)))
        builder.place(_role(builder, column, colors, plan, sizes, arithmetic), [column], range(sizes.rows))
    machine = Machine(builder)
    scatter(machine, "x", np.broadcast_to(_padded(x[0], sizes)[None], (sizes.rows, sizes.columns, sizes.inputs_each)))
    scatter(machine, "w", _tiles(weights, sizes, arithmetic.factor))
    found = (x @ weights).reshape(sizes.rows, 1, sizes.outputs)
    return Prepared(
        machine=machine,
        read=lambda ran: gather(ran, "y"),
        expected=np.broadcast_to(found, (sizes.rows, sizes.columns, sizes.outputs)),
        tolerance=product_tolerance(x, weights, arithmetic.sum_rounding, sizes.inputs_each + _depth(sizes, group)),
        counts=_work(sizes, group, arithmetic),
    )


def closed(wafer: Wafer, grid: Grid, shape: Shape, options: Options) -> float:
    """Return the cycles: fill, one multiply-accumulate for each input, the tree, the broadcast back."""
    sizes, arithmetic, group = _Sizes(grid, shape), _arithmetic(options), group_of(options, grid[0])
    wavelets = ceil(sizes.outputs / VALUES_PER_WAVELET[arithmetic.sum])
    y, w = memory(arithmetic.sum, sizes.outputs), memory(arithmetic.factor, sizes.outputs)
    fill = vector_time(wafer, isa.MOV, arithmetic.sum, sizes.outputs, y).cycles
    axpy = vector_time(wafer, isa.MAC, arithmetic.product, sizes.outputs, y, y, w).cycles
    turn = axpy + Timing.of(wafer).map_cycles
    tree_cycles = collectives.tree_cycles(wafer, wavelets=wavelets, cores=sizes.columns, group=group)
    end = root(sizes.columns, group)
    hops = max(end, sizes.columns - 1 - end)
    back = collectives.broadcast_cycles(wafer, wavelets=wavelets, hops=hops) - wafer.core.task_launch_cycles - 1
    return BEGIN_CYCLES + fill + sizes.inputs_each * turn + tree_cycles + (back if hops else 0)


def _arithmetic(options: Options) -> Arithmetic:
    return arithmetic_of(options, ("fp16", "mixed", "fp32"))


def _back(place: int, cores: int, source: int) -> Plan:
    """Return the plan of core *place* of a broadcast from core *source* to both ends of a line."""
    sides = [*([ROW.toward] if place > 0 else []), *([ROW.away] if place < cores - 1 else [])]
    if place == source:
        return Plan((Route(BACK, "RAMP", tuple(sides)),), (Send(BACK),)) if sides else Plan()
    nearer = ROW.away if place < source else ROW.toward
    onward = tuple(side for side in sides if side != nearer)
    return Plan((Route(BACK, nearer, ("RAMP", *onward)),), (Keep(BACK),))


def _role(
    builder: Builder, column: int, colors: Sequence[Color], plan: Plan, sizes: _Sizes, arithmetic: Arithmetic
) -> Role:
    role, outputs = builder.role(f"column {column}"), sizes.outputs
    x = role.memory("x", sizes.inputs_each, arithmetic.factor)
    step = aligned(outputs, arithmetic.factor)
    w = role.memory("w", sizes.inputs_each * step, arithmetic.factor, bank=0)
    y = role.memory("y", outputs, arithmetic.sum, bank=2)
    zero, factor, place, turn, turns = (role.register() for _ in range(5))
    for route in plan.routes:
        role.route(colors[route.color], route.source, *route.outputs)
    with role.task("start", start=True):
        role.set(zero, 0)
        role.set(place, 0)
        role.set(turns, sizes.inputs_each)
        role.vector(isa.MOV, y, zero, kind=arithmetic.sum)
        with role.map(turn, turns):
            role.load(factor, x.at(turn, 1), cost=0)
            role.vector(isa.MAC, y, y, w.at(place, outputs), factor, kind=arithmetic.product)
            role.iadd(place, place, step, cost=0)
        _add_up(role, colors, plan, y)
        role.halt()
    return role


def _add_up(role: Role, colors: Sequence[Color], plan: Plan, y: Mem) -> None:
    """Write the steps of a plan on y; sums stay in their type on the way."""
    for step in plan.steps:
        match step:
            case Send(color):
                role.fmovs(role.fabout(colors[color], y.length), y, kind=y.kind)
            case Keep(color):
                role.fmovs(y, role.fabin(colors[color], y.length), kind=y.kind)
            case Add(color, onward):
                dest = y if onward is None else role.fabout(colors[onward], y.length)
                role.fadds(dest, y, role.fabin(colors[color], y.length), kind=y.kind)


def _padded(values: Array, sizes: _Sizes) -> Array:
    """Return [input, ...] as [column, input of the column, ...], filled up with zeros."""
    filled = np.zeros((sizes.columns * sizes.inputs_each, *values.shape[1:]))
    filled[: len(values)] = values
    return filled.reshape(sizes.columns, sizes.inputs_each, *values.shape[1:])


def _tiles(weights: Array, sizes: _Sizes, kind: int) -> Array:
    """Return the weights as [row, column, element]: on a core, the outputs of its row for one input after the other."""
    blocks = _padded(weights, sizes).reshape(sizes.columns, sizes.inputs_each, sizes.rows, sizes.outputs)
    gap = aligned(sizes.outputs, kind) - sizes.outputs
    filled = np.pad(blocks.transpose(2, 0, 1, 3), ((0, 0), (0, 0), (0, 0), (0, gap)))
    return filled.reshape(sizes.rows, sizes.columns, -1)


def _depth(sizes: _Sizes, group: int) -> int:
    """Return the most additions that a core's sum goes through on its way to the root."""
    groups = len(collectives.centers(sizes.columns, group))
    return min(group, sizes.columns) // 2 + groups // 2 + 2


def _work(sizes: _Sizes, group: int, arithmetic: Arithmetic) -> dict[str, int]:
    """Return multiply-accumulates on real inputs, and wavelet hops."""
    centers = collectives.centers(sizes.columns, group)
    hops = sizes.columns - len(centers) + centers[-1] - centers[0] + sizes.columns - 1
    wavelets = ceil(sizes.outputs / VALUES_PER_WAVELET[arithmetic.sum])
    return {
        "macs": sizes.rows * sizes.columns * sizes.inputs_each * sizes.outputs, "hops": sizes.rows * hops * wavelets,
    }  # fmt: skip


PROGRAM = KernelProgram(
    name=NAME,
    **opening(__doc__),
    shape_help="INPUTS x OUTPUTS: inputs in all, outputs of each row of cores",
    prepare=prepare,
    closed=closed,
    options={"precision": "fp16, mixed (sums in fp32) or fp32 [fp16]", **GROUP_HELP},
    rows_alike=True,
)
