"""Mistakes that are found before the first cycle: each names the role or core, the color, and the line."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace

import pytest

from wsesim.cores import isa
from wsesim.cores.builder import Builder, CoreRole, ProgramError
from wsesim.cores.machine import CoreMachine
from wsesim.cores.operands import Color
from wsesim.hardware import Wafer

Make = Callable[..., Builder]
HERE = r"\(test_check.py, line \d+\)"


def refused(program: Builder, message: str) -> None:
    with pytest.raises(ProgramError, match=message):
        CoreMachine(program)


def send(role: CoreRole, color: Color, *ports: str, length: int = 4) -> None:
    role.route(color, "RAMP", *ports)
    with role.task("main", start=True):
        role.fmovs(role.fabout(color, length), role.memory("x", length))


def test_a_core_without_a_role(make: Make) -> None:
    program = make(3)
    program.place(program.role("only"), [1], [0])
    refused(program, r"core \(0, 0\) has no role; 2 cores have none")


def test_too_much_for_the_memory_of_a_core(make: Make) -> None:
    program = make(1)
    role = program.role("fat")
    program.place(role, [0], [0])
    role.memory("x", 11_776)
    CoreMachine(program)
    with role.task("main"):
        role.halt()
    refused(
        program,
        rf"role 'fat' {HERE}, on core \(0, 0\), needs 47,120 bytes of data and code; a core has 46 KiB or 47,104; "
        "'x' takes 47,104",
    )


def test_a_task_that_is_declared_and_never_written(make: Make) -> None:
    program = make(1)
    role = program.role("core")
    program.place(role, [0], [0])
    role.declare("later")
    refused(program, "role 'core' declares the task 'later' but never writes it")


@pytest.mark.parametrize("port", ["WEST", "EAST", "NORTH", "SOUTH"])
def test_a_color_that_leaves_the_grid(make: Make, port: str) -> None:
    program = make(1)
    role, color = program.role("core"), program.color("data")
    program.place(role, [0], [0])
    send(role, color, port)
    refused(program, rf"color 'data' {HERE} leaves the grid to the {port.lower()} at core \(0, 0\)")


def test_a_color_that_nobody_takes(make: Make) -> None:
    program = make(2)
    role, deaf, color = program.role("core"), program.role("deaf"), program.color("data")
    program.place(role, [0], [0])
    program.place(deaf, [1], [0])
    send(role, color, "EAST")
    refused(
        program, rf"color 'data' {HERE} goes from core \(0, 0\) to core \(1, 0\), which takes nothing from the west"
    )


def test_two_drivers_on_one_color(make: Make) -> None:
    program = make(3)
    color = program.color("data")
    west, east, middle = (program.role(name) for name in ("west", "east", "middle"))
    for column, role in enumerate((west, middle, east)):
        program.place(role, [column], [0])
    send(west, color, "EAST")
    send(east, color, "WEST")
    middle.route(color, "WEST", "RAMP")
    refused(
        program,
        rf"color 'data' {HERE} goes from core \(2, 0\) to core \(1, 0\), which takes it from core \(0, 0\) {HERE}: "
        "two drivers on one color",
    )


def test_a_route_that_nobody_uses_may_lead_anywhere(make: Make) -> None:
    program = make(2)
    role, color = program.role("core"), program.color("data")
    role.route(color, "EAST", "WEST")
    program.place(role, [0, 1], [0])
    assert CoreMachine(program).run().cycles == 0


def test_a_loop(make: Make) -> None:
    program = make(2, 2)
    color = program.color("data")
    for x, y, source, port in (
        (0, 0, "SOUTH", "EAST"),
        (1, 0, "WEST", "SOUTH"),
        (1, 1, "NORTH", "WEST"),
        (0, 1, "EAST", "NORTH"),
    ):
        role = program.role(f"{x}{y}")
        role.route(color, source, port)
        program.place(role, [x], [y])
    refused(program, rf"color 'data' {HERE} runs in a loop that feeds core \(0, 0\)")


def test_a_long_line_of_routes_is_no_loop(make: Make) -> None:
    program = make(300)
    color = program.color("data")
    first, middle, last = (program.role(name) for name in ("first", "middle", "last"))
    send(first, color, "EAST")
    middle.route(color, "WEST", "EAST")
    last.route(color, "WEST", "RAMP")
    program.place(first, [0], [0])
    program.place(middle, range(1, 299), [0])
    program.place(last, [299], [0])
    CoreMachine(program)


def test_sending_without_a_route(make: Make) -> None:
    program = make(1)
    role, color = program.role("core"), program.color("data")
    program.place(role, [0], [0])
    with role.task("main", start=True):
        role.fmovs(role.fabout(color, 4), role.memory("x", 4))
    refused(program, rf"role 'core' {HERE} sends on color 'data'")


def test_reading_without_a_route(make: Make) -> None:
    program = make(1)
    role, color = program.role("core"), program.color("data")
    program.place(role, [0], [0])
    with role.task("main", start=True):
        role.fmovs(role.memory("x", 4), role.fabin(color, 4))
    refused(program, rf"role 'core' {HERE} reads color 'data', which no route brings to its ramp")


def test_a_data_task_without_a_route(make: Make) -> None:
    program = make(1)
    role, color = program.role("core"), program.color("data")
    program.place(role, [0], [0])
    with role.task("arrived", on=color):
        pass
    refused(program, "role 'core' has a task for color 'data', which no route brings")


def test_operands_that_reach_outside(make: Make) -> None:
    for start, length in ((5, 4), (-1, 2)):
        program = make(1)
        role = program.role("core")
        program.place(role, [0], [0])
        x = role.memory("x", 8)
        with role.task("main", start=True):
            role.fmovs(x.at(0, length), x.at(start, length))
        refused(program, rf"role 'core' {HERE} uses {length} elements of 4 bytes that reach outside its memory")


def test_a_switch_to_a_position_that_is_not_there(make: Make) -> None:
    program = make(2)
    role, color = program.role("core"), program.color("data")
    program.place(role, [0, 1], [0])
    role.route(color, "WEST", "RAMP")
    with role.task("main", start=True):
        role.switch(color, 1)
    refused(program, rf"role 'core' {HERE} switches color 'data' to position 1 of 1")


def test_more_colors_than_queues(make: Make, wse3: Wafer) -> None:
    for wafer, out, most in ((None, True, 6), (None, False, 8), (wse3, True, 8)):
        program = make(2) if wafer is None else make(2, wafer=wafer)
        first, last = program.role("first"), program.role("last")
        for number in range(most + 1):
            color = program.color(str(number))
            if out:
                first.route(color, "RAMP", "EAST")
                last.route(color, "WEST", *(["RAMP"] if number < most else []))
            else:
                first.route(color, "EAST", "RAMP")
                last.route(color, *(["RAMP", "WEST"] if number < 1 else ["EAST", "WEST"]))
        program.place(first, [0], [0])
        program.place(last, [1], [0])
        does = f"{'sends' if out else 'receives'} {most + 1} colors; a core has {most} queues for that"
        refused(program, rf"role 'first' {HERE}, on core \(0, 0\), {does}, and color '{most}' gets none")


def test_more_colors_than_the_fabric_has(make: Make) -> None:
    program = make(1)
    for number in range(24):
        program.color(str(number))
    with pytest.raises(ProgramError, match=rf"color 'extra' {HERE} is one more than the fabric's 24"):
        program.color("extra")


def test_a_task_of_its_own_for_every_kind_of_mistake_in_roles(make: Make) -> None:
    program = make(1)
    role, color = program.role("core"), program.color("data")
    x, y = role.memory("x", 4), role.memory("y", 5)
    half, words = role.memory("half", 4, isa.F16), role.memory("words", 4, isa.I32)
    task = role.declare("task")
    assert task.index == 0
    mistakes: list[tuple[Callable[[], object], str]] = [
        (lambda: role.memory("x", 1), "has two variables named 'x'"),
        (lambda: role.memory("z", -1), "gives the variable 'z' -1 elements"),
        (lambda: role.route(color, "WETS", "RAMP"), "has no port 'WETS', did you mean 'WEST'"),
        (lambda: role.route(color, "WEST", "WEST"), "routes color 'data' back to WEST"),
        (lambda: role.fmovs(x, y), r"operands have the lengths \[4, 5\]"),
        (lambda: role.fmovs(x, x, thread=8), "names microthread 8; there are 0 to 7"),
        (lambda: role.vector(isa.ADD, x, x), "gives an instruction 1 sources; it takes 2"),
        (lambda: role.fadds(x, x, half), "uses fp16 memory where fp32 is expected"),
        (lambda: role.fmovs(x, words), "uses int32 memory where fp32 is expected"),
        (lambda: role.fadds(x, role.fabin(color, 4), role.fabin(color, 4)), "reads color 'data' twice"),
        (
            lambda: role.vector(isa.MAC, role.fabout(color, 4), x, role.fabin(color, 4), half, kind=isa.MIXED),
            "mixes 16-bit and 32-bit fabric",
        ),
        (lambda: role.vector(isa.MAC, words, words, words, words, kind=isa.I32), "multiplies and adds int32"),
        (lambda: role.control(color, routers=9), ".*: up to 8 of NOP, ADVANCE, RESET are possible"),
        (lambda: role.control(color, commands=("BACK",)), ".*: up to 8 of NOP, ADVANCE, RESET are possible"),
        (lambda: role.queue(color, 8), "binds color 'data' to queue 8; there are 0 to 7"),
        (lambda: [role.register() for _ in range(31)], "uses more than 32 registers"),
        (lambda: [role.declare(str(number)) for number in range(64)], "has more than 64 tasks"),
    ]
    for mistake, message in mistakes:
        with pytest.raises(ProgramError, match=rf"role 'core' {HERE} {message}"):
            mistake()


def test_too_many_switch_positions_and_a_task_written_twice(make: Make) -> None:
    program = make(1)
    role, color = program.role("core"), program.color("data")
    for _ in range(4):
        role.route(color, "WEST", "RAMP")
    with pytest.raises(ProgramError, match="gives color 'data' more than 4 switch positions"):
        role.route(color, "WEST", "RAMP")
    with role.task("main"):
        pass
    with pytest.raises(ProgramError, match="writes the task 'main' twice"), role.task("main"):
        pass


def test_the_third_wafer_reads_one_color_in_an_instruction(make: Make, wse3: Wafer) -> None:
    program = make(1, wafer=wse3)
    role, one, two = program.role("core"), program.color("one"), program.color("two")
    with pytest.raises(ProgramError, match=r"reads colors \['one', 'two'\] in one instruction; this machine reads 1"):
        role.fadds(role.memory("x", 4), role.fabin(one, 4), role.fabin(two, 4))


def test_where_roles_cannot_be_placed(make: Make, wse2: Wafer) -> None:
    program = make(4, 2)
    role, other = program.role("core"), program.role("other")
    for columns, rows, message in (([4], [0], "column 4; there are 0 to 3"), ([0], [-1], "row -1; there are 0 to 1")):
        with pytest.raises(ProgramError, match=rf"role 'core' {HERE} is placed on {message}"):
            program.place(role, columns, rows)
    program.place(role, range(4), [0])
    with pytest.raises(ProgramError, match=rf"role 'other' {HERE} is placed where another role is"):
        program.place(other, [3], [0])
    with pytest.raises(ProgramError, match="751 x 1 cores do not fit the wafer's 750 x 994"):
        Builder(wse2, width=751, height=1)


def test_two_colors_cannot_have_one_queue(make: Make) -> None:
    program = make(1)
    role, one, two = program.role("core"), program.color("one"), program.color("two")
    role.queue(one, 3)
    role.queue(one, 3, out=True)
    role.queue(two, 4)
    with pytest.raises(ProgramError, match="binds color 'two' to queue 3, which has color 'one'"):
        role.queue(two, 3, out=True)


def test_too_many_control_tasks(make: Make) -> None:
    program = make(1)
    role, color = program.role("core"), program.color("data")
    program.place(role, [0], [0])
    role.route(color, "RAMP")
    with role.task("main", start=True):
        for number in range(64):
            role.control(color, starts=str(number))
        CoreMachine(program)
        role.control(color, starts="one more")
    refused(program, "more than 64 tasks are started by control wavelets")


def test_more_queues_than_the_engine_can_number(make: Make, wse2: Wafer) -> None:
    program = make(3, 3, wafer=replace(wse2, fabric=replace(wse2.fabric, colors=40)))
    role, other = program.role("middle"), program.role("other")
    for number in range(40):
        color = program.color(str(number))
        role.route(color, "WEST", "EAST")
        role.route(color, "NORTH", "EAST")
    program.place(role, [1], [1])
    for x, y in ((x, y) for x in range(3) for y in range(3) if (x, y) != (1, 1)):
        program.place(other, [x], [y])
    refused(program, rf"role 'middle' {HERE}, on core \(1, 1\), has 80 queues on a core; 62 can be simulated")
