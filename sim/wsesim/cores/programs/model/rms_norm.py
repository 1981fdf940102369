"""y = x / sqrt(mean square + epsilon) * scale of every token, its features spread over a row of cores.

  features -->                    on a core: square, and sum its features of every token
+----+----+----+----+             row: allreduce of one sum a token; one root and one divide a token
| x  | x  | x  | x  |   tokens    on a core: times that, times scale
+----+----+----+----+
 ---> sum <----------
"""

from __future__ import annotations

from collections.abc import Mapping

import numpy as np

from wsesim.cores.kit.base import Array
from wsesim.cores.programs.model import steps
from wsesim.cores.programs.model.feature import FeatureLayout, FeatureSeat, feature_kernel, single


def operands(layout: FeatureLayout, random: np.random.Generator) -> Mapping[str, Array]:
    """Return random tokens and scales."""
    return {"x": layout.draw(random), "scale": single(random.standard_normal(layout.features))}


def body(seat: FeatureSeat) -> None:
    """Write what one core does."""
    x, y, scale = seat.input("x"), seat.result(), seat.per_feature("scale")
    steps.normalise(seat, y, x, seat.per_token("sums"), centred=False)
    steps.scale(seat, y, scale)
    seat.output(y)


def meaning(layout: FeatureLayout, x: Array, scale: Array) -> Array:
    """Return the norm."""
    return layout.stored(steps.normalised(x, layout, centred=False) * scale)


PROGRAM = feature_kernel(
    name="rms-norm", doc=__doc__, operands=operands, body=body, meaning=meaning,
    lay={"scale": FeatureLayout.lay_features},
)  # fmt: skip
