"""Wavelets on their way: latencies counted by hand, order, back-pressure, switches."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
import pytest

from wsesim.cores import isa
from wsesim.cores.builder import Builder, CoreRole
from wsesim.cores.machine import CoreMachine
from wsesim.cores.operands import Color
from wsesim.hardware import Wafer

Make = Callable[..., Builder]
RAMP, HOP = 2, 1


def sender(
    program: Builder,
    color: Color,
    values: int,
    *ports: str,
    at: tuple[int, int] = (0, 0),
    commands: tuple[str, ...] = (),
) -> CoreRole:
    role = program.role(f"sender {at}")
    x = role.memory("x", values)
    role.route(color, "RAMP", *ports)
    with role.task("main", start=True):
        role.fmovs(role.fabout(color, values), x)
        if commands:
            role.control(color, commands=commands)
        role.halt()
    program.place(role, [at[0]], [at[1]])
    return role


def receiver(
    program: Builder, color: Color, values: int, source: str, *onward: str, at: tuple[int, int] = (1, 0)
) -> CoreRole:
    role = program.role(f"receiver {at}")
    y, now = role.memory("y", values), role.register()
    role.route(color, source, "RAMP", *onward)
    with role.task("main", start=True):
        role.fmovs(y, role.fabin(color, values))
        role.stamp(now, cost=0)
        role.halt()
    program.place(role, [at[0]], [at[1]])
    return role


def relay(program: Builder, color: Color, source: str, *ports: str, at: tuple[int, int]) -> None:
    role = program.role(f"relay {at}")
    role.route(color, source, *ports)
    program.place(role, [at[0]], [at[1]])


def stamp(machine: CoreMachine, role: CoreRole) -> int:
    return int(machine.register(role, 2)[0])


def path(program: Builder, cores: int, values: int) -> tuple[CoreRole, CoreRole]:
    color = program.color("data")
    first = sender(program, color, values, "EAST")
    for x in range(1, cores - 1):
        relay(program, color, "WEST", "EAST", at=(x, 0))
    return first, receiver(program, color, values, "WEST", at=(cores - 1, 0))


@pytest.mark.parametrize("cores", [2, 3, 5, 9])
def test_a_wavelet_takes_two_ramps_and_a_hop_for_each_link(make: Make, cores: int) -> None:
    program = make(cores)
    _, last = path(program, cores, 1)
    machine = CoreMachine(program)
    machine.run()
    # pushed in cycle 0, at its router after a cycle and a ramp; the links, the other ramp, and one cycle of work
    assert stamp(machine, last) == 1 + RAMP + HOP * (cores - 1) + RAMP + 1


@pytest.mark.parametrize("values", [1, 2, 7, 40])
def test_a_stream_runs_at_one_wavelet_a_cycle(make: Make, values: int) -> None:
    program = make(3)
    first, last = path(program, 3, values)
    machine = CoreMachine(program)
    machine.write(first, "x", np.arange(values))
    machine.run()
    assert stamp(machine, last) == 1 + RAMP + HOP * 2 + RAMP + values
    assert machine.read(last, "y").tolist() == [list(range(values))]


def test_hops_and_ramps_of_the_third_wafer(make: Make, wse3: Wafer) -> None:
    program = make(4, wafer=wse3)
    _, last = path(program, 4, 1)
    machine = CoreMachine(program)
    machine.run()
    start, launch = 2, 1
    assert stamp(machine, last) == start + launch + 1 + 3 + 3 * 2 + 3 + 1


def test_a_router_copies_to_all_its_outputs_at_once(make: Make) -> None:
    program = make(3, 3)
    color = program.color("data")
    sender(program, color, 3, "WEST", "EAST", "NORTH", "SOUTH", at=(1, 1))
    around = {(0, 1): "EAST", (2, 1): "WEST", (1, 0): "SOUTH", (1, 2): "NORTH"}
    found = [receiver(program, color, 3, source, at=at) for at, source in around.items()]
    idle = program.role("idle")
    for x, y in ((0, 0), (2, 0), (0, 2), (2, 2)):
        program.place(idle, [x], [y])
    machine = CoreMachine(program)
    run = machine.run()
    assert [stamp(machine, role) for role in found] == [1 + RAMP + HOP + RAMP + 3] * 4
    assert run.sent[1, 1].tolist() == [3, 3, 3, 3, 0]
    assert run.traffic == {"data": 12}
    assert run.hops == 12


@pytest.mark.parametrize("wait", [0, 5, 60])
def test_who_reads_late_loses_nothing(make: Make, wait: int) -> None:
    program = make(2)
    color = program.color("data")
    first = sender(program, color, 50, "EAST")
    late = program.role("late")
    y = late.memory("y", 50)
    late.route(color, "WEST", "RAMP")
    with late.task("main", start=True):
        late.wait(wait)
        late.fmovs(y, late.fabin(color, 50))
        late.halt()
    program.place(late, [1], [0])
    machine = CoreMachine(program)
    machine.write(first, "x", np.arange(50))
    run = machine.run()
    assert machine.read(late, "y").tolist() == [list(range(50))]
    assert run.cycles == max(1 + RAMP + HOP + RAMP, wait) + 50


def test_what_fits_between_two_cores_that_do_not_read(make: Make) -> None:
    """Output queue and ramp, link, input queue and ramp hold what nobody reads; the sender then stands still."""
    program = make(2)
    color = program.color("data")
    sender(program, color, 100, "EAST")
    deaf = program.role("deaf")
    deaf.route(color, "WEST", "RAMP")
    program.place(deaf, [1], [0])
    machine = CoreMachine(program)
    with pytest.raises(Exception, match="waits for room on color 'data'") as error:
        machine.run()
    fabric = program.wafer.fabric
    depth = fabric.out_queue_words[2] + fabric.in_queue_words[0] + 2 * RAMP + fabric.link_words
    assert f"has done {depth} of 100 elements" in str(error.value)


def test_colors_share_a_link_in_turn(make: Make) -> None:
    """Three streams over one link get a third of it each, and none waits longer than its turn."""
    program = make(2)
    colors = [program.color(name) for name in "abc"]
    first, last = program.role("first"), program.role("last")
    x, ends = first.memory("x", 30), [last.register() for _ in colors]
    done = []
    for color in colors:
        first.route(color, "RAMP", "EAST")
        last.route(color, "WEST", "RAMP")
    with first.task("main", start=True):
        for thread, color in enumerate(colors):
            first.fmovs(first.fabout(color, 30), x, thread=thread, launch=10)
        first.halt()
    for number, end in enumerate(ends):
        with last.task(f"end {number}") as task:
            last.stamp(end, cost=0)
        done.append(task)
    with last.task("main", start=True):
        for thread, color in enumerate(colors):
            y = last.memory(f"y{thread}", 30)
            last.fmovs(y, last.fabin(color, 30), thread=thread, activate=done[thread])
    program.place(first, [0], [0])
    program.place(last, [1], [0])
    machine = CoreMachine(program)
    run = machine.run()
    stamps = [int(machine.register(last, end.index)[0]) for end in ends]
    assert max(stamps) - min(stamps) <= 4
    assert run.sent[0, 0, isa.EAST] == 90
    assert run.traffic == dict.fromkeys("abc", 30)


def test_a_blocked_color_does_not_block_another_on_the_same_link(make: Make) -> None:
    program = make(3)
    blocked, free = program.color("blocked"), program.color("free")
    first, middle, last = (program.role(name) for name in ("first", "middle", "last"))
    x, y = first.memory("x", 60), last.memory("y", 60)
    now = last.register()
    for role, source, port in ((first, "RAMP", "EAST"), (middle, "WEST", "EAST"), (last, "WEST", "RAMP")):
        role.route(blocked, source, port)
        role.route(free, source, port)
    with first.task("main", start=True):
        first.fmovs(first.fabout(blocked, 60), x, thread=0)
        first.wait(40)
        first.fmovs(first.fabout(free, 60), x)
        first.halt()
    with last.task("main", start=True):
        last.fmovs(y, last.fabin(free, 60))
        last.stamp(now, cost=0)
        last.wait(100)
        last.fmovs(y, last.fabin(blocked, 60))
        last.halt()
    for column, role in enumerate((first, middle, last)):
        program.place(role, [column], [0])
    machine = CoreMachine(program)
    machine.run()
    # the microthread starts in cycle 0 and issues first in cycle 1; the wait then takes cycles 2 to 41
    assert int(machine.register(last, now.index)[0]) == 42 + 1 + RAMP + 2 * HOP + RAMP + 60


def test_a_multicast_goes_as_slowly_as_its_slowest_reader(make: Make) -> None:
    program = make(3)
    color = program.color("data")
    sender(program, color, 40, "EAST")
    slow = program.role("slow")
    y = slow.memory("y", 40)
    slow.route(color, "WEST", "RAMP", "EAST")
    with slow.task("main", start=True):
        slow.wait(100)
        slow.fmovs(y, slow.fabin(color, 40))
        slow.halt()
    program.place(slow, [1], [0])
    last = receiver(program, color, 40, "WEST", at=(2, 0))
    machine = CoreMachine(program)
    machine.run()
    assert 100 < stamp(machine, last) < 150
