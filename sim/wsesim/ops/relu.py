"""ReLU: what is below zero becomes zero."""

from __future__ import annotations

from typing import Any

from wsesim.ops.base import Gap, Kind, Option, Recipe, gradient_of

_MAXIMUM = Recipe(1)


def relu(x: Any) -> Any:
    """Return max(x, 0)."""
    import numpy as np

    return np.maximum(x, 0)


def relu_backward(gradient: Any, x: Any) -> Any:
    """Return the gradient where x is above zero."""
    return gradient * (x > 0)


OPS = (
    Kind(
        name="relu",
        meaning="max(x, 0)",
        work=_MAXIMUM,
        resident=_MAXIMUM,
        numpy=relu,
        program=Gap("no core program: one vector instruction"),
        differentiable=(0,),
        option=Option("activation", "relu", hugging_face=("relu",)),
        # A mask by comparing with zero, and its product with the gradient.
        backward=(gradient_of("relu", Recipe(2), numpy=relu_backward),),
    ),
)
