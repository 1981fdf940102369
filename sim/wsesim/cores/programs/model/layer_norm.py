"""y = (x - mean) / sqrt(variance + epsilon) * scale + bias of every token, its features spread over a row of cores.

  features -->                    on a core: sum its features of every token
+----+----+----+----+             row: allreduce of one sum a token, subtract the mean
| x  | x  | x  | x  |   tokens    on a core: square, sum
+----+----+----+----+             row: allreduce again, one root and one divide a token
 ---> sum <----------             on a core: times that, times scale, plus bias
"""

from __future__ import annotations

from collections.abc import Mapping

import numpy as np

from wsesim.cores.kit.base import Array
from wsesim.cores.programs.model import steps
from wsesim.cores.programs.model.feature import FeatureLayout, FeatureSeat, feature_kernel, single


def operands(layout: FeatureLayout, random: np.random.Generator) -> Mapping[str, Array]:
    """Return random tokens, scales and biases."""
    x = layout.draw(random)
    scale, bias = (single(random.standard_normal(layout.features)) for _ in range(2))
    return {"x": x, "scale": scale, "bias": bias}


def body(seat: FeatureSeat) -> None:
    """Write what one core does."""
    x, y = seat.input("x"), seat.result()
    scale, bias = seat.per_feature("scale"), seat.per_feature("bias")
    steps.normalise(seat, y, x, seat.per_token("sums"), centred=True)
    steps.scale(seat, y, scale)
    steps.shift(seat, y, bias)
    seat.output(y)


def meaning(layout: FeatureLayout, x: Array, scale: Array, bias: Array) -> Array:
    """Return the norm."""
    return layout.stored(normed(layout, x, scale, bias))


def normed(layout: FeatureLayout, x: Array, scale: Array, bias: Array) -> Array:
    """Return the norm of [token, feature] in fp32."""
    return np.asarray(steps.normalised(x, layout, centred=True) * scale + bias)


PROGRAM = feature_kernel(
    name="layer-norm", doc=__doc__, operands=operands, body=body, meaning=meaning,
    lay=dict.fromkeys(("scale", "bias"), FeatureLayout.lay_features),
)  # fmt: skip
