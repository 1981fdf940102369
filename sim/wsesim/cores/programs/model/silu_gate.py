"""y = up * gate / (1 + exp(-gate)), element by element: the gated feed-forward layer of Llama.

  +----+----+     +----+----+     +----+----+
  |gate|gate|  ,  | up | up | --> | y  | y  |    tokens along y, features along x; nothing travels
  +----+----+     +----+----+     +----+----+

Each element takes one scalar exponential and one scalar divide.
"""

from __future__ import annotations

from collections.abc import Mapping

import numpy as np

from wsesim.cores.kit.base import Array
from wsesim.cores.programs.model import steps
from wsesim.cores.programs.model.feature import OTHER_BANK, FeatureLayout, FeatureSeat, feature_kernel

SPREAD = 3.0
"""Standard deviation of the gates tried out, so that both tails are met."""


def operands(layout: FeatureLayout, random: np.random.Generator) -> Mapping[str, Array]:
    """Return random gates and values."""
    return {"gate": layout.draw(random, spread=SPREAD), "up": layout.draw(random)}


def body(seat: FeatureSeat) -> None:
    """Write what one core does."""
    gate, up, y = seat.input("gate"), seat.input("up"), seat.result(OTHER_BANK)
    seat.role.fmuls(y, gate, seat.core.constant(-1.0))
    steps.sigmoid_times(seat.core, y, gate)
    seat.role.fmuls(y, y, up)
    seat.output(y)


def meaning(layout: FeatureLayout, gate: Array, up: Array) -> Array:
    """Return what passes."""
    return layout.stored(steps.sigmoid_times_of(-gate, gate) * up)


PROGRAM = feature_kernel(name="silu-gate", doc=__doc__, operands=operands, body=body, meaning=meaning)
