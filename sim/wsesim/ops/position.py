"""Learned positions: a row of a table for each."""

from wsesim.ops.base import NUMERICS, Gap, Kind, Recipe, gradient_of

OPS = (
    Kind(
        name="position",
        meaning="add a learned row per position",
        work=Recipe(1),
        resident=Recipe(1),
        numpy=NUMERICS,
        program=Gap("no core program: `residual` adds what every token brings along, not one table for all"),
        differentiable=(0, 1),
        needs=(2,),  # which positions count, where there is padding
        backward=(gradient_of("position", Recipe(1)),),
    ),
)
