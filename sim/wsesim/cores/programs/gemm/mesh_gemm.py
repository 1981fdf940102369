"""Z = X W on a square of cores: tiles of X travel along rows, of W down columns, each core multiplies those it has.

   +-> 0 ---> 2 ---> 4 -+      the cores of a line as a ring: even ones on the way out, odd ones on the way back,
   |                    |      so a neighbour on the ring is at most two hops away
   +-- 1 <--- 3 <--- 5 <+

First tiles are aligned: row i of the ring shifts its tiles of X by i, column j its tiles of W by j, the shorter way
round and so in at most half as many steps as a line has cores. Then come as many steps as a line has cores: all tiles
move on by one into a second buffer while each core multiplies those in the first; the next step begins when the product
and all four transfers (X and W, sent and received) are done. All values are 16-bit, two to a wavelet.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from math import ceil, gcd, lcm

import numpy as np

from wsesim.cores import isa
from wsesim.cores.builder import Builder
from wsesim.cores.kit import exact
from wsesim.cores.kit.base import (
    Array,
    KernelCase,
    KernelSetup,
    Measure,
    Reading,
    choice_option,
    gather,
    scatter,
    whole_option,
)
from wsesim.cores.kit.durations import Turns, Work, beside, in_all, in_turns, memory, vector_time
from wsesim.cores.kit.written import kernel
from wsesim.cores.machine import CoreMachine
from wsesim.cores.operands import ELEMENT_BYTES, MEMORY_WORD_BYTES, wavelets_of
from wsesim.cores.programs.gemm.mesh_core import Tiles, lay, take, write, z_bank
from wsesim.cores.programs.gemm.streaming import aligned
from wsesim.cores.rates import go_by_lines, line_cycles, rate_of
from wsesim.errors import InputError
from wsesim.hardware import Wafer
from wsesim.kernels.collectives import link_cycles

NAME = "mesh-gemm"
TIMES = {"once": 1, "never": 0, "twice": 2}
REPEATS = 5
"""Products of a measured window. Source: `includes` of rows `mgemm`."""
NEIGHBOUR_HOPS = 2
"""To a neighbour on the ring, at most."""
TRANSFERS = 4
"""Of a step: X and W, sent and received."""
# Counted from the program, a cycle for each scalar instruction that nothing waits for; no figures of a machine.
START_CYCLES = 16
"""Registers that are filled before the first step, beside Z; the step is begun."""
SWAP_CYCLES = 3
"""Two buffers change."""
MAIN_CYCLES = TRANSFERS + 2 + 2 * SWAP_CYCLES
"""Of a step beside its product: launches, two registers, buffers."""
MAIN_SLOTS = 10
"""Of those, and of the count, beside the transfers."""
SHIFT_CYCLES = 2 + SWAP_CYCLES + 1
"""Of an operand that is aligned: two launches, buffers, a register."""
ALIGN_CYCLES = 2
"""Of a step of the alignment: it is counted."""


def asked(setup: KernelSetup) -> Tiles:
    """Return the tiles of a product of M x K by K x N on a square.

    Raises:
        InputError: the grid is not square, or an option is not known.
    """
    if setup.columns != setup.rows:
        raise InputError.at(f"{NAME} takes a square of cores; got {setup.columns} x {setup.rows}")
    m, k, n = (ceil(size / setup.columns) for size in setup.shape)
    times = TIMES[choice_option(setup.options, "compute", tuple(TIMES))]
    return Tiles(shape=setup.shape, cores=setup.columns, m=m, k=k, n=n, times=times)


def operands(tiles: Tiles, random: np.random.Generator) -> Mapping[str, Array]:
    """Return random operands whose sums are exact in 16 bits."""
    m, k, n = tiles.shape
    shapes = {"x": (m, k), "w": (k, n)}
    return {name: exact.factors(random, shape, isa.F16, tiles.times * k) for name, shape in shapes.items()}


def need(tiles: Tiles) -> int:
    """Return the bytes of a core's tiles: two buffers of X and of W, and Z."""
    x, w = (aligned(size, isa.F16) for size in (tiles.m * tiles.k, tiles.k * tiles.n))
    return (2 * (x + w) + tiles.m * tiles.n) * ELEMENT_BYTES[isa.F16]


def _product(case: KernelCase) -> Reading:
    """Take off the end of all products that of the first; all operands are zero.

    Cores do not wait for each other between products.
    """
    repeats = whole_option(case.options, "repeats", REPEATS)
    moved = choice_option(case.options, "tiles", ("travel", "stay")) == "travel"
    ended = _ended(case.wafer, replace(asked(case.setup), moved=moved, repeats=1 + repeats))
    return Reading(value=float((ended[..., -1] - ended[..., 0]).mean()) / repeats)


def _ended(wafer: Wafer, tiles: Tiles) -> Array:
    """Return when each core is done with each product, as [row, column, product]."""
    builder = Builder(wafer, width=tiles.cores, height=tiles.cores)
    write(tiles, builder)
    machine, (m, k, n) = CoreMachine(builder), tiles.shape
    for name, values in lay(tiles, np.zeros((m, k)), np.zeros((k, n))).items():
        scatter(machine, name, values)
    machine.run()
    return gather(machine, "ended")


def closed(wafer: Wafer, tiles: Tiles) -> float:
    """Return the cycles: start, alignment, as many steps as cores in a line."""
    core = wafer.core
    taken, passed = core.branch_taken_cycles, core.branch_not_taken_cycles
    fill = vector_time(wafer, isa.MOV, isa.F16, tiles.m * tiles.n, memory(isa.F16, 1)).cycles
    begin = core.task_launch_cycles + wafer.code.mesh_setup_cycles + START_CYCLES + fill + 2 + passed - taken
    end = core.activation_cycles + passed
    main = _step(wafer, tiles, begins=taken, others=MAIN_CYCLES, turns=_turns(wafer, tiles))
    if tiles.cores == 1:
        return begin + main + end
    way_back = 2 * taken + passed + SHIFT_CYCLES
    align = _step(wafer, tiles, begins=1 + taken + way_back, others=taken + way_back + ALIGN_CYCLES, turns=[])
    return begin + tiles.alignments * align + tiles.cores * main + end


def _step(wafer: Wafer, tiles: Tiles, *, begins: int, others: int, turns: Work) -> float:
    """Return the cycles of a step that launches all transfers after *begins* cycles, then does *turns* and *others*.

    Each transfer has a task when it is done, all of which can be due at the end; X and W need not be done together.
    """
    core = wafer.core
    start, taken, passed = core.activation_cycles, core.branch_taken_cycles, core.branch_not_taken_cycles
    counted, last = start + core.dependent_cycles + passed, start + core.dependent_cycles + taken + 1
    wanted, unused = in_all(turns)
    if tiles.cores == 1:
        return start + begins + wanted + unused + others - 2 * SWAP_CYCLES - TRANSFERS + last - start
    x, w = wavelets_of(tiles.m * tiles.k, isa.F16), wavelets_of(tiles.k * tiles.n, isa.F16)
    issues = 1 if core.moves_pass else 2  # to send a wavelet and receive one
    hindered, _ = beside(issues * (x + w), [*turns, (MAIN_SLOTS, 0)], microthreads=2 * issues)
    done = start + begins + wanted + unused + others + hindered + core.dependent_cycles + passed
    moving = start + begins + TRANSFERS + core.microthread_launch_cycles
    moving += MAIN_SLOTS + wanted
    return max(
        done + 3 * counted + last,
        moving + 2 * issues * min(x, w) + 3 * counted + last,
        moving + issues * (x + w) + counted + last,
        moving + link_cycles(wafer.fabric, NEIGHBOUR_HOPS) + max(x, w) + last,
    )


def _turns(wafer: Wafer, tiles: Tiles) -> Work:
    """Return the work of the product of two tiles: cycles each part wants the datapath, and cycles it does not.

    Columns lie one behind the other, so each pair of a column of X and one of Z has banks of its own.
    """
    core, rows = wafer.core, memory(isa.F16, tiles.m)
    rate = rate_of(wafer.core, isa.MAC, isa.F16, (rows,) * 3)
    axpy = vector_time(wafer, isa.MAC, isa.F16, tiles.m, rows, rows, rows)
    by_lines = go_by_lines(core, (rows,) * 3, rate) and tiles.m > rate.per_issue
    column = tiles.m * ELEMENT_BYTES[isa.F16]
    outer = (5, core.branch_taken_cycles - 1 + wafer.code.map_start_cycles - 1)

    def turn(k: int, n: int) -> tuple[int, int]:
        z, x = z_bank(wafer) * MEMORY_WORD_BYTES + n * column, k * column
        apart = min((z - x) % core.bank_period_bytes, (x - z) % core.bank_period_bytes)
        pace = rate.slow_cycles if apart < core.bank_apart_bytes else rate.cycles
        busy = line_cycles(core, z, x, tiles.m) if by_lines else axpy.issues * pace
        return 1 + axpy.launch + axpy.issues, core.saved_map_cycles - 1 + busy - axpy.issues

    # Banks and halves of memory are the same again after as many columns.
    period = lcm(core.bank_period_bytes, 2 * core.line_bytes)
    period //= gcd(period, column)
    begin = [[turn(k, n) for n in range(min(period, tiles.n))] for k in range(min(period, tiles.k))]
    return [Turns(tiles.times, in_turns([Turns(1, [*in_turns(row, tiles.n), outer]) for row in begin], tiles.k))]


PROGRAM = kernel(
    name=NAME, doc=__doc__, shape_help="M x K x N: rows of X, columns of X and rows of W, columns of W",
    example="24x24x24", takes="M, K and N", asked=asked, operands=operands, write=write, lay=lay, result="z",
    take=lambda tiles, z: take(tiles, z)[: tiles.shape[0], : tiles.shape[2]], closed=closed, need=need,
    meaning=lambda tiles, x, w: tiles.times * (x @ w),
    options={"compute": "once, never or twice: how often tiles are multiplied in a step, for measurements [once]"},
    measures={
        "product_cycles": Measure(
            cores=_product,
            silicon=False,
            options={
                "repeats": f"products of the mean, after one to warm up [{REPEATS}]",
                "tiles": "travel, or stay: each core multiplies those it has again and again [travel]",
            },
        )
    },
)  # fmt: skip
