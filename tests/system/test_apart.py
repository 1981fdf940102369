"""Prompts read by some wafers and answers written by others."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest

from wsesim.system import serve

from .services import drawn, listed, times

WRITERS = times(prefill_s=(0.0, 0.0, 0.0), readers=times(), move_latency_s=0.25, move_token_s=1e-3)


def test_a_request_alone_is_read_handed_over_and_written() -> None:
    requests = listed((2.0, 1000, 11), (100.0, 1000, 1))
    apart, whole = serve(requests, WRITERS), serve(requests, times())
    assert apart.ttft_s == pytest.approx(whole.ttft_s)
    assert apart.latency_s[0] == pytest.approx(whole.latency_s[0] + 0.25 + 1.0, abs=1e-4)
    assert apart.end_s[1] == apart.first_s[1], "one token is not handed over"
    assert len(apart.copies) == 2


def test_tokens_do_not_wait_for_prompts_of_others() -> None:
    requests = drawn(300, 60.0)
    apart = serve(requests, replace(WRITERS, move_latency_s=0.0, move_token_s=0.0))
    whole = serve(requests, times())
    assert np.percentile(apart.tpot_s, 90) < np.percentile(whole.tpot_s, 90)
    assert apart.held.all()
    assert (apart.end_s >= apart.first_s).all()


def test_what_writers_cannot_hold_is_not_read() -> None:
    served = serve(listed((0.0, 100, 10), (1.0, 3000, 10)), replace(WRITERS, capacity_tokens=200))
    assert served.held.tolist() == [True, False]
    assert np.isnan(served.first_s[1])
