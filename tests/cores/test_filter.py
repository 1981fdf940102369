"""Filters before a ramp: which wavelets pass, that the others go on, and what has counting start again."""

from __future__ import annotations

from collections.abc import Callable
from random import Random
from types import ModuleType

import numpy as np
import pytest

from wsesim import cores
from wsesim.cores.builder import Builder
from wsesim.cores.errors import ProgramError
from wsesim.cores.machine import CoreMachine
from wsesim.cores.operands import Color

Make = Callable[..., Builder]
VALUES = 12


def line(make: Make, takes: int, *, first: int, count: int, period: int = 0, turns: int = 1) -> tuple[Builder, Color]:
    """A core that sends 0, 1, 2 and so on; one that takes some of it through a filter; one that takes all."""
    program = make(3)
    color = program.color("data")
    roles = [program.role(name) for name in ("sender", "filtered", "end")]
    sender, filtered, end = roles
    x = sender.memory("x", VALUES)
    sender.route(color, "RAMP", "EAST")
    with sender.task("main", start=True):
        for turn in range(turns):
            each = VALUES // turns
            sender.fmovs(sender.fabout(color, each), x.at(turn * each, each))
            if turn < turns - 1:
                sender.control(color, commands=("NOP",), keep=True)
        sender.halt()
    filtered.route(color, "WEST", "EAST", "RAMP")
    filtered.filter(color, first=first, count=count, period=period)
    end.route(color, "WEST", "RAMP")
    for role, length in ((filtered, takes), (end, VALUES)):
        y = role.memory("y", length)
        with role.task("main", start=True):
            role.fmovs(y, role.fabin(color, length))
            role.halt()
    for column, role in enumerate(roles):
        program.place(role, [column], [0])
    return program, color


def run(program: Builder) -> list[list[float]]:
    loaded = CoreMachine(program)
    loaded.write(program.roles[0], "x", np.arange(VALUES))
    loaded.run()
    return [loaded.read(role, "y")[0].tolist() for role in program.roles[1:]]


@pytest.mark.parametrize(
    ("first", "count", "period", "passes"),
    [
        (0, 2, 0, [0, 1]),
        (5, 3, 0, [5, 6, 7]),
        (0, 1, 3, [0, 3, 6, 9]),
        (2, 1, 3, [2, 5, 8, 11]),
        (1, 2, 4, [1, 2, 5, 6, 9, 10]),
        (0, 12, 12, list(range(12))),
    ],
)
def test_a_window_of_each_period_passes(make: Make, first: int, count: int, period: int, passes: list[int]) -> None:
    program, _ = line(make, len(passes), first=first, count=count, period=period)
    assert run(program) == [passes, list(range(VALUES))]


def test_a_control_wavelet_has_counting_start_again(make: Make) -> None:
    program, _ = line(make, 6, first=1, count=2, turns=3)
    assert run(program) == [[1, 2, 5, 6, 9, 10], list(range(VALUES))]


def test_what_does_not_pass_does_not_hold_up_the_ramp(make: Make) -> None:
    """The filtered core reads nothing of a stream that is longer than its queue, and the stream ends all the same."""
    program, _ = line(make, 0, first=VALUES, count=1)
    assert run(program) == [[], list(range(VALUES))]


def test_a_filter_at_the_end_of_a_route_drops_the_rest(make: Make) -> None:
    program = make(2)
    color = program.color("data")
    sender, end = program.role("sender"), program.role("end")
    x, y = sender.memory("x", VALUES), end.memory("y", 1)
    sender.route(color, "RAMP", "EAST")
    end.route(color, "WEST", "RAMP")
    end.filter(color, first=3, count=1)
    with sender.task("main", start=True):
        sender.fmovs(sender.fabout(color, VALUES), x)
    with end.task("main", start=True):
        end.fmovs(y, end.fabin(color, 1))
    for column, role in enumerate((sender, end)):
        program.place(role, [column], [0])
    loaded = CoreMachine(program)
    loaded.write(sender, "x", np.arange(VALUES))
    loaded.run()
    assert loaded.read(end, "y").tolist() == [[3]]


def test_each_core_can_have_a_window_of_its_own(make: Make) -> None:
    program, color = line(make, 1, first=0, count=1)
    loaded = CoreMachine(program)
    loaded.write(program.roles[0], "x", np.arange(VALUES))
    loaded.place_filter(program.roles[1], color, [7])
    loaded.run()
    assert loaded.read(program.roles[1], "y").tolist() == [[7]]


@pytest.mark.parametrize(("first", "count", "period"), [(-1, 1, 0), (0, 0, 0), (2, 2, 3)])
def test_windows_that_cannot_be(make: Make, first: int, count: int, period: int) -> None:
    program = make(1)
    with pytest.raises(ProgramError, match="filters color 'data' to"):
        program.role("any").filter(program.color("data"), first=first, count=count, period=period)


def test_a_color_has_one_filter(make: Make) -> None:
    program = make(1)
    role, color = program.role("any"), program.color("data")
    role.filter(color, first=0, count=1)
    with pytest.raises(ProgramError, match="twice"):
        role.filter(color, first=0, count=1)


def test_a_filter_needs_a_route_to_the_ramp(make: Make) -> None:
    program = make(1)
    role, color = program.role("any"), program.color("data")
    role.filter(color, first=0, count=1)
    program.place(role, [0], [0])
    with pytest.raises(ProgramError, match="filters color 'data', which no route brings to its ramp"):
        CoreMachine(program)


def test_only_what_is_filtered_can_be_placed(make: Make) -> None:
    program, color = line(make, 1, first=0, count=1, period=4)
    loaded = CoreMachine(program)
    with pytest.raises(ProgramError, match="does not filter"):
        loaded.place_filter(program.roles[2], color, [0])
    with pytest.raises(ProgramError, match="outside its period"):
        loaded.place_filter(program.roles[1], color, [4])


def test_compiled_filters_do_what_their_source_says(make: Make, plain_engine: ModuleType) -> None:
    program, _ = line(make, 6, first=1, count=2, period=4, turns=2)
    compiled = run(program)
    again, _ = line(make, 6, first=1, count=2, period=4, turns=2)
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(cores, "engine", plain_engine)
        assert run(again) == compiled
    assert compiled[0] == [1, 2, 5, 7, 8, 11]


def test_the_order_of_visits_does_not_matter(make: Make, any_order: Callable[[Random], None]) -> None:
    cycles = set()
    for seed in range(4):
        program, _ = line(make, 4, first=0, count=1, period=3)
        any_order(Random(seed))
        cycles.add(CoreMachine(program).run().cycles)
    assert len(cycles) == 1
