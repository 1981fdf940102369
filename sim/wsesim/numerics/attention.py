"""Attention. Its ops read one packed tensor: queries, keys, values of a token in a row.

`qkv` is [batch, length, (heads + 2 * kv_heads) * head]; query head h reads key and value head h // (heads / kv_heads).
With a cache, keys and values come from there: `kv` is [batch, keys, 2 * kv_heads * head], of all tokens so far.
"""

from __future__ import annotations

from collections.abc import Sequence
from math import sqrt

import numpy as np

from wsesim.graph import Op
from wsesim.numerics.arrays import Array, as_rows, row_chunks
from wsesim.numerics.functions import Setting, computes, room_for


@computes("extend")
def extend(op: Op, inputs: Sequence[Array], setting: Setting) -> tuple[Array]:
    """Write the keys and values of these tokens behind those in the cache, and return it."""
    qkv, cache = inputs
    cache[:, cache.shape[1] - qkv.shape[1] :] = qkv[..., qkv.shape[-1] - cache.shape[-1] :]
    return (cache,)


@computes("scores")
def scores(op: Op, inputs: Sequence[Array], setting: Setting) -> tuple[Array]:
    """Return query @ key^T / sqrt(head), or times another scale: [batch, heads, length, keys]."""
    head = setting.dims["head"]
    key, _ = _keys_values(op, inputs[-1], head)
    product = (_queries(op, inputs[0], head) * score_scale(op, setting)) @ key.swapaxes(-1, -2)
    return (product.reshape(len(product), -1, *product.shape[-2:]),)


@computes("scores_backward")
def scores_backward(op: Op, inputs: Sequence[Array], setting: Setting) -> tuple[Array]:
    """Return the gradient of the packed tensor: nothing for its values."""
    gradient, qkv = inputs
    head, result = setting.dims["head"], np.zeros_like(qkv)
    back = _grouped(op, gradient) * score_scale(op, setting)
    key, _ = _keys_values(op, qkv, head)
    of_key, _ = _keys_values(op, result, head)
    of_key[:, :, 0] = (back.swapaxes(-1, -2) @ _queries(op, qkv, head)).sum(axis=2)
    _queries_of(op, result, head)[...] = _ungrouped(back @ key)
    return (result,)


@computes("softmax")
def softmax(op: Op, inputs: Sequence[Array], setting: Setting) -> tuple[Array]:
    """Return exp(x - max) / sum over the keys.

    With `causal`, keys after the query's position count as -inf, with a `window` those out of it, and so do those that
    a mask [batch, keys] leaves out; a query that is left with none of them sees nothing.
    """
    x, *mask = inputs
    return _softmax(op, x, mask, setting)


@computes("sink_softmax")
def sink_softmax(op: Op, inputs: Sequence[Array], setting: Setting) -> tuple[Array]:
    """Return exp(x - max) over their sum and the exponential of the head's sink."""
    x, sinks, *mask = inputs
    wide = np.concatenate([x, np.broadcast_to(sinks[:, None, None], (*x.shape[:-1], 1))], axis=-1)
    hidden = hidden_keys(op, x, setting)
    if hidden is not None:
        wide[..., :-1][..., hidden] = -np.inf
    if mask:
        wide[..., :-1][np.broadcast_to(mask[0][:, None, None] == 0, x.shape)] = -np.inf
    wide = np.exp(wide - wide.max(axis=-1, keepdims=True))
    return (np.ascontiguousarray((wide / wide.sum(axis=-1, keepdims=True))[..., :-1]),)


@computes("sink_softmax_backward")
def sink_softmax_backward(op: Op, inputs: Sequence[Array], setting: Setting) -> tuple[Array, Array]:
    """Return the gradients of the scores, and of the sinks: what is left of one is their share."""
    gradient, y = inputs
    total = (gradient * y).sum(axis=-1, keepdims=True)
    of_sinks = -((1 - y.sum(axis=-1, keepdims=True)) * total).sum(axis=(0, 2, 3))
    return y * (gradient - total), of_sinks


def score_scale(op: Op, setting: Setting) -> float:
    """Return what scores are multiplied by."""
    scale = float(op.attrs.get("scale", 1 / sqrt(setting.dims["head"])))
    return scale / (setting.copy + 1) if op.attrs.get("by_layer") else scale


def hidden_keys(op: Op, scores: Array, setting: Setting) -> Array | None:
    """Return which keys each query of [..., queries, keys] does not see: those after it, or out of its window."""
    if not op.attrs["causal"]:
        return None
    queries, keys = scores.shape[-2:]
    ahead = np.arange(keys) - np.arange(keys - queries, keys)[:, None]
    window, every = int(op.attrs.get("window", 0)), int(op.attrs.get("full_every", 0))
    if not window or (every and (setting.copy + 1) % every == 0):
        return np.asarray(ahead > 0)
    return np.asarray((ahead > 0) | (ahead <= -window))


def _softmax(op: Op, x: Array, mask: Sequence[Array], setting: Setting) -> tuple[Array]:
    inputs = (x, *mask)
    hidden = hidden_keys(op, x, setting)
    rows, result = as_rows(x), room_for(inputs, setting)
    out = as_rows(result)
    queries, keys = x.shape[-2:]
    for part in row_chunks(len(rows), keys):
        row, chunk = np.arange(part.start, part.stop), rows[part]
        if hidden is not None:
            chunk = np.where(hidden[row % queries], -np.inf, chunk)
        if mask:
            chunk = np.where(mask[0][row // (len(rows) // len(x))] == 0, -np.inf, chunk)
        largest = chunk.max(axis=-1, keepdims=True)
        if mask:
            largest[np.isneginf(largest)] = 0
        chunk = np.subtract(chunk, largest, out=out[part])
        np.exp(chunk, out=chunk)
        total = chunk.sum(axis=-1, keepdims=True)
        if mask:
            total[total == 0] = 1
        chunk /= total
    return (result,)


@computes("softmax_backward")
def softmax_backward(op: Op, inputs: Sequence[Array], setting: Setting) -> tuple[Array]:
    """Return y * (gradient - sum over the keys of gradient * y), y being the probabilities."""
    gradient, y = (as_rows(array) for array in inputs)
    result = room_for(inputs, setting)
    out = as_rows(result)
    for part in row_chunks(*y.shape):
        both = gradient[part] * y[part]
        np.subtract(both, y[part] * both.sum(axis=-1, keepdims=True), out=out[part])
    return (result,)


@computes("weighted_sum")
def weighted_sum(op: Op, inputs: Sequence[Array], setting: Setting) -> tuple[Array]:
    """Return probabilities @ value, heads side by side: [batch, length, heads * head]."""
    probabilities, kv = inputs
    _, value = _keys_values(op, kv, setting.dims["head"])
    mixed = _ungrouped(_grouped(op, probabilities) @ value)
    return (mixed.transpose(0, 2, 1, 3).reshape(len(mixed), mixed.shape[2], -1),)


@computes("weighted_sum_backward")
def weighted_sum_backward(op: Op, inputs: Sequence[Array], setting: Setting) -> tuple[Array, Array]:
    """Return the gradients of the probabilities and of the packed tensor: nothing for its queries and keys."""
    gradient, probabilities, qkv = inputs
    head, result = setting.dims["head"], np.zeros_like(qkv)
    back = _grouped(op, gradient.reshape(*gradient.shape[:2], -1, head).transpose(0, 2, 1, 3))
    _, value = _keys_values(op, qkv, head)
    _, of_value = _keys_values(op, result, head)
    of_value[:, :, 0] = (_grouped(op, probabilities).swapaxes(-1, -2) @ back).sum(axis=2)
    return _ungrouped(back @ value.swapaxes(-1, -2)), result


def _grouped(op: Op, by_head: Array) -> Array:
    """Return [batch, heads, ...] as [batch, kv_heads, group, ...]."""
    kv_heads = int(op.attrs["kv_heads"])
    return by_head.reshape(len(by_head), kv_heads, by_head.shape[1] // kv_heads, *by_head.shape[2:])


def _ungrouped(array: Array) -> Array:
    return array.reshape(len(array), -1, *array.shape[-2:])


def _queries_of(op: Op, qkv: Array, head: int) -> Array:
    """Return a view: queries [batch, heads, length, head]."""
    return qkv.reshape(*qkv.shape[:2], -1, head).transpose(0, 2, 1, 3)[:, : int(op.attrs["heads"])]


def _queries(op: Op, qkv: Array, head: int) -> Array:
    return _grouped(op, _queries_of(op, qkv, head))


def _keys_values(op: Op, kv: Array, head: int) -> tuple[Array, Array]:
    """Return views: keys and values [batch, kv_heads, 1, keys, head], the last of what is packed in *kv*."""
    kv_heads = int(op.attrs["kv_heads"])
    by_head = kv.reshape(*kv.shape[:2], -1, head).transpose(0, 2, 1, 3)[:, -2 * kv_heads :, None]
    return by_head[:, :kv_heads], by_head[:, kv_heads:]
