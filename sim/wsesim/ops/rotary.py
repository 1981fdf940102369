"""Rotary positions (Su et al. 2021): pairs of a query or key turned by their position."""

from wsesim.ops.base import NUMERICS, CoreProgram, Kind, Recipe, gradient_of

_TURN = Recipe(3, launches=4)
"""Two products with cosines and sines, a sum; and a move, by which the halves of a pair change places."""

OPS = (
    Kind(
        name="rotary",
        meaning="turn query and key pairs by their position",
        work=_TURN,
        resident=_TURN,
        numpy=NUMERICS,
        program=CoreProgram("rotary", unit=2),
        differentiable=(0,),
        needs=(1,),  # which positions count, where there is padding
        backward=(gradient_of("rotary", _TURN),),
    ),
)
