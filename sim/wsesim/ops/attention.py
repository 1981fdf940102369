"""Attention: scores, softmax and weighted sum."""

from wsesim.ops.base import INNER, NUMERICS, CoreProgram, Gap, Kernel, Kind, Recipe, gradient_of

_PRODUCT = Kernel("attention_product")
_TWO_PRODUCTS = Kernel("attention_product_backward")

OPS = (
    Kind(
        name="extend",
        meaning="keys and values of these tokens, behind those of the tokens before",
        work=Gap("graphs of training and evaluation have no cache"),
        resident=Gap("scores and values are counted with what is in the cache"),
        numpy=NUMERICS,
        program=Gap("no core program moves the cache"),
    ),
    Kind(
        name="scores",
        meaning="query @ key^T / sqrt(head)",
        work=_PRODUCT,
        resident=Kernel("matvec"),
        numpy=NUMERICS,
        program=CoreProgram("stream-gemm", {"precision": "fp32"}),  # keys pass like the weights of a layer
        matrix=True,
        differentiable=(0,),
        sums_along="head",
        backward=(gradient_of("scores", _TWO_PRODUCTS, meaning="gradient of query and key", matrix=True),),
    ),
    Kind(
        name="softmax",
        meaning="exp(x - max) / sum over keys",
        work=Kernel("softmax", Recipe(5, exps=1)),  # scale and mask, maximum, subtract, sum, normalise
        # Scale, maximum, subtract, sum on the core; what is summed with the values is divided at last, once a row.
        resident=Recipe(4, exps=1, row_sums=2, row_divides=1),
        numpy=NUMERICS,
        program=CoreProgram("softmax"),
        differentiable=(0,),
        needs=(),
        needs_output=True,
        # Multiply and sum along the keys, subtract, multiply.
        backward=(gradient_of("softmax", Kernel("softmax_backward", Recipe(4)), program="softmax-gradient"),),
    ),
    Kind(
        name="sink_softmax",
        meaning="exp(x - max) / (sum over keys + exp(sink of the head - max))",
        work=Kernel("softmax", Recipe(5, exps=1)),  # that of softmax; a term more a row is not counted
        resident=Recipe(4, exps=1, row_sums=2, row_divides=1),
        numpy=NUMERICS,
        program=Gap("no core program: `softmax` has no sink"),
        differentiable=(0, 1),
        needs=(),
        needs_output=True,
        # Multiply and sum along the keys, subtract, multiply; what is left of one is the sink's share.
        backward=(gradient_of("sink_softmax", Kernel("softmax_backward", Recipe(4))),),
    ),
    Kind(
        name="weighted_sum",
        meaning="probabilities @ value",
        work=_PRODUCT,
        resident=Kernel("matvec"),
        numpy=NUMERICS,
        program=Gap("no core program: `stream-gemm` sums along columns, where values pass each with a column's share"),
        matrix=True,
        differentiable=(0, 1),
        sums_along=INNER,
        backward=(
            gradient_of("weighted_sum", _TWO_PRODUCTS, meaning="gradient of probabilities and value", matrix=True),
        ),
    ),
)
