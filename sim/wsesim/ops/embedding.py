"""Rows of a table: of tokens, or of types of tokens."""

from wsesim.ops.base import NUMERICS, Gap, Kernel, Kind, Recipe, gradient_of

OPS = (
    Kind(
        name="embedding",
        meaning="rows of the token table",
        work=Recipe(1),
        resident=Kernel("handover"),  # a row crosses the rectangle to the layers that begin
        numpy=NUMERICS,
        program=Gap("the core program `embedding` keeps its table on the cores, where this one streams"),
        differentiable=(1,),
        needs=(0,),
        backward=(gradient_of("embedding", Recipe(1)),),
    ),
)
