"""What all collectives share: their shape and options, the values they work on, and what to expect."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from math import isqrt, prod

import numpy as np

from wsesim.cores import isa
from wsesim.cores.builder import Builder
from wsesim.cores.kit import exact
from wsesim.cores.kit.base import (
    Array,
    KernelCase,
    KernelProgram,
    KernelSetup,
    Options,
    Shares,
    choice_option,
    whole_option,
)
from wsesim.cores.kit.plans import Layout
from wsesim.cores.kit.written import kernel
from wsesim.cores.operands import ELEMENT_BYTES

KINDS = {"f32": isa.F32, "i32": isa.I32}
TYPE_HELP = {"type": "f32 or i32, the type of the values [f32]"}
GROUP_HELP = {"group": "cores of a row that add up first [the square root of the columns]"}
EXAMPLE, SHAPE_HELP, TAKES = "1024", "LENGTH: values on each core", "one length of 1 or more"


def collective(
    *, name: str, doc: str | None, layout: Callable[[KernelSetup], Layout], cycles: Callable[[KernelSetup], float],
    expected: Callable[[Array], Array], summed: tuple[int, ...] = (),
    take: Callable[[KernelSetup, Array], Array] = lambda _, values: values, options: Mapping[str, str] = TYPE_HELP,
    rows: int = 1, limits: Callable[[KernelCase, float], Shares] | None = None,
) -> KernelProgram:  # fmt: skip
    """Return the program of a collective that leaves its result in the vectors it began with.

    *take* finds the result in the vectors of all cores, [row, column, element]; *expected* makes it from those before;
    *summed* are the axes whose cores are added up. The first *rows* stand for all; with two of them a broadcast down
    the columns comes last, a hop later for each row more.
    """

    def write(setup: KernelSetup, builder: Builder) -> None:
        layout(setup).write(builder, setup.shape[0], kind_of(setup.options))

    return kernel(
        name=name, doc=doc, shape_help=SHAPE_HELP, example=EXAMPLE, takes=TAKES, options=options, asked=checked,
        operands=lambda setup, random: {"x": draw(setup, random, summed)}, write=write, result="x", take=take,
        meaning=lambda _, x: expected(x), closed=lambda _, setup: cycles(setup),
        need=lambda setup: setup.shape[0] * ELEMENT_BYTES[isa.F32], fold=lambda setup: setup.first_rows(rows),
        later=lambda part: part.rows_left * part.wafer.fabric.hop_cycles if rows > 1 else 0, limits=limits,
    )  # fmt: skip


def checked(setup: KernelSetup) -> KernelSetup:
    """Return what is asked.

    Raises:
        InputError: an option cannot be.
    """
    kind_of(setup.options)
    return setup


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


def row_group(setup: KernelSetup) -> int:
    """Return the size of a group of a row."""
    return group_of(setup.options, setup.columns)


def draw(setup: KernelSetup, random: np.random.Generator, summed: tuple[int, ...]) -> Array:
    """Return [row, column, element], whole numbers whose sums over the axes *summed* are exact."""
    shape = setup.rows, setup.columns, setup.shape[0]
    return exact.terms(random, shape, kind_of(setup.options), prod(shape[axis] for axis in summed))


def row_sums(values: Array) -> Array:
    """Return [row, element] sums over columns."""
    return np.asarray(values.sum(1))


def row_sums_everywhere(values: Array) -> Array:
    """Return [row, column, element] sums over columns, the same on all cores of a row."""
    return np.broadcast_to(values.sum(1, keepdims=True), values.shape)


def first_column(setup: KernelSetup, values: Array) -> Array:
    """Return the vectors of the first core of each row."""
    return values[:, 0]
