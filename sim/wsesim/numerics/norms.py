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


@computes("layer_norm_scale")
def layer_norm_scale(op: Op, inputs: Sequence[Array], setting: Setting) -> tuple[Array]:
    """Return (x - mean) / sqrt(variance + epsilon) * scale over the last axis."""
    (y,) = layer_norm_plain(op, inputs, setting)
    y *= inputs[1]
    return (y,)


@computes("layer_norm_scale_backward")
def layer_norm_scale_backward(op: Op, inputs: Sequence[Array], setting: Setting) -> tuple[Array, Array]:
    """Return the gradients of x and scale."""
    of_x, of_scale, _ = layer_norm_backward(op, inputs, setting)
    return of_x, of_scale


@computes("layer_norm_plain")
def layer_norm_plain(op: Op, inputs: Sequence[Array], setting: Setting) -> tuple[Array]:
    """Return (x - mean) / sqrt(variance + epsilon) over the last axis."""
    y = inputs[0] - inputs[0].mean(axis=-1, keepdims=True)
    y /= _root(op, y)
    return (y,)


@computes("layer_norm_plain_backward")
def layer_norm_plain_backward(op: Op, inputs: Sequence[Array], setting: Setting) -> tuple[Array]:
    """Return the gradient of x."""
    gradient, x = inputs
    return (layer_norm_backward(op, (gradient, x, np.ones(1, dtype=x.dtype)), setting)[0],)


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


@computes("head_layer_norm")
def head_layer_norm(op: Op, inputs: Sequence[Array], setting: Setting) -> tuple[Array]:
    """Layer-norm each head of queries and keys, times its part of scales as wide as all; values pass as they are."""
    qkv, *scales = inputs
    packed, normed = _heads(op, qkv, setting)
    normed -= normed.mean(axis=-1, keepdims=True)
    normed /= _root(op, normed)
    normed *= np.concatenate(scales).reshape(normed.shape[2:])
    return (packed.reshape(qkv.shape),)


@computes("head_layer_norm_backward")
def head_layer_norm_backward(op: Op, inputs: Sequence[Array], setting: Setting) -> tuple[Array, Array, Array]:
    """Return the gradients of the packed tensor and of both scales."""
    gradient, qkv, *scales = inputs
    y = _heads(op, qkv, setting)[1]
    back, incoming = _heads(op, gradient, setting)
    y -= y.mean(axis=-1, keepdims=True)
    root = _root(op, y)
    y /= root
    of_scales = (incoming * y).sum(axis=(0, 1)).reshape(-1)
    of_heads = _through(incoming * np.concatenate(scales).reshape(y.shape[2:]), y, root)
    incoming[...] = of_heads - of_heads.mean(axis=-1, keepdims=True)
    queries = len(scales[0])
    return back.reshape(qkv.shape), of_scales[:queries], of_scales[queries:]


@computes("wide_norm")
def wide_norm(op: Op, inputs: Sequence[Array], setting: Setting) -> tuple[Array]:
    """Divide all queries by their root mean square, and all keys, times scales as wide; values pass as they are."""
    qkv, *scales = inputs
    result = qkv.copy()
    for part, scale in _wide_parts(qkv, scales):
        result[..., part] = qkv[..., part] / _root(op, qkv[..., part]) * scale
    return (result,)


@computes("wide_norm_backward")
def wide_norm_backward(op: Op, inputs: Sequence[Array], setting: Setting) -> tuple[Array, Array, Array]:
    """Return the gradients of the packed tensor and of both scales."""
    gradient, qkv, *scales = inputs
    back, of_scales = gradient.copy(), []
    for part, scale in _wide_parts(qkv, scales):
        of_x, of_scale = rms_norm_backward(op, (gradient[..., part], qkv[..., part], scale), setting)
        back[..., part] = of_x
        of_scales.append(of_scale)
    return back, of_scales[0], of_scales[1]


def _wide_parts(qkv: Array, scales: Sequence[Array]) -> list[tuple[slice, Array]]:
    """Return where queries and keys lie, which are as wide as their scales, and those."""
    queries, keys = (len(scale) for scale in scales)
    return [(slice(queries), scales[0]), (slice(queries, queries + keys), scales[1])]


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
