"""C += A B on every core for itself, dense: columns of A times single values of B, or everything by scalar code.

    for k of DEPTH, for j of WIDTH:     C: column j  [ c c c c c c ]  += A: column k  [ a a a a a a ]  * B[k, j]

All matrices lie row by row, so that columns of A and C have strides; the descriptor of C starts anew for each value of
B. `code=scalar` instead walks three loops over rows, columns and depth, and keeps the sum in a register.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from wsesim.cores import isa
from wsesim.cores.builder import Builder, CoreRole
from wsesim.cores.kit import exact
from wsesim.cores.kit.base import (
    Grid,
    KernelCase,
    KernelProgram,
    Measure,
    Options,
    Prepared,
    Reading,
    Shape,
    choice_option,
    gather,
    one_row,
    opening,
    scatter,
    sizes_of,
)
from wsesim.cores.machine import CoreMachine
from wsesim.cores.operands import ELEMENT_BYTES, Mem
from wsesim.cores.programs.gemm.local_code import CodeCosts, ScalarCode
from wsesim.cores.rates import rate_of
from wsesim.errors import InputError
from wsesim.hardware import Wafer

NAME = "local-gemm"
# Counted from the program, a cycle for each scalar instruction that nothing waits for; no figures of a machine.
STORE_CYCLES = 1


@dataclass(frozen=True, slots=True, kw_only=True)
class _Sizes:
    """A tile of ROWS x DEPTH by one of DEPTH x WIDTH."""

    rows: int
    depth: int
    width: int

    @classmethod
    def of(cls, shape: Shape) -> _Sizes:
        """Return the sizes of a shape.

        Raises:
            InputError: the shape is not three sizes of 1 or more.
        """
        sizes_of(NAME, shape, "rows, depth and width", "32x16x24")
        return cls(rows=shape[0], depth=shape[1], width=shape[2])

    @property
    def macs(self) -> int:
        """Multiply-accumulates."""
        return self.rows * self.depth * self.width


def _chosen(options: Options) -> tuple[bool, bool]:
    """Return whether columns are multiplied at once, and whether anything is.

    Raises:
        InputError: an option is something else, or scalar code is to leave out what it consists of.
    """
    vector = choice_option(options, "code", ("vector", "scalar")) == "vector"
    compute = choice_option(options, "compute", ("once", "never")) == "once"
    if not vector and not compute:
        raise InputError.at("option compute can be never with code=vector only")
    return vector, compute


def prepare(wafer: Wafer, grid: Grid, shape: Shape, options: Options, seed: int) -> Prepared:
    """Return the products loaded onto their cores, with random values whose sums are exact."""
    sizes, (vector, compute) = _Sizes.of(shape), _chosen(options)
    builder = Builder(wafer, width=grid[0], height=grid[1])
    role = builder.role("core")
    a, b = role.memory("a", sizes.rows * sizes.depth), role.memory("b", sizes.depth * sizes.width)
    c = role.memory("c", sizes.rows * sizes.width)
    with role.task("start", start=True):
        if vector:
            _columns(role, sizes, a, b, c, compute=compute)
        else:
            _scalars(role, sizes, a, b, c)
        role.halt()
    builder.place(role, range(grid[0]), range(grid[1]))
    random, machine = np.random.default_rng(seed), CoreMachine(builder)
    left, right = (
        exact.factors(random, (grid[1], grid[0], *size), isa.F32, sizes.depth)
        for size in ((sizes.rows, sizes.depth), (sizes.depth, sizes.width))
    )
    for name, values in (("a", left), ("b", right)):
        scatter(machine, name, values.reshape(grid[1], grid[0], -1))
    product = left @ right
    return Prepared(
        machine=machine,
        read=lambda ran: gather(ran, "c").reshape(product.shape),
        expected=product if compute else np.zeros_like(product),
        counts={"macs": grid[0] * grid[1] * sizes.macs if compute else 0, "hops": 0},
    )


def _columns(role: CoreRole, sizes: _Sizes, a: Mem, b: Mem, c: Mem, *, compute: bool) -> None:
    """Write the loops over depth and width; without arithmetic nothing asks for the values of B."""
    code = ScalarCode(role)
    k, j, depth, width, at, factor, a_place, c_place = (role.register() for _ in range(8))
    for register, value in ((depth, sizes.depth), (width, sizes.width), (at, 0), (a_place, 0)):
        role.set(register, value)
    with code.count(k, depth):
        role.set(c_place, 0)
        with code.count(j, width):
            if compute:
                code.load(factor, b.at(at, 1))
                role.iadd(at, at, 1, cost=0)
                column = c.at(c_place, sizes.rows, sizes.width)
                role.fmacs(column, column, a.at(a_place, sizes.rows, sizes.depth), factor, launch=code.costs.settle)
            code.move_base(c_place, 1)
        code.move_base(a_place, 1)


def _scalars(role: CoreRole, sizes: _Sizes, a: Mem, b: Mem, c: Mem) -> None:
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


def closed(wafer: Wafer, grid: Grid, shape: Shape, options: Options) -> float:
    """Return the cycles of a core; all take as many."""
    sizes, (vector, compute) = _Sizes.of(shape), _chosen(options)
    core = wafer.core
    costs = CodeCosts(wafer)
    if not vector:
        inner = costs.load(1) + costs.load(2) + 2 * costs.step + costs.count
        each = 1 + sizes.depth * inner + costs.count_ends + costs.load(2) - costs.step + STORE_CYCLES + costs.count
        line = costs.step + sizes.width * each + costs.count_ends + costs.count
        return core.task_launch_cycles + 3 + sizes.rows * line + costs.count_ends
    turn: float = costs.count + costs.move_base
    if compute:
        turn += costs.load(1) + costs.settle + sizes.rows * _column_pace(wafer, sizes)
    outer = 1 + sizes.width * turn + costs.count_ends + costs.move_base + costs.count
    return core.task_launch_cycles + 4 + sizes.depth * outer + costs.count_ends


def need(wafer: Wafer, grid: Grid, shape: Shape, options: Options) -> int:
    """Return the bytes of the three matrices."""
    sizes = _Sizes.of(shape)
    elements = sizes.rows * sizes.depth + sizes.depth * sizes.width + sizes.rows * sizes.width
    return elements * ELEMENT_BYTES[isa.F32]


def _counter(case: KernelCase) -> Reading:
    return Reading(value=case.cycles() + between_readings(case))


def between_readings(case: KernelCase) -> int:
    """Return the cycles of two readings of the counter around a local product; on silicon, with what else is there."""
    return case.wafer.core.stamp_cycles + (case.wafer.code.window_cycles if case.silicon else 0)


def _column_pace(wafer: Wafer, sizes: _Sizes) -> float:
    """Return the cycles an element of a column takes; one of four starts of A and C meets in a bank."""
    into, of = Mem(0, sizes.rows, stride=sizes.width), Mem(2, sizes.rows, stride=sizes.depth)
    rate = rate_of(wafer.core, isa.MAC, isa.F32, (into, into, of))
    return (3 * rate.cycles + rate.slow_cycles) / 4


PROGRAM = KernelProgram(
    name=NAME,
    **opening(__doc__),
    shape_help="ROWS x DEPTH x WIDTH of a core: A is ROWS x DEPTH, B DEPTH x WIDTH",
    prepare=prepare,
    closed=closed,
    options={
        "code": "vector, or scalar: no vector instructions at all [vector]",
        "compute": "once, or never: leave out the multiply-accumulates, for measurements [once]",
    },
    folded=one_row(prepare),
    need=need,
    measures={"counter_cycles": Measure(cores=_counter, closed=_counter)},
)
