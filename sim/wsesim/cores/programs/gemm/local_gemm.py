"""C += A B on every core for itself, dense: columns of A times single values of B, or everything by scalar code.

    for k of DEPTH, for j of WIDTH:     C: column j  [ c c c c c c ]  += A: column k  [ a a a a a a ]  * B[k, j]

All matrices lie row by row, so that columns of A and C have strides; the descriptor of C starts anew for each value of
B. `code=scalar` instead walks three loops over rows, columns and depth, and keeps the sum in a register.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np

from wsesim.cores import isa
from wsesim.cores.kit import exact
from wsesim.cores.kit.base import Array, KernelCase, KernelSetup, Measure, Reading, choice_option, one_row
from wsesim.cores.kit.core import KernelCore
from wsesim.cores.kit.written import kernel
from wsesim.cores.operands import Mem
from wsesim.cores.programs.gemm.local_code import CodeCosts, ScalarCode
from wsesim.cores.rates import rate_of
from wsesim.cores.role import CoreRole
from wsesim.errors import InputError
from wsesim.hardware import Wafer

# Counted from the program, a cycle for each scalar instruction that nothing waits for; no figures of a machine.
STORE_CYCLES = 1


@dataclass(frozen=True, slots=True, kw_only=True)
class _Product:
    """A tile of ROWS x DEPTH by one of DEPTH x WIDTH on each core of a grid."""

    cores: tuple[int, int]
    """Rows and columns of the grid."""
    rows: int
    depth: int
    width: int
    vector: bool
    """Whether columns are multiplied at once."""
    compute: bool
    """Whether anything is."""

    @classmethod
    def of(cls, setup: KernelSetup) -> _Product:
        """Return what is asked.

        Raises:
            InputError: an option cannot be, or scalar code is to leave out what it consists of.
        """
        vector = choice_option(setup.options, "code", ("vector", "scalar")) == "vector"
        compute = choice_option(setup.options, "compute", ("once", "never")) == "once"
        if not vector and not compute:
            raise InputError.at("option compute can be never with code=vector only")
        rows, depth, width = setup.shape
        cores = setup.rows, setup.columns
        return cls(cores=cores, rows=rows, depth=depth, width=width, vector=vector, compute=compute)


def operands(product: _Product, random: np.random.Generator) -> Mapping[str, Array]:
    """Return random values whose sums are exact."""
    shapes = {"a": (product.rows, product.depth), "b": (product.depth, product.width)}
    return {
        name: exact.factors(random, (*product.cores, *shape), isa.F32, product.depth) for name, shape in shapes.items()
    }


def meaning(product: _Product, a: Array, b: Array) -> Array:
    """Return the product of each core."""
    return (a @ b * product.compute).reshape(*product.cores, -1)


def body(core: KernelCore) -> None:
    """Write what one core does."""
    product, role = _Product.of(core.setup), core.role
    a, b = role.memory("a", product.rows * product.depth), role.memory("b", product.depth * product.width)
    c = role.memory("c", product.rows * product.width)
    if product.vector:
        _columns(role, product, a, b, c)
    else:
        _scalars(role, product, a, b, c)


def _columns(role: CoreRole, sizes: _Product, a: Mem, b: Mem, c: Mem) -> None:
    """Write the loops over depth and width; without arithmetic nothing asks for the values of B."""
    code = ScalarCode(role)
    k, j, depth, width, at, factor, a_place, c_place = (role.register() for _ in range(8))
    for register, value in ((depth, sizes.depth), (width, sizes.width), (at, 0), (a_place, 0)):
        role.set(register, value)
    with code.count(k, depth):
        role.set(c_place, 0)
        with code.count(j, width):
            if sizes.compute:
                code.load(factor, b.at(at, 1))
                role.iadd(at, at, 1, cost=0)
                column = c.at(c_place, sizes.rows, sizes.width)
                role.fmacs(column, column, a.at(a_place, sizes.rows, sizes.depth), factor, launch=code.costs.settle)
            code.move_base(c_place, 1)
        code.move_base(a_place, 1)


def _scalars(role: CoreRole, sizes: _Product, a: Mem, b: Mem, c: Mem) -> None:
    """Write three loops; the compiler takes the row of A out of the inner one, the line of B changes in it."""
    code = ScalarCode(role)
    counters, limits = [role.register() for _ in range(3)], [role.register() for _ in range(3)]
    total, left, right, row, at, a_at, b_at = (role.register() for _ in range(7))
    for limit, size in zip(limits, (sizes.rows, sizes.width, sizes.depth), strict=True):
        role.set(limit, size)
    (i, j, k), (rows, width, depth) = counters, limits
    with code.count(i, rows):
        role.imul(row, i, sizes.depth)
        with code.count(j, width):
            role.set(total, 0, kind=isa.F32)
            with code.count(k, depth):
                role.iadd(a_at, row, k, cost=0)
                code.load(left, a.at(a_at, 1))
                role.imul(b_at, k, sizes.width, cost=0)
                role.iadd(b_at, b_at, j, cost=0)
                code.load(right, b.at(b_at, 1), indices=2)
                role.scalar(isa.FMUL, left, left, right)
                role.scalar(isa.FADD, total, total, left)
            role.imul(at, i, sizes.width, cost=0)
            role.iadd(at, at, j, cost=code.costs.load(2) - code.costs.step)
            role.store(c.at(at, 1), total, cost=STORE_CYCLES)


def closed(wafer: Wafer, sizes: _Product) -> float:
    """Return the cycles of a core; all take as many."""
    core = wafer.core
    costs = CodeCosts(wafer)
    if not sizes.vector:
        inner = costs.load(1) + costs.load(2) + 2 * costs.step + costs.count
        each = 1 + sizes.depth * inner + costs.count_ends + costs.load(2) - costs.step + STORE_CYCLES + costs.count
        line = costs.step + sizes.width * each + costs.count_ends + costs.count
        return core.task_launch_cycles + 3 + sizes.rows * line + costs.count_ends
    turn: float = costs.count + costs.move_base
    if sizes.compute:
        turn += costs.load(1) + costs.settle + sizes.rows * _column_pace(wafer, sizes)
    outer = 1 + sizes.width * turn + costs.count_ends + costs.move_base + costs.count
    return core.task_launch_cycles + 4 + sizes.depth * outer + costs.count_ends


def _counter(case: KernelCase) -> Reading:
    return Reading(value=case.cycles() + between_readings(case))


def between_readings(case: KernelCase) -> int:
    """Return the cycles of two readings of the counter around a local product; on silicon, with what else is there."""
    return case.wafer.core.stamp_cycles + (case.wafer.code.window_cycles if case.silicon else 0)


def _column_pace(wafer: Wafer, sizes: _Product) -> float:
    """Return the cycles an element of a column takes; one of four starts of A and C meets in a bank."""
    into, of = Mem(0, sizes.rows, stride=sizes.width), Mem(2, sizes.rows, stride=sizes.depth)
    rate = rate_of(wafer.core, isa.MAC, isa.F32, (into, into, of))
    return (3 * rate.cycles + rate.slow_cycles) / 4


PROGRAM = kernel(
    name="local-gemm", doc=__doc__, asked=_Product.of, operands=operands, body=body, meaning=meaning, result="c",
    lay=lambda product, **given: {name: values.reshape(*product.cores, -1) for name, values in given.items()},
    shape_help="ROWS x DEPTH x WIDTH of a core: A is ROWS x DEPTH, B DEPTH x WIDTH", example="32x16x24",
    takes="rows, depth and width", closed=closed, fold=one_row,
    options={
        "code": "vector, or scalar: no vector instructions at all [vector]",
        "compute": "once, or never: leave out the multiply-accumulates, for measurements [once]",
    },
    measures={"counter_cycles": Measure(cores=_counter, closed=_counter)},
)  # fmt: skip
