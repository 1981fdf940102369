"""The 25-point stencil on columns of cells along z, a column on each core, in closed form: it has no core program.

     x x x x              +-+  along z: cells of the own column
   x x x x o x x x x      |o|
     x x x x              +-+  along x and y: blocks that the four nearest cores in each direction broadcast

A core has a column of cells along z. Block by block each core broadcasts its cells to the four nearest cores in each
direction: the sending role goes round by commands to the routers. A cell takes, as published, 17 multiplications, 17
additions, 8 multiply-accumulates along z, 1 subtraction and 17 words of fabric (Jacquelin, Araya-Polo, Meng, SC'22,
arXiv 2204.03775): sixteen of the multiplications read what arrives, and one word leaves.
"""

from __future__ import annotations

from dataclasses import dataclass
from math import ceil

from wsesim.cores.kit.base import (
    Grid,
    KernelCase,
    KernelProgram,
    Options,
    Shape,
    Shares,
    opening,
    sizes_of,
    whole_option,
)
from wsesim.errors import InputError
from wsesim.hardware import Wafer

NAME = "stencil-columns"

ARRIVALS, SENDS = 16, 1
"""Words of fabric of a cell; each passes the ramp in a cycle, arrivals on their way through a multiplication."""
OWN_MULS, FMACS, ADDS, SUBS = 1, 8, 17, 1
"""Instructions of a cell on memory alone."""
COLLIDING_FMACS = 2
"""Of the eight neighbours along z, those four cells away lie in the same bank: their reads take two cycles."""
ROLES, DIRECTIONS = 5, 4
"""A block is over when each core of five in a row has been the sender once, in each direction."""
BUFFER_WORDS = ROLES * DIRECTIONS
ARRAYS = 4
"""Columns a core keeps: cells now and before, velocities, sums."""
CELL_BYTES = 4


@dataclass(frozen=True, slots=True, kw_only=True)
class StepTime:
    """Cycles of a time step on one core, by what limits them."""

    every_cycle: float
    """Arithmetic from memory at full rate."""
    colliding: float
    """Arithmetic whose reads collide."""
    link: float
    memory: float
    """Additions from memory to memory."""
    scalar: float
    """Descriptors, completions, changes of role."""

    @property
    def cycles(self) -> float:
        """All of them."""
        return self.every_cycle + self.colliding + self.link + self.memory + self.scalar


def largest_block(wafer: Wafer, cells: int) -> int:
    """Return the largest block, a whole part of the column, whose buffers fit beside it; a cell where none does."""
    room = wafer.core.usable_bytes - _bytes(cells, 0)
    most = max(1, room // (CELL_BYTES * BUFFER_WORDS))
    return ceil(cells / ceil(cells / most))


def _bytes(cells: int, block: int) -> int:
    return CELL_BYTES * (ARRAYS * cells + BUFFER_WORDS * block)


def step_time(wafer: Wafer, cells: int, block: int) -> StepTime:
    """Return the cycles of one time step of a column of *cells* in blocks of *block*."""
    core, code = wafer.core, wafer.code
    vectors = ARRIVALS + SENDS + OWN_MULS + FMACS + ADDS + SUBS
    started = core.task_launch_cycles + core.activation_cycles  # by a control wavelet, and by the end of a send
    completions = ROLES * DIRECTIONS
    completion = started + 2 * (code.stencil_count_cycles + core.branch_not_taken_cycles)
    blocks = ceil(cells / block)
    lanes = max(1, wafer.core.simd_fp32_per_cycle // 2)
    return StepTime(
        every_cycle=cells * (OWN_MULS + FMACS - COLLIDING_FMACS),
        colliding=cells * core.colliding_cycles * COLLIDING_FMACS,
        link=cells * (ARRIVALS + SENDS),
        memory=cells * (ADDS + SUBS) / lanes,
        scalar=blocks * (vectors * (code.stencil_offset_cycles + core.vector_launch_cycles) + completions * completion),
    )


def closed(wafer: Wafer, grid: Grid, shape: Shape, options: Options) -> float:
    """Return the cycles of all time steps of one core: all do the same at the same time."""
    step = _step(wafer, shape, options)
    return shape[1] * step.cycles


def _step(wafer: Wafer, shape: Shape, options: Options) -> StepTime:
    """Return a time step.

    Raises:
        InputError: the shape is not two sizes, or a block is larger than the column.
    """
    cells, _ = _sizes(shape)
    block = whole_option(options, "block", largest_block(wafer, cells))
    if block > cells:
        raise InputError.at(f"option block must be at most the {cells} cells of a column; got {block}")
    return step_time(wafer, cells, block)


def _sizes(shape: Shape) -> Shape:
    return sizes_of(NAME, shape, "CELLS and STEPS", "100x1000")


def need(wafer: Wafer, grid: Grid, shape: Shape, options: Options) -> int:
    """Return the bytes of a core's columns, and of the buffers of its blocks."""
    return _bytes(_sizes(shape)[0], whole_option(options, "block", 1))


def limits(case: KernelCase, cycles: float) -> Shares:
    """Return the parts of a step by what limits them; the scalar rest is not slower."""
    step = _step(case.wafer, case.shape, case.options)
    parts = {
        "arithmetic every cycle": step.every_cycle, "arithmetic": step.colliding, "link": step.link,
        "memory": step.memory,
    }  # fmt: skip
    return {resource: part / step.cycles for resource, part in parts.items()}


PROGRAM = KernelProgram(
    name=NAME,
    **opening(__doc__),
    shape_help="CELLS x STEPS: cells of a column, time steps",
    prepare=None,
    closed=closed,
    options={"block": "cells that are broadcast at a time [as many as fit]"},
    need=need,
    limits=limits,
)
