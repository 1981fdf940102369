"""Linear layers. A weight is [in, out]; with `transposed`, as a table that is shared, [out, in]."""

from __future__ import annotations

from collections.abc import Sequence

from wsesim.graph import Op
from wsesim.numerics.arrays import Array, as_rows
from wsesim.numerics.functions import Setting, computes


@computes("linear")
def linear(op: Op, inputs: Sequence[Array], setting: Setting) -> tuple[Array]:
    """Return x @ weight (+ bias)."""
    x, weight, *bias = inputs
    y = _by_rows(x, weight.T if op.attrs.get("transposed") else weight)
    if bias:
        y += bias[0]
    return (y,)


@computes("linear_grad_input")
def linear_grad_input(op: Op, inputs: Sequence[Array], setting: Setting) -> tuple[Array]:
    """Return gradient @ weight^T."""
    gradient, weight = inputs
    return (_by_rows(gradient, weight if op.attrs.get("transposed") else weight.T),)


@computes("linear_grad_weight")
def linear_grad_weight(op: Op, inputs: Sequence[Array], setting: Setting) -> tuple[Array, ...]:
    """Return x^T @ gradient, where the weight has places only, and the gradient of a bias, if there is one."""
    x, gradient, *places = inputs
    rows, back = as_rows(x), as_rows(gradient)
    of_weight = back.T @ rows if op.attrs.get("transposed") else rows.T @ back
    if places:
        of_weight *= places[0]
    return (of_weight, back.sum(axis=0))[: len(op.outputs)]


def _by_rows(x: Array, matrix: Array) -> Array:
    """Return x @ matrix, as one product; NumPy makes one of each sequence, which takes several times longer."""
    return (as_rows(x) @ matrix).reshape(*x.shape[:-1], matrix.shape[-1])
