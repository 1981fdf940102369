"""The ops of a mixture of experts. `gates` is [batch, length, experts]: 0 but for the experts of a token.

The copies of a token stand in the order of its experts' numbers: [batch, length, chosen, ...].
"""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from wsesim.graph import Op
from wsesim.numerics.arrays import Array, Ids
from wsesim.numerics.functions import Setting, computes


@computes("route")
def route(op: Op, inputs: Sequence[Array], setting: Setting) -> tuple[Array]:
    """Return gates: the softmax over each token's largest logits; of equal ones, those of lower numbers count."""
    (logits,) = inputs
    picked = chosen_experts(logits, setting.dims["chosen"])
    largest = np.take_along_axis(logits, picked, axis=-1)
    powers = np.exp(largest - largest.max(axis=-1, keepdims=True))
    gates = np.zeros_like(logits)
    np.put_along_axis(gates, picked, powers / powers.sum(axis=-1, keepdims=True), axis=-1)
    return (gates,)


@computes("route_all")
def route_all(op: Op, inputs: Sequence[Array], setting: Setting) -> tuple[Array]:
    """Return gates: the softmax over all logits of a token, and 0 but for the largest; they come to less than one."""
    (logits,) = inputs
    shares = _softmax(logits)
    picked = chosen_experts(logits, setting.dims["chosen"])
    gates = np.zeros_like(logits)
    np.put_along_axis(gates, picked, np.take_along_axis(shares, picked, axis=-1), axis=-1)
    return (gates,)


@computes("route_all_backward")
def route_all_backward(op: Op, inputs: Sequence[Array], setting: Setting) -> tuple[Array]:
    """Return the gradient of the logits: that of a softmax, of whose shares those of the largest alone are read."""
    gradient, logits = inputs
    shares = _softmax(logits)
    picked, read = chosen_experts(logits, setting.dims["chosen"]), np.zeros_like(gradient)
    np.put_along_axis(read, picked, np.take_along_axis(gradient, picked, axis=-1), axis=-1)
    both = read * shares
    return (both - shares * both.sum(axis=-1, keepdims=True),)


@computes("route_grouped")
def route_grouped(op: Op, inputs: Sequence[Array], setting: Setting) -> tuple[Array]:
    """Return gates: shares of each token's best experts of its best groups, by logits [batch, length, experts].

    Experts are looked at with a shift [experts] of their shares, where there is one; what counts is the share.
    """
    logits, *shift = inputs
    shares = _shares(op, logits)
    picked = _picked(op, shares, shift, setting)
    found = np.take_along_axis(shares, picked, axis=-1)
    if op.attrs["router"] != "all":
        found = found / found.sum(axis=-1, keepdims=True)
    gates = np.zeros_like(logits)
    np.put_along_axis(gates, picked, found * found.dtype.type(op.attrs["scale"]), axis=-1)
    return (gates,)


@computes("route_grouped_backward")
def route_grouped_backward(op: Op, inputs: Sequence[Array], setting: Setting) -> tuple[Array]:
    """Return the gradient of the logits, through the shares that are read."""
    gradient, logits, *shift = inputs
    shares, scale = _shares(op, logits), logits.dtype.type(op.attrs["scale"])
    picked, of_shares = _picked(op, shares, shift, setting), np.zeros_like(logits)
    read, back = (np.take_along_axis(array, picked, axis=-1) for array in (shares, gradient))
    if op.attrs["router"] != "all":
        total = read.sum(axis=-1, keepdims=True)
        back = (back - (back * read).sum(axis=-1, keepdims=True) / total) / total
    np.put_along_axis(of_shares, picked, back * scale, axis=-1)
    if op.attrs["router"] == "sigmoid":
        return (of_shares * shares * (1 - shares),)
    both = of_shares * shares
    return (both - shares * both.sum(axis=-1, keepdims=True),)


def _shares(op: Op, logits: Array) -> Array:
    return _sigmoid(logits) if op.attrs["router"] == "sigmoid" else _softmax(logits)


def _picked(op: Op, shares: Array, shift: Sequence[Array], setting: Setting) -> Ids:
    """Return the numbers of each token's experts: the best of the groups whose best (with sigmoid: two best) are."""
    ranked = shares + shift[0] if shift else shares
    groups, kept = int(op.attrs["groups"]), int(op.attrs["kept"])
    if kept < groups:
        by_group = ranked.reshape(*ranked.shape[:-1], groups, -1)
        best = 2 if op.attrs["router"] == "sigmoid" else 1
        of_groups = np.sort(by_group, axis=-1)[..., -best:].sum(axis=-1)
        out = np.ones(of_groups.shape, dtype=bool)
        np.put_along_axis(out, chosen_experts(of_groups, kept), False, axis=-1)
        ranked = np.where(out[..., None], -np.inf, by_group).reshape(ranked.shape)
    return chosen_experts(ranked, setting.dims["chosen"])


def _softmax(logits: Array) -> Array:
    powers = np.exp(logits - logits.max(axis=-1, keepdims=True))
    return np.asarray(powers / powers.sum(axis=-1, keepdims=True))


@computes("weigh")
def weigh(op: Op, inputs: Sequence[Array], setting: Setting) -> tuple[Array]:
    """Return x [batch, length, width] times the sigmoid of each token's logit [batch, length, 1]."""
    x, logits = inputs
    return (x * _sigmoid(logits),)


@computes("weigh_backward")
def weigh_backward(op: Op, inputs: Sequence[Array], setting: Setting) -> tuple[Array, Array]:
    """Return the gradients of x and of the logits."""
    gradient, x, logits = inputs
    share = _sigmoid(logits)
    return gradient * share, (gradient * x).sum(axis=-1, keepdims=True) * share * (1 - share)


def _sigmoid(x: Array) -> Array:
    small = np.exp(-np.abs(x))
    return np.asarray(np.where(x >= 0, 1, small) / (1 + small))


@computes("dispatch")
def dispatch(op: Op, inputs: Sequence[Array], setting: Setting) -> tuple[Array]:
    """Return a copy of each token for each of its experts: [batch, length, chosen, width]."""
    x, _ = inputs
    return (np.repeat(x[:, :, None], setting.dims["chosen"], axis=2),)


@computes("expert_linear")
def expert_linear(op: Op, inputs: Sequence[Array], setting: Setting) -> tuple[Array]:
    """Return x @ weight (+ bias) with the matrix of each copy's expert; weight is [experts, in, out]."""
    x, weight, gates, *bias = inputs
    expert = chosen_experts(gates, setting.dims["chosen"])
    y = np.empty((*x.shape[:-1], weight.shape[-1]), dtype=x.dtype)
    for number in range(len(weight)):
        own = expert == number
        y[own] = x[own] @ weight[number]
        if bias:
            y[own] += bias[0][number]
    return (y,)


@computes("combine")
def combine(op: Op, inputs: Sequence[Array], setting: Setting) -> tuple[Array]:
    """Return the sum over a token's copies, each times its expert's gate: [batch, length, width]."""
    y, gates = inputs
    gate = np.take_along_axis(gates, chosen_experts(gates, setting.dims["chosen"]), axis=-1)
    return ((y * gate[..., None]).sum(axis=2),)


@computes("route_backward")
def route_backward(op: Op, inputs: Sequence[Array], setting: Setting) -> tuple[Array]:
    """Return the gradient of the logits: that of a softmax, 0 where the gate is."""
    gradient, gates = inputs
    both = gradient * gates
    return (both - gates * both.sum(axis=-1, keepdims=True),)


@computes("dispatch_backward")
def dispatch_backward(op: Op, inputs: Sequence[Array], setting: Setting) -> tuple[Array]:
    """Return the sum over a token's copies."""
    return (inputs[0].sum(axis=2),)


@computes("expert_linear_grad_input")
def expert_linear_grad_input(op: Op, inputs: Sequence[Array], setting: Setting) -> tuple[Array]:
    """Return gradient @ weight^T with the matrix of each copy's expert."""
    gradient, weight, gates = inputs
    expert = chosen_experts(gates, setting.dims["chosen"])
    back = np.empty((*gradient.shape[:-1], weight.shape[1]), dtype=gradient.dtype)
    for number in range(len(weight)):
        own = expert == number
        back[own] = gradient[own] @ weight[number].T
    return (back,)


@computes("expert_linear_grad_weight")
def expert_linear_grad_weight(op: Op, inputs: Sequence[Array], setting: Setting) -> tuple[Array, ...]:
    """Return x^T @ gradient over each expert's copies, where the weight has places only, and its bias's gradient."""
    x, gradient, gates, *places = inputs
    expert = chosen_experts(gates, setting.dims["chosen"])
    results = tuple(np.empty(shape, dtype=x.dtype) for shape in setting.shapes)
    for number in range(len(results[0])):
        own = expert == number
        results[0][number] = x[own].T @ gradient[own]
        for bias in results[1:]:
            bias[number] = gradient[own].sum(axis=0)
    if places:
        results[0][...] *= places[0]
    return results


@computes("combine_backward")
def combine_backward(op: Op, inputs: Sequence[Array], setting: Setting) -> tuple[Array, Array]:
    """Return the gradients of the copies and of the gates, 0 where a token has no copy."""
    gradient, y, gates = inputs
    picked = chosen_experts(gates, setting.dims["chosen"])
    gate = np.take_along_axis(gates, picked, axis=-1)
    of_gates = np.zeros_like(gates)
    np.put_along_axis(of_gates, picked, (gradient[:, :, None] * y).sum(axis=-1), axis=-1)
    return gradient[:, :, None] * gate[..., None], of_gates


def chosen_experts(values: Array, chosen: int) -> Ids:
    """Return the numbers of the *chosen* largest values, lowest number first: [batch, length, chosen]."""
    return np.sort(np.argsort(-values, axis=-1, kind="stable")[..., :chosen], axis=-1)
