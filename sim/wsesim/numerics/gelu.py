"""GELU by the error function: x * Phi(x), Phi being the normal distribution."""

from __future__ import annotations

from collections.abc import Sequence
from math import pi, sqrt

import numpy as np

from wsesim.graph import Op
from wsesim.numerics.arrays import Array
from wsesim.numerics.erf import erf
from wsesim.numerics.functions import Setting, by_chunks, computes


@computes("gelu")
def gelu(op: Op, inputs: Sequence[Array], setting: Setting) -> tuple[Array, ...]:
    """Return x * Phi(x)."""
    return by_chunks(lambda x: x * _phi(x), *inputs)


@computes("gelu_backward")
def gelu_backward(op: Op, inputs: Sequence[Array], setting: Setting) -> tuple[Array, ...]:
    """Return gradient * (Phi(x) + x * density(x))."""
    return by_chunks(lambda g, x: g * (_phi(x) + x * np.exp(-0.5 * x * x) * (1 / sqrt(2 * pi))), *inputs)


def _phi(x: Array) -> Array:
    return np.asarray(0.5 * (1 + erf(x * sqrt(0.5))))
