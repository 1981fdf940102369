"""Loading, reading and looking at a machine."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
import pytest

from wsesim.cores import isa, jit
from wsesim.cores.builder import Builder, CoreRole, ProgramError
from wsesim.cores.machine import CoreMachine
from wsesim.cores.packing import role_queues
from wsesim.hardware import Wafer

Make = Callable[..., Builder]


def checkered(make: Make) -> tuple[Builder, CoreRole, CoreRole]:
    program = make(3, 2)
    even, odd = program.role("even"), program.role("odd")
    for y in range(2):
        program.place(even, [x for x in range(3) if (x + y) % 2 == 0], [y])
        program.place(odd, [x for x in range(3) if (x + y) % 2 == 1], [y])
    return program, even, odd


@pytest.mark.parametrize(("kind", "values"), [
    (isa.F32, [0.1, -2.5, 1e30]), (isa.F16, [0.1, -2.5, 65504]), (isa.I32, [-(2**31), 5, 2**31 - 1]),
    (isa.I16, [-32768, 7, 32767]),
])  # fmt: skip
def test_what_is_written_can_be_read(make: Make, kind: int, values: list[float]) -> None:
    program, even, odd = checkered(make)
    even.memory("before", 2)
    for role in (even, odd):
        role.memory("x", 3, kind)
    found = CoreMachine(program)
    found.write(even, "x", np.outer([1, 1, 1], values))
    found.write(odd, "x", values)
    dtype = {isa.F32: np.float32, isa.F16: np.float16}.get(kind, np.float64)
    expected = np.array(values).astype(dtype).astype(float)
    assert found.read(even, "x").tolist() == [expected.tolist()] * 3
    assert found.read(odd, "x").tolist() == [expected.tolist()] * 3
    assert not found.read(even, "before").any()


def test_cores_of_a_role_come_row_by_row(make: Make) -> None:
    program, even, odd = checkered(make)
    even.memory("x", 1)
    odd.memory("y", 1)
    found = CoreMachine(program)
    found.write(even, "x", [[1], [2], [3]])
    found.write(odd, "y", [[4], [5], [6]])
    first = found.state.cores["memory"]
    assert found.state.floats[first // 2].tolist() == [1, 4, 2, 5, 3, 6]


def test_a_run_of_nothing(make: Make) -> None:
    program, _, _ = checkered(make)
    run = CoreMachine(program).run()
    assert (run.cycles, run.events, run.hops, run.fmacs, run.elements) == (0, 0, 0, 0, 0)
    assert run.busy.shape == (2, 3)
    assert run.sent.shape == (2, 3, 5)
    assert run.frames.shape == (0, 2, 3)


def test_a_machine_runs_once(make: Make) -> None:
    found = CoreMachine(checkered(make)[0])
    found.run()
    with pytest.raises(ProgramError, match="has run already: load the program again"):
        found.run()


def stream(make: Make, values: int = 40) -> Builder:
    program = make(3)
    color = program.color("data")
    first, middle, last = (program.role(name) for name in ("first", "middle", "last"))
    first.route(color, "RAMP", "EAST")
    middle.route(color, "WEST", "EAST")
    last.route(color, "WEST", "RAMP")
    with first.task("send", start=True):
        first.fmovs(first.fabout(color, values), first.memory("x", values))
    with last.task("receive", start=True):
        last.fmovs(last.memory("y", values), last.fabin(color, values), thread=4)
        last.wait(3)
    for column, role in enumerate((first, middle, last)):
        program.place(role, [column], [0])
    return program


def test_frames_add_up_to_the_run(make: Make) -> None:
    run = CoreMachine(stream(make)).run(frame_cycles=10)
    assert run.frames.shape == (5, 1, 3)
    assert run.frames[:, 0, 0].tolist() == [10, 10, 10, 10, 0]
    assert run.frames.sum(0).tolist() == run.busy.tolist()


def test_spans_of_watched_cores(make: Make) -> None:
    run = CoreMachine(stream(make)).run(watch=[(2, 0)])
    task, move = run.spans
    assert (task.name, task.thread, task.start, task.column, task.row, task.place) == ("receive", None, 0, 2, 0, "")
    assert (move.name, move.thread, move.start, move.end) == ("mov", 4, 0, 7 + 40)
    assert move.place.startswith("test_machine.py, line ")


def test_the_log_may_be_longer_than_its_array(make: Make) -> None:
    program = make(1)
    role = program.role("core")
    program.place(role, [0], [0])
    x, turn, turns = role.memory("x", 1), role.register(), role.register()
    with role.task("main", start=True):
        role.set(turns, 40_000)
        with role.loop(turn, turns, cost=1):
            role.fmovs(x, x)
    assert len(CoreMachine(program).run(watch=[(0, 0)]).spans) == 40_001


def test_who_can_be_watched(make: Make) -> None:
    with pytest.raises(ProgramError, match=r"core \(3, 0\) is to be watched; the program has none there"):
        CoreMachine(stream(make)).run(watch=[(3, 0)])
    with pytest.raises(ProgramError, match="1,025 cores are to be watched; 1,024 are the most"):
        CoreMachine(stream(make)).run(watch=[(0, 0)] * 1025)


def test_colors_get_the_deepest_queue_left(make: Make, wse3: Wafer) -> None:
    program = make(1)
    role = program.role("core")
    colors = [program.color(str(number)) for number in range(4)]
    for color in colors:
        role.route(color, "WEST", "RAMP")
        role.route(color, "RAMP", "WEST")
    role.queue(colors[3], 0)
    role.queue(colors[0], 7)
    role.queue(colors[1], 4, out=True)
    ramp = program.wafer.fabric.ramp_cycles
    rooms = {(queue.color, queue.port): queue.room - ramp for queue in role_queues(program, role)}
    assert [rooms[color.index, isa.INWARD] for color in colors] == [2, 6, 4, 6]
    assert [rooms[color.index, isa.RAMP] for color in colors] == [6, 2, 6, 2]


def test_memory_follows_what_roles_use(make: Make) -> None:
    """A core without variables has no memory, whatever others have; queues it has room for as the fullest."""
    program = make(3)
    program = stream(make)
    found = CoreMachine(program)
    assert len(found.state.floats) == 40 + 40
    assert found.state.queues.shape == (3, 2)
    fabric = program.wafer.fabric
    assert found.state.ring.shape == (3, fabric.in_queue_words[0] + fabric.ramp_cycles + fabric.link_words)


def test_large_grids_need_compiled_code(make: Make, monkeypatch: pytest.MonkeyPatch) -> None:
    def start(width: int) -> Builder:
        program = make(width, 64)
        program.place(program.role("core"), range(width), range(64))
        return program

    monkeypatch.setattr(jit, "COMPILED", False)
    CoreMachine(start(64))
    with pytest.raises(ProgramError, match=r"4,160 cores need compiled code .pip install numba"):
        CoreMachine(start(65))


def test_traffic_of_a_column(make: Make) -> None:
    """With one column a step along a row and one along a column are told apart."""
    program = make(1, 3)
    color = program.color("data")
    roles = [program.role(str(row)) for row in range(3)]
    for row, role in enumerate(roles):
        role.route(color, "RAMP" if row == 0 else "NORTH", *(["SOUTH"] if row < 2 else ["RAMP"]))
        program.place(role, [0], [row])
    with roles[0].task("main", start=True):
        roles[0].fmovs(roles[0].fabout(color, 3), roles[0].memory("x", 3))
    with roles[2].task("main", start=True):
        roles[2].fmovs(roles[2].memory("y", 3), roles[2].fabin(color, 3))
    run = CoreMachine(program).run()
    assert run.sent[:, 0].tolist() == [[0, 0, 0, 3, 0], [0, 0, 0, 3, 0], [0, 0, 0, 0, 3]]
    assert run.traffic == {"data": 6}
