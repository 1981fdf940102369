"""What a GPT-2 layer computes, by NumPy, step by step as the cores do."""

from __future__ import annotations

from dataclasses import dataclass
from math import sqrt

import numpy as np

from wsesim.cores.kit.base import Array
from wsesim.cores.programs.model import attention, gelu, layer_norm
from wsesim.cores.programs.model.attention import HeadSeat
from wsesim.cores.programs.model.feature import FeatureLayout
from wsesim.cores.programs.model.linear import product

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


def layer_of(x: Array, weights: LayerWeights, place: HeadSeat, form: str) -> Array:
    """Return the layer of x [token, feature] as the cores compute it; *form* of GELU is tanh or erf."""
    layout, options = place.heads.layout, place.options

    def linear(values: Array, name: str, of: FeatureLayout = layout) -> Array:
        found = product(values, _single(getattr(weights, name)), of, options)
        return np.asarray(found + _single(getattr(weights, f"{name}_bias")))

    def norm(values: Array, name: str) -> Array:
        scale, bias = (_single(getattr(weights, f"{name}_{part}")) for part in ("scale", "bias"))
        return layer_norm.normed(values, scale, bias, layout, options)

    start = _single(x)
    q, k, v = np.split(linear(norm(start, "norm1"), "qkv"), 3, 1)
    middle = start + linear(attention.attended(q, k, v, place, causal=True), "project")
    up = gelu.passed(linear(norm(middle, "norm2"), "up"), form)
    return np.asarray(middle + linear(up, "down", layout.scaled(FEED_FORWARD)))


def _single(values: Array) -> Array:
    return values.astype(np.float32)
