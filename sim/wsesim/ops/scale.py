"""A factor and a bound on numbers: of what is embedded, of what a half gives, of scores and logits."""

from wsesim.ops.base import NUMERICS, Gap, Kernel, Kind, Recipe, gradient_of

_PROGRAM = Gap("no core program: one vector instruction")
_TANH = Recipe(5, exps=1, divides=1)
"""Over the bound, twice, one taken and one added around the quotient, times the bound."""
_BACK = Recipe(7, exps=1, divides=1)
_NO_TANH = Gap("no core program with a tanh alone")


OPS = (
    Kind(
        name="scale",
        meaning="x * factor",
        work=Recipe(1),
        resident=Recipe(1),
        numpy=NUMERICS,  # which reads the factor
        program=_PROGRAM,
        differentiable=(0,),
        needs=(),
        backward=(gradient_of("scale", Recipe(1)),),
    ),
    Kind(
        name="cap",
        meaning="cap * tanh(x / cap)",
        work=_TANH,
        resident=_TANH,
        numpy=NUMERICS,
        program=_NO_TANH,
        differentiable=(0,),
        needs=(),
        needs_output=True,
        backward=(gradient_of("cap", Recipe(3)),),  # 1 - (y / cap)², of the output, times the gradient
    ),
    Kind(
        name="cap_scores",
        meaning="cap * tanh(score / cap)",
        work=Kernel("over_scores", _TANH),
        resident=_TANH,
        numpy=NUMERICS,
        program=_NO_TANH,
        differentiable=(0,),
        # Scores are computed anew on the way back, and so is their tanh.
        backward=(gradient_of("cap_scores", Kernel("over_scores", _BACK)),),
    ),
    Kind(
        name="alibi",
        meaning="score - slope of the head * distance of query and key",
        work=Kernel("over_scores", Recipe(1)),
        resident=Recipe(1),
        numpy=NUMERICS,
        program=Gap("no core program: `softmax` has a mask alone"),
        differentiable=(0,),
        needs=(),
        passes_gradient=True,
    ),
)
