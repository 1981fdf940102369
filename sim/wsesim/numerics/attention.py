"""The ops between the two attention matrices. They read one packed tensor: queries, keys, values of a token in a row.

`qkv` is [batch, length, (heads + 2 * kv_heads) * head]; query head h reads key and value head h // (heads / kv_heads).
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from math import sqrt

import numpy as np

from wsesim.graph import Op
from wsesim.numerics.arrays import Array, as_rows, row_chunks
from wsesim.numerics.functions import forward


@forward("rotary")
def rotary(op: Op, inputs: Sequence[Array], dims: Mapping[str, int]) -> tuple[Array]:
    """Turn each pair of a query or key by position / base^(2 i / turned); values pass as they are.

    Pairs are neighbours (GPT-J, `interleaved`) or stand half of `turned` apart (Llama as Hugging Face stores it). Only
    the first `turned` numbers of a head turn. Angles are made in float64: a position of 10⁵ leaves few digits in fp32.
    """
    (qkv,) = inputs
    turned, heads, kv_heads = int(op.attrs["turned"]), int(op.attrs["heads"]), int(op.attrs["kv_heads"])
    batch, length, _ = qkv.shape
    packed = qkv.reshape(batch, length, heads + 2 * kv_heads, dims["head"]).copy()
    frequency = float(op.attrs["base"]) ** (-np.arange(0, turned, 2) / turned)
    angle = np.arange(length)[:, None, None] * frequency
    cos, sin = np.cos(angle).astype(qkv.dtype), np.sin(angle).astype(qkv.dtype)
    pairs = packed[:, :, : heads + kv_heads, :turned]
    if op.attrs["interleaved"]:
        first, second = pairs[..., 0::2], pairs[..., 1::2]
    else:
        first, second = pairs[..., : turned // 2], pairs[..., turned // 2 :]
    new_first = first * cos - second * sin
    second[...] = second * cos + first * sin
    first[...] = new_first
    return (packed.reshape(qkv.shape),)


@forward("head_norm")
def head_norm(op: Op, inputs: Sequence[Array], dims: Mapping[str, int]) -> tuple[Array]:
    """Divide each head of queries and keys by its root mean square, times a scale [head]; values pass as they are."""
    qkv, query_scale, key_scale = inputs
    heads, kv_heads = int(op.attrs["heads"]), int(op.attrs["kv_heads"])
    packed = qkv.reshape(*qkv.shape[:2], heads + 2 * kv_heads, dims["head"]).copy()
    normed = packed[:, :, : heads + kv_heads]
    normed /= np.sqrt(np.square(normed).mean(axis=-1, keepdims=True) + float(op.attrs["epsilon"]))
    normed[:, :, :heads] *= query_scale
    normed[:, :, heads:] *= key_scale
    return (packed.reshape(qkv.shape),)


@forward("scores")
def scores(op: Op, inputs: Sequence[Array], dims: Mapping[str, int]) -> tuple[Array]:
    """Return query @ key^T / sqrt(head): [batch, heads, length, keys]."""
    query, key, _ = _split(op, inputs[0], dims)
    product = (query * (1 / sqrt(dims["head"]))) @ key.swapaxes(-1, -2)
    return (product.reshape(len(product), -1, *product.shape[-2:]),)


@forward("softmax")
def softmax(op: Op, inputs: Sequence[Array], dims: Mapping[str, int]) -> tuple[Array]:
    """Return exp(x - max) / sum over the keys; with `causal`, keys after the query's position count as -inf."""
    (x,) = inputs
    rows, result = as_rows(x), np.empty_like(x)
    out = as_rows(result)
    queries, keys = x.shape[-2:]
    for part in row_chunks(len(rows), keys):
        chunk = rows[part]
        if op.attrs["causal"]:
            position = np.arange(part.start, part.stop) % queries
            chunk = np.where(np.arange(keys) > position[:, None], -np.inf, chunk)
        chunk = np.exp(chunk - chunk.max(axis=-1, keepdims=True))
        np.divide(chunk, chunk.sum(axis=-1, keepdims=True), out=out[part])
    return (result,)


@forward("weighted_sum")
def weighted_sum(op: Op, inputs: Sequence[Array], dims: Mapping[str, int]) -> tuple[Array]:
    """Return probabilities @ value, heads side by side: [batch, length, heads * head]."""
    probabilities, qkv = inputs
    *_, value = _split(op, qkv, dims)
    batch, heads, length, keys = probabilities.shape
    kv_heads = int(op.attrs["kv_heads"])
    mixed = probabilities.reshape(batch, kv_heads, heads // kv_heads, length, keys) @ value
    by_head = mixed.reshape(batch, heads, length, dims["head"])
    return (by_head.transpose(0, 2, 1, 3).reshape(batch, length, heads * dims["head"]),)


def _split(op: Op, qkv: Array, dims: Mapping[str, int]) -> tuple[Array, Array, Array]:
    """Return views: query [batch, kv_heads, group, length, head]; key and value alike with a group of one."""
    heads, kv_heads = int(op.attrs["heads"]), int(op.attrs["kv_heads"])
    batch, length, _ = qkv.shape
    by_head = qkv.reshape(batch, length, heads + 2 * kv_heads, dims["head"]).transpose(0, 2, 1, 3)
    query = by_head[:, :heads].reshape(batch, kv_heads, heads // kv_heads, length, dims["head"])
    key, value = by_head[:, heads : heads + kv_heads, None], by_head[:, heads + kv_heads :, None]
    return query, key, value
