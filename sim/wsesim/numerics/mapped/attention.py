"""Attention as mapped: a head's features lie on neighbouring columns, keys and values run down them like weights.

Scores are summed along a head's columns; a weighted sum is added up key by key where its features are. What comes back
to keys and values is summed over the queries, down the rows that their sequence lies on. All sums are fp32.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence

import numpy as np

from wsesim.graph import Op
from wsesim.numerics.arrays import Array
from wsesim.numerics.attention import hidden_keys, score_scale
from wsesim.numerics.functions import Setting
from wsesim.numerics.mapped.lines import Lines, as_mapped, clipped, macs, running
from wsesim.numerics.rounding import rounded


class HeadsOnLines:
    """Views of the packed tensor by head, [batch, length, head] each, and how a head lies."""

    def __init__(self, lines: Lines, op: Op, packed: Array, head: int) -> None:
        self.heads, self.kv_heads, self.head = int(op.attrs["heads"]), int(op.attrs["kv_heads"]), head
        self._packed, self._lines = packed, lines
        self._columns = lines.across(self.heads * self.head)

    def query(self, head: int) -> Array:
        """Return the queries of a head."""
        return self._part(head)

    def key(self, head: int) -> Array:
        """Return the keys that a head of queries reads."""
        return self._part(self.heads + self.kv_of(head))

    def value(self, head: int) -> Array:
        """Return the values that a head of queries reads."""
        return self._part(self.heads + self.kv_heads + self.kv_of(head))

    def kv_of(self, head: int) -> int:
        """Return the number of the key and value that a head of queries reads."""
        return head * self.kv_heads // self.heads

    def columns(self, head: int) -> list[slice]:
        """Return the features of a head that each of its columns has."""
        return clipped(self._columns, head * self.head, (head + 1) * self.head)

    def along(self, head: int, a: Array, b: Array) -> Array:
        """Return a [.., head] @ b [.., head]^T, added up along the head's columns."""
        other = b.swapaxes(-1, -2)
        return self._lines.gathered([macs(a[..., part], other[..., part, :]) for part in self.columns(head)])

    def rows(self, sequence: int, length: int) -> list[slice]:
        """Return the queries of a sequence that each row of cores has."""
        down = self._lines.down(len(self._packed) * length)
        return clipped(down, sequence * length, (sequence + 1) * length)

    def over_queries(self, weights: Array, back: Array) -> Array:
        """Return weights [batch, length, keys]^T @ back [batch, length, head], added up down the rows."""
        return np.stack([
            running(macs(weights[one, own].T, back[one, own]) for own in self.rows(one, weights.shape[1]))
            for one in range(len(weights))
        ])  # fmt: skip

    def _part(self, number: int) -> Array:
        """Return one of the heads that are packed; as a cache has keys and values alone, those are counted back."""
        packed = self._packed.reshape(*self._packed.shape[:2], -1, self.head)
        return packed[:, :, number if number < self.heads else number - self.heads - 2 * self.kv_heads]


@as_mapped("scores")
def scores(lines: Lines, op: Op, inputs: Sequence[Array], setting: Setting) -> tuple[Array]:
    """Return query @ key^T / sqrt(head): [batch, heads, length, keys]."""
    asking, asked = (HeadsOnLines(lines, op, packed, setting.dims["head"]) for packed in (inputs[0], inputs[-1]))
    share = inputs[0].dtype.type(score_scale(op, setting))
    return (by_head(asking, lambda head: asking.along(head, asking.query(head) * share, asked.key(head))),)


@as_mapped("scores_backward")
def scores_backward(lines: Lines, op: Op, inputs: Sequence[Array], setting: Setting) -> tuple[Array]:
    """Return the gradient of the packed tensor: nothing for its values."""
    gradient, qkv = inputs
    packed, result = HeadsOnLines(lines, op, qkv, setting.dims["head"]), np.zeros_like(qkv)
    into = HeadsOnLines(lines, op, result, setting.dims["head"])
    for head in range(packed.heads):
        back = gradient[:, head] * qkv.dtype.type(score_scale(op, setting))
        into.query(head)[...] = macs(back, packed.key(head))
        into.key(head)[...] += packed.over_queries(back, packed.query(head))
    return (result,)


@as_mapped("softmax")
def softmax(lines: Lines, op: Op, inputs: Sequence[Array], setting: Setting) -> tuple[Array]:
    """Return exp(x - max) / sum over the keys, which lie on the columns of a head."""
    x = _hidden(op, *inputs, setting=setting)
    grown = np.exp(_kept(lines, x - _largest(x)))
    total = _over_keys(lines, _kept(lines, grown))
    if len(inputs) > 1:
        total[total == 0] = 1
    return (_kept(lines, _kept(lines, grown) / _kept(lines, total)),)


def _hidden(op: Op, x: Array, mask: Array | None = None, *, setting: Setting) -> Array:
    """Return x, and -inf where a query does not see a key."""
    hidden = hidden_keys(op, x, setting)
    if hidden is not None:
        x = np.where(hidden, -np.inf, x).astype(x.dtype)
    if mask is not None:
        x = np.where(mask[:, None, None, :] == 0, -np.inf, x).astype(x.dtype)
    return x


def _largest(x: Array) -> Array:
    largest = x.max(axis=-1, keepdims=True)
    largest[np.isneginf(largest)] = 0
    return np.asarray(largest)


@as_mapped("sink_softmax")
def sink_softmax(lines: Lines, op: Op, inputs: Sequence[Array], setting: Setting) -> tuple[Array]:
    """Return exp(x - max) over their sum, to which the exponential of the head's sink is added last."""
    scores, sinks, *mask = inputs
    x, sink = _hidden(op, scores, *mask, setting=setting), sinks[:, None, None]
    largest = np.maximum(x.max(axis=-1, keepdims=True), sink)
    grown = np.exp(_kept(lines, x - largest))
    total = _over_keys(lines, _kept(lines, grown)) + np.exp(sink - largest)
    return (_kept(lines, _kept(lines, grown) / _kept(lines, total)),)


@as_mapped("sink_softmax_backward")
def sink_softmax_backward(lines: Lines, op: Op, inputs: Sequence[Array], setting: Setting) -> tuple[Array, Array]:
    """Return the gradients of the scores and of the sinks."""
    gradient, y = inputs
    both = gradient * y
    total = _over_keys(lines, both)
    of_sinks = -((1 - _over_keys(lines, y)) * total).sum(axis=(0, 2, 3))
    return both - y * total, of_sinks.astype(y.dtype)


@as_mapped("softmax_backward")
def softmax_backward(lines: Lines, op: Op, inputs: Sequence[Array], setting: Setting) -> tuple[Array]:
    """Return y * (gradient - sum over the keys of gradient * y)."""
    gradient, y = inputs
    both = gradient * y
    return (both - y * _over_keys(lines, both),)


@as_mapped("weighted_sum")
def weighted_sum(lines: Lines, op: Op, inputs: Sequence[Array], setting: Setting) -> tuple[Array]:
    """Return probabilities @ value, heads side by side: [batch, length, heads * head]."""
    probabilities, kv = inputs
    packed = HeadsOnLines(lines, op, kv, setting.dims["head"])
    mixed = by_head(packed, lambda head: lines.over_keys(probabilities[:, head], packed.value(head)))
    return (mixed.transpose(0, 2, 1, 3).reshape(len(mixed), mixed.shape[2], -1),)


@as_mapped("weighted_sum_backward")
def weighted_sum_backward(lines: Lines, op: Op, inputs: Sequence[Array], setting: Setting) -> tuple[Array, Array]:
    """Return the gradients of the probabilities and of the packed tensor: nothing for its queries and keys."""
    gradient, probabilities, qkv = inputs
    packed, result = HeadsOnLines(lines, op, qkv, setting.dims["head"]), np.zeros_like(qkv)
    into = HeadsOnLines(lines, op, result, setting.dims["head"])
    back = gradient.reshape(*gradient.shape[:2], -1, packed.head)
    for head in range(packed.heads):
        into.value(head)[...] += packed.over_queries(probabilities[:, head], back[:, :, head])
    return by_head(packed, lambda head: packed.along(head, back[:, :, head], packed.value(head))), result


def by_head(packed: HeadsOnLines, make: Callable[[int], Array]) -> Array:
    """Return what is made of each head: [batch, heads, ...]."""
    return np.stack([make(head) for head in range(packed.heads)], axis=1)


def _over_keys(lines: Lines, x: Array) -> Array:
    """Return the sum of [batch, heads, queries, keys] over the keys, which divide over the columns of a head."""
    return lines.summed(x, lines.keys(x.shape[1], x.shape[-1]))


def _kept(lines: Lines, values: Array) -> Array:
    return values if lines.softmax.is_float32 else rounded(np.ascontiguousarray(values), lines.softmax)
