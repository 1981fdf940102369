"""The hyperbolic tangent, of a pooled token."""

from __future__ import annotations

from typing import Any

from wsesim.ops.base import Gap, Kind, Recipe, gradient_of

_FORMULA = Recipe(3, exps=1, divides=1)


def tanh(x: Any) -> Any:
    """Return the hyperbolic tangent of *x*."""
    import numpy as np

    return np.tanh(x)


def tanh_backward(gradient: Any, y: Any) -> Any:
    """Return gradient * (1 - y²), y being the tangent."""
    return gradient * (1 - y * y)


OPS = (
    Kind(
        name="tanh",
        meaning="hyperbolic tangent",
        work=_FORMULA,
        resident=_FORMULA,
        numpy=tanh,
        program=Gap("no core program does it alone: it is a part of `gelu`"),
        differentiable=(0,),
        needs=(),
        needs_output=True,
        backward=(gradient_of("tanh", Recipe(3), numpy=tanh_backward),),
    ),
)
