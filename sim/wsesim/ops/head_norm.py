"""Queries and keys normed by head, each with a scale that all heads share (Qwen3, arXiv 2505.09388).

q q q q  k k  v v      features of a token along x; sums run along the columns of one head only
n n n n  n n  . .      columns that hold values wait for those that norm
"""

from wsesim.ops.base import NUMERICS, Gap, Kind, Recipe, gradient_of

OPS = (
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
)
