"""Prompts that follow one another: each enters, and drains while others enter or write."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from tests.system.services import drawn, listed, same, served_as_one_by_one, times

from wsesim.errors import SpecError
from wsesim.system.abilities import GrowingTime, ServiceTimes
from wsesim.system.rate import full_rate
from wsesim.system.serving import serve


def piped(**changes: object) -> ServiceTimes:
    """Return a service whose prompts of 1,000 tokens enter for 6 ms and drain for 4; a token takes 1 ms."""
    values: dict[str, object] = {
        "prefill_tokens": (0, 1000, 2000), "prefill_s": (0.0, 0.010, 0.016), "entering_s": (0.0, 0.006, 0.012),
        "latency": GrowingTime(1e-3, 0.0), "interval": GrowingTime(1e-9, 0.0), "chunk": 4096, "capacity_tokens": 10**6,
    }  # fmt: skip
    return times(**values | changes)


def test_the_next_prompt_enters_while_the_first_drains() -> None:
    served = serve(listed((0, 1000, 1), (0, 1000, 1), (0.001, 1000, 1)), piped())
    assert served.begun_s == pytest.approx([0.0, 0.006, 0.012])
    assert served.first_s == pytest.approx([0.010, 0.016, 0.022])
    assert served.entered_s == pytest.approx(0.018)


@pytest.mark.parametrize("slots", [8, 40])
def test_a_full_queue_of_prompts_leaves_as_fast_as_they_enter(slots: int) -> None:
    assert full_rate(same(500, 1.0, prompt=1000, output=1), piped(slots=slots)) == pytest.approx(1 / 0.006)


@pytest.mark.parametrize("output", [5, 50])
def test_a_full_pipeline_is_always_entered(output: int) -> None:
    """With slots for many, each request takes the time that its prompt and its tokens enter for."""
    service = piped(interval=GrowingTime(80e-6, 0.0), slots=400)
    full = full_rate(same(2000, 1.0, prompt=1000, output=output), service)
    assert full == pytest.approx(1 / (0.006 + 80e-6 * (output - 1)), rel=0.02)


def test_one_that_drains_keeps_its_slot() -> None:
    served = serve(listed((0, 1000, 1), (0, 1000, 1)), piped(slots=1))
    assert served.begun_s == pytest.approx([0.0, 0.010])
    assert served.first_s == pytest.approx([0.010, 0.020])


def test_one_that_drains_keeps_its_positions() -> None:
    served = serve(listed((0, 1000, 1), (0, 1000, 1)), piped(capacity_tokens=1500))
    assert served.begun_s == pytest.approx([0.0, 0.010])


def test_a_short_prompt_comes_out_behind_a_long_one() -> None:
    """The second enters in 6 us, and would be out 10 us later; the first is out only 4 ms later."""
    served = serve(listed((0, 1000, 1), (0, 1, 1)), piped())
    assert served.begun_s[1] == pytest.approx(0.006)
    assert served.first_s == pytest.approx([0.010, 0.010])


def test_tokens_behind_a_prompt_wait_until_it_has_drained() -> None:
    """From 10 ms on the first writes; the second enters from 20 to 26 ms, and is out at 30 ms."""
    served = serve(listed((0, 1000, 101), (0.0195, 1000, 3)), piped())
    assert served.begun_s[1] == pytest.approx(0.020)
    assert served.first_s[1] == pytest.approx(0.020 + 0.010)
    assert served.end_s[1] == pytest.approx(0.032)
    assert served.end_s[0] == pytest.approx(0.010 + 0.100 + 0.005 + 0.003), "a token with it, a token behind it"


def test_a_prompt_that_arrives_while_another_drains_enters_at_once() -> None:
    """The second drains from 26 to 30 ms; a token of the first is behind it when the third arrives."""
    served = serve(listed((0, 1000, 101), (0.0195, 1000, 1), (0.0285, 1000, 1)), piped())
    assert served.begun_s[2] == pytest.approx(0.0285)
    assert served.first_s[1] == pytest.approx(0.030)
    assert served.first_s[2] == pytest.approx(0.0285 + 0.010)


def test_who_has_drained_writes_while_others_enter() -> None:
    """A prompt of 2,000 tokens enters in eight rounds; the first, which is out at 6.4 ms, takes part in all but one."""
    service = piped(chunk=250, latency=GrowingTime(1e-9, 0.0), prefill_s=(0.0, 0.0064, 0.0124))
    served = serve(listed((0, 1000, 100), (0, 2000, 1)), service)
    assert served.begun_s[1] == pytest.approx(0.006)
    assert served.first_s[0] == pytest.approx(0.0064)
    assert served.rounds == 4 + 8 + 99 - 7


def test_tokens_enter_no_more_often_than_chunks_drain() -> None:
    """A prompt that enters in 12 ms and drains in 4 lets tokens pass three times, however small its chunks are."""
    for chunk, parts in ((10, 3), (700, 3), (1000, 2), (4096, 1)):
        assert piped(chunk=chunk).chunks(np.array([2000])) == [parts]


def test_writers_fill_the_pipeline() -> None:
    """Each waits for its own token, or for those of all others."""
    for writers, round_s in ((4, 1e-3), (20, 20 * 80e-6)):
        service = piped(interval=GrowingTime(80e-6, 0.0), slots=writers, prefill_s=(0, 0, 0), entering_s=(0, 0, 0))
        served = serve(listed(*((0.0, 100, 2001) for _ in range(writers))), service)
        assert served.tpot_s == pytest.approx(np.full(writers, round_s), rel=0.01)


@settings(max_examples=30, deadline=None)
@given(st.integers(1, 2000), st.integers(1, 50), st.sampled_from([16, 100, 4096]))
def test_one_alone_takes_its_whole_way(prompt: int, output: int, chunk: int) -> None:
    service = piped(chunk=chunk, input_latency_s=0.5, input_token_s=1e-6)
    served = serve(listed((2.0, prompt, output)), service)
    assert served.ttft_s[0] == pytest.approx(0.5 + 1e-6 * prompt + np.interp(prompt, (0, 1000, 2000), (0, 0.01, 0.016)))
    assert served.tpot_s[0] == pytest.approx(1e-3 if output > 1 else 0)


@settings(max_examples=60, deadline=None)
@given(st.integers(0, 10**6), st.sampled_from([1.0, 20.0, 200.0]), st.integers(1, 24), st.floats(1e-9, 1e-6),
       st.floats(0, 1), st.sampled_from([16, 100, 4096]))  # fmt: skip
def test_rounds_together_are_rounds_one_by_one(
    seed: int, rate: float, slots: int, grows: float, part: float, chunk: int
) -> None:
    requests = drawn(40, rate, seed=seed, prompt=300, output=40)
    entering = tuple(part * each for each in (0.0, 0.01, 0.05))
    service = times(slots=slots, latency=GrowingTime(1e-4, grows), chunk=chunk, entering_s=entering)
    together = served_as_one_by_one(requests, service)
    assert (np.diff(together.first_s) >= 0).all(), "first come, first served"
    assert together.entered_s <= together.duration_s * (1 + 1e-9)


def test_what_has_been_read_has_entered() -> None:
    with pytest.raises(SpecError, match="entering_s"):
        piped(entering_s=(0.0, 0.011, 0.012))
