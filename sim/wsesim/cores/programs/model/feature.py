"""What the kernels on tokens x features share: layout, precision, inputs and outputs, and the program around them.

          features -->                      tokens lie along y, the features of a token along x; the last columns
        +------+------+------+              may have fewer features, the last row of cores fewer tokens.
tokens  | 0..  |      |      |
  |     +------+------+------+              on a core: all its tokens of one feature, one feature after the other
  v     |      |      |      |
        +------+------+------+
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field, replace
from math import ceil

import numpy as np

from wsesim.cores import isa
from wsesim.cores.builder import CoreRole
from wsesim.cores.kit.base import Array, KernelProgram, Options, choice_option
from wsesim.cores.kit.core import KernelCore, KernelSetup
from wsesim.cores.kit.written import Meaning, Operands, kernel
from wsesim.cores.machine import CoreMachine
from wsesim.cores.operands import Mem
from wsesim.cores.place import written_by
from wsesim.cores.programs.collectives.collective import GROUP_HELP, group_of

PRECISIONS = ("fp32", "mixed")
PRECISION_HELP = "fp32, or mixed: values stored in fp16, computed in fp32 [fp32]"
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
    options: Options = field(default_factory=dict)

    def __post_init__(self) -> None:
        """Refuse options that cannot be.

        Raises:
            InputError: `precision` is neither fp32 nor mixed, or `group` no whole number from 1 on.
        """
        _ = self.mixed, self.group

    @property
    def mixed(self) -> bool:
        """Whether values are stored in fp16."""
        return choice_option(self.options, "precision", PRECISIONS) == "mixed"

    @property
    def group(self) -> int:
        """Cores of a row that add up first."""
        return group_of(self.options, self.columns)

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
        return replace(self, features=int(self.features * by), unit=max(1, int(self.unit * by)))

    def one_each(self) -> FeatureLayout:
        """Return the same tokens with one feature on every column."""
        return replace(self, features=self.columns, unit=1)

    def draw(self, random: np.random.Generator, *, spread: float = 1.0) -> Array:
        """Return normal values [token, feature] that are exact as they are stored, as float32."""
        return self.stored(single(spread * random.standard_normal((self.tokens, self.features)))).astype(np.float32)

    def stored(self, values: Array) -> Array:
        """Return fp32 values as the option `precision` has them stored."""
        return values.astype(np.float16) if self.mixed else values

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


@dataclass(frozen=True, slots=True)
class FeatureSeat:
    """A core among tokens x features."""

    core: KernelCore
    layout: FeatureLayout

    @property
    def role(self) -> CoreRole:
        """What it writes instructions on."""
        return self.core.role

    @property
    def tokens(self) -> int:
        """Tokens it has."""
        return self.layout.tokens_each

    @property
    def features(self) -> int:
        """Features it has."""
        return self.core.row.told(f"features of {self.layout.features}", self.layout.count)

    @property
    def first(self) -> int:
        """The first of them."""
        return self.core.row.told(f"first of {self.layout.features}", self.layout.first)

    def allreduce(self, vector: Mem, op: int = isa.ADD) -> None:
        """Leave in *vector* its sum over the row, or with isa.MAX the greatest."""
        self.core.row.allreduce(vector, op, group=self.layout.group)

    def own(self, values: Mem) -> Mem:
        """Return the part of an array of tokens x features that this core fills."""
        return values.at(0, self.features * self.tokens)

    def array(self, name: str, bank: int = BANK, kind: int = isa.F32) -> Mem:
        """Reserve an array of tokens x features, as long as that of the first column, and return it all."""
        return self.role.memory(name, self.layout.features_each * self.tokens, kind, bank=bank)

    def part(self, name: str, bank: int = BANK) -> Mem:
        """Reserve an array of tokens x features and return what this core fills of it."""
        return self.own(self.array(name, bank))

    def per_token(self, name: str, times: int = 1) -> Mem:
        """Reserve *times* values per token, in other banks than the features."""
        return self.role.memory(name, times * self.tokens, bank=OTHER_BANK)

    def per_feature(self, name: str) -> Mem:
        """Reserve a value per feature."""
        return self.role.memory(name, self.layout.features_each)

    def input(self, name: str, bank: int = BANK) -> Mem:
        """Reserve an input and return this core's part in fp32."""
        if not self.layout.mixed:
            return self.part(name, bank)
        stored, widened = self.array(name, bank, isa.F16), self.part(f"{name} in fp32", bank)
        self.role.fmovs(widened, self.own(stored))
        return widened

    def output(self, y: Mem) -> None:
        """Store the result, which is the variable `y` itself unless values are stored in fp16."""
        if self.layout.mixed:
            self.role.fmovs(self.own(self.role.variables["y"]), y)

    def result(self, bank: int = BANK) -> Mem:
        """Reserve the result and return this core's part of it, or of an fp32 array to be stored there."""
        if not self.layout.mixed:
            return self.part("y", bank)
        self.array("y", bank, isa.F16)
        return self.part("y in fp32", bank)


def single(values: Array) -> Array:
    """Return values as fp32."""
    return values.astype(np.float32)


def feature_kernel(
    *, name: str, doc: str | None, body: Callable[[FeatureSeat], None], operands: Operands, meaning: Meaning,
    lay: Mapping[str, Callable[[FeatureLayout, Array], Array]] | None = None, options: Mapping[str, str] | None = None,
    unit: int = 1, shape_help: str = "TOKENS x FEATURES: tokens in all, features of each",
    result: Callable[[FeatureLayout], FeatureLayout] = lambda layout: layout,
    read: Callable[[FeatureLayout, CoreMachine], Array] | None = None, precise: bool = False,
) -> KernelProgram:  # fmt: skip
    """Return a kernel on tokens x features, whose functions are handed a `FeatureLayout`; `y` lies as *result* says.

    Operands are [token, feature], unless *lay* tells how else they lie. What is more than `y` is taken by *read*. A
    *precise* kernel has all its values in fp32.
    """

    def laid(layout: FeatureLayout, **given: Array) -> Mapping[str, Array]:
        return {each: (lay or {}).get(each, FeatureLayout.lay)(layout, values) for each, values in given.items()}

    def asked(setup: KernelSetup) -> FeatureLayout:
        return layout_of(setup, *setup.shape, unit=unit)

    def written(core: KernelCore) -> None:
        with written_by(body):
            body(FeatureSeat(core, asked(core.setup)))

    more = f" (a multiple of {unit})" if unit > 1 else ""
    return kernel(
        name=name, doc=doc, shape_help=shape_help, example="64x128", takes=f"tokens and features{more}",
        fits=lambda _, features: features % unit == 0, asked=asked, operands=operands, lay=laid, meaning=meaning,
        body=written,
        take=lambda layout, found: result(layout).take(found), read=read,
        options={**(options or {}), **({} if precise else {"precision": PRECISION_HELP}), **GROUP_HELP},
    )  # fmt: skip


def layout_of(setup: KernelSetup, tokens: int, features: int, *, unit: int = 1) -> FeatureLayout:
    """Return how tokens x features lie on the cores that are asked for.

    Raises:
        InputError: an option cannot be.
    """
    return FeatureLayout(
        columns=setup.columns, rows=setup.rows, tokens=tokens, features=features, unit=unit, options=setup.options
    )
