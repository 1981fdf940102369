from __future__ import annotations

import math

import numpy as np
import pytest

from wsesim.system.requests import Arrivals, Requests, requests_of


def asked(**changes: object) -> Arrivals:
    values: dict[str, object] = {
        "rate_per_s": 50.0, "requests": 20_000, "seed": 7, "trace": None, "prompt": 500, "prompt_spread": 0.5,
        "output": 100, "output_spread": 1.0, "longest": 4096,
    }  # fmt: skip
    return Arrivals(**values | changes)  # type: ignore[arg-type]


def test_drawn_requests_have_the_rate_and_lengths_asked_for() -> None:
    requests = requests_of(asked())
    assert requests.rate_per_s == pytest.approx(50, rel=0.02)
    assert requests.prompt.mean() == pytest.approx(500, rel=0.02)
    assert requests.prompt.std() / requests.prompt.mean() == pytest.approx(0.5, rel=0.05)
    assert requests.output.mean() == pytest.approx(100, rel=0.03)
    assert (requests.prompt + requests.output).max() <= 4096
    assert min(requests.prompt.min(), requests.output.min()) >= 1


@pytest.mark.parametrize("longest", [2, 60, 100, 512, 4096])
def test_requests_of_mean_length_are_cut_as_those_that_are_drawn(longest: int) -> None:
    alike = asked(requests=3, prompt_spread=0.0, output_spread=0.0, longest=longest)
    requests = requests_of(alike)
    assert {alike.usual} == set(zip(requests.prompt.tolist(), requests.output.tolist(), strict=True))


def test_the_seed_decides() -> None:
    one, same, other = (requests_of(asked(requests=50, seed=seed)) for seed in (1, 1, 2))
    assert np.array_equal(one.arrival_s, same.arrival_s)
    assert not np.array_equal(one.arrival_s, other.arrival_s)


def test_equal_lengths_without_spread() -> None:
    requests = requests_of(asked(requests=9, prompt_spread=0.0, output_spread=0.0))
    assert set(requests.prompt) == {500}
    assert set(requests.output) == {100}


def test_at_another_rate_only_time_differs() -> None:
    requests = requests_of(asked(requests=100))
    slower = requests.at_rate(requests.rate_per_s / 3)
    np.testing.assert_allclose(np.diff(slower.arrival_s), 3 * np.diff(requests.arrival_s))
    assert np.array_equal(slower.prompt, requests.prompt)


def test_a_rate_is_gaps_over_their_time() -> None:
    requests = Requests(np.array([10.0, 11.0, 14.0]), np.array([1, 2, 3]), np.array([4, 5, 6]))
    assert requests.rate_per_s == 2 / 4
    assert requests.at_rate(0.25).arrival_s.tolist() == [10.0, 12.0, 18.0]
    assert math.isinf(Requests(np.zeros(2), np.ones(2, np.int64), np.ones(2, np.int64)).rate_per_s)
    assert math.isinf(Requests(np.ones(1), np.ones(1, np.int64), np.ones(1, np.int64)).rate_per_s)


def test_requests_over_and_over_keep_their_rate_and_order() -> None:
    requests = Requests(np.array([10.0, 11.0, 14.0]), np.array([1, 2, 3]), np.array([4, 5, 6]))
    again = requests.repeated(7)
    assert again.arrival_s.tolist() == [10, 11, 14, 16, 17, 20, 22]
    assert again.prompt.tolist() == [1, 2, 3, 1, 2, 3, 1]
    assert again.output.tolist() == [4, 5, 6, 4, 5, 6, 4]
    assert requests.repeated(2).arrival_s.tolist() == [10, 11]
    assert requests.repeated(6).rate_per_s == pytest.approx(requests.rate_per_s, rel=0.1)


def test_lengths_are_log_normal_with_their_mean_and_cut_to_the_longest() -> None:
    requests = requests_of(asked(prompt=1, prompt_spread=0.0, output=10, output_spread=0.0, longest=10))
    assert set(requests.output.tolist()) == {9}, "one position is left for the prompt"
    assert set(requests.prompt.tolist()) == {1}
    short = requests_of(asked(prompt=20, prompt_spread=0.0, output=3, output_spread=0.0, longest=10))
    assert set(short.prompt.tolist()) == {7}
    wide = requests_of(asked(output_spread=2.0, longest=10**6))
    logs = np.log(wide.output)
    assert logs.mean() == pytest.approx(math.log(100) - math.log(5) / 2, abs=0.05)
    assert logs.std() == pytest.approx(math.sqrt(math.log(5)), rel=0.03)
