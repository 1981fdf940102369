"""Queries and keys normed: by head, each with a scale that all heads share (Qwen3, arXiv 2505.09388) or, their mean
taken off before, with one of its own (Command R+, StableLM 2 12B); or all heads of a token together (OLMo 2, arXiv
2501.00656).

q q q q  k k  v v      features of a token along x; sums run along the columns of one head only
n n n n  n n  . .      columns that hold values wait for those that norm
"""

from wsesim.ops.base import NUMERICS, Gap, Kind, Recipe, gradient_of

OPS = (
    Kind(
        name="wide_norm",
        meaning="queries / sqrt(mean of squares of all of them + eps) * scale, and the same of keys",
        work=Recipe(4, row_sums=2),
        resident=Recipe(4, row_sums=1, row_roots=1, row_divides=1),  # queries and keys are parts, each with its sum
        numpy=NUMERICS,
        program=Gap("no core program: `rms-norm` sums along whole rows"),
        differentiable=(0, 1, 2),
        sums_along="attention",
        weights=("query_norm.scale", "key_norm.scale"),
        backward=(gradient_of("wide_norm", Recipe(8, row_sums=2), sums_along="attention"),),
    ),
    Kind(
        name="head_norm",
        meaning="query / sqrt(mean of squares of its head + eps) * scale, and the same of key",
        work=Recipe(4, row_sums=1),
        resident=Recipe(4, row_sums=1, row_roots=1, row_divides=1),  # those of rms_norm, a row being a head
        numpy=NUMERICS,
        program=Gap("no core program: `rms-norm` sums along whole rows"),
        differentiable=(0, 1, 2),
        sums_along="head",
        weights=("query_norm.scale", "key_norm.scale"),
        backward=(gradient_of("head_norm", Recipe(8, row_sums=1), sums_along="head"),),
    ),
    Kind(
        name="head_layer_norm",
        meaning="(query - mean) / sqrt(var of its head + eps) * scale of that head, and the same of key",
        work=Recipe(5, row_sums=2),
        resident=Recipe(6, row_sums=2, row_roots=1, row_divides=1),  # those of layer_norm_scale, a row being a head
        numpy=NUMERICS,
        program=Gap("no core program: `layer-norm` sums along whole rows"),
        differentiable=(0, 1, 2),
        sums_along="head",
        weights=("query_norms.scale", "key_norms.scale"),
        backward=(gradient_of("head_layer_norm", Recipe(10, row_sums=2), sums_along="head"),),
    ),
)
