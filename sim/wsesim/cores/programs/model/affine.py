"""y = x * scale + bias, a factor and a term for each feature.

+----+----+     +----+----+
| x  | x  | --> | y  | y  |    tokens along y, features along x; nothing travels
+----+----+     +----+----+
"""

from __future__ import annotations

from wsesim.cores.programs.model import steps
from wsesim.cores.programs.model.feature import FeatureLayout, FeatureSeat, feature_kernel
from wsesim.cores.programs.model.layer_norm import operands


def body(seat: FeatureSeat) -> None:
    """Write what one core does."""
    x, y = seat.input("x"), seat.result()
    scale, bias = seat.per_feature("scale"), seat.per_feature("bias")
    seat.role.fmovs(y, x)
    steps.scale(seat, y, scale)
    steps.shift(seat, y, bias)
    seat.output(y)


PROGRAM = feature_kernel(
    name="affine", doc=__doc__, operands=operands, body=body,
    meaning=lambda layout, x, scale, bias: layout.stored(x * scale + bias),
    lay=dict.fromkeys(("scale", "bias"), FeatureLayout.lay_features),
)  # fmt: skip
