"""Root mean square norm (Zhang and Sennrich 2019): one pass over a token, and a scale."""

from wsesim.ops.base import INNER, NUMERICS, CoreProgram, Kind, Option, Recipe, gradient_of

OPS = (
    Kind(
        name="rms_norm",
        meaning="x / sqrt(mean of squares + eps) * scale",
        work=Recipe(4, row_sums=1),
        # Square, what is left of the sum on the core, times the root's reciprocal, weight.
        resident=Recipe(4, row_sums=1, row_roots=1, row_divides=1),
        numpy=NUMERICS,
        program=CoreProgram("rms-norm"),
        differentiable=(0, 1),
        sums_along=INNER,
        option=Option("norm", "rms_norm"),
        weights=("scale",),
        backward=(gradient_of("rms_norm", Recipe(8, row_sums=1)),),
    ),
)
