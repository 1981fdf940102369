"""Layer norm (Ba et al. 2016): two passes over a token, mean and variance, and an affine, a scale, or nothing more."""

from wsesim.ops.base import INNER, NUMERICS, CoreProgram, Gap, Kind, Option, Recipe, gradient_of

_ONE_FORM = Gap("no core program: `layer-norm` has a scale and a bias")

OPS = (
    Kind(
        name="layer_norm",
        meaning="(x - mean) / sqrt(var + eps) * scale + bias",
        work=Recipe(6, row_sums=2),
        # What is left of the first sum on the core, subtract the mean, square, what is left of the second sum, times
        # the root's reciprocal, weight, bias: the vector instructions of the core program `layer-norm`.
        resident=Recipe(7, row_sums=2, row_roots=1, row_divides=1),
        numpy=NUMERICS,
        program=CoreProgram("layer-norm"),
        differentiable=(0, 1, 2),
        needs=(0, 1),
        sums_along=INNER,
        option=Option("norm", "layer_norm"),
        weights=("scale", "bias"),
        backward=(gradient_of("layer_norm", Recipe(11, row_sums=2), program="layer-norm-gradient"),),
    ),
    Kind(
        name="layer_norm_scale",
        meaning="(x - mean) / sqrt(var + eps) * scale",
        work=Recipe(5, row_sums=2),
        resident=Recipe(6, row_sums=2, row_roots=1, row_divides=1),
        numpy=NUMERICS,
        program=_ONE_FORM,
        differentiable=(0, 1),
        sums_along=INNER,
        option=Option("norm", "layer_norm_scale"),
        weights=("scale",),
        backward=(gradient_of("layer_norm_scale", Recipe(10, row_sums=2)),),
    ),
    Kind(
        name="layer_norm_plain",
        meaning="(x - mean) / sqrt(var + eps)",
        work=Recipe(4, row_sums=2),
        resident=Recipe(5, row_sums=2, row_roots=1, row_divides=1),
        numpy=NUMERICS,
        program=_ONE_FORM,
        differentiable=(0,),
        sums_along=INNER,
        option=Option("norm", "layer_norm_plain"),
        backward=(gradient_of("layer_norm_plain", Recipe(8, row_sums=2)),),
    ),
)
