"""Worked out piece by piece, a step ends when it ends if it is played: to the last bit where nothing is folded."""

from collections.abc import Callable

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from tests.system.test_laws import MACHINES, STAGES

from wsesim.mapping import Program
from wsesim.system import Played, Timed, play, time_step

MakeProgram = Callable[..., Program]
Draw = dict[str, float]


def _one_wafer(played: Played) -> dict[tuple[str, str], float]:
    return {key: seconds for key, seconds in played.seconds.items() if not key[0][-1].isdigit()}


@settings(max_examples=25, deadline=None)
@given(stages=STAGES, machine=MACHINES, compute_s=st.floats(0, 1e-2))
def test_it_is_the_played_step_to_the_last_bit(
    program_of: MakeProgram, stages: list[tuple[int, ...]], machine: Draw, compute_s: float
) -> None:
    program = program_of(*stages, (3, compute_s, 5000, 3000), **machine)
    played, timed = play(program, fold=False), time_step(program, fold=False)
    assert (timed.step_s, timed.first_s, timed.tail_s) == (played.step_s, played.first_s, played.tail_s)
    assert timed.seconds == _one_wafer(played)
    assert timed.moved == dict(played.moved)


@settings(max_examples=60, deadline=None)
@given(stages=STAGES, machine=MACHINES)
def test_folding_changes_nothing_but_rounding(
    program_of: MakeProgram, stages: list[tuple[int, ...]], machine: Draw
) -> None:
    program = program_of(*stages, **machine)
    folded, whole = time_step(program), time_step(program, fold=False)
    assert folded.step_s == pytest.approx(whole.step_s, rel=1e-9)
    assert folded.tail_s == pytest.approx(whole.tail_s, rel=1e-9, abs=1e-9 * whole.step_s)
    assert folded.moved == pytest.approx(whole.moved, rel=1e-12)
    for key in folded.seconds.keys() | whole.seconds.keys():
        expected = pytest.approx(whole.seconds.get(key, 0), rel=1e-9, abs=1e-9 * whole.step_s)
        assert folded.seconds.get(key, 0) == expected, key
    assert folded.pieces <= whole.pieces


@pytest.mark.parametrize("update", [1e18, 2e6, 1e4])
@pytest.mark.parametrize("stage", [(1000, 0.01, 1000, 500), (1000, 0.0, 1000, 0), (1000, 0.0001, 100, 1000)])
def test_the_cost_does_not_grow_with_layers_or_passes(
    program_of: MakeProgram, stage: tuple[int, ...], update: float
) -> None:
    def timed(layers: int, **passes: int) -> Timed:
        return time_step(program_of((layers, *stage[1:]), (1, 0.0001, 1000, 10), **passes, update=update))

    small, deep = (timed(layers, passes=20, smaller=20) for layers in (1000, 10**6))
    long = timed(1000, passes=10**9, smaller=10**9)
    assert max(small.pieces, deep.pieces, long.pieces) < 4000
    assert long.moved == pytest.approx({name: size * 5e7 for name, size in small.moved.items()})


def test_pieces_are_those_worked_out(program_of: MakeProgram) -> None:
    program = program_of((2, 0.1, 1000, 0), (1, 0.1, 0, 0), passes=3, shard_bytes=250)
    assert time_step(program, fold=False).pieces % (3 * (2 * 4 + 1)) == 0
