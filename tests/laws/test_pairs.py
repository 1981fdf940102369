"""What is better, freer or less is never slower: laws of any question, machine and software, in pairs of questions.

At night each is tried on twenty times as many.
"""

from __future__ import annotations

from hypothesis import given, settings
from tests.laws.pairs import Pair, better_cores, better_machines, freer, lighter, times_as_fast


@settings(max_examples=3)
@given(better_machines())
def test_a_better_machine_is_never_slower(pair: Pair) -> None:
    pair.check()


@settings(max_examples=5)
@given(better_cores())
def test_better_cores_are_never_slower(pair: Pair) -> None:
    pair.check()


@settings(max_examples=3)
@given(times_as_fast())
def test_twice_as_fast_in_all_is_twice_as_fast(pair: tuple[Pair, float]) -> None:
    pair[0].check_times(pair[1])


@settings(max_examples=5)
@given(freer())
def test_more_freedom_is_never_worse(pair: Pair) -> None:
    pair.check()


@settings(max_examples=3)
@given(lighter())
def test_more_work_is_never_faster(pair: Pair) -> None:
    pair.check()
