"""A kernel as a program for cores: a machine ready to run, the result to expect, and cycles in closed form."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field, replace
from textwrap import dedent
from typing import TypedDict

import numpy as np

from wsesim.answer import Level
from wsesim.cores.errors import NotWritten
from wsesim.cores.kit import room
from wsesim.cores.kit.prepared import Array as Array
from wsesim.cores.kit.prepared import Prepared as Prepared
from wsesim.cores.machine import CoreMachine, CoreRun
from wsesim.errors import InputError, nearest
from wsesim.hardware import Wafer

Grid = tuple[int, int]
"""Columns and rows of cores."""
Shape = tuple[int, ...]
Options = Mapping[str, str]
MOST_DIGITS = 10


Prepare = Callable[[Wafer, Grid, Shape, Options, int], Prepared]
"""(wafer, grid, shape, options, seed) -> a kernel on its cores."""
Shares = Mapping[str, float]
"""Parts of a time by what limits it on silicon, resources of `wafer.silicon`, summing to at most 1. What is not named
is no slower there."""


@dataclass(frozen=True, slots=True, kw_only=True)
class KernelSetup:
    """What is asked of a kernel."""

    wafer: Wafer
    grid: Grid
    """Columns and rows of cores."""
    shape: Shape
    """Size of the problem."""
    options: Options = field(default_factory=dict)
    """Choices, by name."""
    whole: Grid | None = None
    """The grid that this one stands for, if it is a part."""

    def first_rows(self, rows: int) -> KernelSetup:
        """Return the same of the first rows, which stand for all."""
        return replace(self, grid=(self.columns, min(rows, self.rows)), whole=self.grid)

    @property
    def rows_left(self) -> int:
        """Rows of the whole that this part leaves out."""
        return self.whole[1] - self.rows if self.whole else 0

    @property
    def columns(self) -> int:
        """Columns of cores."""
        return self.grid[0]

    @property
    def rows(self) -> int:
        """Rows of cores."""
        return self.grid[1]


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
    prepare: Prepare | None
    """Raises InputError or ProgramError on what cannot be. None where only a closed form is known."""
    closed: Callable[[Wafer, Grid, Shape, Options], float]
    """(wafer, grid, shape, options) -> cycles. Raises InputError on a shape or option that cannot be. Takes the same
    time for every size."""
    need: Callable[[Wafer, Grid, Shape, Options], int]
    """(wafer, grid, shape, options) -> bytes of data, and of instructions that a shape multiplies, that the fullest
    core has at least. Known before anything is made, and raises and lasts as `closed` does."""
    options: Mapping[str, str] = field(default_factory=dict)
    """What can be chosen, each with an explanation."""
    given: Callable[[Wafer, Grid, Shape, Options, Mapping[str, Array]], Prepared] | None = None
    """The same on operands that are given by name, in place of random ones; None where there is no program."""
    folded: Prepare | None = None
    """The same for a part of the grid that stands for all and takes as many cycles; None where no part does."""
    values: Callable[[Wafer, Grid, Shape, Options], int] | None = None
    """(wafer, grid, shape, options) -> values on all cores and edges, and of what NumPy expands them to; None where all
    cores have as many as the fullest, and nothing comes on top."""
    edge_rows: int = 0
    """Rows of cores beside the grid's that play the wafer's edge."""
    limits: Callable[[KernelCase, float], Shares] | None = None
    """(case, its cycles) -> what limits them; None where nobody knows."""
    measures: Mapping[str, Measure] = field(default_factory=dict)
    """What else is read off its runs, by the name of the figure, one of `wsesim.cores.measures`."""


@dataclass(frozen=True, slots=True, kw_only=True)
class KernelCase:
    """A kernel with all that its figures depend on."""

    program: KernelProgram
    wafer: Wafer
    grid: Grid
    shape: Shape
    options: Options
    level: Level = "cores"
    """cores | closed."""
    seed: int = 0
    fold: bool = False
    silicon: bool = False
    """Whether silicon is asked for, and not the vendor's simulator of the fabric."""

    def load(self) -> Prepared:
        """Return the kernel on its cores, or with `fold` the part that stands for all.

        Raises:
            NoRoom: it does not fit a core.
            NotWritten: there is no program.
            TooFew: the wafer has no row of cores left for its edge.
            TooLarge: this computer cannot simulate it.
        """
        program = self.program
        self.check_room()
        if program.prepare is None:
            raise NotWritten(f"{program.name} has no program for cores, only a closed form")
        room.check_computer(self, self.closed())
        prepare = program.folded if self.fold and program.folded else program.prepare
        return prepare(self.wafer, self.grid, self.shape, self.options, self.seed)

    def check_room(self) -> None:
        """Refuse what the cores have no room for, before any of it is made.

        Raises:
            NoRoom: data that no core has room for; says what would fit.
            TooFew: the wafer has no row of cores left for its edge.
        """
        room.check_cores(self)

    @property
    def setup(self) -> KernelSetup:
        """What is asked of the kernel."""
        return KernelSetup(wafer=self.wafer, grid=self.grid, shape=self.shape, options=self.options)

    @property
    def need_bytes(self) -> int:
        """Bytes that the fullest core has at least; raises InputError as the closed form does."""
        return self.program.need(self.wafer, self.grid, self.shape, self.options)

    @property
    def simulated_cores(self) -> int:
        """Cores of the grid and of the edge beside it, or with `fold` of a row."""
        columns, rows = self.grid
        return columns * (1 if self.fold else rows + self.program.edge_rows)

    def run(self, *, watch: Iterable[tuple[int, int]] = ()) -> CoreRun:
        """Load and run it, recording what the cores of *watch* do."""
        return self.load().run(watch=watch)

    def closed(self) -> float:
        """Return the cycles of the closed form.

        Raises:
            InputError: a shape or an option that cannot be.
        """
        return self.program.closed(self.wafer, self.grid, self.shape, self.options)

    def cycles(self) -> float:
        """Return the cycles of a run, or of the closed form."""
        if self.level == "closed":
            return self.closed()
        return self.run().cycles

    def shares(self, cycles: float) -> Shares:
        """Return what limits its *cycles*; parts that are more than all, as resources work side by side, are cut to it.

        Raises:
            NotWritten: nobody knows.
        """
        if self.program.limits is None:
            raise NotWritten(f"what limits {self.program.name}, and so how much slower silicon is, is not known")
        parts = self.program.limits(self, cycles)
        whole = max(1.0, sum(parts.values()))
        return {resource: part / whole for resource, part in parts.items()}

    def of_shape(self, *shape: int) -> KernelCase:
        """Return the same kernel of another shape."""
        return replace(self, shape=shape)


@dataclass(frozen=True, slots=True, kw_only=True)
class Reading:
    """A figure as read off one run or several."""

    value: float
    """As designed: before what silicon takes longer."""
    shares: Shares = field(default_factory=dict)
    """What limits it."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Measure:
    """How a figure other than the cycles of one run is read."""

    cores: Callable[[KernelCase], Reading]
    """Runs the case, in one way or several."""
    closed: Callable[[KernelCase], Reading] | None = None
    """The same from the closed form; None where that does not tell."""
    options: Mapping[str, str] = field(default_factory=dict)
    """What can be chosen for this measure only, each with an explanation."""
    silicon: bool = True
    """Whether it is known what limits it."""

    def read(self, case: KernelCase) -> Reading:
        """Read the figure at the case's level.

        Raises:
            NotWritten: the closed form does not tell, or what limits it is not known and silicon is asked for.
        """
        if case.silicon and not self.silicon:
            raise NotWritten("what limits this measure, and so how much slower silicon is, is not known")
        take = self.closed if case.level == "closed" else self.cores
        if take is None:
            raise NotWritten("this measure is read off runs on cores; no closed form tells it")
        return take(case)


def slowdown(wafer: Wafer, shares: Shares) -> float:
    """Return by how much silicon is slower if these shares of the time are limited by these resources."""
    factors = wafer.silicon.by_resource
    return 1 + sum(share * (factors[resource] - 1) for resource, share in shares.items())


def one_row(setup: KernelSetup) -> KernelSetup:
    """Return what is asked of one row of a kernel in whose rows all is the same."""
    return setup.first_rows(1)


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
        given = " x ".join(map(str, shape)) or "nothing"
        raise InputError.at(f"{name} takes {takes}, for example {example.replace('x', ' x ')}; got {given}")
    return shape


SCATTERED = 1 << 20
"""Values that are copied at once."""


def scatter(machine: CoreMachine, name: str, values: Array) -> None:
    """Fill the variable *name* of every core that has one; *values* is [row, column, element]."""
    rows = max(1, SCATTERED // max(1, values[:1].size))
    for number, role in enumerate(machine.builder.roles):
        if name in role.variables:
            done = 0
            for first in range(0, len(values), rows):
                some = values[first : first + rows][machine.builder.role_of[first : first + rows] == number]
                machine.write(role, name, some, slice(done, done + len(some)))
                done += len(some)


def gather(machine: CoreMachine, name: str) -> Array:
    """Return the variable *name*, which all cores have, as [row, column, element]."""
    builder = machine.builder
    found: Array = np.empty((builder.height, builder.width, builder.roles[0].variables[name].length))
    for number, role in enumerate(builder.roles):
        found[builder.role_of == number] = machine.stored(role, name)
    return found


class Opening(TypedDict):
    """How a program's file opens: what it computes, then how it lies on the cores."""

    summary: str
    picture: str


def opening(text: str | None) -> Opening:
    """Return the first line of a module's docstring, and what follows."""
    summary, _, picture = (text or "").partition("\n")
    return {"summary": summary, "picture": dedent(picture.strip("\n")).rstrip()}
