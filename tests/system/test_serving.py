"""Laws of queues, and that rounds played together are rounds played one by one."""

from __future__ import annotations

import math
from dataclasses import replace

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from tests.system.services import drawn, listed, same, served_as_one_by_one, times

from wsesim.errors import SpecError
from wsesim.system import serving
from wsesim.system.abilities import GrowingTime
from wsesim.system.objective import percentiles
from wsesim.system.requests import Requests
from wsesim.system.served import Served
from wsesim.system.serving import serve


def mean_in_system(served: Served) -> float:
    """Return the time average of how many requests there are, counted event by event."""
    moments = np.concatenate([served.arrival_s, served.end_s])
    steps = np.concatenate([np.ones(len(served.arrival_s)), -np.ones(len(served.end_s))])
    order = np.argsort(moments, kind="stable")
    there = np.cumsum(steps[order])[:-1]
    return float((there * np.diff(moments[order])).sum() / (moments.max() - moments.min()))


@pytest.mark.parametrize("rate", [2.0, 15.0, 30.0])
def test_littles_law(rate: float) -> None:
    served = serve(drawn(2000, rate), times())
    arrivals_per_s = len(served.arrival_s) / (served.end_s.max() - served.arrival_s[0])
    assert mean_in_system(served) == pytest.approx(arrivals_per_s * served.latency_s.mean(), rel=1e-9)


@pytest.mark.parametrize("load", [0.2, 0.5, 0.8])
def test_one_slot_and_equal_requests_are_m_d_1(load: float) -> None:
    service_s = 0.5
    alone = times(prefill_tokens=(0, 100), prefill_s=(0.0, service_s), chunk=100, slots=1)
    served = serve(same(60_000, load / service_s, prompt=100, output=1), alone)
    waited_s = served.latency_s.mean() - service_s
    assert waited_s == pytest.approx(load * service_s / (2 * (1 - load)), rel=0.06)
    assert np.array_equal(served.ttft_s, served.latency_s)


def test_one_request_alone_takes_what_the_placement_says() -> None:
    served = serve(Requests(np.array([3.0]), np.array([1000]), np.array([101])), times())
    assert served.ttft_s[0] == pytest.approx(0.01)
    positions = 1000 + np.arange(100)
    assert served.tpot_s[0] == pytest.approx(np.mean(600e-6 + 3e-9 * positions))


@settings(max_examples=60, deadline=None)
@given(st.integers(0, 10**6), st.sampled_from([1.0, 20.0, 200.0]), st.integers(1, 24), st.integers(2000, 20_000),
       st.floats(1e-9, 1e-6), st.floats(1e-9, 1e-6), st.sampled_from([16, 100, 4096]))  # fmt: skip
def test_rounds_together_are_rounds_one_by_one(
    seed: int, rate: float, slots: int, capacity: int, through: float, entering: float, chunk: int
) -> None:
    requests = drawn(40, rate, seed=seed, prompt=300, output=40)
    service = times(
        slots=slots, capacity_tokens=capacity, latency=GrowingTime(1e-4, through), interval=GrowingTime(1e-5, entering),
        chunk=chunk,
    )  # fmt: skip
    served_as_one_by_one(requests, service)


@settings(max_examples=40, deadline=None)
@given(st.integers(0, 10**6), st.sampled_from([5.0, 50.0, 500.0]), st.integers(1, 12))
def test_slots_memory_and_order_are_kept(seed: int, rate: float, slots: int) -> None:
    requests = drawn(60, rate, seed=seed)
    service = times(slots=slots, capacity_tokens=4000)
    served = serve(requests, service)
    assert np.array_equal(served.held, requests.prompt + requests.output <= 4000)
    first = served.first_s[served.held]
    assert (np.diff(first) > 0).all(), "first come, first served"
    assert (served.ttft_s >= np.interp(requests.prompt, (0, 1000, 4000), (0, 0.01, 0.05))[served.held] * 0.999).all()
    sizes = (requests.prompt + requests.output)[served.held]
    for moment in first:
        there = (served.first_s[served.held] <= moment) & (served.end_s[served.held] > moment)
        assert there.sum() <= slots
        assert sizes[there].sum() <= 4000


def test_utilization_is_the_share_of_time_that_tokens_enter() -> None:
    served = serve(drawn(500, 10.0), times())
    entered = sum(taken for _, _, taken in served.busy)
    _, shares = served.utilization(50)
    assert shares.mean() * served.duration_s == pytest.approx(entered, rel=1e-6)
    assert (shares <= 1 + 1e-9).all()


def test_the_same_requests_give_the_same_times() -> None:
    one, two = (serve(drawn(300, 20.0), times()) for _ in range(2))
    assert np.array_equal(one.end_s, two.end_s)


def test_percentiles() -> None:
    found = percentiles(serve(drawn(200, 10.0), times()))
    assert list(found) == ["ttft_s", "tpot_s", "latency_s", "waited_s"]
    for values in found.values():
        assert values["p50"] <= values["p90"] <= values["p95"] <= values["p99"]
    assert percentiles(serve(drawn(20, 10.0), times(capacity_tokens=1))) == {}


def test_a_request_waits_for_its_tokens_to_reach_the_wafers() -> None:
    requests = same(3, 1e-3, prompt=500, output=10)
    near, far = (serve(requests, times(**waits)) for waits in ({}, {"input_latency_s": 0.5, "input_token_s": 1e-3}))
    assert far.ttft_s == pytest.approx(near.ttft_s + 1.0)
    assert far.tpot_s == pytest.approx(near.tpot_s)
    assert (far.arrival_s == near.arrival_s).all()


def test_hosts_pass_requests_on_in_order() -> None:
    requests = Requests(np.array([0.0, 0.1]), np.array([1000, 1]), np.array([1, 1]))
    served = serve(requests, times(input_token_s=1e-3))
    assert served.first_s[1] > served.first_s[0] >= 1.0


def test_rounds_where_entering_takes_over_from_the_way_through() -> None:
    """At first a token's way is longer, later the entering of both; one writes alone in the first and last round."""
    service = times(
        latency=GrowingTime(1e-3, 0.0), interval=GrowingTime(0.0, 1e-6), prefill_s=(0.0, 0.0, 0.0), slots=2,
        capacity_tokens=10**6,
    )  # fmt: skip
    served = serve(listed((0, 100, 1001), (0, 100, 1001)), service)
    entering = 1e-6 * np.array([100, *(201 + 2 * np.arange(999)), 1099])
    assert served.end_s[1] == pytest.approx(np.maximum(1e-3, entering).sum())
    assert served.entered_s == pytest.approx(entering.sum())


@pytest.mark.parametrize("after", [4, 5, 6, 7])
def test_rounds_up_to_just_before_entering_takes_over(after: int) -> None:
    """Five rounds, of which the way through is longer until the round *after*."""
    service = times(
        latency=GrowingTime(1.0, 0.0), interval=GrowingTime((9.5 - after) / 10, 0.1), prefill_s=(0.0, 0.0, 0.0), slots=1
    )
    served = serve(listed((0, 1, 6)), service)
    entering = (9.5 - after) / 10 + 0.1 * (1 + np.arange(5))
    assert served.end_s[0] == pytest.approx(np.maximum(1.0, entering).sum())


def test_few_guesses_find_the_round_in_which_something_happens(monkeypatch: pytest.MonkeyPatch) -> None:
    """Also where rounds take far longer at the end than at first, so that a line through both says little."""
    asked: list[int] = []
    pass_s = serving._Server._pass_s

    def counted(server: serving._Server, rounds: int) -> tuple[float, float]:
        asked.append(rounds)
        return pass_s(server, rounds)

    monkeypatch.setattr(serving._Server, "_pass_s", counted)
    service = times(
        latency=GrowingTime(1e-6, 0.0), interval=GrowingTime(0.0, 1e-6), prefill_s=(0.0, 0.0, 0.0), slots=2,
        capacity_tokens=10**6,
    )  # fmt: skip
    served = serve(listed((0, 1, 100_000), (1e-3, 1, 1)), service)
    assert served.begun_s[1] == pytest.approx(sum(1e-6 * np.arange(1, 46)), rel=0.1)
    assert len(asked) < 2 * math.log2(100_000) + 8


def test_a_round_takes_as_long_as_the_furthest_that_writes() -> None:
    """The first is far into its text, ends after two tokens, and is waited for no longer."""
    service = times(
        latency=GrowingTime(0.0, 1e-3),
        interval=GrowingTime(1e-9, 0.0),
        prefill_s=(0.0, 0.0, 0.0),
        capacity_tokens=10**6,
    )  # fmt: skip
    served = serve(listed((0, 1000, 3), (0, 10, 5)), service)
    assert served.end_s[0] == pytest.approx(1.000 + 1.001)
    assert served.end_s[1] == pytest.approx(1.000 + 1.001 + 0.011 + 0.012 + 0.013)


def test_who_comes_after_a_long_text_is_not_as_far() -> None:
    service = times(latency=GrowingTime(0.0, 1e-3), interval=GrowingTime(1e-9, 0.0), prefill_s=(0.0, 0.0, 0.0))
    served = serve(listed((0, 10, 500), (1000, 10, 3)), service)
    assert served.latency_s[1] == pytest.approx(0.010 + 0.011)


def test_a_line_sums_over_tokens_and_rounds() -> None:
    line = GrowingTime(2.0, 0.5)
    by_hand = math.fsum(2.0 + 0.5 * (start + turn) for turn in range(3) for start in (10, 20))
    assert line.sum_s(30, 3, 2) == pytest.approx(by_hand)
    assert line.sum_s(30, 3) == pytest.approx(math.fsum(2.0 + 0.5 * (30 + turn) for turn in range(3)))


def test_the_second_prompt_waits_for_the_first() -> None:
    """By hand: 1,000 tokens take 10 ms; then a token a round of 1 ms, or of 5 with a chunk of the second prompt."""
    service = times(latency=GrowingTime(1e-3, 0.0), interval=GrowingTime(1e-9, 0.0), chunk=500, capacity_tokens=10**6)
    served = serve(listed((1.0, 1000, 3), (1.005, 1000, 1)), service)
    assert served.begun_s == pytest.approx([1.0, 1.010])
    assert served.first_s == pytest.approx([1.010, 1.020])
    assert served.end_s == pytest.approx([1.020, 1.020])
    assert served.ttft_s == pytest.approx([0.010, 0.015])
    assert served.tpot_s == pytest.approx([0.005, 0.0])
    assert served.latency_s == pytest.approx([0.020, 0.015])
    assert served.duration_s == pytest.approx(0.020)
    assert served.rounds == 4
    assert served.entered_s == pytest.approx(0.020, rel=1e-5)


def test_a_prompt_is_read_evenly_while_others_write() -> None:
    """Rounds of a token, 1 s, and a chunk, 2 s: the first ends after two of them, not when the prompt is read."""
    service = times(
        latency=GrowingTime(1.0, 0.0), interval=GrowingTime(1e-9, 0.0), prefill_tokens=(0, 1000), prefill_s=(0.0, 20.0),
        chunk=100,
    )  # fmt: skip
    served = serve(listed((0, 100, 3), (0, 1000, 1)), service)
    assert served.end_s == pytest.approx([2 + 2 * 2, 2 + 2 * 2 + 8 * 2])


def test_a_chunk_more_is_read_for_what_is_left() -> None:
    served = serve(listed((0.0, 1001, 1)), times(chunk=500))
    assert served.rounds == 3


def test_room_is_kept_for_the_whole_answer_and_given_back() -> None:
    """Of 1,100 positions, 1,000 + 100 fill all: the second begins when the first ends; just one more is refused."""
    requests = listed((0, 1000, 100), (0, 1000, 100), (0, 1000, 101), (0, 1, 1))
    served = serve(requests, times(capacity_tokens=1100))
    assert served.held.tolist() == [True, True, False, True]
    assert served.begun_s[1] == served.end_s[0]
    assert served.begun_s[3] == served.end_s[1]


def test_one_slot_takes_one_after_the_other_and_two_take_two() -> None:
    requests = listed((0, 1000, 50), (0, 1000, 50))
    one, two = (serve(requests, times(slots=slots)) for slots in (1, 2))
    assert one.begun_s[1] == one.end_s[0]
    assert two.begun_s[1] == two.first_s[0]


def test_an_arrival_that_cannot_begin_cuts_nothing() -> None:
    """One slot: the second waits while the first writes, whose rounds are summed at once."""
    served = serve(listed((0, 100, 100), (0.03, 100, 100)), times(slots=1))
    assert len(served.busy) == 4


def test_utilization_of_a_pipeline_that_rests_between() -> None:
    """Prompts of 10 ms at 0 s and 0.03 s: full, empty, empty, full."""
    served = serve(listed((0, 1000, 1), (0.03, 1000, 1)), times(chunk=1000))
    moments, shares = served.utilization(4)
    assert moments == pytest.approx([0.005, 0.015, 0.025, 0.035])
    assert shares == pytest.approx([1, 0, 0, 1], abs=1e-9)


def test_moments_of_a_request_follow_one_another() -> None:
    served = serve(drawn(300, 40.0), times(input_latency_s=1e-4, input_token_s=1e-6))
    moments = np.stack([served.arrival_s, served.ready_s, served.begun_s, served.first_s, served.end_s])
    assert (np.diff(moments, axis=0) >= 0).all()
    assert served.ready_s[0] == pytest.approx(served.arrival_s[0] + 1e-4 + 1e-6 * drawn(1, 40.0).prompt[0], abs=1e-2)


@pytest.mark.parametrize("change", [{"chunk": 0}, {"slots": 0}, {"input_latency_s": -1.0}, {"input_token_s": -1.0}])
def test_a_service_without_room_or_with_negative_times_is_refused(change: dict[str, float]) -> None:
    with pytest.raises(SpecError):
        times(**change)


def test_urgent_prompts_enter_before_others() -> None:
    alike = drawn(400, 90.0)
    urgent = np.arange(400) % 4 == 0
    ranked = serve(replace(alike, priority=(~urgent).astype(np.int64)), times())
    plain = serve(alike, times())
    waits = ranked.begun_s - ranked.ready_s
    assert waits[urgent].mean() < 0.2 * waits[~urgent].mean()
    assert serve(replace(alike, priority=np.zeros(400, np.int64)), times()).end_s.tolist() == plain.end_s.tolist()
    assert ranked.entered_s == pytest.approx(plain.entered_s, rel=0.02)
