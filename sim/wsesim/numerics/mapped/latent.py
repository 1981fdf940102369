"""Attention with a latent vector as mapped: queries, and what is mixed, lie by head; keys and values run down to them.

A head's key is that which is made for it, then the one that all heads share, in the order of its query's features: it
is summed along the head's columns as any score is. What comes back to the shared key is summed down the rows by head,
then over the heads from the first to the last.
"""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from wsesim.graph import Op
from wsesim.numerics.arrays import Array
from wsesim.numerics.attention import score_scale
from wsesim.numerics.functions import Setting
from wsesim.numerics.mapped.attention import HeadsOnLines, by_head
from wsesim.numerics.mapped.lines import Lines, as_mapped, macs


@as_mapped("latent_scores")
def latent_scores(lines: Lines, op: Op, inputs: Sequence[Array], setting: Setting) -> tuple[Array]:
    """Return query @ (key of the head, shared key)^T / sqrt(head): [batch, heads, length, keys]."""
    asking = HeadsOnLines(lines, op, inputs[0], setting.dims["head"])
    share = inputs[0].dtype.type(score_scale(op, setting))
    return (by_head(asking, lambda head: asking.along(head, asking.query(head) * share, _key(op, head, inputs))),)


@as_mapped("latent_scores_backward")
def latent_scores_backward(
    lines: Lines, op: Op, inputs: Sequence[Array], setting: Setting
) -> tuple[Array, Array, Array]:
    """Return the gradients of the queries, of what is made, nothing for its values, and of the shared key."""
    gradient, query, made, shared = inputs
    of_query, of_made, of_shared = (np.zeros_like(each) for each in (query, made, shared))
    asking, into = (HeadsOnLines(lines, op, each, setting.dims["head"]) for each in (query, of_query))
    still = asking.head - shared.shape[-1]
    for head in range(asking.heads):
        back = gradient[:, head] * query.dtype.type(score_scale(op, setting))
        into.query(head)[...] = macs(back, _key(op, head, inputs[1:]))
        of_key = asking.over_queries(back, asking.query(head))
        _made(op, head, of_made)[..., :still] = of_key[..., :still]
        of_shared += of_key[..., still:]
    return of_query, of_made, of_shared


@as_mapped("latent_sum")
def latent_sum(lines: Lines, op: Op, inputs: Sequence[Array], setting: Setting) -> tuple[Array]:
    """Return probabilities @ value, heads side by side: [batch, length, heads * value]."""
    probabilities, made = inputs
    size, heads = setting.dims["value"], range(probabilities.shape[1])
    mixed = [lines.over_keys(probabilities[:, head], _made(op, head, made)[..., -size:]) for head in heads]
    return (np.concatenate(mixed, axis=-1),)


@as_mapped("latent_sum_backward")
def latent_sum_backward(lines: Lines, op: Op, inputs: Sequence[Array], setting: Setting) -> tuple[Array, Array]:
    """Return the gradients of the probabilities, and of what is made: nothing for its keys."""
    gradient, probabilities, made = inputs
    size, of_made = setting.dims["value"], np.zeros_like(made)
    back = HeadsOnLines(lines, op, gradient, size)
    for head in range(back.heads):
        summed = back.over_queries(probabilities[:, head], back.query(head))
        _made(op, head, of_made)[..., -size:] = summed
    values = [_made(op, head, made)[..., -size:] for head in range(back.heads)]
    return by_head(back, lambda head: back.along(head, back.query(head), values[head])), of_made


def _made(op: Op, head: int, made: Array) -> Array:
    """Return a view of what is made for a head, its key without a position, then its value."""
    return made.reshape(*made.shape[:2], int(op.attrs["heads"]), -1)[:, :, head]


def _key(op: Op, head: int, inputs: Sequence[Array]) -> Array:
    """Return the whole key of a head, [batch, keys, head], of the queries, what is made, and the shared key."""
    query, made, shared = inputs
    still = query.shape[-1] // int(op.attrs["heads"]) - shared.shape[-1]
    return np.concatenate([_made(op, head, made)[..., :still], shared], axis=-1)
