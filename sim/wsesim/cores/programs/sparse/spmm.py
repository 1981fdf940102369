"""C += A B on every core for itself, A sparse and B dense: a vector multiply-accumulate for each stored value of A.

   A: row 3, column 1, value v      B: line 1  [ b b b b b b b b ]
                                                  | v *
                                    C: line 3  [ c c c c c c c c ]      descriptors are set, one instruction runs

coo sets both descriptors for each value; csc and csr store where columns or rows start, and set one; ellpack stores as
many values in each row. Nothing travels. Cores differ in where their values lie, not in how many they are.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from math import ceil, floor, nan

import numpy as np

from wsesim.cores import isa
from wsesim.cores.kit import exact
from wsesim.cores.kit.base import (
    Array,
    KernelCase,
    KernelProgram,
    KernelSetup,
    Measure,
    Options,
    Reading,
    Shares,
    choice_option,
    one_row,
)
from wsesim.cores.kit.core import KernelCore
from wsesim.cores.kit.written import kernel
from wsesim.cores.operands import ELEMENT_BYTES
from wsesim.cores.programs.gemm.local_gemm import between_readings
from wsesim.cores.programs.sparse.local import Coo, Csc, Csr, Ellpack, LocalProduct, closed_cycles
from wsesim.cores.programs.sparse.patterns import SparseTile, random_places, starts_of
from wsesim.errors import InputError

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


@dataclass(frozen=True, slots=True)
class _Sparse:
    """A sparse tile of a format on every core of a grid."""

    kind: str
    tile: SparseTile
    cores: tuple[int, int]
    """Rows and columns of the grid."""
    spread: bool
    compute: bool

    @property
    def local(self) -> type[LocalProduct]:
        """The format's program."""
        return FORMATS[self.kind]

    @property
    def number(self) -> int:
        """All cores."""
        return self.cores[0] * self.cores[1]


def operands(sparse: _Sparse, random: np.random.Generator) -> Mapping[str, Array]:
    """Return random values at random places, and B, whose sums are exact; each [core, ...]."""
    tile, number = sparse.tile, sparse.number
    values = exact.factors(random, (number, tile.stored), isa.F32, tile.depth)
    b = exact.factors(random, (number, tile.depth, tile.width), isa.F32, tile.depth)
    rows, columns = random_places(tile, number, random, filled=sparse.local.filled)
    return {"rows": rows, "columns": columns, "values": values, "b": b}


def meaning(sparse: _Sparse, rows: Array, columns: Array, values: Array, b: Array) -> Array:
    """Return the product of each core."""
    tile = sparse.tile
    dense = np.zeros((sparse.number, tile.rows, tile.depth))
    dense[np.arange(sparse.number)[:, None], rows, columns] = values
    return (dense @ b * sparse.compute).reshape(*sparse.cores, tile.rows, tile.width)


def take(sparse: _Sparse, found: Array) -> Array:
    """Return the lines of C without what fills them up."""
    return found.reshape(*sparse.cores, sparse.tile.rows, sparse.tile.step)[..., : sparse.tile.width]


def lay(sparse: _Sparse, rows: Array, columns: Array, values: Array, b: Array) -> Mapping[str, Array]:
    """Return what the format stores."""
    kind, tile = sparse.kind, sparse.tile
    if kind == "csc":
        order = np.argsort(columns * tile.rows + rows, 1)
        rows, columns, values = (np.take_along_axis(found, order, 1) for found in (rows, columns, values))
    arrays = {"values": values, "lines": rows, "columns": columns, "b": tile.lines(b)}
    if kind in ("csc", "csr"):
        lines, count = (columns, tile.depth) if kind == "csc" else (rows, tile.rows)
        arrays["starts"] = starts_of(lines, count)
    return {name: np.asarray(found).reshape(*sparse.cores, -1) for name, found in arrays.items()}


def need(sparse: _Sparse) -> int:
    """Return the bytes of B, C and the values; indices come on top."""
    tile = sparse.tile
    return ((tile.depth + tile.rows) * tile.step + tile.stored) * ELEMENT_BYTES[isa.F32]


def values(sparse: _Sparse) -> int:
    """Return those of the cores, and of A with its zeros, of which NumPy draws places and takes the product."""
    return sparse.number * (need(sparse) // ELEMENT_BYTES[isa.F32] + sparse.tile.rows * sparse.tile.depth)


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


def _program(kind: str) -> KernelProgram:
    """Return the program of a format."""
    name = f"spmm-{kind}"

    def asked(setup: KernelSetup) -> _Sparse:
        spread, compute = local_options(setup.options)
        tile = SparseTile.of(name, setup.shape, filled=FORMATS[kind].filled)
        return _Sparse(kind, tile, (setup.rows, setup.columns), spread, compute)

    def body(core: KernelCore) -> None:
        sparse = asked(core.setup)
        sparse.local(core.role, sparse.tile, spread=sparse.spread, compute=sparse.compute).write()

    return kernel(
        name=name, doc=__doc__, asked=asked, operands=operands, body=body, meaning=meaning, result="c", take=take,
        lay=lay, shape_help="ROWS x DEPTH x WIDTH x STORED of a core: A is ROWS x DEPTH, B DEPTH x WIDTH; STORED "
        "values of A", example="32x16x68x64", takes="rows, depth, width and stored values", options=HELP,
        closed=lambda wafer, sparse: closed_cycles(
            wafer, sparse.local, sparse.tile, spread=sparse.spread, compute=sparse.compute
        ),
        need=need, values=values, fold=one_row, limits=limits,
        measures={"counter_cycles": Measure(cores=_counter, closed=_counter, options=MEAN_HELP)},
    )  # fmt: skip


COO, CSC, CSR, ELLPACK = map(_program, FORMATS)
