"""What a GPT-2 layer computes, by NumPy, step by step as the cores do."""

from __future__ import annotations

from collections.abc import Mapping
from math import sqrt

import numpy as np

from wsesim.cores.kit.base import Array
from wsesim.cores.programs.model import attention, gelu, layer_norm
from wsesim.cores.programs.model.feature import FeatureLayout, single
from wsesim.cores.programs.model.heads import Heads
from wsesim.cores.programs.model.linear import product

INIT_SPREAD = 0.02
"""Standard deviation of a fresh matrix in GPT-2 (Radford et al., 2019); times the square root of 768, its width, over
that of the layer, so that narrow layers do as much."""
SPREAD = 0.1
"""Standard deviation of norms and biases around 1 and 0, so that a forgotten one is seen."""
FEED_FORWARD = 4
"""Times the width, features between the two matrices of the feed-forward part."""


def shapes_of(width: int) -> dict[str, tuple[int, ...]]:
    """Return the shapes of a layer's weights; matrices are [input, output], `qkv` all queries, all keys, all values."""
    inner = FEED_FORWARD * width
    return {
        "norm1_scale": (width,), "norm1_bias": (width,), "qkv": (width, 3 * width), "qkv_bias": (3 * width,),
        "project": (width, width), "project_bias": (width,), "norm2_scale": (width,), "norm2_bias": (width,),
        "up": (width, inner), "up_bias": (inner,), "down": (inner, width), "down_bias": (width,),
    }  # fmt: skip


def random_weights(random: np.random.Generator, width: int) -> dict[str, Array]:
    """Return weights as large as those of GPT-2, exact in fp32."""
    spread = INIT_SPREAD * sqrt(768 / width)

    def make(name: str, shape: tuple[int, ...]) -> Array:
        middle, around = float(name.endswith("scale")), spread if len(shape) > 1 else SPREAD
        return single(middle + around * random.standard_normal(shape))

    return {name: make(name, shape) for name, shape in shapes_of(width).items()}


def layer_of(heads: Heads, form: str, x: Array, weights: Mapping[str, Array]) -> Array:
    """Return the layer of x [token, feature] as the cores compute it; *form* of GELU is tanh or erf."""
    layout, given = heads.layout, {name: single(values) for name, values in weights.items()}

    def linear(values: Array, name: str, of: FeatureLayout = layout) -> Array:
        return np.asarray(product(values, given[name], of) + given[f"{name}_bias"])

    def norm(values: Array, name: str) -> Array:
        return layer_norm.normed(layout, values, given[f"{name}_scale"], given[f"{name}_bias"])

    start = single(x)
    q, k, v = np.split(linear(norm(start, "norm1"), "qkv"), 3, 1)
    middle = start + linear(attention.attended(q, k, v, heads, causal=True), "project")
    up = gelu.passed(linear(norm(middle, "norm2"), "up"), form)
    return np.asarray(middle + linear(up, "down", layout.scaled(FEED_FORWARD)))
