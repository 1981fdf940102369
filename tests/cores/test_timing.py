"""Measured single mechanisms: rows `mic-*` (WSE-3 fabric simulator), `fmacs-*` and `st1c-*` (WSE-2 too).

Sources: github.com/luozoupi/FABRICA-CUDA2CSL-Optmization-Benchmark-and-Agentic-Framework docs/PERFORMANCE_MODEL.md;
github.com/pr0f3ss/SpMM_Cerebras src/fmacs_test; github.com/Jorineg/cerebras (one-cell stencil).
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from pkgutil import iter_modules

import pytest

from wsesim import cores
from wsesim.cores import isa
from wsesim.cores.builder import Builder, CoreRole
from wsesim.cores.machine import CoreMachine
from wsesim.cores.operands import Register
from wsesim.hardware import Wafer, load_cluster

Make = Callable[..., Builder]
TOLERANCE = 0.03


def between_stamps(program: Builder, write: Callable[[CoreRole], None], *, cost: int | None = None) -> int:
    """Return what the difference of two stamps around some instructions is on a core."""
    role = program.role("core")
    program.place(role, [0], [0])
    before, after = role.register(), role.register()
    with role.task("main", start=True):
        role.stamp(before, cost=cost)
        write(role)
        role.stamp(after, cost=cost)
    machine = CoreMachine(program)
    machine.run()
    return int(machine.register(role, after.index)[0] - machine.register(role, before.index)[0])


def arrays(role: CoreRole, length: int, kind: int, *, conflict: bool = True) -> list[object]:
    return [role.memory(name, length, kind, bank=bank) for name, bank in (("a", 0), ("b", 0 if conflict else 2))]


def copy(length: int, kind: int) -> Callable[[CoreRole], None]:
    return lambda role: role.vector(isa.MOV, *arrays(role, length, kind), kind=kind)  # type: ignore[arg-type]


def fma(length: int, kind: int, *, conflict: bool = True) -> Callable[[CoreRole], None]:
    def write(role: CoreRole) -> None:
        a, b = arrays(role, length, kind, conflict=conflict)
        role.vector(isa.MAC, a, a, b, Register(0), kind=kind)  # type: ignore[arg-type]

    return write


def add16(length: int) -> Callable[[CoreRole], None]:
    def write(role: CoreRole) -> None:
        a, b = arrays(role, length, isa.I16)
        role.vector(isa.ADD, a, a, b, kind=isa.I16)  # type: ignore[arg-type]

    return write


@pytest.mark.parametrize(("row", "write", "elements", "rate"), [
    ("mic-copy-f16-sim", copy(4096, isa.F16), 4096, 8.0),
    ("mic-copy-f32-sim", copy(4096, isa.F32), 4096, 4.0),
    ("mic-fma-f16-sim", fma(4096, isa.F16), 4096, 4.0),
    ("mic-fma-f32-sim", fma(4096, isa.F32), 4096, 0.5),
])  # fmt: skip
def test_rates_and_set_up(
    make: Make, wse3: Wafer, row: str, write: Callable[[CoreRole], None], elements: int, rate: float
) -> None:
    found = between_stamps(make(1, wafer=wse3), write)
    assert 15 <= found - elements / rate <= 17, row


def test_one_long_multiply_accumulate(make: Make, wse3: Wafer) -> None:
    assert between_stamps(make(1, wafer=wse3), fma(4096, isa.F16)) == 1040  # mic-fma16-4096-dsd


@pytest.mark.parametrize(("write", "measured"), [
    (fma(8, isa.F16), 4), (fma(16, isa.F16), 6), (fma(64, isa.F16), 18), (add16(2048), 514),
])  # fmt: skip
def test_dispatch_to_completion_with_both_ends_counted(
    make: Make, wse3: Wafer, write: Callable[[CoreRole], None], measured: int
) -> None:
    assert between_stamps(make(1, wafer=wse3), write, cost=0) + 1 == measured  # mic-dsdlat-8, -16, -64, mic-add16-2048


def test_a_map_over_short_instructions(make: Make, wse3: Wafer) -> None:
    def write(role: CoreRole) -> None:
        a, b = role.memory("a", 16, isa.F16), role.memory("b", 16, isa.F16)
        turn, turns = role.register(), role.register()
        role.set(turns, 256)
        with role.map(turn, turns):
            role.vector(isa.MAC, a, a, b, Register(0), kind=isa.F16)

    assert between_stamps(make(1, wafer=wse3), write) == pytest.approx(2840, rel=TOLERANCE)  # mic-fma16-4096-map16


def test_scalars(make: Make, wse3: Wafer) -> None:
    def add(role: CoreRole) -> None:
        x, y = role.memory("x", 1, isa.I16), role.register()
        z = role.register()
        role.load(y, x)
        role.load(z, x)
        role.iadd(y, y, z)
        role.store(x, y)

    assert between_stamps(make(1, wafer=wse3), add, cost=0) == 7  # mic-scalar-add
    dependent = between_stamps(
        make(1, wafer=wse3), lambda role: role.scalar(isa.FADD, Register(0), Register(0)), cost=0
    )
    assert dependent == 2  # mic-dep-fp


def test_branches(make: Make, wse3: Wafer) -> None:
    def turns(count: int) -> int:
        def write(role: CoreRole) -> None:
            turn, times = role.register(), role.register()
            role.set(times, count, cost=0)
            with role.loop(turn, times):
                pass

        return between_stamps(make(1, wafer=wse3), write, cost=0)

    assert turns(1) == 1 + 3  # mic-branch-nottaken, and the counter's start
    assert turns(9) - turns(8) == 6  # mic-branch-taken


BLOCK_CODE_CYCLES = 4
"""Scalar instructions before a block is sent; the source of the relay rows does not list them."""


def relay(program: Builder, cores: int, block: int) -> tuple[CoreMachine, list[CoreRole], Register]:
    """Return a line of cores each of which receives a block whole and then sends it on, and where it notes the time."""
    roles, colors = [program.role(str(x)) for x in range(cores)], [program.color(str(x)) for x in range(cores)]
    for x, role in enumerate(roles):
        memory, started, ended = role.memory("block", block), role.register(), role.register()
        send = role.declare("send", start=x == 0)
        if x + 1 < cores:
            role.route(colors[x], "RAMP", "EAST")
        if x > 0:
            role.route(colors[x - 1], "WEST", "RAMP")
            with role.task("receive", start=True):
                role.fmovs(memory, role.fabin(colors[x - 1], block), thread=0, activate=send)
        with role.task("send"):
            role.stamp(ended, cost=0)
            if x == 0:
                role.stamp(started)
            role.wait(BLOCK_CODE_CYCLES)
            if x + 1 < cores:
                role.fmovs(role.fabout(colors[x], block), memory, thread=1)
        program.place(role, [x], [0])
    machine = CoreMachine(program)
    machine.run()
    return machine, roles, ended


@pytest.mark.parametrize("relays", [1, 2, 4, 8])
@pytest.mark.parametrize("block", [64, 512])
def test_relays(make: Make, wse3: Wafer, relays: int, block: int) -> None:
    machine, roles, ended = relay(make(relays + 1, wafer=wse3), relays + 1, block)
    found = machine.register(roles[-1], ended.index)[0] - machine.register(roles[0], ended.index)[0]
    measured = 1.001 * relays * block + 16.1 * relays + 16.5  # mic-relay-n*-b*
    assert found == pytest.approx(measured, rel=TOLERANCE)


def test_a_message(make: Make, wse3: Wafer) -> None:
    program = make(2, wafer=wse3)
    color, first, last = program.color("data"), program.role("first"), program.role("last")
    first.route(color, "RAMP", "EAST")
    last.route(color, "WEST", "RAMP")
    dispatched, received = first.register(), last.register()
    done = last.declare("done")
    with first.task("main", start=True):
        first.wait(20)
        first.stamp(dispatched, cost=0)
        first.fmovs(first.fabout(color, 8), first.memory("x", 8), thread=0)
    with last.task("main", start=True):
        last.fmovs(last.memory("y", 8), last.fabin(color, 8), thread=0, activate=done)
    with last.task("done"):
        last.stamp(received, cost=0)
    for column, role in enumerate((first, last)):
        program.place(role, [column], [0])
    machine = CoreMachine(program)
    machine.run(watch=[(1, 0)])
    sent, got = machine.register(first, dispatched.index)[0], machine.register(last, received.index)[0]
    assert got - sent == pytest.approx(19, abs=1)  # mic-msg-send-dispatch-to-receive-t
    assert got - sent + program.wafer.core.stamp_cycles == pytest.approx(36, rel=TOLERANCE)  # mic-msg-bracketed-total
    ramp, hop, launch = 3, 2, 1
    assert launch + 1 + ramp + hop == 7  # mic-msg-dispatch-to-first-wavelet, where the neighbour's router has it
    last_wavelet = sent + launch + 7 + 1 + ramp + hop + ramp
    assert got - last_wavelet == 3  # mic-msg-last-wavelet-to-completion


@pytest.mark.parametrize(("length", "conflict", "measured"), [
    (5124, False, 5130), (1028, False, 1034), (5124, True, 10254), (1028, True, 2062),
])  # fmt: skip
def test_banks_on_the_second_wafer(make: Make, length: int, conflict: bool, measured: int) -> None:
    """Rows fmacs-*-mid and -slow."""
    assert between_stamps(make(1), fma(length, isa.F32, conflict=conflict)) == measured


@pytest.mark.parametrize(("generation", "measured"), [("wse2", 12), ("wse3", 17)])
def test_six_short_instructions_and_a_branch(
    make: Make, request: pytest.FixtureRequest, generation: str, measured: int
) -> None:
    """The inner loop of the one-cell stencil where nothing has to be waited for: rows st1c-*-g3x3."""

    def turns(count: int) -> int:
        def write(role: CoreRole) -> None:
            x, turn, times = role.memory("x", 8), role.register(), role.register()
            role.set(times, count, cost=0)
            with role.loop(turn, times):
                for number in range(6):
                    role.fadds(x.at(number, 1), x.at(number, 1), Register(0))

        return between_stamps(make(1, wafer=request.getfixturevalue(generation)), write, cost=0)

    assert turns(5) - turns(4) == pytest.approx(measured, abs=1)


@pytest.mark.parametrize(("generation", "activation"), [("wse2", 0), ("wse3", 7)])
def test_a_task_starts_so_many_cycles_after_its_trigger(
    make: Make, generation: str, activation: int, request: pytest.FixtureRequest
) -> None:
    wafer = request.getfixturevalue(generation)
    core = replace(wafer.core, task_launch_cycles=7, activation_cycles=activation)
    program = make(2, wafer=replace(wafer, core=core))
    color, sender, receiver = program.color("data"), program.role("sender"), program.role("receiver")
    program.place(sender, [0], [0])
    program.place(receiver, [1], [0])
    sender.route(color, "RAMP", "EAST")
    receiver.route(color, "WEST", "RAMP")
    launched, activated, arrived = sender.register(), sender.register(), receiver.register()
    other, x = sender.declare("other"), sender.memory("x", 1)
    with sender.task("main", start=True):
        sender.stamp(launched, cost=0)
        sender.wait(10)
        sender.activate(other, cost=1)
    with sender.task("other"):
        sender.stamp(activated, cost=0)
        sender.fmovs(sender.fabout(color, 1), x, launch=0)
    with receiver.task("word", on=color):
        receiver.stamp(arrived, cost=0)
        receiver.halt()
    machine = CoreMachine(program)
    machine.run()
    assert machine.register(sender, launched.index)[0] == 7
    sent = machine.register(sender, activated.index)[0]
    assert sent == 7 + 11 + activation
    flight = 1 + 2 * program.wafer.fabric.ramp_cycles + program.wafer.fabric.hop_cycles
    assert machine.register(receiver, arrived.index)[0] == sent + flight + 7


def test_queues_are_those_of_the_generation() -> None:
    depths = {name: load_cluster(name).cluster.wafer.fabric.in_queue_words for name in ("cs-1", "cs-2", "cs-3")}
    assert depths["cs-1"] == depths["cs-2"] == (6, 6, 4, 4, 2, 2, 2, 2)
    assert depths["cs-3"] == (8, 8, 4, 4, 4, 4, 4, 4)


def test_lanes_do_not_tell_the_generation(wse2: Wafer) -> None:
    assert "timing" not in {module.name for module in iter_modules(cores.__path__)}
    wide = load_cluster("cs-2", overrides={"core.simd_fp16_per_cycle": 8}).cluster.wafer
    narrow = load_cluster("cs-2").cluster.wafer
    assert replace(wide, core=replace(wide.core, simd_fp16_per_cycle=4.0)) == narrow
