"""The largest of many binomial counts, between whole numbers of weights, and what it comes to."""

from math import comb, isclose

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from wsesim.kernels.zeros import busiest

EACH, DENSITY, COLUMNS = st.floats(0, 40), st.floats(0.01, 1), st.integers(1, 2000)


@given(EACH, DENSITY, COLUMNS)
def test_it_lies_between_the_mean_and_all_and_grows_with_each(each: float, density: float, columns: int) -> None:
    found = busiest(each, density, columns)
    assert each * density <= found <= each
    assert busiest(each + 0.3, density, columns) >= found
    assert busiest(each, min(1, 1.1 * density), columns) >= found * (1 - 1e-12)
    assert busiest(each, density, columns + 7) >= found * (1 - 1e-12)


def test_hand_counted() -> None:
    both = [comb(2, k) * 0.5**2 for k in range(3)]
    below = np.cumsum(both)
    by_hand = sum(k * (below[k] ** 3 - (below[k - 1] ** 3 if k else 0)) for k in range(3))
    assert busiest(2, 0.5, 3) == pytest.approx(by_hand)
    assert busiest(2.5, 0.5, 3) == pytest.approx((by_hand + busiest(3, 0.5, 3)) / 2)
    assert isclose(busiest(7, 0.25, 1), 7 / 4)
    assert busiest(5.4, 1, 750) == 5.4


def test_it_is_the_largest_of_counts_that_are_drawn() -> None:
    drawn = np.random.default_rng(0).binomial(6, 0.25, (400, 750)).max(axis=1).mean()
    assert busiest(6, 0.25, 750) == pytest.approx(drawn, rel=0.02)
