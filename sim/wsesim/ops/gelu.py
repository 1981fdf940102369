"""GELU (Hendrycks and Gimpel, arXiv 1606.08415) by the error function."""

from wsesim.ops.base import NUMERICS, CoreProgram, Kind, Option, Recipe, gradient_of

_FORMULA = Recipe(9, exps=1, divides=1)
"""x times a polynomial in erf's approximation (Abramowitz and Stegun 7.1.26)."""

OPS = (
    Kind(
        name="gelu",
        meaning="x * Phi(x), exact error function",
        work=_FORMULA,
        resident=_FORMULA,
        numpy=NUMERICS,  # which has erf
        program=CoreProgram("gelu", {"form": "erf"}),
        differentiable=(0,),
        option=Option("activation", "gelu", hugging_face=("gelu", "gelu_python")),
        backward=(gradient_of("gelu", Recipe(13, exps=1, divides=1), program="gelu-gradient"),),
    ),
)
