"""Attention whose keys and values are made of a latent vector: scores with a key that heads share beside their own.

With weight streaming keys and values of all heads are made, and run down the columns as usual. Where tokens are written
with resident weights the matrix that makes them is applied to what is multiplied with keys, and to the sum of latent
vectors, as often as there are tokens, and never to the cache (absorbed, as published programs decode).
"""

from wsesim.ops.base import INNER, NUMERICS, Gap, Kernel, Kind, Recipe, gradient_of

_PRODUCT = Kernel("attention_product")
_TWO_PRODUCTS = Kernel("attention_product_backward")
_NO_PROGRAM = Gap("no core program: `stream-gemm` has one operand that passes, where heads share a part of theirs")
_TURN = Recipe(3, launches=4)

OPS = (
    Kind(
        name="rotary_tail",
        meaning="turn pairs at the end of each head by their position",
        work=_TURN,
        resident=_TURN,
        numpy=NUMERICS,
        program=Gap("no core program: `rotary` turns all that it holds"),
        differentiable=(0,),
        needs=(1,),  # which positions count, where there is padding
        backward=(gradient_of("rotary_tail", _TURN),),
    ),
    Kind(
        name="latent_scores",
        meaning="query @ (key of the head, key that all share)^T / sqrt(head)",
        work=_PRODUCT,
        resident=Kernel("matvec"),
        numpy=NUMERICS,
        program=_NO_PROGRAM,
        matrix=True,
        differentiable=(0, 1, 2),
        sums_along="head",
        backward=(gradient_of("latent_scores", _TWO_PRODUCTS, meaning="gradient of query and keys", matrix=True),),
    ),
    Kind(
        name="latent_sum",
        meaning="probabilities @ value",
        work=_PRODUCT,
        resident=Kernel("matvec"),
        numpy=NUMERICS,
        program=_NO_PROGRAM,
        matrix=True,
        differentiable=(0, 1),
        sums_along=INNER,
        backward=(
            gradient_of("latent_sum", _TWO_PRODUCTS, meaning="gradient of probabilities and value", matrix=True),
        ),
    ),
)
