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
        backward=(gradient_of("gelu_tanh", Recipe(12, exps=1, divides=1)),),
    ),
)
