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
    prepare: Callable[[Wafer, Grid, Shape, Options, int], Prepared]
    """(wafer, grid, shape, options, seed) -> Prepared. Raises InputError or ProgramError on what cannot be."""
    closed: Callable[[Wafer, Grid, Shape, Options], float]
    """(wafer, grid, shape, options) -> cycles. Raises InputError on a shape or option that cannot be."""
    options: Mapping[str, str] = field(default_factory=dict)
    """What can be chosen, each with an explanation."""
    rows_alike: bool = False
    """Whether nothing travels between rows, so that one row stands for all."""
    row_shape: Callable[[Grid, Shape], Shape] | None = None
    """(grid, shape) -> shape of what one row has of the whole, where a shape is not that of each row already."""


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
