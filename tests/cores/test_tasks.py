"""Tasks: what starts them, in which order, and what keeps them from running."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
import pytest

from wsesim.cores import isa
from wsesim.cores.builder import Builder, CoreRole, CoreTask
from wsesim.cores.machine import CoreMachine

Make = Callable[..., Builder]


class Diary:
    """Writes down which tasks of a role ran, in order."""

    def __init__(self, role: CoreRole, pages: int = 16) -> None:
        self.role = role
        self.pages, self.next = role.memory("diary", pages, isa.I32), role.register()
        self.mark = role.register()

    def note(self, number: int) -> None:
        self.role.set(self.mark, number)
        self.role.store(self.pages.at(self.next, 1), self.mark)
        self.role.iadd(self.next, self.next, 1)

    def read(self, machine: CoreMachine) -> list[int]:
        return [int(page) for page in machine.read(self.role, "diary")[0] if page]


def alone(make: Make) -> tuple[Builder, CoreRole, Diary]:
    program = make(1)
    role = program.role("core")
    program.place(role, [0], [0])
    return program, role, Diary(role)


def write(role: CoreRole, diary: Diary, number: int, **options: bool) -> CoreTask:
    with role.task(f"task {number}", **options) as task:  # type: ignore[arg-type]
        diary.note(number)
    return task


def test_tasks_run_in_the_order_of_their_numbers_urgent_ones_first(make: Make) -> None:
    program, role, diary = alone(make)
    for number in (1, 2, 3, 4):
        write(role, diary, number, start=True, urgent=number in (2, 4))
    machine = CoreMachine(program)
    machine.run()
    assert diary.read(machine) == [2, 4, 1, 3]


def test_a_task_runs_to_its_end_before_the_next(make: Make) -> None:
    program, role, diary = alone(make)
    later = role.declare("task 9", urgent=True)
    with role.task("main", start=True):
        role.activate(later)
        diary.note(1)
        diary.note(2)
    write(role, diary, 9, urgent=True)
    machine = CoreMachine(program)
    machine.run()
    assert diary.read(machine) == [1, 2, 9]


def test_a_blocked_task_waits_until_it_is_unblocked(make: Make) -> None:
    program, role, diary = alone(make)
    blocked, last = role.declare("task 5", blocked=True, start=True), role.declare("task 6")
    write(role, diary, 5)
    with role.task("task 1", start=True):
        diary.note(1)
        role.activate(last)
    with role.task("task 6"):
        diary.note(6)
        role.unblock(blocked)
    machine = CoreMachine(program)
    machine.run()
    assert diary.read(machine) == [1, 6, 5]


def test_a_task_can_block_another(make: Make) -> None:
    program, role, diary = alone(make)
    other = role.declare("task 2")
    with role.task("task 1", start=True):
        role.block(other)
        role.activate(other)
        diary.note(1)
    write(role, diary, 2)
    machine = CoreMachine(program)
    machine.run()
    assert diary.read(machine) == [1]


def test_a_task_activated_twice_before_it_runs_runs_once(make: Make) -> None:
    program, role, diary = alone(make)
    other = role.declare("task 2")
    with role.task("task 1", start=True):
        role.activate(other)
        role.activate(other)
    write(role, diary, 2)
    machine = CoreMachine(program)
    machine.run()
    assert diary.read(machine) == [2]


def test_all_64_tasks_can_be_used(make: Make) -> None:
    program = make(1)
    role = program.role("core")
    program.place(role, [0], [0])
    diary = Diary(role, 70)
    tasks = [role.declare(f"task {number}", blocked=True, start=True) for number in range(1, isa.TASKS + 1)]
    for number in range(1, isa.TASKS + 1):
        with role.task(f"task {number}"):
            diary.note(number)
            if number < isa.TASKS:
                role.unblock(tasks[number])
    role.blocked_first.remove(tasks[0].index)
    machine = CoreMachine(program)
    machine.run()
    assert diary.read(machine) == list(range(1, isa.TASKS + 1))


def test_completion_of_a_vector_instruction_activates_and_unblocks(make: Make) -> None:
    program, role, diary = alone(make)
    x, y = role.memory("x", 10), role.memory("y", 10)
    activated, unblocked = role.declare("task 3"), role.declare("task 4", blocked=True, start=True)
    with role.task("main", start=True):
        role.fmovs(y, x, thread=0, activate=activated, unblock=unblocked)
        diary.note(1)
    write(role, diary, 3)
    write(role, diary, 4)
    machine = CoreMachine(program)
    machine.run()
    assert diary.read(machine) == [1, 3, 4]


def pair(make: Make) -> tuple[Builder, CoreRole, CoreRole]:
    program = make(2)
    first, last = program.role("first"), program.role("last")
    program.place(first, [0], [0])
    program.place(last, [1], [0])
    return program, first, last


def test_every_wavelet_starts_its_data_task(make: Make) -> None:
    program, first, last = pair(make)
    color = program.color("data")
    first.route(color, "RAMP", "EAST")
    last.route(color, "WEST", "RAMP")
    x, got, place = first.memory("x", 5), last.memory("got", 5), last.register()
    with first.task("main", start=True):
        first.fmovs(first.fabout(color, 5), x)
    with last.task("arrived", on=color):
        last.store(got.at(place, 1), last.arrived)
        last.iadd(place, place, 1)
    machine = CoreMachine(program)
    machine.write(first, "x", [1.5, 2.5, 3.5, 4.5, 5.5])
    run = machine.run()
    assert machine.read(last, "got").tolist() == [[1.5, 2.5, 3.5, 4.5, 5.5]]
    # the last of five wavelets finds the core busy with those before: three cycles each
    assert run.cycles == 6 + 5 * 3


def test_a_sparse_weight_brings_value_and_index(make: Make) -> None:
    program, first, last = pair(make)
    color = program.color("weights")
    first.route(color, "RAMP", "EAST")
    last.route(color, "WEST", "RAMP")
    words = first.memory("words", 2, isa.I32)
    got, index, value = last.memory("got", 8, isa.F16), last.register(), last.register()
    with first.task("main", start=True):
        first.mov32(first.fabout(color, 2), words)
    with last.task("arrived", on=color):
        last.low_half(value, last.arrived_word)
        last.high_half(index, last.arrived_word)
        last.store(got.at(index, 1), value)
    machine = CoreMachine(program)
    bits = np.array([1.5, -2.25], np.float16).view(np.uint16).astype(np.int64)
    machine.write(first, "words", [bits[0] | 6 << 16, bits[1] | 3 << 16])
    machine.run()
    assert machine.read(last, "got")[0].tolist() == [0, 0, 0, -2.25, 0, 0, 1.5, 0]


def test_a_blocked_data_task_leaves_wavelets_in_the_queue(make: Make) -> None:
    program, first, last = pair(make)
    color = program.color("data")
    first.route(color, "RAMP", "EAST")
    last.route(color, "WEST", "RAMP")
    x, diary = first.memory("x", 3), Diary(last)
    with first.task("main", start=True):
        first.fmovs(first.fabout(color, 3), x)
    arrived = last.declare("arrived", on=color, blocked=True)
    with last.task("main", start=True):
        last.wait(50)
        diary.note(1)
        last.unblock(arrived)
    with last.task("arrived"):
        diary.note(2)
    machine = CoreMachine(program)
    machine.run()
    assert diary.read(machine) == [1, 2, 2, 2]


def test_an_urgent_local_task_goes_before_a_data_task(make: Make) -> None:
    program, first, last = pair(make)
    color = program.color("data")
    first.route(color, "RAMP", "EAST")
    last.route(color, "WEST", "RAMP")
    x, diary = first.memory("x", 2), Diary(last)
    soon, later = last.declare("soon", urgent=True), last.declare("later")
    with first.task("main", start=True):
        first.fmovs(first.fabout(color, 2), x)
    with last.task("main", start=True):
        last.wait(40)
        last.activate(soon)
        last.activate(later)
    with last.task("arrived", on=color):
        diary.note(2)
    with last.task("soon"):
        diary.note(1)
    with last.task("later"):
        diary.note(3)
    machine = CoreMachine(program)
    machine.run()
    assert diary.read(machine) == [1, 2, 2, 3]


def test_a_control_wavelet_starts_a_task_where_it_arrives(make: Make) -> None:
    program, first, last = pair(make)
    color = program.color("data")
    first.route(color, "RAMP", "EAST")
    last.route(color, "WEST", "RAMP")
    x, diary = first.memory("x", 2), Diary(last)
    with first.task("main", start=True):
        first.fmovs(first.fabout(color, 1), x.at(0, 1))
        first.control(color, starts="sum up")
        first.fmovs(first.fabout(color, 1), x.at(1, 1))
    with last.task("arrived", on=color):
        diary.note(1)
    with last.task("sum up"):
        diary.note(7)
    machine = CoreMachine(program)
    machine.run()
    assert diary.read(machine) == [1, 7, 1]


def test_a_control_wavelet_can_move_switches_and_start_a_task(make: Make) -> None:
    program = make(3)
    color = program.color("data")
    first, middle, last = (program.role(name) for name in ("first", "middle", "last"))
    first.route(color, "RAMP", "EAST")
    middle.route(color, "WEST", "EAST")
    middle.route(color, "WEST", "RAMP")
    last.route(color, "WEST", "RAMP")
    diaries = {role.name: Diary(role) for role in (middle, last)}
    with first.task("main", start=True):
        first.control(color, commands=("NOP", "ADVANCE"), starts="go")
        first.control(color, starts="go")
    for role in (middle, last):
        with role.task("go"):
            diaries[role.name].note(1)
    for column, role in enumerate((first, middle, last)):
        program.place(role, [column], [0])
    machine = CoreMachine(program)
    machine.run()
    assert {name: diary.read(machine) for name, diary in diaries.items()} == {"middle": [1], "last": [1]}


def test_a_control_wavelet_for_a_task_that_is_not_there(make: Make) -> None:
    program, first, last = pair(make)
    color = program.color("data")
    first.route(color, "RAMP", "EAST")
    last.route(color, "WEST", "RAMP")
    with first.task("main", start=True):
        first.control(color, starts="go")
    with pytest.raises(Exception, match=r"core \(1, 0\), role 'last': .*color 'data' starts a task .*does not have"):
        CoreMachine(program).run()
