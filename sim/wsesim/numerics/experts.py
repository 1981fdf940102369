"""The ops of a mixture of experts. `gates` is [batch, length, experts]: 0 but for the experts of a token.

The copies of a token stand in the order of its experts' numbers: [batch, length, chosen, ...].
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import numpy as np

from wsesim.graph import Op
from wsesim.numerics.arrays import Array, Ids
from wsesim.numerics.functions import forward


@forward("route")
def route(op: Op, inputs: Sequence[Array], dims: Mapping[str, int]) -> tuple[Array]:
    """Return gates: the softmax over each token's largest logits; of equal ones, those of lower numbers count."""
    (logits,) = inputs
    picked = _picked(logits, dims["chosen"])
    largest = np.take_along_axis(logits, picked, axis=-1)
    powers = np.exp(largest - largest.max(axis=-1, keepdims=True))
    gates = np.zeros_like(logits)
    np.put_along_axis(gates, picked, powers / powers.sum(axis=-1, keepdims=True), axis=-1)
    return (gates,)


@forward("dispatch")
def dispatch(op: Op, inputs: Sequence[Array], dims: Mapping[str, int]) -> tuple[Array]:
    """Return a copy of each token for each of its experts: [batch, length, chosen, width]."""
    x, _ = inputs
    return (np.repeat(x[:, :, None], dims["chosen"], axis=2),)


@forward("expert_linear")
def expert_linear(op: Op, inputs: Sequence[Array], dims: Mapping[str, int]) -> tuple[Array]:
    """Return x @ weight (+ bias) with the matrix of each copy's expert; weight is [experts, in, out]."""
    x, weight, gates, *bias = inputs
    expert = _picked(gates, dims["chosen"])
    y = np.empty((*x.shape[:-1], weight.shape[-1]), dtype=x.dtype)
    for number in range(len(weight)):
        own = expert == number
        y[own] = x[own] @ weight[number]
        if bias:
            y[own] += bias[0][number]
    return (y,)


@forward("combine")
def combine(op: Op, inputs: Sequence[Array], dims: Mapping[str, int]) -> tuple[Array]:
    """Return the sum over a token's copies, each times its expert's gate: [batch, length, width]."""
    y, gates = inputs
    gate = np.take_along_axis(gates, _picked(gates, dims["chosen"]), axis=-1)
    return ((y * gate[..., None]).sum(axis=2),)


def _picked(values: Array, chosen: int) -> Ids:
    """Return the numbers of the *chosen* largest values, lowest number first: [batch, length, chosen]."""
    return np.sort(np.argsort(-values, axis=-1, kind="stable")[..., :chosen], axis=-1)
