"""dx = p * (dp - sum of p * dp), what comes back through a softmax, its values spread over a row of cores.

  values -->                      on a core: multiply, sum its values of every token
+----+----+----+----+             row: allreduce of one sum a token
|p dp|p dp|p dp|p dp|   tokens    on a core: the product less p times the sum
+----+----+----+----+
 ---> sum <----------
"""

from __future__ import annotations

from collections.abc import Mapping

import numpy as np

from wsesim.cores import isa
from wsesim.cores.kit.base import Array
from wsesim.cores.programs.model import steps
from wsesim.cores.programs.model.feature import OTHER_BANK, FeatureLayout, FeatureSeat, feature_kernel


def operands(layout: FeatureLayout, random: np.random.Generator) -> Mapping[str, Array]:
    """Return random gradients, and what stands for probabilities."""
    return {"gradient": layout.draw(random), "p": layout.draw(random)}


def body(seat: FeatureSeat) -> None:
    """Write what one core does."""
    role, gradient, p, y = seat.role, seat.input("gradient"), seat.input("p", OTHER_BANK), seat.result()
    sums = seat.per_token("sums")
    role.fmuls(y, gradient, p)
    steps.over_features(seat, isa.ADD, sums, y)
    seat.allreduce(sums)
    role.fmuls(p, p, steps.per_token(sums, seat.features))
    role.fsubs(y, y, p)
    seat.output(y)


def meaning(layout: FeatureLayout, gradient: Array, p: Array) -> Array:
    """Return the gradient of the values."""
    both = gradient * p
    return layout.stored(both - p * steps.row_sums(both, layout))


PROGRAM = feature_kernel(
    name="softmax-gradient", doc=__doc__, operands=operands, body=body, meaning=meaning,
    shape_help="TOKENS x VALUES: tokens in all, values of each",
)  # fmt: skip
