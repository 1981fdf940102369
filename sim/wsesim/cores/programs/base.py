"""A kernel as a program for cores: a machine ready to run, the result to expect, and cycles in closed form."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from textwrap import dedent
from typing import Any, TypedDict

import numpy as np
import numpy.typing as npt

from wsesim.cores.machine import Machine
from wsesim.errors import InputError, nearest
from wsesim.hardware import Wafer

Array = npt.NDArray[Any]
Grid = tuple[int, int]
"""Columns and rows of cores."""
Shape = tuple[int, ...]
Options = Mapping[str, str]
MOST_DIGITS = 10


@dataclass(frozen=True, slots=True, kw_only=True)
class Prepared:
    """A kernel loaded onto its cores, with what it must compute."""

    machine: Machine
    read: Callable[[Machine], Array]
    """Takes the result out of the machine once it has run."""
    expected: Array
    """The same result by NumPy, of the same shape."""
    tolerance: float
    """Largest difference that rounding can explain; 0 where values only move or are whole numbers."""
    counts: dict[str, int]
    """Work the kernel has by its definition, by name: additions, wavelet hops."""
    later_cycles: int = 0
    """Of a part that stands for all: by how much the last core of the whole ends later than the last of the part."""


Prepare = Callable[[Wafer, Grid, Shape, Options, int], Prepared]
"""(wafer, grid, shape, options, seed) -> a kernel on its cores."""


@dataclass(frozen=True, slots=True, kw_only=True)
class KernelProgram:
    """A kernel for any rectangle of cores and any shape."""

    name: str
    summary: str
    """One line: what it computes."""
    picture: str
    """How it lies on the cores, in ASCII."""
    shape_help: str
    """What the numbers of a shape mean."""
    prepare: Prepare
    """Raises InputError or ProgramError on what cannot be."""
    closed: Callable[[Wafer, Grid, Shape, Options], float]
    """(wafer, grid, shape, options) -> cycles. Raises InputError on a shape or option that cannot be."""
    options: Mapping[str, str] = field(default_factory=dict)
    """What can be chosen, each with an explanation."""
    folded: Prepare | None = None
    """The same for a part of the grid that stands for all and takes as many cycles; None where no part does."""


def one_row(prepare: Prepare, row_shape: Callable[[Grid, Shape], Shape] | None = None) -> Prepare:
    """Return how to load one row of a kernel in which nothing travels between rows.

    *row_shape* tells from grid and shape what one row has of the whole, where that is not the shape already.
    """

    def folded(wafer: Wafer, grid: Grid, shape: Shape, options: Options, seed: int) -> Prepared:
        of_row = shape if row_shape is None else row_shape(grid, shape)
        return prepare(wafer, (grid[0], 1), of_row, options, seed)

    return folded


def whole_option(options: Options, name: str, default: int) -> int:
    """Return an option that is a whole number from 1 on.

    Raises:
        InputError: it is something else.
    """
    text = options.get(name)
    if text is None:
        return default
    if not (text.isascii() and text.isdigit() and len(text) < MOST_DIGITS and int(text) >= 1):
        raise InputError.at(f"option {name} must be a whole number from 1 on; got {text!r}")
    return int(text)


def choice_option(options: Options, name: str, choices: tuple[str, ...]) -> str:
    """Return an option that is one of *choices*; the first is the default.

    Raises:
        InputError: it is something else.
    """
    text = options.get(name, choices[0])
    if text not in choices:
        raise InputError.at(f"option {name} must be one of {', '.join(choices)}; got {text!r}{nearest(text, choices)}")
    return text


def sizes_of(name: str, shape: Shape, takes: str, example: str, *, fits: Callable[..., bool] | None = None) -> Shape:
    """Return a shape of as many numbers as *example* has, each 1 or more, and of which *fits* holds if given.

    Raises:
        InputError: it is another; says what the kernel *takes*.
    """
    right = len(shape) == example.count("x") + 1 and min(shape) >= 1 and (fits is None or fits(*shape))
    if not right:
        given = "x".join(map(str, shape)) or "nothing"
        raise InputError.at(f"{name} takes {takes}, for example --shape {example}; got {given}")
    return shape


def scatter(machine: Machine, name: str, values: Array) -> None:
    """Fill the variable *name* of every core that has one; *values* is [row, column, element]."""
    for number, role in enumerate(machine.builder.roles):
        if name in role.variables:
            machine.write(role, name, values[machine.builder.role_of == number])


def gather(machine: Machine, name: str) -> Array:
    """Return the variable *name*, which all cores have, as [row, column, element]."""
    builder = machine.builder
    found: Array = np.empty((builder.height, builder.width, builder.roles[0].variables[name].length))
    for number, role in enumerate(builder.roles):
        found[builder.role_of == number] = machine.read(role, name)
    return found


class Opening(TypedDict):
    """How a program's file opens: what it computes, then how it lies on the cores."""

    summary: str
    picture: str


def opening(text: str | None) -> Opening:
    """Return the first line of a module's docstring, and what follows."""
    summary, _, picture = (text or "").partition("\n")
    return {"summary": summary, "picture": dedent(picture.strip("\n")).rstrip()}
