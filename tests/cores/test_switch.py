"""Switch positions, and the control wavelets and instructions that move them."""

from __future__ import annotations

from collections.abc import Callable
from random import Random

import numpy as np
import pytest

from wsesim.cores import isa
from wsesim.cores.builder import Builder, CoreRole
from wsesim.cores.machine import CoreMachine
from wsesim.cores.operands import Color

Make = Callable[..., Builder]


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


def switched(make: Make, commands: tuple[str, ...], *, ring: bool = False, positions: int = 2) -> list[list[float]]:
    """Return what two cores get that one sends to by turns; its router switches after every second wavelet."""
    program = make(3)
    color = program.color("data")
    middle = program.role("middle")
    x = middle.memory("x", 2 * len(commands))
    for _ in range(positions // 2):
        middle.route(color, "RAMP", "WEST", ring=ring)
        middle.route(color, "RAMP", "EAST")
    with middle.task("main", start=True):
        for number, command in enumerate(commands):
            middle.fmovs(middle.fabout(color, 2), x.at(2 * number, 2))
            middle.control(color, commands=(command,))
        middle.halt()
    program.place(middle, [1], [0])
    ends = []
    for column, source in ((0, "EAST"), (2, "WEST")):
        role = program.role(source)
        got, place = role.memory("got", 2 * len(commands)), role.register()
        role.route(color, source, "RAMP")
        with role.task("keep", on=color):
            role.store(got.at(place, 1), role.arrived)
            role.iadd(place, place, 1)
        program.place(role, [column], [0])
        ends.append(role)
    machine = CoreMachine(program)
    machine.write(middle, "x", 1 + np.arange(2 * len(commands)))
    machine.run()
    return [[value for value in machine.read(role, "got")[0] if value] for role in ends]


def test_a_control_wavelet_moves_the_switch_for_those_behind_it(make: Make) -> None:
    assert switched(make, ("ADVANCE", "ADVANCE")) == [[1, 2], [3, 4]]


@pytest.mark.parametrize("seed", range(6))
def test_switches_move_alike_in_whatever_order_cores_are_visited(
    make: Make, seed: int, any_order: Callable[[Random], None]
) -> None:
    any_order(Random(seed))
    assert switched(make, ("ADVANCE",) * 6, ring=True) == [[1, 2, 5, 6, 9, 10], [3, 4, 7, 8, 11, 12]]


def test_the_last_position_stays_unless_positions_form_a_ring(make: Make) -> None:
    assert switched(make, ("ADVANCE",) * 4) == [[1, 2], [3, 4, 5, 6, 7, 8]]
    assert switched(make, ("ADVANCE",) * 4, ring=True) == [[1, 2, 5, 6], [3, 4, 7, 8]]


def test_four_positions_and_a_reset(make: Make) -> None:
    assert switched(make, ("ADVANCE",) * 5, positions=4) == [[1, 2, 5, 6], [3, 4, 7, 8, 9, 10]]
    assert switched(make, ("ADVANCE", "NOP", "RESET", "NOP")) == [[1, 2, 7, 8], [3, 4, 5, 6]]


def test_a_control_wavelet_takes_a_command_to_each_router(make: Make) -> None:
    """The first router hands it on, the second then listens to its own core, and there the wavelet ends."""
    program = make(4)
    color = program.color("data")
    first, middle = program.role("first"), program.role("middle")
    first.route(color, "RAMP", "EAST")
    middle.route(color, "WEST", "EAST")
    middle.route(color, "RAMP", "EAST")
    for role in (first, middle):
        x = role.memory("x", 1)
        with role.task("main", start=True):
            role.fmovs(role.fabout(color, 1), x)
            if role is first:
                role.control(color, commands=("NOP", "ADVANCE"))
            role.halt()
    program.place(first, [0], [0])
    program.place(middle, [1], [0])
    relay(program, color, "WEST", "EAST", at=(2, 0))
    last = receiver(program, color, 2, "WEST", at=(3, 0))
    machine = CoreMachine(program)
    machine.write(first, "x", [[1.0]])
    machine.write(middle, "x", [[2.0]])
    run = machine.run()
    assert machine.read(last, "y").tolist() == [[1, 2]]
    assert run.sent[0, :, isa.EAST].tolist() == [2, 2, 2, 0]


def test_a_kept_command_holds_for_every_router_on_the_way(make: Make) -> None:
    program = make(4)
    color = program.color("data")
    first = program.role("first")
    first.route(color, "RAMP", "EAST")
    first.route(color, "RAMP", "EAST")
    with first.task("main", start=True):
        first.control(color, commands=("ADVANCE",), keep=True)
        first.halt()
    program.place(first, [0], [0])
    middle = program.role("middle")
    middle.route(color, "WEST", "EAST")
    middle.route(color, "WEST", "RAMP")
    program.place(middle, [1, 2], [0])
    last = program.role("last")
    last.route(color, "WEST", "RAMP")
    program.place(last, [3], [0])
    machine = CoreMachine(program)
    machine.run()
    assert machine.state.position[:, color.index].tolist() == [1, 1, 1, 0]


def test_a_core_can_switch_its_own_router(make: Make) -> None:
    program = make(3)
    color = program.color("data")
    middle = program.role("middle")
    x = middle.memory("x", 2)
    middle.route(color, "RAMP", "WEST")
    middle.route(color, "RAMP", "EAST")
    with middle.task("main", start=True):
        middle.fmovs(middle.fabout(color, 1), x.at(0, 1))
        middle.wait(10)
        middle.switch(color, 1)
        middle.fmovs(middle.fabout(color, 1), x.at(1, 1))
        middle.halt()
    program.place(middle, [1], [0])
    west = receiver(program, color, 1, "EAST", at=(0, 0))
    east = receiver(program, color, 1, "WEST", at=(2, 0))
    machine = CoreMachine(program)
    machine.write(middle, "x", [[5, 6]])
    machine.run()
    assert (machine.read(west, "y")[0, 0], machine.read(east, "y")[0, 0]) == (5, 6)


def test_words_that_wait_for_a_switch_wait_on_their_side(make: Make) -> None:
    """Two cores send to one router by the same color; it takes from the west first, then, switched, from the east."""
    program = make(3)
    color = program.color("data")
    west = sender(program, color, 3, "EAST", commands=("NOP", "ADVANCE"))
    east = sender(program, color, 3, "WEST", at=(2, 0))
    middle = program.role("middle")
    y = middle.memory("y", 6)
    middle.route(color, "WEST", "RAMP")
    middle.route(color, "EAST", "RAMP")
    with middle.task("main", start=True):
        middle.fmovs(y, middle.fabin(color, 6))
        middle.halt()
    program.place(middle, [1], [0])
    machine = CoreMachine(program)
    machine.write(west, "x", [[1, 2, 3]])
    machine.write(east, "x", [[4, 5, 6]])
    machine.run()
    assert machine.read(middle, "y").tolist() == [[1, 2, 3, 4, 5, 6]]


def test_a_route_without_outputs_drops_what_comes(make: Make) -> None:
    """More than all queues on the way hold: the sender ends only as the router takes them."""
    program = make(2)
    color = program.color("data")
    sender(program, color, 500, "EAST")
    relay(program, color, "WEST", at=(1, 0))
    run = CoreMachine(program).run(path=True)
    assert run.path is not None
    assert run.path.cycles == run.cycles
    assert run.sent[0].sum(0)[isa.EAST] == 500
    assert run.sent[0, 1].sum() == 0


def test_a_switch_may_drop_for_a_while(make: Make) -> None:
    """The second position drops; after it the first one sends on to the program again."""
    program = make(2)
    color = program.color("data")
    role = program.role("sender")
    x = role.memory("x", 6)
    role.route(color, "RAMP", "EAST")
    with role.task("main", start=True):
        for part in range(3):
            role.fmovs(role.fabout(color, 2), x.at(2 * part, 2))
            role.control(color, commands=("NOP", "ADVANCE"))
        role.halt()
    program.place(role, [0], [0])
    other = receiver(program, color, 4, "WEST")
    other.route(color, "WEST", ring=True)
    machine = CoreMachine(program)
    machine.write(role, "x", np.arange(6))
    machine.run()
    assert machine.read(other, "y").tolist() == [[0, 1, 4, 5]]
