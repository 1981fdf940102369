"""How sums run over cores. Of a pass whose weights stream: features of a token along a row, tokens down the columns.

    column      0         1         2          y of column 1: each core sums its products, and adds that to what it
             +-----+   +-----+   +-----+       gets; sums go round the row from behind the owner to the owner
    tokens   | x w |   | x w |   | x w |
             +-----+   +-----+   +-----+          P2 -> P2 + (p0 + q0) -> (P2 + (p0 + q0)) + (p1 + q1)
    ring        0 -----> keep      1st
                ^-----------------|

What is not owned by one column, as the sum of a norm, goes along a chain from the first column to the last, and what is
summed over tokens goes down one from the first row to the last. Which column has which features, and which row which
tokens, is what the mapping's region says.
"""

from __future__ import annotations

import itertools
from abc import ABC, abstractmethod
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from functools import partial

import numpy as np

from wsesim.graph import Op
from wsesim.kernels import Region, inputs_pass
from wsesim.numerics.arrays import Array
from wsesim.numerics.functions import OpFunction, Setting, function_of
from wsesim.numerics.rounding import FORMATS, Format, rounded
from wsesim.numerics.storage import Storage

FP32 = FORMATS["fp32"]


@dataclass(frozen=True, slots=True, kw_only=True)
class Lines(ABC):
    """The cores that an op lies on, as its sums see them."""

    partial_sums: Format = FP32
    """Of the partial sums of linear layers, on their way from core to core."""
    softmax: Format = FP32
    """What a softmax computes in."""

    @property
    def crossed(self) -> Lines:
        """Return the lines that cross these, on which what a product gives lies."""
        return self

    @abstractmethod
    def across(self, width: int) -> list[slice]:
        """Return the features that each core of a line has, of those that have any."""

    @abstractmethod
    def down(self, tokens: int) -> list[slice]:
        """Return the tokens of each row of cores that has any."""

    @abstractmethod
    def keys(self, heads: int, keys: int) -> list[slice]:
        """Return the keys whose scores each core that shares a head has."""

    @abstractmethod
    def gathered(self, parts: Sequence[Array]) -> Array:
        """Return the sum of what each core of a line has, in the order in which they pass it on."""

    @abstractmethod
    def product(self, x: Array, weight: Array) -> Array:
        """Return x [tokens, inputs] @ weight [inputs, outputs]."""

    @abstractmethod
    def over_keys(self, probabilities: Array, value: Array) -> Array:
        """Return probabilities [..., queries, keys] @ value [..., keys, head]."""

    def summed(self, x: Array, pieces: Iterable[slice]) -> Array:
        """Return the sum over the last axis, [..., 1]: each core adds up its piece, then the cores."""
        return self.gathered([running(x[..., at, None] for at in range(own.start, own.stop)) for own in pieces])

    def passed_on(self, sums: Array) -> Array:
        """Return partial sums as the next core gets them."""
        if self.partial_sums.is_float32:
            return sums
        return rounded(np.ascontiguousarray(sums), self.partial_sums)

    def column_sums(self, parts: Callable[[slice], Array], rows: Sequence[slice]) -> Array:
        """Return the sum down the columns of what each row of cores makes of its tokens."""
        total = parts(rows[0])
        for tokens in rows[1:]:
            total = self.passed_on(total) + parts(tokens)
        return self.passed_on(total)


@dataclass(frozen=True, slots=True, kw_only=True)
class StreamedLines(Lines):
    """The cores of a pass whose weights stream."""

    region: Region

    def across(self, width: int) -> list[slice]:
        """Return the features of each column that has any."""
        return pieces(self.region.features_of(width))

    def down(self, tokens: int) -> list[slice]:
        """Return the tokens of each row that has any."""
        return pieces(self.region.tokens_of(tokens))

    def keys(self, heads: int, keys: int) -> list[slice]:
        """Return the keys of each column of a head."""
        columns = max(1, self.region.columns // heads)
        return pieces([column * keys // columns for column in range(columns + 1)])

    def gathered(self, parts: Sequence[Array]) -> Array:
        """Return the sum along a chain from the first column to the last."""
        return running(parts)

    def product(self, x: Array, weight: Array) -> Array:
        """Return x @ weight, the sum of each output going round the row to the column that owns it.

        A column adds what it makes first to the outputs of columns before it, which have come half way round. Where
        none has more than one feature it multiplies and adds at once. Where inputs pass in place of sums, the owner
        of an output adds up all of it.
        """
        if inputs_pass(self.region, inputs=weight.shape[0], outputs=weight.shape[1]):
            return macs(x, weight)
        inputs, outputs = (self.region.features_of(width) for width in weight.shape)
        y, at_once = np.zeros((len(x), weight.shape[1]), dtype=x.dtype), len(weight) <= self.region.columns
        for late in (False, True):
            for column, part in enumerate(map(slice, inputs, inputs[1:])):
                owned = slice(outputs[column], None) if late else slice(outputs[column])
                if part.start < part.stop and y[:, owned].size:
                    y[:, owned] = self._passed_by(y[:, owned], x[:, part], weight[part, owned], at_once=at_once)
        return y

    def _passed_by(self, sums: Array, x: Array, weight: Array, *, at_once: bool) -> Array:
        """Return sums as they leave a column that has some features."""
        if at_once:
            return self.passed_on(macs(x, weight, onto=sums))
        return self.passed_on(sums + self.passed_on(macs(x, weight)))

    def over_keys(self, probabilities: Array, value: Array) -> Array:
        """Return probabilities @ value: a core has all keys come by, and adds up for its features."""
        return macs(probabilities, value)


Mapped = Callable[[Lines, Op, Sequence[Array], Setting], tuple[Array, ...]]
"""An op's function, told how sums run."""
_REGISTERED: dict[str, Mapped] = {}


def as_mapped(kind: str) -> Callable[[Mapped], Mapped]:
    """Register what an op of *kind* computes where its sums run over cores."""

    def register(function: Mapped) -> Mapped:
        _REGISTERED[kind] = function
        return function

    return register


def mapped_kinds() -> frozenset[str]:
    """Return the kinds of ops whose sums run over cores; all others are computed by the core that has their inputs."""
    from wsesim.numerics.mapped import absorbed, attention, latent, products, rows  # noqa: F401  # which register them

    return frozenset(_REGISTERED)


@dataclass(frozen=True, kw_only=True)
class OnLines(Storage):
    """Tensors kept as elsewhere, ops computed as they are mapped."""

    lines_of: Callable[[Op], Lines | None]
    """The lines that an op's sums run along; None where it is not mapped."""

    def function_of(self, op: Op) -> OpFunction:
        """Return what computes an op as mapped."""
        lines = self.lines_of(op) if op.kind in mapped_kinds() else None
        return function_of(op) if lines is None else partial(_REGISTERED[op.kind], lines)


def macs(x: Array, weight: Array, *, half: bool = False, onto: Array | None = None) -> Array:
    """Return x [..., tokens, k] @ weight [..., k, outputs] as a core has it, product by product, each rounded once.

    A core multiplies exactly and rounds the sum, to fp32 or with *half* to fp16; float64 holds the product of two fp32
    numbers. The products are added *onto* what the core gets, if that is given.
    """
    total = np.asarray(x[..., :, 0, None] * weight[..., None, 0, :]) if onto is None else onto
    if half:
        return _half_macs(total, x, weight)
    for number in range(0 if onto is not None else 1, x.shape[-1]):
        product = x[..., :, number, None].astype(np.float64) * weight[..., None, number, :]
        total = np.add(total, product).astype(x.dtype)
    return total


def _half_macs(total: Array, x: Array, weight: Array) -> Array:
    total = total.astype(np.float16)
    for number in range(1, x.shape[-1]):
        product = x[..., :, number, None].astype(np.float64) * weight[..., None, number, :]
        total = np.add(total, product).astype(np.float16)
    return total.astype(x.dtype)


def running(parts: Iterable[Array]) -> Array:
    """Return the sum of *parts*, one after the other."""
    total, *rest = parts
    for part in rest:
        total = total + part
    return total


def clipped(each: Iterable[slice], first: int, last: int) -> list[slice]:
    """Return what of *each* lies from *first* to *last*, counted from *first*."""
    cut = (slice(max(piece.start, first) - first, min(piece.stop, last) - first) for piece in each)
    return [piece for piece in cut if piece.start < piece.stop]


def pieces(bounds: Sequence[int]) -> list[slice]:
    """Return what lies between each bound and the next, where anything does."""
    return [slice(first, end) for first, end in itertools.pairwise(bounds) if first < end]
