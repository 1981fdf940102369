"""Copies that share requests: each serves every so many-th, as it would alone."""

from dataclasses import replace

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from tests.system.services import drawn, times

from wsesim.errors import SpecError
from wsesim.system import Objective, largest_rate, serve

TIMES = times()
LIMITS = Objective(ttft_s=1.0, tpot_s=0.05, share=0.99)


@settings(deadline=None, max_examples=20)
@given(st.integers(2, 5), st.integers(1, 60))
def test_each_copy_serves_its_turn_as_it_would_alone(copies: int, count: int) -> None:
    requests = drawn(count, rate=20.0)
    found = serve(requests, replace(TIMES, copies=copies))
    for turn, share in enumerate(requests.in_turn(copies)):
        if len(share):
            alone = serve(share, TIMES)
            np.testing.assert_array_equal(found.end_s[turn::copies], alone.end_s)
            np.testing.assert_array_equal(found.first_s[turn::copies], alone.first_s)
    np.testing.assert_array_equal(found.arrival_s, requests.arrival_s)
    assert found.entered_s == pytest.approx(sum(copy.entered_s for copy in found.copies) / len(found.copies))
    _, shares = found.utilization(20)
    assert float(shares.mean()) * found.duration_s == pytest.approx(found.entered_s, rel=1e-6)


def test_four_copies_serve_at_least_four_times_as_much() -> None:
    requests = drawn(2000, rate=20.0)
    one, four = (largest_rate(requests, replace(TIMES, copies=copies), LIMITS).per_s for copies in (1, 4))
    assert four >= 3.96 * one > 0  # rates are known to 1 %


def test_no_copy_serves_nothing() -> None:
    with pytest.raises(SpecError, match="copies must be positive"):
        replace(TIMES, copies=0)
