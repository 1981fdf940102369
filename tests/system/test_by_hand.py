"""Three requests of which every moment is worked out by hand, and what is said of them."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from wsesim.questions.shared.service_details import requests_csv
from wsesim.system import Objective, gap_percentiles, percentiles, serve
from wsesim.system.abilities import GrowingTime

from .services import drawn, listed, served_as_one_by_one, times

SERVICE = times(
    prefill_tokens=(0, 1000), prefill_s=(0.0, 0.010), entering_s=(0.0, 0.010), latency=GrowingTime(1e-3, 0.0),
    interval=GrowingTime(1e-4, 0.0), chunk=1000,
)  # fmt: skip
"""A prompt enters for 10 us a token, all at once; a token is 1 ms on its way, or enters for 0.1 ms."""
REQUESTS = listed((0.0, 1000, 5), (0.004, 500, 3), (1.0, 1000, 1))
"""
ms      0        10             15.1       16.1    17.1    18.1
first   reads    1, waits for   2          3       4       5
second  waits 4  reads for 5    1          2       3
third                                                          reads from 1000 to 1010, has one token
"""


def test_three_requests_by_hand() -> None:
    served = served_as_one_by_one(REQUESTS, SERVICE)
    assert served.first_s == pytest.approx([0.0100, 0.0151, 1.010])
    assert served.end_s == pytest.approx([0.0181, 0.0171, 1.010])
    assert served.ttft_s == pytest.approx([0.0100, 0.0111, 0.010])
    assert served.tpot_s == pytest.approx([0.0081 / 4, 0.001, 0.0])
    assert served.latency_s == pytest.approx([0.0181, 0.0131, 0.010])
    assert served.waited_s == pytest.approx([0.0, 0.006, 0.0])
    found = percentiles(served)
    assert found["ttft_s"]["p50"] == pytest.approx(0.010)
    assert found["tpot_s"]["mean"] == pytest.approx((0.0081 / 4 + 0.001) / 2), "the third has none"
    gaps = gap_percentiles(served)
    assert gaps["mean"] == pytest.approx((0.0051 + 5 * 0.001) / 6)
    assert (gaps["p50"], gaps["p99"]) == pytest.approx((0.001, 0.0051))
    assert gap_percentiles(served, 0.5) == {}, "nobody writes a second token from then on"
    goal = Objective(ttft_s=0.0105, tpot_s=0.002, share=0.9)
    assert goal.met(served).tolist() == [False, False, True]
    assert goal.met_share(served) == pytest.approx(1 / 3)


def test_three_requests_have_a_line_each() -> None:
    goal = Objective(ttft_s=0.0105, tpot_s=0.002, share=0.9)
    _, *lines = requests_csv(REQUESTS, serve(REQUESTS, SERVICE), goal).decode().splitlines()
    assert lines == [
        "1,0.0,1000,5,0.0,0.0,0.01,0.0181,0.0,0.01,0.002025,0.0181,false,tokens slow,0",
        "2,0.004,500,3,0.004,0.01,0.0151,0.0171,0.006,0.0111,0.001,0.0131,false,first token late,0",
        "3,1.0,1000,1,1.0,1.0,1.01,1.01,0.0,0.01,0.0,0.01,true,,0",
    ]


@settings(max_examples=10, deadline=None)
@given(st.integers(0, 1000), st.sampled_from([5.0, 40.0]), st.booleans(), st.integers(1, 3))
def test_gaps_add_up_to_what_answers_take(seed: int, rate: float, apart: bool, copies: int) -> None:
    service = times(copies=copies)
    if apart:
        service = replace(service, prefill_s=(0.0,) * 3, entering_s=(0.0,) * 3, readers=times(), move_latency_s=0.05)
    served = serve(drawn(60, rate, seed=seed), service)
    gaps, counts = served.gaps()
    assert counts.sum() == (served.output - 1).sum()
    assert gaps @ counts == pytest.approx((served.end_s - served.first_s).sum())
    assert (gaps[counts > 0] > 0).all()
    assert np.all(counts >= 0)
