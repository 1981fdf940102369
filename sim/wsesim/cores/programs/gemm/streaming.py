"""What the weight-streaming kernels share: how a linear layer is cut, its precisions, its random operands."""

from __future__ import annotations

from dataclasses import dataclass
from math import ceil
from typing import Any, NamedTuple, TypedDict

import numpy as np

from wsesim.cores import isa
from wsesim.cores.kit.base import Array, Grid, Options, Shape, choice_option, whole_option
from wsesim.cores.machine import CoreMachine
from wsesim.cores.operands import ELEMENT_BYTES
from wsesim.errors import InputError


class Arithmetic(NamedTuple):
    """Element types of a precision."""

    product: int
    """Of the multiply-accumulate."""
    factor: int
    """Of activations and weights."""
    sum: int
    """Of sums, in memory and on their way."""


PRECISIONS = {
    "fp32": Arithmetic(isa.F32, isa.F32, isa.F32),
    "mixed": Arithmetic(isa.MIXED, isa.F16, isa.F32),
    "fp16": Arithmetic(isa.F16, isa.F16, isa.F16),
}
ROUNDED: dict[int, type[np.floating[Any]]] = {isa.F32: np.float32, isa.F16: np.float16}
"""By the element type."""
ALIGNED_BYTES = 8
"""Features begin at multiples of it: a choice of these programs, whose operands then meet in the same banks."""


PRECISION_HELP = {"precision": "fp32, mixed (factors in fp16, sums in fp32) or fp16 [fp32]"}


@dataclass(frozen=True, slots=True, kw_only=True)
class MatrixCut:
    """A linear layer on a rectangle of cores; sizes that do not divide are filled up with zeros."""

    columns: int
    rows: int
    tokens: int
    inputs: int
    outputs: int

    @property
    def tokens_each(self) -> int:
        """Tokens of a core."""
        return ceil(self.tokens / self.rows)

    @property
    def inputs_each(self) -> int:
        """Input features of a core."""
        return ceil(self.inputs / self.columns)

    @property
    def outputs_each(self) -> int:
        """Output features that a column owns; the last columns may own fewer."""
        return ceil(self.outputs / self.columns)

    def owned_before(self, column: int) -> int:
        """Return the outputs that columns west of *column* own."""
        return min(self.outputs, column * self.outputs_each)

    @property
    def last_owner(self) -> int:
        """The column that owns the last output."""
        return (self.outputs - 1) // self.outputs_each

    @property
    def factors(self) -> int:
        """Values of TOKENS x INPUTS, of TOKENS x OUTPUTS, and of INPUTS x OUTPUTS."""
        return self.tokens * (self.inputs + self.outputs) + self.inputs * self.outputs

    def on_cores(self, values: Array, each: int, *, kind: int, blocks: int = 1) -> Array:
        """Return [token, feature] as [row, column, element]: on a core, *each* features, one `aligned` after the other.

        That is so of each of its *blocks* of tokens, one after the other.
        """
        filled = np.zeros((self.rows * self.tokens_each, self.columns * each), values.dtype)
        filled[: values.shape[0], : values.shape[1]] = values
        size = ceil(self.tokens_each / blocks)
        rows = filled.reshape(self.rows, self.tokens_each, self.columns, each)
        rows = np.pad(rows, ((0, 0), (0, blocks * size - self.tokens_each), (0, 0), (0, 0)))
        cores = rows.reshape(self.rows, blocks, size, self.columns, each).transpose(0, 3, 1, 4, 2)
        cores = np.pad(cores, ((0, 0),) * 4 + ((0, aligned(size, kind) - size),))
        return cores.reshape(self.rows, self.columns, -1)

    def from_cores(self, found: Array, *, kind: int, blocks: int = 1) -> Array:
        """Return [row, column, element] as [token, output], without the filling; blocks of an output lie together."""
        size = ceil(self.tokens_each / blocks)
        cores = found.reshape(self.rows, self.columns, self.outputs_each, blocks, aligned(size, kind))[..., :size]
        rows = cores.transpose(0, 3, 4, 1, 2).reshape(self.rows, blocks * size, -1)[:, : self.tokens_each]
        return rows.reshape(self.rows * self.tokens_each, -1)[: self.tokens, : self.outputs]


class _Layer(TypedDict):
    shape_help: str
    example: str
    takes: str


LAYER: _Layer = {
    "shape_help": "TOKENS x INPUTS x OUTPUTS", "example": "64x32x32", "takes": "tokens, inputs and outputs",
}  # fmt: skip
"""How the shape of a linear layer is told."""


def cut_of(grid: Grid, shape: Shape) -> MatrixCut:
    """Return how a layer of TOKENS x INPUTS x OUTPUTS lies on the grid."""
    return MatrixCut(columns=grid[0], rows=grid[1], tokens=shape[0], inputs=shape[1], outputs=shape[2])


def arithmetic_of(options: Options, names: tuple[str, ...] = tuple(PRECISIONS)) -> Arithmetic:
    """Return the element types of the option `precision`; the first of *names* is the default.

    Raises:
        InputError: there is no such precision.
    """
    return PRECISIONS[choice_option(options, "precision", names)]


def aligned(tokens: int, kind: int) -> int:
    """Return the elements from one feature to the next, so that all begin in the same bank of memory."""
    step = ALIGNED_BYTES // ELEMENT_BYTES[kind]
    return ceil(tokens / step) * step


def nonzeros_of(options: Options, cut: MatrixCut) -> int | None:
    """Return the weights a core gets for an output; None if all of them, without an index.

    Raises:
        InputError: the option `nonzeros` is more than a core has inputs.
    """
    if "nonzeros" not in options:
        return None
    nonzeros = whole_option(options, "nonzeros", 1)
    if nonzeros > cut.inputs_each:
        raise InputError.at(f"option nonzeros must be at most {cut.inputs_each}, the inputs of a core; got {nonzeros}")
    return nonzeros


def thinned(
    weights: Array, cut: MatrixCut, nonzeros: int, random: np.random.Generator, *, even: bool = True
) -> Array:  # fmt: skip
    """Return [input, output] weights with *nonzeros* of them left for each column and output, or on average."""
    if not even:
        return np.where(random.random(weights.shape) < nonzeros / cut.inputs_each, weights, 0)
    filled = np.zeros((cut.columns * cut.inputs_each, cut.outputs))
    filled[: cut.inputs] = weights
    blocks = filled.reshape(cut.columns, cut.inputs_each, cut.outputs)
    rank = random.random(blocks.shape).argsort(1).argsort(1)
    return np.where(rank < nonzeros, blocks, 0).reshape(-1, cut.outputs)[: cut.inputs]


def gathered(machine: CoreMachine, name: str) -> Array:
    """Return the variable *name* as [row, column, element], zeros on cores without it."""
    builder, holders = machine.builder, [role for role in machine.builder.roles if name in role.variables]
    found = np.zeros((builder.height, builder.width, holders[0].variables[name].length))
    for role in holders:
        found[builder.role_of == builder.roles.index(role)] = machine.read(role, name)
    return found
