from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from wsesim.cores.kit.durations import Turns, Work, beside, in_all, in_turns, residues

STEPS = st.lists(st.tuples(st.integers(0, 9), st.integers(0, 9)), max_size=4)
WORK = st.recursive(STEPS, lambda inner: st.lists(st.builds(Turns, st.integers(0, 5), inner), max_size=3), max_leaves=6)


def flat(work: Work) -> list[tuple[int, int]]:
    found: list[tuple[int, int]] = []
    for part in work:
        found += part.times * flat(part.work) if isinstance(part, Turns) else [part]
    return found


@given(WORK, st.integers(0, 400), st.integers(1, 4))
def test_a_loop_hinders_as_its_turns_do_one_by_one(work: Work, transfer: int, microthreads: int) -> None:
    steps = flat(work)
    assert beside(transfer, work, microthreads=microthreads) == beside(transfer, steps, microthreads=microthreads)
    assert in_all(work) == (sum(wanted for wanted, _ in steps), sum(unused for _, unused in steps))


@given(st.lists(st.tuples(st.integers(0, 9), st.integers(0, 9)), min_size=1, max_size=4), st.integers(0, 50))
def test_a_work_that_repeats_has_as_many_parts_as_asked(begin: list[tuple[int, int]], count: int) -> None:
    assert flat(in_turns(begin, count)) == [begin[at % len(begin)] for at in range(count)]


@given(st.integers(0, 60), st.integers(0, 99), st.integers(1, 16))
def test_rests_are_counted(count: int, step: int, modulus: int) -> None:
    rests = [number * step % modulus for number in range(count)]
    assert residues(count, step, modulus) == [rests.count(rest) for rest in range(modulus)]


def test_a_loop_of_any_length_is_counted_at_once() -> None:
    assert beside(10**15, [Turns(10**12, [(3, 1)]), (5, 0)], microthreads=2) == (
        6 * 10**12 + 10,
        10**15 - 7 * 10**12 - 10,
    )
