"""GELU (Hendrycks and Gimpel, arXiv 1606.08415) by the hyperbolic tangent."""

from __future__ import annotations

from math import pi, sqrt
from typing import Any

from wsesim.ops.base import CoreProgram, Kind, Option, Recipe, gradient_of

_FORMULA = Recipe(8, exps=1, divides=1)


def gelu_tanh(x: Any) -> Any:
    """Return 0.5 x (1 + tanh(sqrt(2 / pi) (x + 0.044715 x³)))."""
    import numpy as np

    return 0.5 * x * (1 + np.tanh(sqrt(2 / pi) * (x + 0.044715 * x * x * x)))


def gelu_tanh_backward(gradient: Any, x: Any) -> Any:
    """Return the gradient of x: with t the tanh of u, half of 1 + t + x (1 - t²) u'."""
    import numpy as np

    t = np.tanh(sqrt(2 / pi) * (x + 0.044715 * x * x * x))
    return 0.5 * gradient * (1 + t + x * (1 - t * t) * (sqrt(2 / pi) * (1 + 3 * 0.044715 * x * x)))


OPS = (
    Kind(
        name="gelu_tanh",
        meaning="x * Phi(x), tanh approximation",
        work=_FORMULA,
        resident=_FORMULA,
        numpy=gelu_tanh,
        program=CoreProgram("gelu", {"form": "tanh"}),
        differentiable=(0,),
        option=Option(
            "activation", "gelu_tanh", hugging_face=("gelu_new", "gelu_fast", "gelu_accurate", "gelu_pytorch_tanh")
        ),
        backward=(gradient_of("gelu_tanh", Recipe(12, exps=1, divides=1), numpy=gelu_tanh_backward),),
    ),
)
