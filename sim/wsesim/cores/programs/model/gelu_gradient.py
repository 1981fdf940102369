"""What comes back through GELU by the error function, element by element: dx = dy * (P(x) + x * density(x)).

  +----+----+     +----+----+
  |x dy|x dy| --> | dx | dx |    tokens along y, features along x; nothing travels
  +----+----+     +----+----+

P is the normal distribution, by the same formula as in `gelu`: 1 / 2 + sign(x) (1 / 2 - tail / 2), where the tail is
(a1 t + ... + a5 t^5) exp(-x^2 / 2). The density is exp(-x^2 / 2) / sqrt(2 pi): the same exponential.
"""

from __future__ import annotations

from collections.abc import Mapping
from math import pi, sqrt

import numpy as np

from wsesim.cores.kit import replay
from wsesim.cores.kit.base import Array
from wsesim.cores.programs.model import gelu
from wsesim.cores.programs.model.feature import OTHER_BANK, FeatureLayout, FeatureSeat, feature_kernel

LARGE = 1e30
"""What makes a sign of every number whose sign matters: below 1e-30 the distribution is a half."""
DENSITY = 1 / sqrt(2 * pi)


def operands(layout: FeatureLayout, random: np.random.Generator) -> Mapping[str, Array]:
    """Return random values and gradients."""
    return {"x": layout.draw(random, spread=gelu.SPREAD), "gradient": layout.draw(random)}


def body(seat: FeatureSeat) -> None:
    """Write what one core does."""
    role, constant = seat.role, seat.core.constant
    x, gradient, y = seat.input("x"), seat.input("gradient", OTHER_BANK), seat.result()
    size, t, grown = (seat.part(name, bank) for name, bank in (("|x|", 0), ("t", 2), ("exp", 0)))
    minus, half, one, large = (constant(value) for value in (-1.0, 0.5, 1.0, LARGE))
    lowest, root, density = constant(-0.5), constant(gelu.P * sqrt(0.5)), constant(DENSITY)
    role.fmuls(t, x, minus)
    role.fmaxs(size, x, t)
    role.fmuls(t, size, root)
    role.fadds(t, t, one)
    role.fmuls(grown, size, lowest)
    role.fmuls(grown, grown, size)
    gelu.divide_and_grow(seat.core, t, grown)
    gelu.polynomial(seat.core, size, t)
    role.fmuls(size, size, grown)  # the tail
    role.fmuls(size, size, lowest)
    role.fadds(size, size, half)
    role.fmuls(t, x, large)  # the sign of x: at least -1 and at most 1
    role.fmaxs(t, t, minus)
    role.fmuls(t, t, minus)
    role.fmaxs(t, t, minus)
    role.fmuls(size, size, t)
    role.fsubs(y, half, size)
    role.fmuls(grown, grown, density)
    role.fmuls(grown, grown, x)
    role.fadds(y, y, grown)
    role.fmuls(y, y, gradient)
    seat.output(y)


def meaning(layout: FeatureLayout, x: Array, gradient: Array) -> Array:
    """Return the gradient of the values as the cores compute it."""
    single = np.float32
    size = np.abs(x)
    t = single(1) / (size * single(gelu.P * sqrt(0.5)) + single(1))
    grown = replay.exponential(size * single(-0.5) * size)
    inside = gelu.polynomial_of(t) * grown * single(-0.5) + single(0.5)
    with np.errstate(over="ignore"):
        sign = np.maximum(-np.maximum(x * single(LARGE), single(-1)), single(-1))
    found = single(0.5) - inside * sign + grown * single(DENSITY) * x
    return layout.stored(found * gradient)


PROGRAM = feature_kernel(name="gelu-gradient", doc=__doc__, operands=operands, body=body, meaning=meaning)
