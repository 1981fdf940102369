"""GELU, element by element: by the error function, or by the hyperbolic tangent.

  +----+----+     +----+----+
  | x  | x  | --> | y  | y  |    tokens along y, features along x; nothing travels
  +----+----+     +----+----+

erf:   y = max(x, 0) - |x| / 2 * (a1 t + ... + a5 t^5) exp(-x^2 / 2),  t = 1 / (1 + p |x| / sqrt 2)
       which is x times the normal distribution, erf by formula 7.1.26 of Abramowitz and Stegun (within 1.5e-7)
tanh:  y = x / (1 + exp(-2 u)),  u = sqrt(2 / pi) (x + 0.044715 x^3)
       which is x / 2 * (1 + tanh u)

Each element takes one scalar exponential and one scalar divide; the rest are vector instructions.
"""

from __future__ import annotations

from collections.abc import Mapping
from math import pi, sqrt

import numpy as np

from wsesim.cores import isa
from wsesim.cores.kit import replay
from wsesim.cores.kit.base import Array, Options, choice_option
from wsesim.cores.kit.writer import KernelWriter
from wsesim.cores.operands import Mem
from wsesim.cores.programs.model import steps
from wsesim.cores.programs.model.feature import OTHER_BANK, FeatureLayout, FeatureSeat, feature_kernel

FORMS = ("erf", "tanh")
P = 0.3275911
COEFFICIENTS = (0.254829592, -0.284496736, 1.421413741, -1.453152027, 1.061405429)
"""Of Abramowitz and Stegun, Handbook of Mathematical Functions, 7.1.26."""
LINEAR, CUBIC = 2 * sqrt(2 / pi), 2 * sqrt(2 / pi) * 0.044715
"""Of 2 u. Hendrycks and Gimpel, arXiv 1606.08415."""
SPREAD = 1.5
"""Standard deviation of the values tried out: both tails are met, and of neither is so little left that rounding hides
a mistake in it."""


def operands(layout: FeatureLayout, random: np.random.Generator) -> Mapping[str, Array]:
    """Return random values."""
    return {"x": layout.draw(random, spread=SPREAD)}


def body(seat: FeatureSeat) -> None:
    """Write what one core does."""
    x, y = seat.input("x"), seat.result(OTHER_BANK)
    pass_through(seat, y, x, form_of(seat.layout.options))
    seat.output(y)


def form_of(options: Options, forms: tuple[str, ...] = FORMS) -> str:
    """Return which GELU it is; the first of *forms* is the default."""
    return choice_option(options, "form", forms)


def pass_through(seat: FeatureSeat, y: Mem, x: Mem, form: str) -> None:
    """y = GELU of x; *y* begins in another bank than *x*."""
    if form == "erf":
        by_erf(seat.core, y, x, *(seat.part(name, bank) for name, bank in (("|x|", 0), ("t", 2), ("exp", 0))))
    else:
        by_tanh(seat.core, y, x)


def by_erf(core: KernelWriter, y: Mem, x: Mem, size: Mem, t: Mem, grown: Mem) -> None:
    """y = GELU of x by the error function; *y* and *t* begin in another bank than the others."""
    role, constant = core.role, core.constant
    for value in COEFFICIENTS:
        constant(value)
    minus, half, one, root, zero = (constant(value) for value in (-1.0, -0.5, 1.0, P * sqrt(0.5), 0.0))
    role.fmuls(y, x, minus)
    role.fmaxs(size, x, y)
    role.fmuls(t, size, root)
    role.fadds(t, t, one)
    role.fmuls(y, size, half)
    role.fmuls(grown, size, y)
    divide_and_grow(core, t, grown)
    role.fmuls(y, y, grown)
    polynomial(core, grown, t)
    role.fmuls(y, y, grown)
    role.fmaxs(grown, x, zero)
    role.fadds(y, grown, y)


def divide_and_grow(core: KernelWriter, t: Mem, grown: Mem) -> None:
    """t = 1 / t, grown = e^grown."""
    role, one = core.role, core.constant(1.0)
    with core.scalars(1) as (value,):
        for turn in core.repeat(t.length):
            role.load(value, t.at(turn, 1), cost=0)
            role.scalar(isa.FDIV, value, one, value)
            role.store(t.at(turn, 1), value, cost=0)
            role.load(value, grown.at(turn, 1), cost=0)
            role.scalar(isa.FEXP, value, value)
            role.store(grown.at(turn, 1), value, cost=0)


def polynomial(core: KernelWriter, into: Mem, t: Mem) -> None:
    """into = a1 t + ... + a5 t^5; *into* begins in another bank than *t*."""
    role, coefficients = core.role, [core.constant(value) for value in COEFFICIENTS]
    role.fmuls(into, t, coefficients[-1])
    for coefficient in coefficients[-2::-1]:
        role.fadds(into, into, coefficient)
        role.fmuls(into, into, t)


def by_tanh(core: KernelWriter, y: Mem, x: Mem) -> None:
    """y = GELU of x by the hyperbolic tangent; *y* begins in another bank than *x*."""
    role = core.role
    linear, cubic = core.constant(-LINEAR), core.constant(-CUBIC)
    role.fmuls(y, x, x)
    role.fmuls(y, y, cubic)
    role.fadds(y, y, linear)
    role.fmuls(y, y, x)
    steps.sigmoid_times(core, y, x)


def passed(x: Array, form: str) -> Array:
    """Return GELU as the cores compute it."""
    single = np.float32
    if form == "tanh":
        return steps.sigmoid_times_of((x * x * single(-CUBIC) + single(-LINEAR)) * x, x)
    size = np.abs(x)
    half = size * single(-0.5)
    t = single(1) / (size * single(P * sqrt(0.5)) + single(1))
    return np.asarray(np.maximum(x, single(0)) + half * replay.exponential(size * half) * polynomial_of(t))


def polynomial_of(t: Array) -> Array:
    """Return a1 t + ... + a5 t^5 as `polynomial` has it."""
    sums = t * np.float32(COEFFICIENTS[-1])
    for coefficient in COEFFICIENTS[-2::-1]:
        sums = (sums + np.float32(coefficient)) * t
    return sums


PROGRAM = feature_kernel(
    name="gelu", doc=__doc__, operands=operands, body=body, options={"form": "erf or tanh [erf]"},
    meaning=lambda layout, x: layout.stored(passed(x, form_of(layout.options))),
)  # fmt: skip
