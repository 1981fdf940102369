"""Attention with a latent vector: what is made of it is packed by head, its key without a position, then its value.

`query` is [batch, length, heads * head], whose heads end with what turns; `made` is
[batch, keys, heads * (head - turned + value)]; `key` [batch, keys, turned] has turned, and is the same for all heads.
"""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from wsesim.graph import Op
from wsesim.numerics.arrays import Array
from wsesim.numerics.attention import score_scale
from wsesim.numerics.functions import Setting, computes


@computes("latent_scores")
def latent_scores(op: Op, inputs: Sequence[Array], setting: Setting) -> tuple[Array]:
    """Return query @ (key of the head, shared key)^T / sqrt(head), or times a scale: [batch, heads, length, keys]."""
    query, made, shared = inputs
    still, turned = _queries(op, query, shared.shape[-1])
    found = still @ _keys(op, made, still.shape[-1]).swapaxes(-1, -2) + turned @ shared[:, None].swapaxes(-1, -2)
    return (found * found.dtype.type(score_scale(op, setting)),)


@computes("latent_scores_backward")
def latent_scores_backward(op: Op, inputs: Sequence[Array], setting: Setting) -> tuple[Array, Array, Array]:
    """Return the gradients of the queries, of what is made, nothing for its values, and of the shared key."""
    gradient, query, made, shared = inputs
    back = gradient * gradient.dtype.type(score_scale(op, setting))
    still, turned = _queries(op, query, shared.shape[-1])
    of_query, of_made = np.empty_like(query), np.zeros_like(made)
    of_still, of_turned = _queries(op, of_query, shared.shape[-1])
    of_still[...] = back @ _keys(op, made, still.shape[-1])
    of_turned[...] = back @ shared[:, None]
    _keys(op, of_made, still.shape[-1])[...] = back.swapaxes(-1, -2) @ still
    return of_query, of_made, (back.swapaxes(-1, -2) @ turned).sum(axis=1)


@computes("latent_sum")
def latent_sum(op: Op, inputs: Sequence[Array], setting: Setting) -> tuple[Array]:
    """Return probabilities @ value, heads side by side: [batch, length, heads * value]."""
    probabilities, made = inputs
    mixed = probabilities @ _values(op, made, setting.dims["value"])
    return (mixed.transpose(0, 2, 1, 3).reshape(len(mixed), mixed.shape[2], -1),)


@computes("latent_sum_backward")
def latent_sum_backward(op: Op, inputs: Sequence[Array], setting: Setting) -> tuple[Array, Array]:
    """Return the gradients of the probabilities, and of what is made: nothing for its keys."""
    gradient, probabilities, made = inputs
    size, of_made = setting.dims["value"], np.zeros_like(made)
    back = _by_head(op, gradient)
    _values(op, of_made, size)[...] = probabilities.swapaxes(-1, -2) @ back
    return back @ _values(op, made, size).swapaxes(-1, -2), of_made


def _by_head(op: Op, packed: Array) -> Array:
    """Return a view: [batch, heads, tokens, features of a head]."""
    return packed.reshape(*packed.shape[:2], int(op.attrs["heads"]), -1).transpose(0, 2, 1, 3)


def _queries(op: Op, query: Array, turned: int) -> tuple[Array, Array]:
    """Return views of what has no position in a query, and of what has turned."""
    by_head = _by_head(op, query)
    return by_head[..., :-turned], by_head[..., -turned:]


def _keys(op: Op, made: Array, size: int) -> Array:
    return _by_head(op, made)[..., :size]


def _values(op: Op, made: Array, size: int) -> Array:
    return _by_head(op, made)[..., -size:]
