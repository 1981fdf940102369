"""Rotary positions: pairs of numbers of a query or key turned by their position, and turned back for a gradient.

`qkv` is [batch, length, (heads + 2 * kv_heads) * head]; values pass as they are. With a latent vector what turns
are the last numbers of each head of `query`, or of a key that all heads share.
"""

from __future__ import annotations

from collections.abc import Sequence
from functools import partial
from math import ceil, floor, log, pi

import numpy as np
from numpy.typing import NDArray

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


@computes("rotary_tail")
def rotary_tail(op: Op, inputs: Sequence[Array], setting: Setting) -> tuple[Array]:
    """Turn each pair at the end of each `size` numbers by its position."""
    return (_tail_turned(op, inputs, setting, sign=1),)


@computes("rotary_tail_backward")
def rotary_tail_backward(op: Op, inputs: Sequence[Array], setting: Setting) -> tuple[Array]:
    """Turn the gradient back by as much."""
    return (_tail_turned(op, inputs, setting, sign=-1),)


def _turned(op: Op, inputs: Sequence[Array], setting: Setting, *, sign: int) -> Array:
    qkv, *mask = inputs
    heads, kv_heads = int(op.attrs["heads"]), int(op.attrs["kv_heads"])
    packed = qkv.reshape(*qkv.shape[:2], heads + 2 * kv_heads, setting.dims["head"]).copy()
    _turn(op, packed[:, :, : heads + kv_heads, : int(op.attrs["turned"])], mask, setting, sign)
    return packed.reshape(qkv.shape)


def _tail_turned(op: Op, inputs: Sequence[Array], setting: Setting, *, sign: int) -> Array:
    x, *mask = inputs
    packed = x.reshape(*x.shape[:2], -1, int(op.attrs["size"])).copy()
    _turn(op, packed[..., -int(op.attrs["turned"]) :], mask, setting, sign)
    return packed.reshape(x.shape)


def _turn(op: Op, pairs: Array, mask: Sequence[Array], setting: Setting, sign: int) -> None:
    """Turn [batch, length, heads, turned] in place.

    Pairs are neighbours (GPT-J, `interleaved`) or stand half of `turned` apart (Llama as Hugging Face stores it).
    Angles are made in float64: a position of 10⁵ leaves few digits in fp32. Of every so many layers the last may leave
    all as it is (`still_every`), and all others have a base of their own (`window_base`).
    """
    if _is_last(setting.copy, int(op.attrs.get("still_every", 0))):
        return
    near = "window_base" in op.attrs and not _is_last(setting.copy, int(op.attrs["full_every"]))
    frequency = _plain(op, float(op.attrs["window_base"])) if near else frequencies(op)
    angle = sign * places(pairs.shape[1], setting, *mask)[..., None, None] * frequency
    times, kind = 1.0 if near else float(op.attrs.get("times", 1.0)), pairs.dtype
    cos, sin = (times * np.cos(angle)).astype(kind), (times * np.sin(angle)).astype(kind)
    half = pairs.shape[-1] // 2
    neighbours = (pairs[..., 0::2], pairs[..., 1::2])
    first, second = neighbours if op.attrs["interleaved"] else (pairs[..., :half], pairs[..., half:])
    new_first = first * cos - second * sin
    second[...] = second * cos + first * sin
    first[...] = new_first


def _is_last(copy: int, every: int) -> bool:
    """Return whether a layer is the last of every so many."""
    return every > 0 and (copy + 1) % every == 0


def _plain(op: Op, base: float) -> NDArray[np.float64]:
    turned = int(op.attrs["turned"])
    found: NDArray[np.float64] = base ** (-np.arange(0, turned, 2) / turned)
    return found


def frequencies(op: Op) -> NDArray[np.float64]:
    """Return the angle of each pair from one position to the next, divided by `factor` as `scaling` says."""
    found = _plain(op, float(op.attrs["base"]))
    if "factor" not in op.attrs:
        return found
    divided = _DIVIDED[str(op.attrs["scaling"])](op, found)
    return found * (1 - divided) + found / float(op.attrs["factor"]) * divided


def _by_pair(op: Op, found: NDArray[np.float64], *, whole: bool = True) -> NDArray[np.float64]:
    """Return the share of each angle that is divided, which grows from pair to pair (YaRN)."""
    first, last = (_pair_of(op, float(op.attrs[turns])) for turns in ("fast", "slow"))
    if whole:
        first, last = floor(first), ceil(last)
    first, last = max(first, 0), min(last, int(op.attrs["turned"]) - 1)
    return np.clip((np.arange(len(found)) - first) / (last - first or 1e-3), 0, 1)


def _by_turns(op: Op, found: NDArray[np.float64]) -> NDArray[np.float64]:
    """Return the same, which falls with the turns of a pair over the positions that were trained on (Llama 3.1)."""
    fast, slow = float(op.attrs["fast"]), float(op.attrs["slow"])
    return np.clip((fast - float(op.attrs["trained"]) * found / (2 * pi)) / (fast - slow), 0, 1)


_DIVIDED = {
    "yarn": _by_pair, "yarn_smooth": partial(_by_pair, whole=False), "llama3": _by_turns,
    "linear": lambda _, found: np.ones_like(found),
}  # fmt: skip


def _pair_of(op: Op, turns: float) -> float:
    """Return the pair that turns so often over the positions that were trained on first."""
    turned, base = int(op.attrs["turned"]), float(op.attrs["base"])
    return turned * log(float(op.attrs["trained"]) / (turns * 2 * pi)) / (2 * log(base))
