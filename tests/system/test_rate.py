"""The largest rate: a property of the service, and the laws it keeps."""

from __future__ import annotations

import math
from dataclasses import replace

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from tests.system.services import drawn, listed, same, shortened, times

from wsesim.system.abilities import GrowingTime, ServiceTimes
from wsesim.system.objective import Objective
from wsesim.system.rate import CLOSE, LargestRate, RateTried, best_rate, counted, full_rate, largest_rate, tried_at
from wsesim.system.requests import Requests
from wsesim.system.serving import serve

LOOSE = Objective(ttft_s=1e6, tpot_s=1e6, share=0.99)


@st.composite
def services(draw: st.DrawFn) -> ServiceTimes:
    latency_s, read_s = 10 ** draw(st.floats(-4, -2.7)), 10 ** draw(st.floats(-3, -1))
    interval_s = latency_s * 10 ** draw(st.floats(-3, 0))
    whole_s = (0.0, read_s, draw(st.floats(3, 6)) * read_s)
    part = draw(st.sampled_from([0.1, 0.5, 0.9, 1.0]))
    return times(
        prefill_s=whole_s, entering_s=tuple(part * each for each in whole_s),
        latency=GrowingTime(latency_s, 1e-4 * latency_s),
        interval=GrowingTime(interval_s, 1e-4 * interval_s), chunk=draw(st.sampled_from([64, 256, 4096])),
        slots=draw(st.integers(1, 40)), capacity_tokens=draw(st.sampled_from([4000, 20_000, 10**6])),
    )  # fmt: skip


def objective_near(service: ServiceTimes, requests: Requests, slack: float) -> Objective:
    """Return limits that hold one by one, with some *slack* for waits."""
    alone = serve(requests.at_rate(1e-3), service)
    ttft_s, tpot_s = (float(np.percentile(each, 99)) * slack for each in (alone.ttft_s, alone.tpot_s))
    return Objective(ttft_s=ttft_s, tpot_s=tpot_s, share=0.9)


CASES = (services(), st.integers(0, 10**6), st.floats(1.1, 5), st.sampled_from([0.5, 0.25, 0.125]))
"""Factors that leave every digit as it is: of others, rounding decides which of two events at one time comes first."""


@settings(max_examples=15, deadline=None)
@given(*CASES)
def test_shorter_times_never_lower_the_largest_rate(
    service: ServiceTimes, seed: int, slack: float, factor: float
) -> None:
    requests = drawn(120, 1.0, seed=seed)
    goal = objective_near(service, requests, slack)
    slow, fast = (largest_rate(requests, each, goal) for each in (service, shortened(service, factor)))
    assert fast.full_per_s == pytest.approx(slow.full_per_s / factor, rel=1e-6)
    assert fast.per_s >= slow.per_s / factor * (1 - 1e-6)


@settings(max_examples=40, deadline=None)
@given(*CASES, st.floats(0.1, 1.5))
def test_shorter_times_never_make_requests_wait_longer(
    service: ServiceTimes, seed: int, slack: float, factor: float, load: float
) -> None:
    requests = drawn(120, 1.0, seed=seed)
    goal, there = objective_near(service, requests, slack), requests.at_rate(load * full_rate(requests, service))
    slow, fast = (serve(there, each) for each in (service, shortened(service, factor)))
    assert fast.latency_s.mean() <= slow.latency_s.mean()
    assert goal.met_share(fast) >= goal.met_share(slow)


@settings(max_examples=30, deadline=None)
@given(services(), st.integers(0, 10**6), st.floats(0.1, 1.5), st.integers(1, 20))
def test_more_slots_never_delay_first_tokens(service: ServiceTimes, seed: int, load: float, more: int) -> None:
    """But for chance, as the order changes. Tokens after the first may come slower: more sequences share rounds."""
    requests, roomier = drawn(200, 1.0, seed=seed), replace(service, slots=service.slots + more)
    there = requests.at_rate(load * full_rate(requests, service))
    assert serve(there, roomier).ttft_s.mean() <= serve(there, service).ttft_s.mean() * 1.1
    assert full_rate(requests, roomier) >= full_rate(requests, service) * 0.9


@settings(max_examples=2, deadline=None)
@given(services(), st.integers(0, 10**6), st.floats(1.2, 6), st.integers(1, 40))
def test_more_slots_never_lower_the_best_rate(service: ServiceTimes, seed: int, slack: float, more: int) -> None:
    """But for chance: of 420 requests that count a few more or fewer are late."""
    requests, roomier = drawn(600, 1.0, seed=seed), replace(service, slots=service.slots + more)
    goal = objective_near(service, requests, slack)
    few, many = (best_rate(requests, each, goal)[0] for each in (service, roomier))
    assert many.per_s >= few.per_s * 0.93


def test_fewer_are_let_in_where_all_would_miss_the_limit_per_token() -> None:
    """A token a round of 0.6 ms; a prompt that enters beside it adds 10 ms to an answer of 200, 50 us each."""
    requests, goal = drawn(1000, 1.0), Objective(ttft_s=2.0, tpot_s=0.75e-3, share=0.9)
    best, most = best_rate(requests, times(slots=60, capacity_tokens=10**6), goal)
    assert most.slots == 60
    assert best.slots < 10
    assert best.per_s > 1.2 * most.per_s
    assert best.share >= 0.9
    alone = largest_rate(requests, times(slots=best.slots, capacity_tokens=10**6), goal)
    assert best == alone


@pytest.mark.parametrize("goal", [LOOSE, Objective(ttft_s=0.06, tpot_s=1e3, share=0.9), replace(LOOSE, tpot_s=1e-6)])
def test_all_are_let_in_where_the_limit_per_token_does_not_bind(goal: Objective) -> None:
    requests = drawn(500, 1.0)
    (found,) = best_rate(requests, times(), goal)
    assert found == largest_rate(requests, times(), goal)
    assert found.slots == 16


def test_the_largest_rate_holds_and_a_little_more_does_not() -> None:
    requests, goal = drawn(1000, 10.0), Objective(ttft_s=0.1, tpot_s=0.003, share=0.95)
    found = largest_rate(requests, times(), goal)
    assert tried_at(found.per_s, requests, times(), goal) == found.tried[found.per_s]
    assert found.share >= 0.95
    assert found.per_s < found.full_per_s
    assert tried_at(found.per_s * (1 + 2 * CLOSE), requests, times(), goal).share < 0.95
    assert list(found.tried) == sorted(found.tried)
    assert len(found.tried) < 15


def test_no_rate_holds_what_one_request_alone_does_not() -> None:
    found = largest_rate(drawn(50, 10.0), times(), Objective(ttft_s=1e-6, tpot_s=1, share=0.5))
    assert (found.per_s, found.error) == (0, 0)
    assert found.share < 0.5
    assert list(found.tried) == pytest.approx([1e-3 * found.full_per_s / 16]), "one by one, with 16 slots"
    nothing = largest_rate(drawn(50, 10.0), times(capacity_tokens=1), LOOSE)
    assert (nothing.per_s, nothing.full_per_s, nothing.share) == (0, 0, 0)


def test_a_share_that_is_just_reached_is_reached() -> None:
    requests = listed(*((float(number), 1 if number % 2 else 4000, 1) for number in range(100)))
    half, more = (Objective(ttft_s=0.04, tpot_s=1, share=share) for share in (0.5, 0.51))
    assert largest_rate(requests, times(), half).per_s > 0
    assert largest_rate(requests, times(), more).per_s == 0


def test_limits_that_always_hold_give_the_full_rate() -> None:
    """However few the requests: a burst that is over before the limits end is no rate that can be kept up."""
    rates = [largest_rate(same(count, 1.0, prompt=1000, output=1), times(), LOOSE) for count in (50, 400, 4000)]
    for found in rates:
        assert found.per_s == found.full_per_s == pytest.approx(1 / 0.01)


def test_the_largest_rate_is_steady_with_the_requests_it_is_judged_on() -> None:
    goal = Objective(ttft_s=1.0, tpot_s=0.01, share=0.9)
    rates = [largest_rate(drawn(count, 1.0), times(), goal).per_s for count in (400, 1000, 4000)]
    assert max(rates) / min(rates) < 1.05


@pytest.mark.parametrize("waits", [1, 4])
@pytest.mark.every(2)
def test_one_server_and_equal_requests_hold_what_queueing_theory_says(waits: int) -> None:
    """M/D/1 (Erlang 1909): the rate at which nine in ten wait at most so many services."""
    service_s = 0.01
    alone = times(prefill_tokens=(0, 100), prefill_s=(0.0, service_s), chunk=100, slots=1)
    goal = Objective(ttft_s=service_s * (1 + waits) * (1 + 1e-6), tpot_s=1.0, share=0.9)
    loads = [load for load in np.arange(0.01, 1, 0.001) if within(load, waits) >= 0.9]
    found = largest_rate(same(20_000, 1.0, prompt=100, output=1), alone, goal)
    assert found.per_s * service_s == pytest.approx(max(loads), rel=0.03)
    assert found.error < 0.02


def within(load: float, waits: int) -> float:
    """Return the share that waits at most *waits* services at a load, with Poisson arrivals and equal services."""
    return (1 - load) * math.fsum(
        (load * (k - waits)) ** k / math.factorial(k) * math.exp(-load * (k - waits)) for k in range(waits + 1)
    )


def test_what_counts_leaves_out_a_fifth_at_first_and_a_tenth_at_last() -> None:
    assert counted(100) == slice(20, 90)
    assert counted(1) == slice(0, 1)
    assert counted(9) == slice(1, 9)


def test_share_and_error_by_hand() -> None:
    """The prompts of the first half are short enough, the others are not."""
    arrival = np.arange(30, dtype=np.float64)
    prompt = np.where(np.arange(30) < 15, 1, 4000)
    requests = Requests(arrival, prompt, np.ones(30, np.int64))
    found = tried_at(requests.rate_per_s, requests, times(), Objective(ttft_s=0.04, tpot_s=1, share=0.9))
    judged = (prompt[counted(30)] == 1).astype(float)
    parts = [part.mean() for part in np.array_split(judged, 10)]
    assert found.share == pytest.approx(judged.mean())
    assert found.error == pytest.approx(np.std(parts, ddof=1) / math.sqrt(10))


def met(share: float, error: float) -> RateTried:
    return RateTried(share=share, error=error, waits={})


def test_how_sure_a_rate_is_by_hand() -> None:
    tried = {
        1.0: met(1.0, 0.0),
        2.0: met(0.95, 0.02),
        4.0: met(0.92, 0.02),
        5.0: met(0.88, 0.02),
        6.0: met(0.85, 0.02),
        8.0: met(0.8, 0.0),
    }
    found = LargestRate(per_s=4.0, goal=0.9, full_per_s=9.0, slots=1, chunk=1, tried=tried)
    assert found.between_per_s == (2.0, 6.0)
    assert (found.share, found.error) == (0.92, 0.02)
    shares = {1.0: met(0.75, 0.125), 2.0: met(0.25, 0.125)}
    edge = LargestRate(per_s=1.0, goal=0.5, full_per_s=9.0, slots=1, chunk=1, tried=shares)
    assert edge.between_per_s == (1.0, 9.0), "what is just as good as asked may hold"
    none = LargestRate(
        per_s=0.0, goal=0.9, full_per_s=9.0, slots=1, chunk=1, tried={1.0: met(0.5, 0.1), 2.0: met(0.4, 0.1)}
    )
    assert (none.share, none.error) == (0.5, 0.0)


def test_one_request_alone_has_its_own_rate() -> None:
    requests = listed((0.0, 1000, 1))
    assert full_rate(requests, times()) == pytest.approx(100)
    assert full_rate(listed((0.0, 1000, 1), (0.0, 4000, 1)), times()) == pytest.approx(1 / 0.05), "from end to end"
    assert full_rate(listed((0.0, 1000, 1), (0.0, 50_000, 1)), times()) == pytest.approx(200)


def test_refused_requests_arrive_too() -> None:
    """Every second request is too long to be held: twice as many arrive as leave."""
    requests = listed(*((float(number), 1000 if number % 2 else 50_000, 1) for number in range(100)))
    assert full_rate(requests, times()) == pytest.approx(200)


def test_a_chunk_is_taken_where_it_lets_more_through() -> None:
    service, requests = times(chunk=4000), drawn(400, 1.0)
    goal = Objective(ttft_s=1e6, tpot_s=1.5e-3, share=0.99)
    whole, both = best_rate(requests, service, goal), best_rate(requests, service, goal, chunks=(64,))
    assert both[0].chunk == 64
    assert both[0].per_s > whole[0].per_s
    assert any(found.chunk == 4000 and found.slots == both[0].slots for found in both[1:])
    assert [found.per_s for found in both] == sorted((found.per_s for found in both), reverse=True)


@settings(max_examples=15, deadline=None)
@given(services(), st.integers(0, 10**6), st.floats(1.1, 5))
def test_more_chunks_to_choose_from_never_lower_the_rate(service: ServiceTimes, seed: int, slack: float) -> None:
    requests = drawn(120, 1.0, seed=seed)
    goal = objective_near(service, requests, slack)
    one, two = (best_rate(requests, service, goal, chunks=chunks, fewer=False)[0] for chunks in ((), (16,)))
    assert two.per_s >= one.per_s
