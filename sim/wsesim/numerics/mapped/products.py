"""Linear layers as mapped: weights in shards by input feature, sums round the row; their gradients down the columns."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from wsesim.graph import Op
from wsesim.numerics.arrays import Array, as_rows
from wsesim.numerics.experts import chosen_experts
from wsesim.numerics.functions import Setting
from wsesim.numerics.mapped.lines import Lines, as_mapped, macs, running


@as_mapped("linear")
def linear(lines: Lines, op: Op, inputs: Sequence[Array], setting: Setting) -> tuple[Array]:
    """Return x @ weight (+ bias)."""
    x, weight, *bias = inputs
    y = _by_rows(lines, x, weight.T if op.attrs.get("transposed") else weight)
    return (y + bias[0] if bias else y,)


@as_mapped("linear_grad_input")
def linear_grad_input(lines: Lines, op: Op, inputs: Sequence[Array], setting: Setting) -> tuple[Array]:
    """Return gradient @ weight^T."""
    gradient, weight = inputs
    return (_by_rows(lines, gradient, weight if op.attrs.get("transposed") else weight.T),)


@as_mapped("linear_grad_weight")
def linear_grad_weight(lines: Lines, op: Op, inputs: Sequence[Array], setting: Setting) -> tuple[Array, ...]:
    """Return x^T @ gradient, where the weight has places only, and the gradient of a bias, if there is one."""
    x, gradient, *places = inputs
    rows, back = as_rows(x), as_rows(gradient)
    of_weight = gradient_of_weight(lines, rows, back)
    if op.attrs.get("transposed"):
        of_weight = np.ascontiguousarray(of_weight.T)
    if places:
        of_weight = of_weight * places[0]
    return (of_weight, over_tokens(lines, back))[: len(op.outputs)]


def gradient_of_weight(lines: Lines, x: Array, back: Array) -> Array:
    """Return x^T @ back, each row of cores adding its tokens to what comes down."""
    return lines.column_sums(lambda own: macs(x[own].T, back[own]), lines.down(len(x)))


def over_tokens(lines: Lines, rows: Array) -> Array:
    """Return the sum of [tokens, ...] over the tokens."""
    return lines.column_sums(lambda own: running(rows[own]), lines.down(len(rows)))


def _by_rows(lines: Lines, x: Array, matrix: Array) -> Array:
    return lines.product(as_rows(x), matrix).reshape(*x.shape[:-1], matrix.shape[-1])


@as_mapped("expert_linear")
def expert_linear(lines: Lines, op: Op, inputs: Sequence[Array], setting: Setting) -> tuple[Array]:
    """Return x @ weight (+ bias) with the matrix of each copy's expert."""
    x, weight, gates, *bias = inputs
    y = _by_experts(lines, x, weight, gates, setting)
    if bias:
        y += bias[0][chosen_experts(gates, setting.dims["chosen"])]
    return (y,)


@as_mapped("expert_linear_grad_input")
def expert_linear_grad_input(lines: Lines, op: Op, inputs: Sequence[Array], setting: Setting) -> tuple[Array]:
    """Return gradient @ weight^T with the matrix of each copy's expert."""
    gradient, weight, gates = inputs
    return (_by_experts(lines, gradient, weight.transpose(0, 2, 1), gates, setting),)


def _by_experts(lines: Lines, x: Array, weight: Array, gates: Array, setting: Setting) -> Array:
    expert = chosen_experts(gates, setting.dims["chosen"])
    y = np.empty((*x.shape[:-1], weight.shape[-1]), dtype=x.dtype)
    for number in range(len(weight)):
        own = expert == number
        y[own] = lines.product(x[own], weight[number])
    return y


@as_mapped("expert_linear_grad_weight")
def expert_linear_grad_weight(lines: Lines, op: Op, inputs: Sequence[Array], setting: Setting) -> tuple[Array, ...]:
    """Return x^T @ gradient over each expert's copies, where the weight has places only, and its bias's gradient."""
    x, gradient, gates, *places = inputs
    expert = chosen_experts(gates, setting.dims["chosen"])
    results = tuple(np.zeros(shape, dtype=x.dtype) for shape in setting.shapes)
    for number in range(len(results[0])):
        own = expert == number
        if own.any():
            results[0][number] = gradient_of_weight(lines, x[own], gradient[own])
            for bias in results[1:]:
                bias[number] = over_tokens(lines, gradient[own])
    if places:
        results[0][...] *= places[0]
    return results
