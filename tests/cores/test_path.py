"""The critical path: segments follow each other without a gap, and name what made the run as long as it was."""

from __future__ import annotations

from collections.abc import Callable

import pytest
from hypothesis import given, settings
from tests.cores.test_order import Traffic, load, traffic

from wsesim.cores import machine as machine_module
from wsesim.cores.builder import Builder
from wsesim.cores.machine import CoreMachine, CoreRun
from wsesim.cores.path import BANKS, COMPUTE, LAUNCH, QUEUE, UNKNOWN, WAY, CriticalPath, PathSegment
from wsesim.hardware import Wafer

Make = Callable[..., Builder]


def ties(run: CoreRun) -> CriticalPath:
    """Return the path of a run, which accounts for all its cycles."""
    path = run.path
    assert path is not None
    assert path.cycles == run.cycles == sum(path.causes.values())
    assert UNKNOWN not in path.causes
    ends = [0, *(segment.end for segment in path.segments)]
    assert ends == [*(segment.start for segment in path.segments), run.cycles]
    assert all(sum(segment.causes.values()) == segment.cycles > 0 for segment in path.segments)
    for before, after in zip(path.segments, path.segments[1:], strict=False):
        assert before.core == after.origin
    return path


@settings(max_examples=60, deadline=None)
@given(traffic())
def test_paths_of_random_programs_have_no_gap(case: Traffic) -> None:
    ties(load(case).run(path=True))


@settings(max_examples=20, deadline=None)
@given(traffic())
def test_a_path_changes_nothing(case: Traffic) -> None:
    with_path, without = load(case).run(path=True), load(case).run()
    assert (with_path.cycles, with_path.events) == (without.cycles, without.events)
    assert without.path is None


def test_a_wavelet_leads_from_the_core_that_sends_late(make: Make) -> None:
    run = CoreMachine(late_sender(make)).run(path=True)
    waits, sends, flies, receives = ties(run).segments
    assert (waits.what, waits.core, dict(waits.causes)) == ("scalar code", (0, 0), {LAUNCH: 30})
    assert (sends.what, sends.color, dict(sends.causes)) == ("mov", "data", {COMPUTE: 1})
    assert (flies.origin, flies.core, flies.hops) == ((0, 0), (2, 0), 2)
    assert dict(flies.causes) == {WAY: 6}
    assert (receives.core, dict(receives.causes)) == ((2, 0), {COMPUTE: 8})
    assert receives.place.startswith("test_path.py, line ")


def late_sender(make: Make) -> Builder:
    program = make(3)
    data = program.color("data")
    first, middle, last = (program.role(name) for name in ("first", "middle", "last"))
    first.route(data, "RAMP", "EAST")
    middle.route(data, "WEST", "EAST")
    last.route(data, "WEST", "RAMP")
    with first.task("main", start=True):
        first.wait(30)
        first.fmovs(first.fabout(data, 8), first.memory("x", 8))
    with last.task("main", start=True):
        last.fmovs(last.memory("y", 8), last.fabin(data, 8))
    for column, role in enumerate((first, middle, last)):
        program.place(role, [column], [0])
    return program


def test_who_reads_late_makes_the_path(make: Make) -> None:
    """The sender is held up by a full queue, so that what it does afterwards waits for the reader."""
    program = make(2)
    data = program.color("data")
    first, last = program.role("first"), program.role("last")
    first.route(data, "RAMP", "EAST")
    last.route(data, "WEST", "RAMP")
    with first.task("main", start=True):
        first.fmovs(first.fabout(data, 100), first.memory("x", 100))
        first.wait(500)
    with last.task("main", start=True):
        last.wait(300)
        last.fmovs(last.memory("y", 100), last.fabin(data, 100))
    program.place(first, [0], [0])
    program.place(last, [1], [0])
    path = ties(CoreMachine(program).run(path=True))
    assert path.segments[0].core == (1, 0)
    assert path.segments[-1].core == (0, 0)
    assert path.causes[LAUNCH] == 800
    assert path.causes[QUEUE] > 0


def test_reads_that_meet_are_told_from_elements(make: Make, wse2: Wafer) -> None:
    program = make(1, wafer=wse2)
    role = program.role("core")
    a, b = role.memory("a", 16, bank=0), role.memory("b", 16, bank=0)
    with role.task("main", start=True):
        role.fadds(a, a, b)
    program.place(role, [0], [0])
    run = CoreMachine(program).run(path=True)
    assert ties(run).causes == {
        COMPUTE: run.spent[COMPUTE][0, 0], BANKS: run.spent[BANKS][0, 0], LAUNCH: 0, WAY: 0, QUEUE: 0,
    }  # fmt: skip


def test_instructions_that_take_turns_are_one_segment(make: Make) -> None:
    """Two cores send each other vectors: each sends and receives, an element of one after an element of the other."""
    program = make(2)
    east, west = program.color("east"), program.color("west")
    for column, (sent, got, port) in enumerate(((east, west, "EAST"), (west, east, "WEST"))):
        role = program.role(f"core {column}")
        role.route(sent, "RAMP", port)
        role.route(got, port, "RAMP")
        with role.task("main", start=True):
            role.fmovs(role.fabout(sent, 50), role.memory("x", 50), thread=1)
            role.fmovs(role.memory("y", 50), role.fabin(got, 50), thread=2)
        program.place(role, [column], [0])
    path = ties(CoreMachine(program).run(path=True))
    assert len(path.segments) < 10
    assert any(segment.what == "mov in turns" and segment.cycles > 80 for segment in path.segments)


def test_segments_put_together_tie_as_well(make: Make) -> None:
    path = ties(CoreMachine(late_sender(make)).run(path=True))
    few = path.shortened(2)
    assert [(each.start, each.end) for each in few] == [(0, 31), (31, 45)]
    assert few[0].what == "scalar code and 1 more"
    assert few[1].what == "mov and 1 more"
    assert (few[1].origin, few[1].core) == ((0, 0), (2, 0))
    assert sum(sum(each.causes.values()) for each in few) == path.cycles
    assert path.shortened(9) == path.segments


def test_what_repeats_itself_is_told_once() -> None:
    names = ["start", *["wavelet", "add"] * 5, "mov", "mov"]
    origins = [at - (what == "wavelet") for at, what in enumerate(names)]
    parts = tuple(
        PathSegment(start=at, end=at + 1, core=(at, 0), origin=(origins[at], 0), what=what, causes={WAY: 1})
        for at, what in enumerate(names)
    )
    found = CriticalPath(segments=parts).shortened(8)
    assert [each.what for each in found] == ["start", "5 times wavelet, add", "mov", "mov"]
    assert (found[1].origin, found[1].core, found[1].cycles) == ((0, 0), (10, 0), 10)
    assert sum(each.cycles for each in found) == len(names)


def test_cycles_that_come_later_end_the_path(make: Make) -> None:
    path = ties(CoreMachine(late_sender(make)).run(path=True))
    later = path.later(5)
    assert later.cycles == path.cycles + 5
    assert later.causes == path.causes | {WAY: path.causes[WAY] + 5}


@pytest.mark.parametrize(("name", "most"), [("MOST_EVENTS", 3), ("MOST_CORES", 2)])
def test_a_run_with_more_than_is_noted_has_no_path(
    make: Make, monkeypatch: pytest.MonkeyPatch, name: str, most: int
) -> None:
    program = late_sender(make)
    monkeypatch.setattr(machine_module, name, most)
    run = CoreMachine(program).run(path=True)
    assert run.path is None
    assert run.cycles == 45
