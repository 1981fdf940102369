"""Where the cycles of a core went."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
import pytest

from wsesim.cores import isa
from wsesim.cores.builder import Builder, CoreRole
from wsesim.cores.machine import CoreMachine, CoreRun
from wsesim.cores.programs import find_program
from wsesim.cores.state import CAUSES
from wsesim.hardware import Wafer, load_cluster

Make = Callable[..., Builder]


def spent(run: CoreRun, column: int = 0) -> dict[str, int]:
    """Return the cycles of a core by cause, those that are not nothing."""
    assert sum(cycles[0, column] for cycles in run.spent.values()) == run.cycles
    assert all((cycles >= 0).all() for cycles in run.spent.values())
    return {cause: int(cycles[0, column]) for cause, cycles in run.spent.items() if cycles[0, column]}


def alone(make: Make, wafer: Wafer, write: Callable[[CoreRole], None]) -> CoreRun:
    program = make(1, wafer=wafer)
    role = program.role("core")
    program.place(role, [0], [0])
    with role.task("main", start=True):
        write(role)
    return CoreMachine(program).run()


def test_arithmetic_and_the_start_of_it(make: Make, wse2: Wafer) -> None:
    def write(role: CoreRole) -> None:
        role.fmacs(role.memory("y", 16), role.memory("x", 16), role.memory("w", 16), role.register(), launch=5)

    found = spent(alone(make, wse2, write))
    assert found["launch"] == 5
    assert found.keys() <= {"launch", "compute", "banks"}


def test_reads_that_meet_in_a_bank(make: Make, wse2: Wafer) -> None:
    def write(role: CoreRole, bank: int) -> None:
        a, b = role.memory("a", 16, isa.F16, bank=0), role.memory("b", 16, isa.F16, bank=bank)
        role.vector(isa.ADD, a, a, b, kind=isa.F16)

    apart = spent(alone(make, wse2, lambda role: write(role, 2)))
    same = spent(alone(make, wse2, lambda role: write(role, 0)))
    assert "banks" not in apart
    assert same == apart | {"banks": same["banks"]}


def test_scalar_code_and_starts_of_what_has_no_elements_are_launches(make: Make, wse2: Wafer) -> None:
    def write(role: CoreRole) -> None:
        role.wait(7)
        role.fmovs(role.memory("y", 4), role.memory("x", 4), length=role.register(), launch=9)

    assert spent(alone(make, wse2, write)).keys() == {"launch"}


def test_who_waits_for_wavelets_and_who_for_room(make: Make) -> None:
    """The first sends at once to the second, which begins late and then waits for the third, which sends later."""
    program = make(3)
    east, west = program.color("east"), program.color("west")
    first, middle, last = (program.role(name) for name in ("first", "middle", "last"))
    first.route(east, "RAMP", "EAST")
    middle.route(east, "WEST", "RAMP")
    middle.route(west, "EAST", "RAMP")
    last.route(west, "RAMP", "WEST")
    with first.task("main", start=True):
        first.fmovs(first.fabout(east, 100), first.memory("x", 100))
    with middle.task("main", start=True):
        middle.wait(50)
        middle.fmovs(middle.memory("y", 100), middle.fabin(east, 100))
        middle.fmovs(middle.memory("z", 4), middle.fabin(west, 4))
    with last.task("main", start=True):
        last.wait(300)
        last.fmovs(last.fabout(west, 4), last.memory("x", 4))
    for column, role in enumerate((first, middle, last)):
        program.place(role, [column], [0])
    run = CoreMachine(program).run()
    sender, receiver = spent(run, 0), spent(run, 1)
    assert sender["compute"] == 100
    assert sender["queue wait"] > 20
    assert sender["idle"] > 100
    assert "fabric wait" not in sender
    assert receiver["launch"] == 50
    assert receiver["compute"] == 104
    assert receiver["fabric wait"] == run.cycles - 154
    assert spent(run, 2)["launch"] == 300


@pytest.mark.parametrize("machine", ["cs-2", "cs-3"])
@pytest.mark.parametrize(
    ("name", "grid", "shape"),
    [("allreduce-2d", (5, 4), (12,)), ("fft-3d", (4, 4), (4,)), ("mesh-gemm", (3, 3), (6, 6, 6)),
     ("stencil-tasks", (4, 4), (4, 4, 2, 2)), ("softmax", (4, 2), (4, 16))],
)  # fmt: skip
def test_all_cycles_are_accounted_for(machine: str, name: str, grid: tuple[int, int], shape: tuple[int, ...]) -> None:
    prepared = find_program(name).prepare
    assert prepared is not None
    wafer = load_cluster(machine).cluster.wafer
    loaded = prepared(wafer, grid, shape, {}, 0)
    run = loaded.machine.run(unread=loaded.unread)
    assert tuple(run.spent) == CAUSES
    assert (np.sum([*run.spent.values()], axis=0) == run.cycles).all()
    assert all((cycles >= 0).all() for cycles in run.spent.values())
    assert (run.cycles - run.spent["idle"] == run.busy + run.stalled).all()
