"""Attention of a training step on simulated cores: products of each head of each sequence, one after the other."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from wsesim.cores.programs.model.softmax import mask_of
from wsesim.errors import NotModelled
from wsesim.graph import Op
from wsesim.numerics import Setting, score_scale
from wsesim.trials.core_ops import Array, Bench, on_cores


class _Heads:
    """Queries, keys and values of each head of each sequence, [length, head]; views of the packed tensor."""

    def __init__(self, op: Op, packed: Array, setting: Setting) -> None:
        self.count, kv_heads, self.head = int(op.attrs["heads"]), int(op.attrs["kv_heads"]), setting.dims["head"]
        if kv_heads != self.count:
            raise NotModelled(f"{op.name}: queries that share a key, on simulated cores", "each head has its own")
        self.share = score_scale(op, setting)
        parts = packed.reshape(*packed.shape[:2], 3 * self.count, self.head).transpose(0, 2, 1, 3)
        self.q, self.k, self.v = (parts[:, at * self.count : (at + 1) * self.count] for at in range(3))

    @property
    def each(self) -> list[tuple[int, int]]:
        return [(one, head) for one in range(len(self.q)) for head in range(self.count)]

    def scaled(self, bench: Bench, x: Array) -> Array:
        """Return x [..., features] times what scores are scaled by."""
        share = np.full(x.shape[-1], self.share, np.float32)
        return bench.rows("affine", x, scale=share, bias=np.zeros_like(share))


@on_cores("scores")
def _scores(bench: Bench, op: Op, inputs: Sequence[Array], setting: Setting) -> tuple[Array, ...]:
    of, found = _Heads(op, inputs[0], setting), np.empty(setting.shapes[0], np.float32)
    query = of.scaled(bench, np.ascontiguousarray(of.q))
    for at in of.each:
        found[at] = bench.product(query[at], of.k[at].T)
    return (found,)


@on_cores("scores_backward")
def _scores_backward(bench: Bench, op: Op, inputs: Sequence[Array], setting: Setting) -> tuple[Array, ...]:
    gradient, qkv = inputs
    of, result = _Heads(op, qkv, setting), np.zeros_like(qkv)
    into, back = _Heads(op, result, setting), of.scaled(bench, gradient)
    for at in of.each:
        into.q[at] = bench.product(back[at], of.k[at])
        into.k[at] = bench.over_tokens(back[at], of.q[at])
    return (result,)


@on_cores("softmax")
def _softmax(bench: Bench, op: Op, inputs: Sequence[Array], setting: Setting) -> tuple[Array, ...]:
    (x,) = inputs
    if op.attrs.get("window"):
        raise NotModelled(f"{op.name}: a window of keys, on simulated cores", "the core program masks what comes after")
    if not op.attrs["causal"]:
        return (bench.rows("softmax", x),)
    mask = np.broadcast_to(mask_of(*x.shape[-2:]), x.shape).reshape(-1, x.shape[-1])
    return (bench.rows("softmax", x, {"mask": "causal"}, mask=mask),)


@on_cores("softmax_backward")
def _softmax_backward(bench: Bench, op: Op, inputs: Sequence[Array], setting: Setting) -> tuple[Array, ...]:
    gradient, p = (each.reshape(-1, each.shape[-1]) for each in inputs)
    return (bench.run("softmax-gradient", p.shape, gradient=gradient, p=p).reshape(inputs[1].shape),)


@on_cores("weighted_sum")
def _weighted_sum(bench: Bench, op: Op, inputs: Sequence[Array], setting: Setting) -> tuple[Array, ...]:
    probabilities, qkv = inputs
    of, found = _Heads(op, qkv, setting), np.empty(setting.shapes[0], np.float32)
    by_head = found.reshape(*found.shape[:2], of.count, of.head)
    for one, head in of.each:
        by_head[one, :, head] = bench.product(probabilities[one, head], of.v[one, head])
    return (found,)


@on_cores("weighted_sum_backward")
def _weighted_sum_backward(bench: Bench, op: Op, inputs: Sequence[Array], setting: Setting) -> tuple[Array, ...]:
    gradient, probabilities, qkv = inputs
    of, result, found = _Heads(op, qkv, setting), np.zeros_like(qkv), np.empty_like(probabilities)
    into, back = _Heads(op, result, setting), gradient.reshape(*gradient.shape[:2], of.count, of.head)
    for one, head in of.each:
        found[one, head] = bench.product(back[one, :, head], of.v[one, head].T)
        into.v[one, head] = bench.over_tokens(probabilities[one, head], back[one, :, head])
    return found, result
