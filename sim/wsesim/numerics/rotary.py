"""Rotary positions: pairs of numbers of a query or key turned by their position, and turned back for a gradient.

`qkv` is [batch, length, (heads + 2 * kv_heads) * head]; values pass as they are.
"""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from wsesim.graph import Op
from wsesim.numerics.arrays import Array
from wsesim.numerics.functions import Setting, computes
from wsesim.numerics.tables import places


@computes("rotary")
def rotary(op: Op, inputs: Sequence[Array], setting: Setting) -> tuple[Array]:
    """Turn each pair of a query or key by position / base^(2 i / turned)."""
    return (_turned(op, inputs, setting, sign=1),)


@computes("rotary_backward")
def rotary_backward(op: Op, inputs: Sequence[Array], setting: Setting) -> tuple[Array]:
    """Turn the gradient back by as much."""
    return (_turned(op, inputs, setting, sign=-1),)


def _turned(op: Op, inputs: Sequence[Array], setting: Setting, *, sign: int) -> Array:
    """Pairs are neighbours (GPT-J, `interleaved`) or stand half of `turned` apart (Llama as Hugging Face stores it).

    Only the first `turned` numbers of a head turn. Angles are made in float64: a position of 10⁵ leaves few digits in
    fp32.
    """
    qkv, *mask = inputs
    turned, heads, kv_heads = int(op.attrs["turned"]), int(op.attrs["heads"]), int(op.attrs["kv_heads"])
    batch, length, _ = qkv.shape
    packed = qkv.reshape(batch, length, heads + 2 * kv_heads, setting.dims["head"]).copy()
    frequency = float(op.attrs["base"]) ** (-np.arange(0, turned, 2) / turned)
    angle = sign * places(length, setting, *mask)[..., None, None] * frequency
    cos, sin = np.cos(angle).astype(qkv.dtype), np.sin(angle).astype(qkv.dtype)
    pairs = packed[:, :, : heads + kv_heads, :turned]
    if op.attrs["interleaved"]:
        first, second = pairs[..., 0::2], pairs[..., 1::2]
    else:
        first, second = pairs[..., : turned // 2], pairs[..., turned // 2 :]
    new_first = first * cos - second * sin
    second[...] = second * cos + first * sin
    first[...] = new_first
    return packed.reshape(qkv.shape)
