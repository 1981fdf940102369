"""Laws that hold for any program."""

from collections import defaultdict
from collections.abc import Callable
from dataclasses import replace
from itertools import pairwise

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from wsesim.mapping import Program
from wsesim.system import Played, play, time_step

MakeProgram = Callable[..., Program]
Draw = dict[str, float]
SECONDS = st.sampled_from([0.0, 1e-4, 1.1e-3, 7e-3])
BYTES = st.sampled_from([0, 0, 1, 999, 10_007, 60_000])
STAGES = st.lists(
    st.tuples(st.sampled_from([1, 2, 5, 9]), SECONDS, BYTES, BYTES).filter(lambda stage: any(stage[1:])),
    min_size=1,
    max_size=4,
)
"""Bound by compute, by weights, by gradients, or by none of them for long."""
MACHINES = st.fixed_dictionaries(
    {
        "passes": st.sampled_from([1, 2, 3, 8]),
        "smaller": st.sampled_from([0, 0, 1, 2, 7]),
        "systems": st.sampled_from([1, 1, 2, 3]),
        "buffer_bytes": st.sampled_from([1, 500, 20_000, 120_000]),  # smaller than a piece, and larger than many
        "token_bytes": st.sampled_from([8, 1000]),
        "stream": st.sampled_from([1e6, 3e6, 1e7]),
        "update": st.sampled_from([1e7, 1e8, 1e9]),
        "latency_s": st.sampled_from([0.0, 1e-5, 1e-3]),
        "hop_s": st.sampled_from([0.0, 1e-4]),
        "shard_bytes": st.sampled_from([3000, 7000, 10**6]),
        "host": st.sampled_from([1e5, 1e9]),
        "host_latency_s": st.sampled_from([0.0, 1e-4]),
        "step_s": st.sampled_from([0.0, 1e-3]),
        "update_waits": st.sampled_from([0, 0, 1]),
    }
)


def _compute_s(program: Program) -> float:
    return program.busy_s()["compute"]


def _streamed(program: Program) -> dict[str, int]:
    calls = [(stage, stage.repeat * group.count) for group in program.groups for stage in group.stages]
    return {
        "weights": sum(stage.weight_bytes * times for stage, times in calls),
        "gradients": sum(stage.gradient_bytes * times for stage, times in calls),
    }


def _wafer(played: Played) -> dict[str, float]:
    return {cause: seconds for (track, cause), seconds in played.seconds.items() if track == "wafer"}


@settings(max_examples=15, deadline=None)
@given(stages=STAGES, machine=MACHINES)
def test_folding_changes_no_figure(program_of: MakeProgram, stages: list[tuple[int, ...]], machine: Draw) -> None:
    program = program_of(*stages, **machine)
    folded, whole = play(program), play(program, fold=False)
    assert folded.step_s == pytest.approx(whole.step_s, rel=1e-9)
    assert folded.moved == pytest.approx(whole.moved, rel=1e-9)
    one_wafer = {key: seconds for key, seconds in whole.seconds.items() if not key[0][-1].isdigit()}
    for key in folded.seconds.keys() | one_wafer.keys():
        expected = pytest.approx(one_wafer.get(key, 0), rel=1e-9, abs=1e-9 * whole.step_s)
        assert folded.seconds.get(key, 0) == expected, key
    assert folded.events <= whole.events


@settings(max_examples=15, deadline=None)
@given(stages=STAGES, machine=MACHINES, fold=st.booleans())
def test_nothing_is_lost(program_of: MakeProgram, stages: list[tuple[int, ...]], machine: Draw, fold: bool) -> None:
    program = program_of(*stages, **machine)
    played = play(program, fold=fold)
    streamed = {name: size for name, size in _streamed(program).items() if size}
    assert played.moved == pytest.approx(streamed, rel=1e-9)
    assert sum(_wafer(played).values()) == pytest.approx(played.step_s, rel=1e-9)
    assert min(played.seconds.values(), default=0) >= 0
    assert _wafer(played).get("compute", 0) == pytest.approx(_compute_s(program), rel=1e-9)
    links = {"weights": "swarmx down", "gradients": "swarmx up"}
    for name, size in streamed.items():
        assert played.seconds[links[name], name] == pytest.approx(size / program.stream_bytes_per_s, rel=1e-9)


@settings(max_examples=15, deadline=None)
@given(stages=STAGES, machine=MACHINES, fold=st.booleans())
def test_a_track_does_one_thing_at_a_time(
    program_of: MakeProgram, stages: list[tuple[int, ...]], machine: Draw, fold: bool
) -> None:
    played = play(program_of(*stages, **machine), fold=fold)
    rounding = 1e-9 * played.step_s
    tracks = defaultdict(list)
    for interval in played.intervals:
        assert -rounding <= interval.start_s <= interval.end_s <= played.step_s + rounding
        tracks[interval.track].append(interval)
    for intervals in tracks.values():
        for before, after in pairwise(sorted(intervals, key=lambda interval: interval.start_s)):
            assert after.start_s >= before.end_s - rounding, (before, after)
    busy = sum(interval.end_s - interval.start_s for interval in tracks["wafer"])
    assert busy == pytest.approx(played.step_s, rel=1e-6)


@settings(max_examples=40, deadline=None)
@given(stages=STAGES, machine=MACHINES)
def test_no_step_is_shorter_than_any_part_of_the_machine_needs(
    program_of: MakeProgram, stages: list[tuple[int, ...]], machine: Draw
) -> None:
    program = program_of(*stages, **machine)
    busy, ended = program.busy_s(), time_step(program)
    streamed, host_s = _streamed(program), program.input_s(program.groups[0])
    assert busy["weights"] == pytest.approx(streamed["weights"] / program.stream_bytes_per_s)
    assert busy["gradients"] == pytest.approx(streamed["gradients"] / program.stream_bytes_per_s)
    stored = sum(seconds for (track, _), seconds in ended.seconds.items() if track == "memoryx")
    assert busy["update"] == pytest.approx(stored)
    assert busy["input"] == pytest.approx(ended.seconds.get(("host", "input"), 0))
    if not streamed["weights"]:
        del busy["update"]  # nothing that is updated is waited for
    assert ended.step_s >= max(busy["compute"] + machine["step_s"], *busy.values()) * (1 - 1e-9)
    assert ended.first_s >= (busy["compute"] + host_s + machine["step_s"]) * (1 - 1e-9)


FASTER = ("stream", "update", "host")


@settings(max_examples=40, deadline=None)
@given(stages=STAGES, machine=MACHINES, what=st.sampled_from(FASTER), times=st.floats(1, 10))
def test_nothing_faster_is_slower(
    program_of: MakeProgram, stages: list[tuple[int, ...]], machine: Draw, what: str, times: float
) -> None:
    before = time_step(program_of(*stages, **machine))
    after = time_step(program_of(*stages, **machine | {what: machine[what] * times}))
    assert after.step_s <= before.step_s * (1 + 1e-9)


@settings(max_examples=60, deadline=None)
@given(stages=STAGES, machine=MACHINES, times=st.floats(1, 10))
def test_more_room_and_less_latency_are_never_slower(
    program_of: MakeProgram, stages: list[tuple[int, ...]], machine: Draw, times: float
) -> None:
    program = program_of(*stages, **machine)
    before = time_step(program).step_s
    roomy = replace(program, buffer_bytes=round(program.buffer_bytes * times))
    assert time_step(roomy).step_s <= before * (1 + 1e-9)
    prompt = program_of(*stages, **machine | {"latency_s": 0.0, "hop_s": 0.0, "host_latency_s": 0.0})
    assert time_step(prompt).step_s <= before * (1 + 1e-9)


@settings(max_examples=8, deadline=None)
@given(stages=STAGES, machine=MACHINES)
def test_the_same_program_plays_the_same(program_of: MakeProgram, stages: list[tuple[int, ...]], machine: Draw) -> None:
    assert play(program_of(*stages, **machine)) == play(program_of(*stages, **machine))


@pytest.mark.parametrize("update", [1e18, 2e6, 1e4])
@pytest.mark.parametrize("stage", [(1000, 0.01, 1000, 500), (1000, 0.0, 1000, 0), (1000, 0.0001, 100, 1000)])
@pytest.mark.every(3)
def test_the_cost_does_not_grow_with_layers_or_passes(
    program_of: MakeProgram, stage: tuple[int, ...], update: float
) -> None:
    """Whatever sets the pace, the store that falls behind further and further among it."""
    end = (1, 0.0001, 1000, 10)
    small = play(program_of(stage, end, passes=20, update=update))
    deep = play(program_of((100_000, *stage[1:]), end, passes=20, update=update))
    long = play(program_of(stage, end, passes=1_000_000, update=update))
    assert deep.events <= small.events * 2  # a step more or less until they repeat
    assert long.events <= small.events * 2
    assert len(long.intervals) <= len(small.intervals) * 2
    assert long.moved == pytest.approx({name: size * 50_000 for name, size in small.moved.items()})
