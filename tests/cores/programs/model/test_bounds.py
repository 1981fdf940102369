"""Errors of fp32 stay inside the bounds, whatever the values."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra.numpy import arrays

from wsesim.cores.programs.base import Array
from wsesim.cores.programs.model.bounds import Bounded

VALUES = st.floats(-8, 8, width=32)
SHAPE = (3, 5)


def transposed(values: Bounded) -> Bounded:
    return Bounded(values.value.T, values.error.T)


def exponential(values: Array) -> Array:
    """Return it rounded once; NumPy's own in fp32 is not."""
    return np.exp(values.astype(np.float64)).astype(np.float32)


ONE, TENTH = Bounded.exact(1.0), Bounded.constant(0.1)
FORMULAS: dict[str, tuple[Callable[[Bounded, Bounded], Bounded], Callable[[Array, Array], Array]]] = {
    "sum": (lambda a, b: a + b, lambda a, b: a + b),
    "difference": (lambda a, b: a - b * b, lambda a, b: a - b * b),
    "exponential": (lambda a, b: (a * b).exp(), lambda a, b: exponential(a * b)),
    "quotient": (lambda a, b: a / (b * b + ONE), lambda a, b: a / (b * b + np.float32(1))),
    "root": (lambda a, b: (a * a + ONE).sqrt(), lambda a, b: np.sqrt(a * a + np.float32(1))),
    "sums": (lambda a, b: (a * b).sum(-1), lambda a, b: (a * b).sum(-1, keepdims=True)),
    "greatest": (lambda a, b: (a * b).max(-1) - b, lambda a, b: (a * b).max(-1, keepdims=True) - b),
    "product": (lambda a, b: (a + b) @ transposed(b), lambda a, b: (a + b) @ b.T),
    "kept": (lambda a, b: (a - b).at_least(0.0) * TENTH, lambda a, b: np.maximum(a - b, 0) * np.float32(0.1)),
}


@pytest.mark.parametrize("formula", FORMULAS)
@given(a=arrays(np.float32, SHAPE, elements=VALUES), b=arrays(np.float32, SHAPE, elements=VALUES))
def test_fp32_stays_inside(formula: str, a: Array, b: Array) -> None:
    bounded, plain = FORMULAS[formula]
    found = bounded(Bounded.exact(a), Bounded.exact(b))
    assert (np.abs(plain(a, b).astype(np.float64) - found.value) <= found.error).all()


@given(a=arrays(np.float32, SHAPE, elements=VALUES))
def test_fp16_stays_inside(a: Array) -> None:
    stored = Bounded.exact(a).stored(half=True)
    assert (np.abs(a.astype(np.float16).astype(np.float64) - a) <= stored.error).all()
    assert Bounded.exact(a).stored(half=False).most == 0
