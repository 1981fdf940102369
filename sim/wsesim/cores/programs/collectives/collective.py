"""What all collectives share: their shape and options, the values they work on, and what to expect."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace
from math import isqrt, prod

import numpy as np

from wsesim.cores import isa
from wsesim.cores.builder import Builder
from wsesim.cores.kit import exact
from wsesim.cores.kit.base import (
    Array,
    Grid,
    KernelCase,
    KernelProgram,
    Options,
    Prepared,
    Shape,
    Shares,
    choice_option,
    gather,
    opening,
    scatter,
    sizes_of,
    whole_option,
)
from wsesim.cores.kit.plans import Layout
from wsesim.cores.machine import CoreMachine
from wsesim.cores.operands import ELEMENT_BYTES
from wsesim.hardware import Wafer

KINDS = {"f32": isa.F32, "i32": isa.I32}
TYPE_HELP = {"type": "f32 or i32, the type of the values [f32]"}
GROUP_HELP = {"group": "cores of a row that add up first [the square root of the columns]"}
SHAPE_HELP = "LENGTH: values on each core"


@dataclass(frozen=True, slots=True, kw_only=True)
class Fold:
    """How the first rows stand for all, where a broadcast down the columns comes last: one hop later for each row."""

    rows: int
    layout: Callable[[Wafer, Grid, int, int], Layout]
    """(wafer, whole grid, length, kind) -> plans of the cores of the first rows."""


def collective(
    *,
    name: str,
    doc: str | None,
    layout: Callable[[Grid, Options], Layout],
    take: Callable[[Array, Options], Array],
    expected: Callable[[Array], Array],
    summed: tuple[int, ...],
    work: Callable[[Grid, int, Options], dict[str, int]],
    cycles: Callable[[Wafer, Grid, int, Options], float],
    options: Mapping[str, str] = TYPE_HELP,
    fold: Fold | None = None,
    limits: Callable[[KernelCase, float], Shares] | None = None,
) -> KernelProgram:
    """Return the program of a collective that leaves its result in the vectors it began with.

    *take* finds the result in the vectors of all cores, [row, column, element]; *expected* makes it from those before;
    *summed* are the axes whose cores are added up. One row stands for all, or what *fold* says.
    """

    def prepare(wafer: Wafer, grid: Grid, shape: Shape, chosen: Options, seed: int) -> Prepared:
        return load(wafer, grid, layout(grid, chosen), shape, chosen, seed)

    def folded(wafer: Wafer, grid: Grid, shape: Shape, chosen: Options, seed: int) -> Prepared:
        if fold is None:
            return prepare(wafer, (grid[0], 1), shape, chosen, seed)
        length, kind = vector_length(name, shape), kind_of(chosen)
        plans, few = fold.layout(wafer, grid, length, kind), (grid[0], min(grid[1], fold.rows))
        later = (grid[1] - few[1]) * wafer.fabric.hop_cycles
        return replace(load(wafer, few, plans, shape, chosen, seed), later_cycles=later)

    def load(wafer: Wafer, grid: Grid, plans: Layout, shape: Shape, chosen: Options, seed: int) -> Prepared:
        length, kind = vector_length(name, shape), kind_of(chosen)
        values = random_values(seed, grid, length, kind, summed)
        builder = Builder(wafer, width=grid[0], height=grid[1])
        plans.write(builder, length, kind)
        machine = CoreMachine(builder)
        scatter(machine, "x", values)
        return Prepared(
            machine=machine,
            read=lambda ran: take(gather(ran, "x"), chosen),
            expected=expected(values),
            counts=work(grid, length, chosen),
        )

    def closed(wafer: Wafer, grid: Grid, shape: Shape, chosen: Options) -> float:
        kind_of(chosen)
        return cycles(wafer, grid, vector_length(name, shape), chosen)

    return KernelProgram(
        name=name, **opening(doc), shape_help=SHAPE_HELP, prepare=prepare, closed=closed, options=options,
        folded=folded, limits=limits,
        need=lambda _, grid, shape, __: vector_length(name, shape) * ELEMENT_BYTES[isa.F32],
    )  # fmt: skip


def vector_length(name: str, shape: Shape) -> int:
    """Return the one number the shape of a collective has.

    Raises:
        InputError: it has none, several, or not a positive one.
    """
    return sizes_of(name, shape, "one length of 1 or more", "1024")[0]


def kind_of(options: Options) -> int:
    """Return the element type that an option names.

    Raises:
        InputError: it names none.
    """
    return KINDS[choice_option(options, "type", tuple(KINDS))]


def group_of(options: Options, cores: int) -> int:
    """Return the size of a group on a line of cores, at most all of them.

    Raises:
        InputError: the option is not a whole number from 1 on.
    """
    return min(cores, whole_option(options, "group", isqrt(cores)))


def random_values(seed: int, grid: Grid, length: int, kind: int, summed: tuple[int, ...]) -> Array:
    """Return [row, column, element], whole numbers whose sums over the axes *summed* are exact."""
    shape = grid[1], grid[0], length
    return exact.terms(np.random.default_rng(seed), shape, kind, prod(shape[axis] for axis in summed))


def row_sums(values: Array) -> Array:
    """Return [row, element] sums over columns."""
    return np.asarray(values.sum(1))


def row_sums_everywhere(values: Array) -> Array:
    """Return [row, column, element] sums over columns, the same on all cores of a row."""
    return np.broadcast_to(values.sum(1, keepdims=True), values.shape)


def first_column(values: Array, options: Options) -> Array:
    """Return the vectors of the first core of each row."""
    return values[:, 0]


def all_cores(values: Array, options: Options) -> Array:
    """Return the vectors of all cores."""
    return values
