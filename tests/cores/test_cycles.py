"""How long things take on a core, counted by hand: loops, banks, threads; and how the cycles of a run add up."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
import pytest

from wsesim.cores import isa
from wsesim.cores.builder import Builder, CoreRole
from wsesim.cores.engine.tasks import ZERO_COST
from wsesim.cores.machine import CoreMachine
from wsesim.cores.operands import Register

Make = Callable[..., Builder]


def alone(make: Make) -> tuple[Builder, CoreRole]:
    program = make(1)
    role = program.role("core")
    program.place(role, [0], [0])
    return program, role


def cycles(make: Make, write: Callable[[CoreRole], None]) -> int:
    """Return the cycles between two stamps that cost nothing themselves."""
    program, role = alone(make)
    before, after = role.register(), role.register()
    with role.task("main", start=True):
        role.stamp(before, cost=0)
        write(role)
        role.stamp(after, cost=0)
    machine = CoreMachine(program)
    machine.run()
    return int(machine.register(role, after.index)[0] - machine.register(role, before.index)[0])


def test_loops_cost_a_branch_a_turn(make: Make) -> None:
    def loop(role: CoreRole, *, cost: int | None = None, turns: int = 5) -> None:
        counter, times = role.register(), role.register()
        role.set(times, turns)
        with role.loop(counter, times, cost=cost):
            role.wait(10)

    assert cycles(make, loop) == 2 + 5 * 10 + 4 * 6 + 3
    assert cycles(make, lambda role: loop(role, cost=2)) == 2 + 5 * 12
    assert cycles(make, lambda role: loop(role, turns=0)) == 2 + 10 + 3

    def mapped(role: CoreRole) -> None:
        counter, times = role.register(), role.register()
        role.set(times, 5)
        with role.map(counter, times):
            role.wait(10)

    assert cycles(make, mapped) == 2 + 5 * 16


def mac(role: CoreRole, length: int, *, apart: int | None) -> None:
    a, b = role.memory("a", length, bank=0), role.memory("b", length, bank=apart)
    role.fmacs(a, a, b, Register(0))


def test_banks_decide_whether_two_reads_go_together(make: Make) -> None:
    assert cycles(make, lambda role: mac(role, 100, apart=2)) == 100
    assert cycles(make, lambda role: mac(role, 100, apart=0)) == 200


def test_banks_of_operands_that_move_are_looked_at_when_they_are_used(make: Make) -> None:
    def write(role: CoreRole, start: int) -> None:
        a, b, place = role.memory("a", 100, bank=0), role.memory("b", 102, bank=0), role.register()
        role.set(place, start)
        role.fmacs(a, a, b.at(place, 100), Register(0))

    assert cycles(make, lambda role: write(role, 1)) == 1 + 100
    assert cycles(make, lambda role: write(role, 0)) == 1 + 200


@pytest.mark.parametrize(("columns", "row_cycles"), [(4, 4), (5, 5), (6, 6), (1, 1)])
def test_an_issue_ends_with_its_row(make: Make, columns: int, row_cycles: int) -> None:
    """Two words an issue of two cycles, and one of one cycle where a row has an odd one left."""

    def write(role: CoreRole) -> None:
        a, b = role.memory("a", 65, bank=0), role.memory("b", 64, bank=2)
        x, y = (values.at(0, 64).grid(8, columns, row_stride=8) for values in (a, b))
        role.fadds(x, x, y)

    assert cycles(make, write) == 8 * row_cycles


def test_banks_know_that_halves_are_half_as_wide(make: Make) -> None:
    def write(role: CoreRole, start: int) -> None:
        first = role.memory("first", 3, isa.F16)
        a, b = role.memory("a", 64, isa.F16, bank=0), role.memory("b", 70, isa.F16, bank=0)
        assert first.length == 3
        role.vector(isa.MAC, a, a, b.at(start, 64), Register(0), kind=isa.F16)

    assert cycles(make, lambda role: write(role, 2)) == 16
    assert cycles(make, lambda role: write(role, 0)) == cycles(make, lambda role: write(role, 1)) == 32


def test_two_threads_share_the_datapath(make: Make) -> None:
    """Two instructions on microthreads take turns: together as long as one after the other, each twice as long."""
    program, role = alone(make)
    ends = [role.register() for _ in range(2)]
    with role.task("main", start=True):
        for thread in range(2):
            x, y = role.memory(f"x{thread}", 60), role.memory(f"y{thread}", 60)
            with_task = role.declare(f"end {thread}")
            role.fmuls(y, x, Register(0), thread=thread, activate=with_task, launch=5)
    for thread in range(2):
        with role.task(f"end {thread}"):
            role.stamp(ends[thread], cost=0)
    machine = CoreMachine(program)
    run = machine.run()
    found = [int(machine.register(role, end.index)[0]) for end in ends]
    assert abs(found[0] - found[1]) <= 2
    assert 120 <= max(found) <= 130
    assert run.busy[0, 0] == 120 + 2


def test_instructions_take_turns_with_microthreads_or_go_first(make: Make) -> None:
    """Twenty instructions beside a microthread that always has an element to move."""

    def until(scalars_first: bool) -> int:
        program, role = alone(make)
        program.scalars_first = scalars_first
        x, y, end = role.memory("x", 200), role.memory("y", 200), role.register()
        with role.task("main", start=True):
            role.fmuls(y, x, Register(0), thread=0)
            for _ in range(20):
                role.wait(1)
            role.stamp(end, cost=0)
        machine = CoreMachine(program)
        run = machine.run()
        assert run.busy[0, 0] == 1 + 20 + 200
        return int(machine.register(role, end.index)[0])

    assert until(scalars_first=False) - until(scalars_first=True) == 21  # one for each, and one before the stamp


def test_a_microthread_moves_on_while_the_main_thread_computes(make: Make) -> None:
    program, role = alone(make)
    x, y, a = role.memory("x", 50), role.memory("y", 50), role.memory("a", 10)
    with role.task("main", start=True):
        role.fmovs(y, x, thread=0)
        role.fmuls(a, a, Register(0))
        role.wait(200)
    machine = CoreMachine(program)
    machine.write(role, "x", np.arange(50))
    run = machine.run()
    assert machine.read(role, "y")[0].tolist() == list(range(50))
    assert run.cycles < 1 + 200 + 10 + 25 + 5


def test_main_waits_for_a_microthread_in_use(make: Make) -> None:
    program, role = alone(make)
    x, y, z = (role.memory(name, 30) for name in "xyz")
    with role.task("main", start=True):
        role.fmovs(y, x, thread=3)
        role.fmovs(z, x, thread=3)
        role.halt()
    machine = CoreMachine(program)
    machine.write(role, "x", np.arange(30))
    machine.run()
    assert machine.read(role, "z")[0].tolist() == list(range(30))


def test_more_work_than_one_cycle_can_have_costs_time(make: Make) -> None:
    """Scalar instructions without cost are counted: a loop of nothing else cannot stop the clock."""
    program, role = alone(make)
    counter, times = role.register(), role.register()
    with role.task("main", start=True):
        role.set(times, 1000)
        with role.loop(counter, times, cost=0):
            pass
    run_cycles = CoreMachine(program).run().cycles
    assert 1000 * 2 / ZERO_COST <= run_cycles <= 1000


def test_busy_stalled_and_idle_make_up_the_run(make: Make) -> None:
    program = make(2)
    color = program.color("data")
    first, last = program.role("first"), program.role("last")
    x, y = first.memory("x", 20), last.memory("y", 20)
    first.route(color, "RAMP", "EAST")
    last.route(color, "WEST", "RAMP")
    with first.task("main", start=True):
        first.wait(30)
        first.fmovs(first.fabout(color, 20), x)
    with last.task("main", start=True):
        last.fmovs(y, last.fabin(color, 20))
    program.place(first, [0], [0])
    program.place(last, [1], [0])
    run = CoreMachine(program).run()
    assert run.cycles == 30 + 6 + 20
    assert run.busy.tolist() == [[50, 20]]
    assert run.stalled.tolist() == [[0, 36]]
    assert run.spent["idle"].tolist() == [[6, 0]]
