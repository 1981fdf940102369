"""y = a + b, element by element.

+----+----+     +----+----+     +----+----+
| a  | a  |  +  | b  | b  |  =  | y  | y  |    tokens along y, features along x; nothing travels
+----+----+     +----+----+     +----+----+
"""

from __future__ import annotations

from collections.abc import Mapping

import numpy as np

from wsesim.cores.kit.base import Array
from wsesim.cores.programs.model.feature import OTHER_BANK, FeatureLayout, FeatureSeat, feature_kernel


def operands(layout: FeatureLayout, random: np.random.Generator) -> Mapping[str, Array]:
    """Return random terms."""
    return {"a": layout.draw(random), "b": layout.draw(random)}


def body(seat: FeatureSeat) -> None:
    """Write what one core does."""
    a, b, y = seat.input("a"), seat.input("b", OTHER_BANK), seat.result()
    seat.role.fadds(y, a, b)
    seat.output(y)


PROGRAM = feature_kernel(
    name="residual", doc=__doc__, operands=operands, body=body, meaning=lambda layout, a, b: layout.stored(a + b)
)
