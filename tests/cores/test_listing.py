"""A program as text."""

from __future__ import annotations

import re
from collections.abc import Callable

import numpy as np

from wsesim.cores import isa
from wsesim.cores.builder import Builder, CoreRole
from wsesim.cores.listing import list_program
from wsesim.cores.machine import CoreMachine

Make = Callable[..., Builder]


def lines(program: Builder) -> list[str]:
    """Return the lines of the program after a run, blanks between columns as one, without places."""
    text = list_program(program, CoreMachine(program).run().executed)
    return [
        re.sub(r" {2,}", "  ", re.sub(r"test_listing.py, line \d+$", "", line)).strip() for line in text.splitlines()
    ]


def words(make: Make, write: Callable[[CoreRole], None]) -> str:
    """Return the first instruction that *write* writes, as text."""
    program = make(1)
    role = program.role("core")
    program.place(role, [0], [0])
    with role.task("main"):
        write(role)
    text = list_program(program, np.zeros(len(role.instructions), np.int64))
    return re.split(r" {2,}", text.splitlines()[3].strip())[1]


def test_a_sender_and_a_receiver(make: Make) -> None:
    program = make(3)
    color, first, last = program.color("data"), program.role("first"), program.role("last")
    first.route(color, "RAMP", "EAST")
    last.route(color, "WEST", "RAMP")
    with first.task("main", start=True):
        first.fmovs(first.fabout(color, 9), first.memory("x", 9))
        first.halt()
    with last.task("main", start=True):
        done = last.declare("done", blocked=True, urgent=True)
        last.fmacs(
            last.memory("y", 9), last.memory("a", 9), last.fabin(color, 9), last.register(), thread=2, unblock=done
        )
    with last.task("done"):
        last.activate(done)
    end = program.role("end")
    program.place(first, [0], [0])
    program.place(last, [1], [0])
    program.place(end, [2], [0])
    head = "instruction  cycles  launch + issues  handled  line"
    assert lines(program) == [
        "first: 1 core, the first (0, 0)", head,
        "main, from the start",
        "0  fmovs fabout(data, 9), x  9  0 + 9 x 1 of 1  9", "1  halt  0  1", "2  end  0  0",
        "",
        "last: 1 core, the first (1, 0)", head,
        "main, from the start",
        "0  fmacs y, a, fabin(data, 9), r2, thread=2, unblock=done  10  1 + 9 x 1 of 1  9", "1  end  0  1",
        "done, blocked at first, urgent", "2  activate done  1  0", "3  end  0  0",
        "",
        "end: 1 core, the first (2, 0)",
    ]  # fmt: skip


def test_loops_and_numbers(make: Make) -> None:
    program = make(2)
    color, role = program.color("data"), program.role("core")
    role.route(color, "RAMP", "EAST")
    program.place(program.role("end"), [1], [0])
    program.roles[1].route(color, "WEST", "RAMP")
    place, count, limit = role.register(), role.register(), role.register()
    with role.task("main", start=True):
        role.set(limit, 3)
        role.set(place, 0.5, kind=isa.F32)
        with role.loop(count, limit):
            role.iadd(place, place, 2)
        role.control(color, routers=1)
        role.wait(7)
    program.place(role, [0], [0])
    core = program.wafer.core
    found = lines(program)
    assert found[3:8] == [
        "0  set r4, 3  1  1",
        "1  set r2, 0.5  1  1",
        "2  set r3, 0  1  1",
        "3  iadd r2, r2, 2  2  3",
        "4  iadd r3, r3, 1  0  3",
    ]
    taken, last = core.branch_taken_cycles, core.branch_not_taken_cycles
    assert found[8:10] == [
        f"5  jump_if_less r3, r4, to 3  {taken} or {last}  3",
        "6  control data, ADVANCE  1  1",
    ]
    assert found[10] == "7  wait 7  7  1"


def test_operands_are_named_as_they_were_made(make: Make) -> None:
    def vector(role: CoreRole) -> None:
        x, place = role.memory("x", 64, isa.F16), role.register()
        role.vector(isa.ADD, x.at(place, 8), x.at(3, 8), x.grid(4, 2, row_stride=16), kind=isa.F16)

    def length(role: CoreRole) -> None:
        x = role.memory("x", 64)
        role.fmovs(x.at(0, 8, 2), x.at(8, 8), length=role.register(), launch=4)

    assert words(make, vector) == "faddh x[r2 : 8], x[3 : 8], x[0 : 4 rows 16 apart of 2]"
    assert words(make, length) == "fmovs x[0 : 8 by 2], x[8 : 8], length=r2"
    assert (
        words(make, lambda role: role.load(role.register(), role.memory("x", 4).at(role.register(), 1)))
        == "load r2, x[r3]"
    )


def test_wavelets_that_start_a_task(make: Make) -> None:
    program = make(1)
    color, role = program.color("data"), program.role("core")
    with role.task("stored", on=color):
        role.control(color, commands=("ADVANCE", "NOP"), keep=True, starts="stored")
        role.switch(color, 1)
    text = list_program(program, np.zeros(9, np.int64))
    assert "stored, by wavelets of data" in text
    assert "control data, ADVANCE, NOP, keep, starts=stored" in text
    assert "switch data, 1" in text
