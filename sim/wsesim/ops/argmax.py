"""The token that a model writes: the one with the largest score."""

from wsesim.ops.base import Gap, Kind, Recipe

_NOWHERE = "no graph has it: graphs end at the loss"

OPS = (
    Kind(
        name="argmax",
        meaning="the entry of the vocabulary with the largest score",
        work=Gap(_NOWHERE),
        resident=Recipe(1, row_sums=2),  # a comparison; the largest score and where it stands
        numpy=Gap(_NOWHERE),
        program=Gap("no core program finds where the largest value stands"),
    ),
)
