"""Programs that stop short: the error names the core, the color, the line, and what is waited for."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace

import pytest

from wsesim.cores.builder import Builder, CoreRole, ProgramError
from wsesim.cores.machine import CoreMachine, Deadlock
from wsesim.cores.operands import Mem

Make = Callable[..., Builder]
HERE = r"\(test_explain.py, line \d+\)"


def pair(make: Make) -> tuple[Builder, CoreRole, CoreRole]:
    program = make(2)
    first, last = program.role("first"), program.role("last")
    program.place(first, [0], [0])
    program.place(last, [1], [0])
    color = program.color("data")
    first.route(color, "RAMP", "EAST")
    last.route(color, "WEST", "RAMP")
    return program, first, last


def test_a_core_that_waits_for_more_than_is_sent(make: Make) -> None:
    program, first, last = pair(make)
    color = program.colors[0]
    with first.task("main", start=True):
        first.fmovs(first.fabout(color, 4), first.memory("x", 4))
    with last.task("main", start=True):
        last.fmovs(last.memory("y", 6), last.fabin(color, 6), thread=2)
        line = last.instructions[-1].place
    with pytest.raises(Deadlock) as error:
        CoreMachine(program).run()
    assert str(error.value) == (
        f"nothing moves after cycle 10: core (1, 0): microthread 2 ({line}) has done 4 of 6 elements "
        "and waits for a wavelet of color 'data'"
    )


def test_two_cores_that_wait_for_each_other(make: Make) -> None:
    program = make(2)
    east, west = program.color("east"), program.color("west")
    for column, (out, port, into) in enumerate(((east, "EAST", west), (west, "WEST", east))):
        role = program.role(port)
        role.route(out, "RAMP", port)
        role.route(into, port, "RAMP")
        with role.task("main", start=True):
            x = role.memory("x", 8)
            role.fadds(x, x, role.fabin(into, 8))
            role.fmovs(role.fabout(out, 8), x)
        program.place(role, [column], [0])
    with pytest.raises(Deadlock, match=r"core \(0, 0\): main .* color 'west'; core \(1, 0\): main .* color 'east'"):
        CoreMachine(program).run()


def test_all_but_the_first_few_cores_are_counted(make: Make) -> None:
    program = make(20, 20)
    color, role = program.color("data"), program.role("core")
    role.route(color, "WEST", "RAMP")
    with role.task("main", start=True):
        role.fmovs(role.memory("y", 1), role.fabin(color, 1))
    program.place(role, range(20), range(20))
    with pytest.raises(Deadlock, match=r"; and 397 more cores$"):
        CoreMachine(program).run()


def test_wavelets_that_nobody_reads(make: Make) -> None:
    program, first, _ = pair(make)
    color = program.colors[0]
    with first.task("main", start=True):
        first.fmovs(first.fabout(color, 3), first.memory("x", 3))
    with pytest.raises(
        ProgramError, match=rf"after the last cycle, 7, 3 wavelets of color 'data' {HERE} lie unread at core \(1, 0\)"
    ):
        CoreMachine(program).run()
    assert CoreMachine(program).run(unread=True).traffic == {"data": 3}


def test_wavelets_stuck_before_a_switch(make: Make) -> None:
    program = make(6)
    first, last = program.role("first"), program.role("last")
    colors = [program.color(str(number)) for number in range(5)]
    for color in colors:
        first.route(color, "RAMP", "EAST")
        last.route(color, "EAST", "WEST")
        last.route(color, "WEST", "RAMP")
    with first.task("main", start=True):
        for number, color in enumerate(colors):
            first.fmovs(first.fabout(color, 2), first.memory(str(number), 2))
    program.place(first, [0], [0])
    program.place(last, range(1, 6), [0])
    with pytest.raises(
        ProgramError, match=rf"2 wavelets of color '0' {HERE} lie in the router of core \(1, 0\); .* 2 more queues"
    ):
        CoreMachine(program).run()


def test_a_control_wavelet_in_the_way_of_data(make: Make) -> None:
    program, first, last = pair(make)
    color = program.colors[0]
    with first.task("main", start=True):
        first.control(color, starts="go")
        first.fmovs(first.fabout(color, 1), first.memory("x", 1))
    with last.task("main", start=True):
        last.fmovs(last.memory("y", 1), last.fabin(color, 1))
    with last.task("go"):
        pass
    with pytest.raises(Deadlock, match="waits for data of color 'data' behind a control wavelet"):
        CoreMachine(program).run()


def test_a_control_wavelet_that_finds_no_room(make: Make) -> None:
    program, first, last = pair(make)
    color = program.colors[0]
    with first.task("main", start=True):
        first.fmovs(first.fabout(color, 20), first.memory("x", 20))
        first.control(color, routers=1)
    with last.task("main", start=True):
        last.wait(1)
    with pytest.raises(
        Deadlock, match=r"core \(0, 0\): main thread \(test_explain.py, line \d+\) waits for room on color"
    ):
        CoreMachine(program).run()


def test_a_main_thread_that_waits_for_a_microthread(make: Make) -> None:
    program, _, last = pair(make)
    color = program.colors[0]
    y = last.memory("y", 4)
    with last.task("main", start=True):
        last.fmovs(y, last.fabin(color, 4), thread=1)
        last.fmovs(y, y, thread=1)
    with pytest.raises(Deadlock, match=r"microthread 1 .* color 'data', main thread \(.*\) waits for microthread 1"):
        CoreMachine(program).run()


def test_a_switch_that_leads_where_nobody_takes(make: Make) -> None:
    program, first, _ = pair(make)
    color = program.colors[0]
    first.route(color, "RAMP", "NORTH", "WEST")
    with first.task("main", start=True):
        first.control(color)
        first.fmovs(first.fabout(color, 1), first.memory("x", 1))
    with pytest.raises(
        ProgramError, match=r"core \(0, 0\), role 'first': color 'data' goes west and north after its switch"
    ):
        CoreMachine(program).run()


def endless(make: Make, *, moving: bool) -> CoreMachine:
    program = make(1)
    role = program.role("core")
    x = role.memory("x", 2)
    again = role.declare("again", start=True)
    with role.task("again"):
        if moving:
            role.fmovs(x, x)
        role.activate(again)
    program.place(role, [0], [0])
    return CoreMachine(program)


def test_a_program_that_never_ends(make: Make) -> None:
    with pytest.raises(ProgramError, match=r"still running after 1,00\d cycles: "):
        endless(make, moving=True).run(limit=1000)


def test_a_program_that_gets_nowhere(make: Make) -> None:
    nowhere = rf"got nowhere in the 1,000 cycles up to 1,0.*: core \(0, 0\).*{HERE}"
    with pytest.raises(ProgramError, match=nowhere):
        endless(make, moving=False).run(patience=1000)


def test_long_waits_are_not_taken_for_a_hang(make: Make) -> None:
    program = make(1)
    role = program.role("core")
    with role.task("main", start=True):
        role.wait(5000)
        role.wait(5000)
    program.place(role, [0], [0])
    assert CoreMachine(program).run(patience=100).cycles == 10_000


def test_wavelets_that_circulate(make: Make) -> None:
    """Only a switch can close a loop; then routers work and no program does."""
    program = make(2, 2)
    color = program.color("data")
    corners = {
        (0, 0): ("RAMP", "EAST"),
        (1, 0): ("WEST", "SOUTH"),
        (1, 1): ("NORTH", "WEST"),
        (0, 1): ("EAST", "NORTH"),
    }
    for (x, y), (source, port) in corners.items():
        role = program.role(f"{x}{y}")
        role.route(color, source, port)
        if (x, y) == (0, 0):
            role.route(color, "SOUTH", "EAST")
            with role.task("main", start=True):
                role.fmovs(role.fabout(color, 1), role.memory("x", 1))
                role.control(color, routers=1)
        program.place(role, [x], [y])
    circling = (
        rf"got nowhere in the 500 cycles .*: wavelets circulate: 1 wavelet of color 'data' {HERE} lies in the router"
    )
    with pytest.raises(ProgramError, match=circling):
        CoreMachine(program).run(patience=500)


def test_a_line_that_does_not_know_where_it_stands(make: Make) -> None:
    program, _, last = pair(make)
    with last.task("main", start=True):
        last.fmovs(last.memory("y", 4), last.fabin(program.colors[0], 4))
    last.instructions[0] = replace(last.instructions[0], place="")
    with pytest.raises(Deadlock, match=r"main thread \(line unknown\)"):
        CoreMachine(program).run()


def test_addresses_outside_the_memory_of_a_core_are_caught(make: Make) -> None:
    def program_with(start: int, length: int) -> CoreMachine:
        program = make(1)
        role = program.role("core")
        program.place(role, [0], [0])
        x, y, place = role.memory("x", 8), role.memory("y", 8), role.register()
        with role.task("main", start=True):
            role.set(place, start)
            role.fmovs(y.at(0, length), x.at(place, length))
        return CoreMachine(program)

    program_with(0, 8).run()
    program_with(8, 8).run()
    for start, length in ((9, 8), (-1, 8), (16, 1)):
        with pytest.raises(Exception, match=r"core \(0, 0\).*test_explain.py, line \d+.*outside its 64 bytes"):
            program_with(start, length).run()


def test_loads_and_stores_outside_are_caught(make: Make) -> None:
    program = make(1)
    role = program.role("core")
    program.place(role, [0], [0])
    x, place = role.memory("x", 4), role.register()
    with role.task("main", start=True):
        role.set(place, 4)
        role.load(place, Mem(x.address, 1, offset=place))
    with pytest.raises(Exception, match="outside its 16 bytes"):
        CoreMachine(program).run()
