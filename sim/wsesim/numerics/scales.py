"""Factors and bounds: of activations and logits, of scores; and what positions do to scores by distance."""

from __future__ import annotations

from collections.abc import Sequence
from math import floor, log2

import numpy as np

from wsesim.graph import Op
from wsesim.numerics.arrays import Array
from wsesim.numerics.functions import Setting, computes


@computes("scale")
@computes("scale_backward")
def scale(op: Op, inputs: Sequence[Array], setting: Setting) -> tuple[Array]:
    """Return what is given times the factor, forward and back."""
    return (inputs[0] * inputs[0].dtype.type(op.attrs["factor"]),)


@computes("cap")
@computes("cap_scores")
def cap(op: Op, inputs: Sequence[Array], setting: Setting) -> tuple[Array]:
    """Return cap * tanh(x / cap)."""
    bound = inputs[0].dtype.type(op.attrs["cap"])
    return (bound * np.tanh(inputs[0] / bound),)


@computes("cap_backward")
def cap_backward(op: Op, inputs: Sequence[Array], setting: Setting) -> tuple[Array]:
    """Return gradient * (1 - (y / cap)²), y being the output."""
    gradient, y = inputs
    share = y / y.dtype.type(op.attrs["cap"])
    return (gradient * (1 - share * share),)


@computes("cap_scores_backward")
def cap_scores_backward(op: Op, inputs: Sequence[Array], setting: Setting) -> tuple[Array]:
    """Return gradient * (1 - tanh(x / cap)²)."""
    gradient, x = inputs
    share = np.tanh(x / x.dtype.type(op.attrs["cap"]))
    return (gradient * (1 - share * share),)


@computes("alibi")
def alibi(op: Op, inputs: Sequence[Array], setting: Setting) -> tuple[Array]:
    """Return scores [batch, heads, length, keys] less the head's slope times how far query and key are apart."""
    (x,) = inputs
    heads, queries, keys = x.shape[1:]
    apart = np.abs(np.arange(keys) - np.arange(keys - queries, keys)[:, None])
    return (x - (slopes(heads)[:, None, None] * apart).astype(x.dtype),)


def slopes(heads: int) -> Array:
    """Return the slope of each head (Press et al. 2022, arXiv 2108.12409): 2^(-8 i / n) for the i-th of n heads.

    Where heads are no power of two, those of the next smaller one come first, then every other one of twice as many.
    """
    below = 2 ** floor(log2(heads))
    first = 2.0 ** (-8 * np.arange(1, below + 1) / below)
    more = 2.0 ** (-4 * np.arange(1, 2 * (heads - below), 2) / below)
    return np.concatenate([first, more])
