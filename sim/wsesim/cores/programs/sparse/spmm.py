"""C += A B on every core for itself, A sparse and B dense: a vector multiply-accumulate for each stored value of A.

   A: row 3, column 1, value v      B: line 1  [ b b b b b b b b ]
                                                  | v *
                                    C: line 3  [ c c c c c c c c ]      descriptors are set, one instruction runs

coo sets both descriptors for each value; csc and csr store where columns or rows start, and set one; ellpack stores as
many values in each row. Nothing travels. Cores differ in where their values lie, not in how many they are.
"""

from __future__ import annotations

from functools import partial
from math import ceil, floor, nan

import numpy as np

from wsesim.cores import isa
from wsesim.cores.builder import Builder
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
    choice_option,
    gather,
    one_row,
    opening,
    scatter,
)
from wsesim.cores.machine import CoreMachine
from wsesim.cores.operands import ELEMENT_BYTES
from wsesim.cores.programs.gemm.local_gemm import between_readings
from wsesim.cores.programs.sparse.local import Coo, Csc, Csr, Ellpack, LocalProduct, closed_cycles
from wsesim.cores.programs.sparse.patterns import SparseTile, random_places, starts_of
from wsesim.errors import InputError
from wsesim.hardware import Wafer

FORMATS: dict[str, type[LocalProduct]] = {"coo": Coo, "csc": Csc, "csr": Csr, "ellpack": Ellpack}
HELP = {
    "banks": "apart, or same: whether lines of B and C lie in the same banks of memory [apart]",
    "compute": "once, or never: leave out the multiply-accumulates, for measurements [once]",
}

MEAN_HELP = {"stored": "mean over cores of the stored values, where it is not whole; STORED is the next above [STORED]"}


def local_options(options: Options) -> tuple[bool, bool]:
    """Return whether B and C lie in different banks, and whether anything is multiplied.

    Raises:
        InputError: an option is something else.
    """
    spread = choice_option(options, "banks", ("apart", "same")) == "apart"
    return spread, choice_option(options, "compute", ("once", "never")) == "once"


def prepare(kind: str, wafer: Wafer, grid: Grid, shape: Shape, options: Options, seed: int) -> Prepared:
    """Return the products loaded onto their cores, with random values at random places."""
    local, (spread, compute) = FORMATS[kind], local_options(options)
    tile = SparseTile.of(f"spmm-{kind}", shape, filled=local.filled)
    builder = Builder(wafer, width=grid[0], height=grid[1])
    role = builder.role("core")
    program = local(role, tile, spread=spread, compute=compute)
    with role.task("start", start=True):
        program.write()
        role.halt()
    builder.place(role, range(grid[0]), range(grid[1]))
    machine, cores = CoreMachine(builder), grid[0] * grid[1]
    random = np.random.default_rng(seed + 1)
    values = exact.factors(random, (cores, tile.stored), isa.F32, tile.depth)
    b = exact.factors(random, (cores, tile.depth, tile.width), isa.F32, tile.depth)
    rows, columns = random_places(tile, cores, seed, filled=local.filled)
    _fill(machine, grid, kind, tile, rows, columns, values, b)
    dense = np.zeros((cores, tile.rows, tile.depth))
    dense[np.arange(cores)[:, None], rows, columns] = values
    product = (dense @ b).reshape(grid[1], grid[0], tile.rows, tile.width)
    return Prepared(
        machine=machine,
        read=lambda ran: gather(ran, "c").reshape(grid[1], grid[0], tile.rows, tile.step)[..., : tile.width],
        expected=product if compute else np.zeros_like(product),
        counts={"macs": cores * tile.stored * tile.width if compute else 0, "hops": 0},
    )


def _fill(
    machine: CoreMachine, grid: Grid, kind: str, tile: SparseTile, rows: Array, columns: Array, values: Array, b: Array
) -> None:
    """Write what the format stores."""
    if kind == "csc":
        order = np.argsort(columns * tile.rows + rows, 1)
        rows, columns, values = (np.take_along_axis(found, order, 1) for found in (rows, columns, values))
    arrays = {"values": values, "lines": rows, "columns": columns, "b": tile.lines(b)}
    if kind in ("csc", "csr"):
        lines, count = (columns, tile.depth) if kind == "csc" else (rows, tile.rows)
        arrays["starts"] = starts_of(lines, count)
    for name, found in arrays.items():
        scatter(machine, name, np.asarray(found).reshape(grid[1], grid[0], -1))


def closed(kind: str, wafer: Wafer, grid: Grid, shape: Shape, options: Options) -> float:
    """Return the cycles of a core; all take as many."""
    local, (spread, compute) = FORMATS[kind], local_options(options)
    tile = SparseTile.of(f"spmm-{kind}", shape, filled=local.filled)
    return closed_cycles(wafer, local, tile, spread=spread, compute=compute)


def need(kind: str, wafer: Wafer, grid: Grid, shape: Shape, options: Options) -> int:
    """Return the bytes of B, C and the values; indices come on top."""
    tile = SparseTile.of(f"spmm-{kind}", shape, filled=FORMATS[kind].filled)
    return ((tile.depth + tile.rows) * tile.step + tile.stored) * ELEMENT_BYTES[isa.F32]


def values(kind: str, wafer: Wafer, grid: Grid, shape: Shape, options: Options) -> int:
    """Return those of the cores, and of A with its zeros, of which NumPy draws places and takes the product."""
    each = need(kind, wafer, grid, shape, options) // ELEMENT_BYTES[isa.F32] + shape[0] * shape[1]
    return grid[0] * grid[1] * each


def limits(case: KernelCase, cycles: float) -> Shares:
    """Return the part with a multiply-accumulate in every cycle; where lines collide it is in every other."""
    return {"arithmetic every cycle": _full_rate(case) / cycles}


def _full_rate(case: KernelCase) -> float:
    spread, compute = local_options(case.options)
    return case.shape[3] * case.shape[2] if spread and compute else 0


def _counter(case: KernelCase) -> Reading:
    """Mix runs with the whole numbers of stored values on both sides of the mean."""
    rows, depth, width, most = case.shape
    mean = _mean(case.options, most)
    below, part = floor(mean), mean - floor(mean)
    mixed = [(max(1, below), 1 - part), *([(ceil(mean), part)] if part else [])]
    runs = [(weight, case.of_shape(rows, depth, width, stored)) for stored, weight in mixed]
    value = sum(weight * run.cycles() for weight, run in runs) + between_readings(case)
    full = sum(weight * _full_rate(run) for weight, run in runs)
    return Reading(value=value, shares={"arithmetic every cycle": full / value})


def _mean(options: Options, most: int) -> float:
    """Return the mean of the stored values.

    Raises:
        InputError: it is not a number whose next whole one is the shape's.
    """
    text = options.get("stored", str(most))
    try:
        mean = float(text)
    except ValueError:
        mean = nan
    if not most - 1 < mean <= most:
        raise InputError.at(f"option stored must be a mean over {most - 1} and up to {most}, STORED; got {text!r}")
    return mean


COO, CSC, CSR, ELLPACK = (
    KernelProgram(
        name=f"spmm-{kind}",
        **opening(__doc__),
        shape_help="ROWS x DEPTH x WIDTH x STORED of a core: A is ROWS x DEPTH, B DEPTH x WIDTH; STORED values of A",
        prepare=partial(prepare, kind),
        closed=partial(closed, kind),
        options=HELP,
        folded=one_row(partial(prepare, kind)),
        need=partial(need, kind),
        values=partial(values, kind),
        limits=limits,
        measures={"counter_cycles": Measure(cores=_counter, closed=_counter, options=MEAN_HELP)},
    )
    for kind in FORMATS
)
