"""Norms, losses and tables as mapped: sums over a token's features go along its row, sums over tokens down columns."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from wsesim.graph import Op
from wsesim.numerics.arrays import Array, Ids, as_rows
from wsesim.numerics.experts import chosen_experts
from wsesim.numerics.functions import Setting
from wsesim.numerics.loss import IGNORED, held_labels, labels_of_batch, scale_of_loss
from wsesim.numerics.mapped.lines import Lines, as_mapped, clipped
from wsesim.numerics.mapped.products import over_tokens
from wsesim.numerics.tables import add_rows, check_ids, places


@as_mapped("layer_norm")
def layer_norm(lines: Lines, op: Op, inputs: Sequence[Array], setting: Setting) -> tuple[Array]:
    """Return (x - mean) / sqrt(variance + epsilon) * scale + bias."""
    x, scale, bias = inputs
    across = lines.across(x.shape[-1])
    y = x - _mean(lines, x, across)
    return (y / _root(lines, op, y, across) * scale + bias,)


@as_mapped("layer_norm_backward")
def layer_norm_backward(lines: Lines, op: Op, inputs: Sequence[Array], setting: Setting) -> tuple[Array, Array, Array]:
    """Return the gradients of x, scale and bias."""
    gradient, x, scale = inputs
    across = lines.across(x.shape[-1])
    y = x - _mean(lines, x, across)
    root = _root(lines, op, y, across)
    y = y / root
    back = _through(lines, gradient * scale, y, root, across)
    back = back - _mean(lines, back, across)
    return back, over_tokens(lines, as_rows(gradient * y)), over_tokens(lines, as_rows(gradient))


@as_mapped("layer_norm_scale")
def layer_norm_scale(lines: Lines, op: Op, inputs: Sequence[Array], setting: Setting) -> tuple[Array]:
    """Return (x - mean) / sqrt(variance + epsilon) * scale."""
    return (layer_norm_plain(lines, op, inputs[:1], setting)[0] * inputs[1],)


@as_mapped("layer_norm_plain")
def layer_norm_plain(lines: Lines, op: Op, inputs: Sequence[Array], setting: Setting) -> tuple[Array]:
    """Return (x - mean) / sqrt(variance + epsilon)."""
    across = lines.across(inputs[0].shape[-1])
    y = inputs[0] - _mean(lines, inputs[0], across)
    return (y / _root(lines, op, y, across),)


@as_mapped("layer_norm_scale_backward")
def layer_norm_scale_backward(lines: Lines, op: Op, inputs: Sequence[Array], setting: Setting) -> tuple[Array, Array]:
    """Return the gradients of x and scale."""
    of_x, of_scale, _ = layer_norm_backward(lines, op, inputs, setting)
    return of_x, of_scale


@as_mapped("layer_norm_plain_backward")
def layer_norm_plain_backward(lines: Lines, op: Op, inputs: Sequence[Array], setting: Setting) -> tuple[Array]:
    """Return the gradient of x."""
    one = np.ones(inputs[1].shape[-1], dtype=inputs[1].dtype)
    return (layer_norm_backward(lines, op, (*inputs, one), setting)[0],)


@as_mapped("rms_norm")
def rms_norm(lines: Lines, op: Op, inputs: Sequence[Array], setting: Setting) -> tuple[Array]:
    """Return x / sqrt(mean of squares + epsilon) * scale."""
    x, scale = inputs
    return (x / _root(lines, op, x, lines.across(x.shape[-1])) * scale,)


@as_mapped("rms_norm_backward")
def rms_norm_backward(lines: Lines, op: Op, inputs: Sequence[Array], setting: Setting) -> tuple[Array, Array]:
    """Return the gradients of x and scale."""
    gradient, x, scale = inputs
    across = lines.across(x.shape[-1])
    root = _root(lines, op, x, across)
    y = x / root
    return _through(lines, gradient * scale, y, root, across), over_tokens(lines, as_rows(gradient * y))


@as_mapped("head_norm")
def head_norm(lines: Lines, op: Op, inputs: Sequence[Array], setting: Setting) -> tuple[Array]:
    """Divide each head of queries and keys by its root mean square, times a scale [head]; values pass as they are."""
    qkv, *scales = inputs
    result = qkv.copy()
    for part, across, scale in _normed_heads(lines, op, qkv.shape[-1], scales, setting):
        x = qkv[..., part]
        result[..., part] = x / _root(lines, op, x, across) * scale
    return (result,)


@as_mapped("head_norm_backward")
def head_norm_backward(lines: Lines, op: Op, inputs: Sequence[Array], setting: Setting) -> tuple[Array, Array, Array]:
    """Return the gradients of the packed tensor and of both scales."""
    gradient, qkv, *scales = inputs
    result, heads = gradient.copy(), int(op.attrs["heads"])
    of_scales = [np.zeros_like(scale) for scale in scales]
    for number, (part, across, scale) in enumerate(_normed_heads(lines, op, qkv.shape[-1], scales, setting)):
        x, back = qkv[..., part], gradient[..., part]
        root = _root(lines, op, x, across)
        result[..., part] = _through(lines, back * scale, x / root, root, across)
        of_scales[number >= heads] += over_tokens(lines, as_rows(back * (x / root)))
    return result, *of_scales  # type: ignore[return-value]  # two scales


@as_mapped("head_layer_norm")
def head_layer_norm(lines: Lines, op: Op, inputs: Sequence[Array], setting: Setting) -> tuple[Array]:
    """Layer-norm each head of queries and keys, times its part of scales as wide as all; values pass as they are."""
    qkv, *scales = inputs
    result = qkv.copy()
    for part, across, scale in _normed_heads(lines, op, qkv.shape[-1], scales, setting):
        y = qkv[..., part] - _mean(lines, qkv[..., part], across)
        result[..., part] = y / _root(lines, op, y, across) * scale
    return (result,)


@as_mapped("head_layer_norm_backward")
def head_layer_norm_backward(
    lines: Lines, op: Op, inputs: Sequence[Array], setting: Setting
) -> tuple[Array, Array, Array]:  # fmt: skip
    """Return the gradients of the packed tensor and of both scales."""
    gradient, qkv, *scales = inputs
    result, of_scales = gradient.copy(), []
    for part, across, scale in _normed_heads(lines, op, qkv.shape[-1], scales, setting):
        back, y = gradient[..., part], qkv[..., part] - _mean(lines, qkv[..., part], across)
        root = _root(lines, op, y, across)
        of_head = _through(lines, back * scale, y / root, root, across)
        result[..., part] = of_head - _mean(lines, of_head, across)
        of_scales.append(over_tokens(lines, as_rows(back * (y / root))))
    heads = int(op.attrs["heads"])
    return result, np.concatenate(of_scales[:heads]), np.concatenate(of_scales[heads:])


def _normed_heads(
    lines: Lines, op: Op, width: int, scales: Sequence[Array], setting: Setting
) -> list[tuple[slice, list[slice], Array]]:
    """Return of each head of queries and keys its features, how they lie on its columns, and its scale: of its own, or
    the one of all."""
    counts, head, across = (
        (int(op.attrs["heads"]), int(op.attrs["kv_heads"])),
        setting.dims["head"],
        lines.across(width),
    )
    own = [row for scale, count in zip(scales, counts, strict=True)
           for row in np.broadcast_to(scale.reshape(-1, head), (count, head))]  # fmt: skip
    parts = [slice(number * head, (number + 1) * head) for number in range(sum(counts))]
    return [(part, clipped(across, part.start, part.stop), scale) for part, scale in zip(parts, own, strict=True)]


@as_mapped("wide_norm")
def wide_norm(lines: Lines, op: Op, inputs: Sequence[Array], setting: Setting) -> tuple[Array]:
    """Divide all queries by their root mean square, and all keys, times scales as wide; values pass as they are."""
    qkv, *scales = inputs
    result = qkv.copy()
    for part, across, scale in _wide_parts(lines, qkv.shape[-1], scales):
        result[..., part] = qkv[..., part] / _root(lines, op, qkv[..., part], across) * scale
    return (result,)


@as_mapped("wide_norm_backward")
def wide_norm_backward(lines: Lines, op: Op, inputs: Sequence[Array], setting: Setting) -> tuple[Array, Array, Array]:
    """Return the gradients of the packed tensor and of both scales."""
    gradient, qkv, *scales = inputs
    result, of_scales = gradient.copy(), []
    for part, across, scale in _wide_parts(lines, qkv.shape[-1], scales):
        x, back = qkv[..., part], gradient[..., part]
        root = _root(lines, op, x, across)
        result[..., part] = _through(lines, back * scale, x / root, root, across)
        of_scales.append(over_tokens(lines, as_rows(back * (x / root))))
    return result, of_scales[0], of_scales[1]


def _wide_parts(lines: Lines, width: int, scales: Sequence[Array]) -> list[tuple[slice, list[slice], Array]]:
    """Return of queries and of keys their features, how they lie on the columns, and their scale."""
    across, queries, both = lines.across(width), len(scales[0]), len(scales[0]) + len(scales[1])
    return [
        (slice(first, last), clipped(across, first, last), scale)
        for first, last, scale in ((0, queries, scales[0]), (queries, both, scales[1]))
    ]  # fmt: skip


def _mean(lines: Lines, x: Array, across: Sequence[slice]) -> Array:
    return np.asarray(lines.summed(x, across) * x.dtype.type(1 / x.shape[-1]))


def _root(lines: Lines, op: Op, x: Array, across: Sequence[slice]) -> Array:
    return np.asarray(np.sqrt(_mean(lines, x * x, across) + x.dtype.type(op.attrs["epsilon"])))


def _through(lines: Lines, gradient: Array, y: Array, root: Array, across: Sequence[slice]) -> Array:
    return np.asarray((gradient - y * _mean(lines, gradient * y, across)) / root)


@as_mapped("cross_entropy")
def cross_entropy(lines: Lines, op: Op, inputs: Sequence[Array], setting: Setting) -> tuple[Array]:
    """Return the mean of -log softmax(logits) at the labels, shape [1]."""
    logits = as_rows(inputs[0])
    labels = held_labels(op, inputs[1], logits.shape[-1])
    shifted = logits - logits.max(axis=-1, keepdims=True)
    total = lines.summed(np.exp(shifted), lines.across(logits.shape[-1]))
    counts = labels != IGNORED
    picked_logits = np.take_along_axis(shifted, np.where(counts, labels, 0)[:, None], axis=1)
    losses = np.where(counts[:, None], np.log(total) - picked_logits, 0).astype(logits.dtype)
    return (over_tokens(lines, losses) / logits.dtype.type(labels_of_batch(op, labels, setting)),)


@as_mapped("cross_entropy_backward")
def cross_entropy_backward(lines: Lines, op: Op, inputs: Sequence[Array], setting: Setting) -> tuple[Array]:
    """Return the gradient of the logits: softmax less 1 at the label, over the count, times the loss scale."""
    logits = as_rows(inputs[0])
    labels = held_labels(op, inputs[1], logits.shape[-1])
    share = logits.dtype.type(scale_of_loss(setting) / labels_of_batch(op, labels, setting))
    powers = np.exp(logits - logits.max(axis=-1, keepdims=True))
    powers = powers * (share / lines.summed(powers, lines.across(logits.shape[-1])))
    counts = np.flatnonzero(labels != IGNORED)
    powers[counts, labels[counts]] -= share
    powers[labels == IGNORED] = 0
    return (powers.reshape(inputs[0].shape),)


@as_mapped("embedding_backward")
def embedding_backward(lines: Lines, op: Op, inputs: Sequence[Array], setting: Setting) -> tuple[Array]:
    """Add to each row of the table what comes back to the tokens that took it."""
    gradient, ids = inputs
    check_ids(op.inputs[1], ids, setting.shapes[0][0])
    return (_rows_added(lines, as_rows(gradient), ids.reshape(-1), setting.shapes[0]),)


@as_mapped("position_backward")
def position_backward(lines: Lines, op: Op, inputs: Sequence[Array], setting: Setting) -> tuple[Array, Array]:
    """Hand the gradient on, and add it to the rows of the table."""
    gradient, *mask = inputs
    at = np.broadcast_to(places(gradient.shape[1], setting, *mask), gradient.shape[:2])
    return gradient, _rows_added(lines, as_rows(gradient), at.reshape(-1), setting.shapes[1])


def _rows_added(lines: Lines, rows: Array, ids: Ids, shape: tuple[int, ...]) -> Array:
    """Return a table with the rows of each id added, row of cores by row of cores."""
    return lines.column_sums(lambda own: add_rows(rows[own], ids[own], shape), lines.down(len(rows)))


@as_mapped("combine_backward")
def combine_backward(lines: Lines, op: Op, inputs: Sequence[Array], setting: Setting) -> tuple[Array, Array]:
    """Return the gradients of the copies and of the gates, 0 where a token has no copy."""
    gradient, y, gates = inputs
    chosen = chosen_experts(gates, setting.dims["chosen"])
    gate, of_gates = np.take_along_axis(gates, chosen, axis=-1), np.zeros_like(gates)
    sums = lines.summed(gradient[:, :, None] * y, lines.across(y.shape[-1]))
    np.put_along_axis(of_gates, chosen, sums[..., 0], axis=-1)
    return gradient[:, :, None] * gate[..., None], of_gates
