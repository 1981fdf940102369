"""y = exp(x - greatest) / sum of these, of every token, its values spread over a row of cores.

  values -->                      on a core: the greatest of its values of every token
+----+----+----+----+             row: allreduce of the greatest, subtract, one exponential a value
| x  | x  | x  | x  |   tokens    on a core: sum
+----+----+----+----+             row: allreduce of the sum, one divide a token
 ---> max <----------             on a core: times that
"""

from __future__ import annotations

from collections.abc import Mapping

import numpy as np

from wsesim.cores import isa
from wsesim.cores.kit import replay
from wsesim.cores.kit.base import Array, choice_option
from wsesim.cores.programs.model import steps
from wsesim.cores.programs.model.feature import OTHER_BANK, FeatureLayout, FeatureSeat, feature_kernel, single

MASKS = ("none", "causal")
SPREAD = 2.0
"""Standard deviation of the values tried out: some probabilities are small, none so small that sums do not see it."""


def operands(layout: FeatureLayout, random: np.random.Generator) -> Mapping[str, Array]:
    """Return random values."""
    return {"x": layout.draw(random, spread=SPREAD), **masks(layout)}


def masks(layout: FeatureLayout) -> Mapping[str, Array]:
    """Return the mask, if the option asks for one."""
    return {"mask": mask_of(layout.tokens, layout.features)} if _masked(layout) else {}


def mask_of(tokens: int, values: int) -> Array:
    """Return what is added to [token, value] so that the last token sees all values, and each before it one less."""
    seen = np.arange(values) <= np.arange(tokens)[:, None] + (values - tokens)
    return single(np.where(seen, 0.0, steps.LOWEST))


def _masked(layout: FeatureLayout) -> bool:
    return choice_option(layout.options, "mask", MASKS) == "causal"


def body(seat: FeatureSeat) -> None:
    """Write what one core does."""
    x, y, sums, features = seat.input("x"), seat.result(), seat.per_token("sums"), seat.features
    if _masked(seat.layout):
        seat.role.fadds(x, x, seat.part("mask", OTHER_BANK))
    steps.over_features(seat, isa.MAX, sums, x)
    seat.allreduce(sums, isa.MAX)
    seat.role.fsubs(y, x, steps.per_token(sums, features))
    steps.exponentials(seat.core, y)
    steps.over_features(seat, isa.ADD, sums, y)
    seat.allreduce(sums)
    steps.reciprocals(seat.core, sums)
    seat.role.fmuls(y, y, steps.per_token(sums, features))
    seat.output(y)


def meaning(layout: FeatureLayout, x: Array, mask: Array | None = None) -> Array:
    """Return the softmax."""
    if mask is not None:
        x = x + mask
    grown = replay.exponential(x - x.max(-1, keepdims=True))
    return layout.stored(grown * (np.float32(1) / steps.row_sums(grown, layout)))


PROGRAM = feature_kernel(
    name="softmax", doc=__doc__, operands=operands, body=body, meaning=meaning,
    shape_help="TOKENS x VALUES: tokens in all, values of each",
    options={"mask": "none, or causal: the last token sees all values, each before it one less [none]"},
)  # fmt: skip
