"""Norms, over a token or over a head of it, and what comes back through them.

With y = x / root and root = sqrt(mean of squares + epsilon), a gradient g of y comes back to x as
(g - y * mean(g * y)) / root; where a mean is taken off before, the mean of that is taken off as well.
"""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from wsesim.graph import Op
from wsesim.numerics.arrays import Array, as_rows
from wsesim.numerics.functions import Setting, computes


@computes("layer_norm")
def layer_norm(op: Op, inputs: Sequence[Array], setting: Setting) -> tuple[Array]:
    """Return (x - mean) / sqrt(variance + epsilon) * scale + bias over the last axis."""
    x, scale, bias = inputs
    y = x - x.mean(axis=-1, keepdims=True)
    y /= _root(op, y)
    y *= scale
    y += bias
    return (y,)


@computes("layer_norm_backward")
def layer_norm_backward(op: Op, inputs: Sequence[Array], setting: Setting) -> tuple[Array, Array, Array]:
    """Return the gradients of x, scale and bias."""
    gradient, x, scale = inputs
    y = x - x.mean(axis=-1, keepdims=True)
    root = _root(op, y)
    y /= root
    back = _through(gradient * scale, y, root)
    back -= back.mean(axis=-1, keepdims=True)
    return back, as_rows(gradient * y).sum(axis=0), as_rows(gradient).sum(axis=0)


@computes("rms_norm")
def rms_norm(op: Op, inputs: Sequence[Array], setting: Setting) -> tuple[Array]:
    """Return x / sqrt(mean of squares + epsilon) * scale over the last axis."""
    x, scale = inputs
    y = x / _root(op, x)
    y *= scale
    return (y,)


@computes("rms_norm_backward")
def rms_norm_backward(op: Op, inputs: Sequence[Array], setting: Setting) -> tuple[Array, Array]:
    """Return the gradients of x and scale."""
    gradient, x, scale = inputs
    root = _root(op, x)
    y = x / root
    return _through(gradient * scale, y, root), as_rows(gradient * y).sum(axis=0)


@computes("head_norm")
def head_norm(op: Op, inputs: Sequence[Array], setting: Setting) -> tuple[Array]:
    """Divide each head of queries and keys by its root mean square, times a scale [head]; values pass as they are."""
    qkv, query_scale, key_scale = inputs
    packed, normed = _heads(op, qkv, setting)
    normed /= _root(op, normed)
    normed *= _scales(op, query_scale, key_scale)
    return (packed.reshape(qkv.shape),)


@computes("head_norm_backward")
def head_norm_backward(op: Op, inputs: Sequence[Array], setting: Setting) -> tuple[Array, Array, Array]:
    """Return the gradients of the packed tensor and of both scales."""
    gradient, qkv, query_scale, key_scale = inputs
    _, normed = _heads(op, qkv, setting)
    back, incoming = _heads(op, gradient, setting)
    root = _root(op, normed)
    y = normed / root
    of_scales = (incoming * y).sum(axis=(0, 1))
    incoming[...] = _through(incoming * _scales(op, query_scale, key_scale), y, root)
    heads = int(op.attrs["heads"])
    return back.reshape(qkv.shape), of_scales[:heads].sum(axis=0), of_scales[heads:].sum(axis=0)


def _root(op: Op, x: Array) -> Array:
    return np.asarray(np.sqrt(np.square(x).mean(axis=-1, keepdims=True) + float(op.attrs["epsilon"])))


def _through(gradient: Array, y: Array, root: Array) -> Array:
    return np.asarray((gradient - y * (gradient * y).mean(axis=-1, keepdims=True)) / root)


def _heads(op: Op, qkv: Array, setting: Setting) -> tuple[Array, Array]:
    """Return a copy of *qkv*, [batch, length, heads, head], and the part of it that is queries and keys."""
    heads, kv_heads = int(op.attrs["heads"]), int(op.attrs["kv_heads"])
    packed = qkv.reshape(*qkv.shape[:2], heads + 2 * kv_heads, setting.dims["head"]).copy()
    return packed, packed[:, :, : heads + kv_heads]


def _scales(op: Op, query_scale: Array, key_scale: Array) -> Array:
    heads, kv_heads = int(op.attrs["heads"]), int(op.attrs["kv_heads"])
    return np.concatenate([np.tile(query_scale, (heads, 1)), np.tile(key_scale, (kv_heads, 1))])
