"""Positions that a head looks at: the first, the last, or the masked ones."""

from wsesim.ops.base import NUMERICS, Gap, Kind, Recipe, gradient_of

OPS = (
    Kind(
        name="select",
        meaning="some positions of each sequence",
        work=Recipe(1),
        resident=Recipe(1),
        numpy=NUMERICS,
        program=Gap("no core program picks positions"),
        differentiable=(0,),
        needs=(1,),  # which positions count, where there is padding
        backward=(gradient_of("select", Recipe(1)),),
    ),
)
