"""The error function for arrays, in the precision of its argument.

In float64 by W. J. Cody, "Rational Chebyshev Approximations for the Error Function", Mathematics of Computation 23
(1969), 107: the two intervals below 4. The second formula serves beyond 4 as well: 1 - erf is under 1.6e-8 there, so
eight digits of it are more than float64 holds of erf.

In float32, of which a step of training takes millions, as one formula for all numbers, so that nothing is sorted into
intervals: erf(x) = tanh(x * T(x²) / U(x²)). What the fraction is off is forgiven where tanh is flat.
"""

from __future__ import annotations

import numpy as np

from wsesim.numerics.arrays import Array

_NEAR = 0.46875
_FAR = 6.0
"""From here on erf is 1 in float64."""

# Highest power first. erf(x) = x * P(x²) / Q(x²) up to _NEAR.
_P = (1.85777706184603153e-1, 3.16112374387056560, 1.13864154151050156e2, 3.77485237685302021e2, 3.20937758913846947e3)
_Q = (1.0, 2.36012909523441209e1, 2.44024637934444173e2, 1.28261652607737228e3, 2.84423683343917062e3)
# erf(x) = 1 - exp(-x²) * R(x) / S(x) beyond.
_R = (
    2.15311535474403846e-8, 5.64188496988670089e-1, 8.88314979438837594, 6.61191906371416295e1,
    2.98635138197400131e2, 8.81952221241769090e2, 1.71204761263407058e3, 2.05107837782607147e3,
    1.23033935479799725e3,
)  # fmt: skip
_S = (
    1.0, 1.57449261107098347e1, 1.17693950891312499e2, 5.37181101862009858e2, 1.62138957456669019e3,
    3.29079923573345963e3, 4.36261909014324716e3, 3.43936767414372164e3, 1.23033935480374942e3,
)  # fmt: skip

# Fitted to artanh(erf(x)) / x up to 4.5, weighted by what erf is off (least squares, again and again weighted by what
# is left): 4e-9 at most.
_T = (6.703966808, 1.312507639e2, 8.611449206e2, 3.472745968e3)
_U = (1.0, 7.290906780e1, 4.828589904e2, 3.077640972e3)


def erf(x: Array) -> Array:
    """Return erf of every number of *x*, to a few units in the last place of its type."""
    return _in_float32(x) if x.dtype == np.float32 else _in_float64(x)


def _in_float32(x: Array) -> Array:
    inner = np.clip(x, -_FAR, _FAR)
    square = inner * inner
    inner *= _polynomial(_T, square)
    inner /= _polynomial(_U, square)
    np.tanh(inner, out=inner)
    return inner


def _in_float64(x: Array) -> Array:
    size = np.abs(x)
    near = size <= _NEAR
    result = np.empty_like(size)
    inner = x[near]
    square = inner * inner
    result[near] = inner * _polynomial(_P, square) / _polynomial(_Q, square)
    beyond = ~near
    outer = np.minimum(size[beyond], _FAR)
    tail = np.exp(-outer * outer) * _polynomial(_R, outer) / _polynomial(_S, outer)
    result[beyond] = np.copysign(1 - tail, x[beyond])
    return result


def _polynomial(coefficients: tuple[float, ...], x: Array) -> Array:
    total = np.full_like(x, coefficients[0])
    for coefficient in coefficients[1:]:
        total *= x
        total += coefficient
    return total
