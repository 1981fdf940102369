"""What a GPT-2 layer computes, by NumPy, and how far rounding on the cores can take it."""

from __future__ import annotations

from dataclasses import dataclass, fields
from math import erf, pi, sqrt

import numpy as np

from wsesim.cores.programs.base import Array
from wsesim.cores.programs.model import attention, gelu, layer_norm, steps
from wsesim.cores.programs.model.bounds import Bounded

INIT_SPREAD = 0.02
"""Standard deviation of a fresh matrix in GPT-2 (Radford et al., 2019); times the square root of 768, its width, over
that of the layer, so that narrow layers do as much."""
SPREAD = 0.1
"""Standard deviation of norms and biases around 1 and 0, so that a forgotten one is seen."""
FEED_FORWARD = 4
"""Times the width, features between the two matrices of the feed-forward part."""


@dataclass(frozen=True, slots=True, kw_only=True)
class LayerWeights:
    """Weights of a layer; matrices are [input, output]."""

    norm1_scale: Array
    norm1_bias: Array
    qkv: Array
    """[width, 3 width]: all queries, all keys, all values."""
    qkv_bias: Array
    project: Array
    project_bias: Array
    norm2_scale: Array
    norm2_bias: Array
    up: Array
    up_bias: Array
    down: Array
    down_bias: Array


def random_weights(random: np.random.Generator, width: int) -> LayerWeights:
    """Return weights as large as those of GPT-2, exact in fp32."""
    inner, spread = FEED_FORWARD * width, INIT_SPREAD * sqrt(768 / width)
    shapes = {
        "norm1_scale": (width,), "norm1_bias": (width,), "qkv": (width, 3 * width), "qkv_bias": (3 * width,),
        "project": (width, width), "project_bias": (width,), "norm2_scale": (width,), "norm2_bias": (width,),
        "up": (width, inner), "up_bias": (inner,), "down": (inner, width), "down_bias": (width,),
    }  # fmt: skip

    def make(name: str, shape: tuple[int, ...]) -> Array:
        middle, around = float(name.endswith("scale")), spread if len(shape) > 1 else SPREAD
        return (middle + around * random.standard_normal(shape)).astype(np.float32).astype(np.float64)

    return LayerWeights(**{name: make(name, shape) for name, shape in shapes.items()})


def by_numpy(x: Array, weights: LayerWeights, heads: int, form: str) -> Array:
    """Return the layer of x [token, feature], causal, in float64; *form* of GELU is tanh or erf."""
    q, k, v = np.split(_norm(x, weights.norm1_scale, weights.norm1_bias) @ weights.qkv + weights.qkv_bias, 3, 1)
    mixed = attention.by_numpy(q, k, v, heads, causal=True)
    x = x + mixed @ weights.project + weights.project_bias
    up = _norm(x, weights.norm2_scale, weights.norm2_bias) @ weights.up + weights.up_bias
    normal = np.vectorize(erf)(up * sqrt(0.5)) if form == "erf" else np.tanh(sqrt(2 / pi) * (up + 0.044715 * up**3))
    return np.asarray(x + 0.5 * up * (1 + normal) @ weights.down + weights.down_bias)


def bound(x: Array, weights: LayerWeights, heads: int, form: str) -> float:
    """Return the most by which the cores' fp32 can differ from that."""
    w = {one.name: Bounded.exact(getattr(weights, one.name)) for one in fields(weights)}
    start = Bounded.exact(x)
    packed = layer_norm.bounded(start, w["norm1_scale"], w["norm1_bias"]) @ w["qkv"] + w["qkv_bias"]
    parts = zip(np.split(packed.value, 3, 1), np.split(packed.error, 3, 1), strict=True)
    q, k, v = (Bounded(value, error) for value, error in parts)
    mixed = attention.bounded(q, k, v, heads, causal=True)
    middle = start + (mixed @ w["project"] + w["project_bias"])
    up = layer_norm.bounded(middle, w["norm2_scale"], w["norm2_bias"]) @ w["up"] + w["up_bias"]
    passed = gelu.bounded(up, form)
    off = gelu.formula_error(float(np.abs(up.value).max()), form)
    return (middle + (Bounded(passed.value, passed.error + off) @ w["down"] + w["down_bias"])).most


def _norm(x: Array, scale: Array, bias: Array) -> Array:
    centred = x - x.mean(-1, keepdims=True)
    return np.asarray(centred / np.sqrt(x.var(-1, keepdims=True) + steps.EPSILON) * scale + bias)
