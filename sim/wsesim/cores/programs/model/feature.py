"""What the kernels on tokens x features share: layout, precision, inputs and outputs, and the program around them.

          features -->                      tokens lie along y, the features of a token along x; the last columns
        +------+------+------+              may have fewer features, the last row of cores fewer tokens.
tokens  | 0..  |      |      |
  |     +------+------+------+              on a core: all its tokens of one feature, one feature after the other
  v     |      |      |      |
        +------+------+------+
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from math import ceil

import numpy as np

from wsesim.cores import isa
from wsesim.cores.builder import Builder
from wsesim.cores.kit.base import (
    Array,
    Grid,
    KernelProgram,
    Options,
    Prepared,
    Shape,
    choice_option,
    gather,
    opening,
    scatter,
    sizes_of,
)
from wsesim.cores.kit.lines import ALLREDUCE_COLORS, AllreduceLine
from wsesim.cores.kit.plans import ROW
from wsesim.cores.kit.writer import KernelWriter, timed
from wsesim.cores.machine import CoreMachine
from wsesim.cores.operands import Color, Mem
from wsesim.cores.place import written_by
from wsesim.cores.programs.collectives.collective import GROUP_HELP, group_of
from wsesim.hardware import Wafer

PRECISIONS = ("fp32", "mixed")
PRECISION_HELP = {"precision": "fp32, or mixed: values stored in fp16, computed in fp32 [fp32]"}
BANK, OTHER_BANK = 0, 2
"""Where arrays begin that one instruction reads together."""


@dataclass(frozen=True, slots=True, kw_only=True)
class FeatureLayout:
    """How tokens x features lie on a rectangle of cores."""

    columns: int
    rows: int
    tokens: int
    features: int
    unit: int = 1
    """Features that stay together on a core."""

    @property
    def tokens_each(self) -> int:
        """Tokens of a core; those too many are zeros."""
        return ceil(self.tokens / self.rows)

    @property
    def features_each(self) -> int:
        """Features of the first columns."""
        return ceil(self.features / (self.unit * self.columns)) * self.unit

    def first(self, column: int) -> int:
        """Return the first feature of a column."""
        return min(self.features, column * self.features_each)

    def count(self, column: int) -> int:
        """Return how many features a column has."""
        return self.first(column + 1) - self.first(column)

    def scaled(self, by: float) -> FeatureLayout:
        """Return the same tokens with so many times the features on every core."""
        return FeatureLayout(
            columns=self.columns, rows=self.rows, tokens=self.tokens, features=int(self.features * by),
            unit=max(1, int(self.unit * by)),
        )  # fmt: skip

    def one_each(self) -> FeatureLayout:
        """Return the same tokens with one feature on every column."""
        return FeatureLayout(columns=self.columns, rows=self.rows, tokens=self.tokens, features=self.columns)

    def lay(self, values: Array) -> Array:
        """Return [token, feature] as [row, column, element]."""
        filled = np.zeros((self.rows * self.tokens_each, self.columns * self.features_each))
        filled[: values.shape[0], : values.shape[1]] = values
        blocks = filled.reshape(self.rows, self.tokens_each, self.columns, self.features_each)
        return blocks.transpose(0, 2, 3, 1).reshape(self.rows, self.columns, -1)

    def lay_features(self, values: Array) -> Array:
        """Return [feature, ...] as [row, column, element], the same on all rows."""
        filled = np.zeros((self.columns * self.features_each, *values.shape[1:]))
        filled[: len(values)] = values
        return np.broadcast_to(filled.reshape(self.columns, -1), (self.rows, self.columns, filled.size // self.columns))

    def lay_tokens(self, values: Array) -> Array:
        """Return [token] as [row, column, element], the same on all columns."""
        filled = np.zeros(self.rows * self.tokens_each)
        filled[: len(values)] = values
        return np.broadcast_to(filled.reshape(self.rows, 1, -1), (self.rows, self.columns, self.tokens_each))

    def blocks(self, values: Array) -> Array:
        """Return [..., feature] as [column, feature of the column, ...], filled up with zeros."""
        gap = self.columns * self.features_each - self.features
        filled = np.pad(values, (*((0, 0),) * (values.ndim - 1), (0, gap)))
        return np.moveaxis(filled, -1, 0).reshape(self.columns, self.features_each, *values.shape[:-1])

    def take(self, found: Array) -> Array:
        """Return [row, column, element] as [token, feature]."""
        blocks = found.reshape(self.rows, self.columns, self.features_each, self.tokens_each).transpose(0, 3, 1, 2)
        return blocks.reshape(self.rows * self.tokens_each, -1)[: self.tokens, : self.features]


@dataclass(frozen=True, slots=True, kw_only=True)
class FeatureSeat:
    """What a core knows of its place."""

    layout: FeatureLayout
    column: int
    line: AllreduceLine
    """Its row of cores."""
    options: Options = field(default_factory=dict)

    @property
    def tokens(self) -> int:
        """Tokens it has."""
        return self.layout.tokens_each

    @property
    def features(self) -> int:
        """Features it has."""
        return self.layout.count(self.column)

    @property
    def first(self) -> int:
        """The first of them."""
        return self.layout.first(self.column)

    @property
    def mixed(self) -> bool:
        """Whether values are stored in fp16."""
        return is_mixed(self.options)

    def own(self, values: Mem) -> Mem:
        """Return the part of an array of tokens x features that this core fills."""
        return values.at(0, self.features * self.tokens)

    def array(self, core: KernelWriter, name: str, bank: int = BANK, kind: int = isa.F32) -> Mem:
        """Reserve an array of tokens x features, as long as that of the first column, and return it all."""
        return core.role.memory(name, self.layout.features_each * self.tokens, kind, bank=bank)

    def input(self, core: KernelWriter, name: str, bank: int = BANK) -> Mem:
        """Reserve an input and return this core's part in fp32."""
        if not self.mixed:
            return self.own(self.array(core, name, bank))
        stored, widened = self.array(core, name, bank, isa.F16), self.array(core, f"{name} in fp32", bank)
        core.role.fmovs(self.own(widened), self.own(stored))
        return self.own(widened)

    def output(self, core: KernelWriter, y: Mem) -> None:
        """Store the result, which is the variable `y` itself unless values are stored in fp16."""
        if self.mixed:
            core.role.fmovs(self.own(core.role.variables["y"]), y)

    def result(self, core: KernelWriter, bank: int = BANK) -> Mem:
        """Reserve the result and return this core's part of it, or of an fp32 array to be stored there."""
        if not self.mixed:
            return self.own(self.array(core, "y", bank))
        self.array(core, "y", bank, isa.F16)
        return self.own(self.array(core, "y in fp32", bank))


@dataclass(frozen=True, slots=True, kw_only=True)
class HostData:
    """What the cores are given, and what they must make of it."""

    loads: Mapping[str, Array]
    """[row, column, element] by variable."""
    expected: Array
    """[token, feature], as the cores round it."""


Body = Callable[[KernelWriter, FeatureSeat], None]
"""Writes what one core does; leaves [feature, token] in the variable `y`."""


def is_mixed(options: Options) -> bool:
    """Return whether values are stored in fp16.

    Raises:
        InputError: the option `precision` is neither fp32 nor mixed.
    """
    return choice_option(options, "precision", PRECISIONS) == "mixed"


def draw(random: np.random.Generator, shape: tuple[int, ...], options: Options, *, spread: float = 1.0) -> Array:
    """Return normal values that are exact as they are stored, as float32."""
    return stored((spread * random.standard_normal(shape)).astype(np.float32), options).astype(np.float32)


def stored(values: Array, options: Options) -> Array:
    """Return fp32 values as the option `precision` has them stored."""
    return values.astype(np.float16) if is_mixed(options) else values


def feature_kernel(
    *, name: str, doc: str | None, body: Body, host: Callable[[np.random.Generator, FeatureLayout, Options], HostData],
    options: Mapping[str, str], unit: int = 1, shape_help: str = "TOKENS x FEATURES: tokens in all, features of each",
    result: Callable[[FeatureLayout], FeatureLayout] = lambda layout: layout,
) -> KernelProgram:  # fmt: skip
    """Return the program of a kernel on tokens x features that travels along rows only; `y` lies as *result* says."""

    def prepare(wafer: Wafer, grid: Grid, shape: Shape, chosen: Options, seed: int) -> Prepared:
        layout = layout_of(name, grid, shape, unit)
        builder = Builder(wafer, width=layout.columns, height=layout.rows)
        colors = [builder.color(f"row {number}") for number in range(ALLREDUCE_COLORS)]
        for column in range(layout.columns):
            role = builder.role(f"column {column}")
            seat = seat_of(layout, column, chosen, colors)
            seat.line.route(role)
            with written_by(body), role.task("start", start=True):
                body(KernelWriter(role, placed=True), seat)
                role.halt()
            builder.place(role, [column], range(layout.rows))
        given = host(np.random.default_rng(seed), layout, chosen)
        machine = CoreMachine(builder)
        for variable, values in given.loads.items():
            scatter(machine, variable, values)
        return Prepared(
            machine=machine, read=lambda ran: result(layout).take(gather(ran, "y")), expected=given.expected,
            counts={"values": layout.tokens * layout.features},
        )  # fmt: skip

    def written(wafer: Wafer, grid: Grid, shape: Shape, chosen: Options) -> KernelWriter:
        core = timed(wafer)
        body(core, seat_of(layout_of(name, grid, shape, unit), 0, chosen, ()))
        return core

    return KernelProgram(
        name=name, **opening(doc), shape_help=shape_help, prepare=prepare,
        closed=lambda *case: written(*case).cycles, need=lambda *case: written(*case).role.data_bytes,
        options={**options, **GROUP_HELP},
    )  # fmt: skip


def seat_of(layout: FeatureLayout, column: int, options: Options, colors: Sequence[Color]) -> FeatureSeat:
    """Return the place of the cores of a column; *colors* are those of its row."""
    group = group_of(options, layout.columns)
    line = AllreduceLine(place=column, cores=layout.columns, group=group, axis=ROW, colors=colors)
    return FeatureSeat(layout=layout, column=column, line=line, options=options)


def layout_of(name: str, grid: Grid, shape: Shape, unit: int = 1) -> FeatureLayout:
    """Return how TOKENS x FEATURES lie on a grid.

    Raises:
        InputError: the shape is not two sizes of 1 or more, the features a multiple of *unit*.
    """
    more = f" (a multiple of {unit})" if unit > 1 else ""
    sizes_of(name, shape, f"tokens and features{more}", "64x128", fits=lambda _, features: features % unit == 0)
    return FeatureLayout(columns=grid[0], rows=grid[1], tokens=shape[0], features=shape[1], unit=unit)
