"""Reads of 16-bit vectors by lines, and moves that pass each other, on the WSE-3."""

from __future__ import annotations

import pytest

from wsesim.cores import isa
from wsesim.cores.builder import Builder, CoreRole
from wsesim.cores.machine import CoreMachine
from wsesim.cores.rates import line_cycles
from wsesim.hardware import Wafer, load_cluster

WSE2, WSE3 = (load_cluster(name).cluster.wafer for name in ("cs-2", "cs-3"))
LAUNCH = WSE3.core.vector_launch_cycles


def multiply_accumulate(length: int, y_at: int, x_at: int, wafer: Wafer = WSE3) -> int:
    """Return the cycles of one over elements of y and x from these places on."""
    builder = Builder(wafer, width=1, height=1)
    role = builder.role("core")
    builder.place(role, [0], [0])
    y = role.memory("y", 64, isa.F16, bank=0)
    x = role.memory("x", 64, isa.F16, bank=0)
    factor, first, last, y_place, x_place = (role.register() for _ in range(5))
    with role.task("main", start=True):
        role.set(y_place, y_at)
        role.set(x_place, x_at)
        role.stamp(first, cost=0)
        into = y.at(y_place, length)
        role.vector(isa.MAC, into, into, x.at(x_place, length), factor, kind=isa.F16)
        role.stamp(last, cost=0)
        role.halt()
    machine = CoreMachine(builder)
    machine.run()
    return int(machine.register(role, last.index)[0] - machine.register(role, first.index)[0])


@pytest.mark.parametrize("length", [9, 10, 13, 16, 17, 40])
@pytest.mark.parametrize(("y_at", "x_at"), [(0, 0), (0, 4), (1, 0), (2, 7), (3, 3), (5, 12)])
def test_long_vectors_take_the_lines_they_touch(length: int, y_at: int, x_at: int) -> None:
    found = multiply_accumulate(length, y_at, x_at)
    assert found == LAUNCH + line_cycles(WSE3.core, 2 * y_at, 128 + 2 * x_at, length)


def test_the_lines_of_two_vectors_alternate_between_halves() -> None:
    assert line_cycles(WSE3.core, 0, 0, 8) == line_cycles(WSE3.core, 0, 8, 8) == 2
    assert line_cycles(WSE3.core, 0, 0, 4) == 2
    assert line_cycles(WSE3.core, 0, 8, 4) == 1
    assert line_cycles(WSE3.core, 2, 2, 12) == 4
    assert line_cycles(WSE3.core, 0, 16, 4096) == 1024


@pytest.mark.parametrize("length", [1, 3, 7, 8])
def test_one_issue_takes_two_cycles_wherever_it_reads(length: int) -> None:
    assert {multiply_accumulate(length, y_at, x_at) for y_at in range(4) for x_at in range(8)} == {LAUNCH + 2}


def test_earlier_machines_read_an_issue_as_banks_allow() -> None:
    assert multiply_accumulate(16, 0, 0, WSE2) == 8
    assert multiply_accumulate(16, 0, 2, WSE2) == 4


def exchange(wafer: Wafer, kind: int, length: int) -> int:
    """Return the cycles in which two cores send each other a vector on microthreads."""
    builder = Builder(wafer, width=2, height=1)
    colors = [builder.color(name) for name in ("east", "west")]

    def write(role: CoreRole, sends: int, side: str) -> None:
        out, back = colors[sends], colors[1 - sends]
        role.route(out, "RAMP", side)
        role.route(back, side, "RAMP")
        here, there = role.memory("here", length, kind), role.memory("there", length, kind)
        with role.task("main", start=True):
            role.vector(isa.MOV, role.fabout(out, length), here, kind=kind, thread=0)
            role.vector(isa.MOV, there, role.fabin(back, length), kind=kind, thread=1)
            role.halt()

    for column, side in enumerate(("EAST", "WEST")):
        role = builder.role(f"core {column}")
        write(role, column, side)
        builder.place(role, [column], [0])
    return CoreMachine(builder).run().cycles


@pytest.mark.parametrize(("wafer", "kind", "cycles"), [(WSE3, isa.F16, 1), (WSE2, isa.F16, 2), (WSE3, isa.F32, 2)])
def test_what_goes_out_and_what_comes_in_pass_each_other(wafer: Wafer, kind: int, cycles: int) -> None:
    per_wavelet = 2 if kind == isa.F16 else 1
    short, long = (exchange(wafer, kind, wavelets * per_wavelet) for wavelets in (100, 300))
    assert long - short == 200 * cycles


def test_four_transfers_share_the_two_sides_evenly() -> None:
    """Two streams out and two in: each moves on every second cycle, and none waits until another is over."""
    builder = Builder(WSE3, width=2, height=1)
    colors = [builder.color(f"color {number}") for number in range(4)]
    length, ends = 200, {}
    for column, side in enumerate(("EAST", "WEST")):
        role = builder.role(f"core {column}")
        outs, backs = colors[2 * column : 2 * column + 2], colors[2 - 2 * column : 4 - 2 * column]
        with role.task("main", start=True):
            for thread, (out, back) in enumerate(zip(outs, backs, strict=True)):
                role.route(out, "RAMP", side)
                role.route(back, side, "RAMP")
                here, there = (role.memory(f"{name} {thread}", length, isa.F16) for name in ("here", "there"))
                role.vector(isa.MOV, role.fabout(out, length), here, kind=isa.F16, thread=2 * thread)
                role.vector(isa.MOV, there, role.fabin(back, length), kind=isa.F16, thread=2 * thread + 1)
            role.halt()
        builder.place(role, [column], [0])
    for span in CoreMachine(builder).run(watch=[(0, 0)]).spans:
        if span.thread is not None:
            ends[span.thread] = span.end
    assert len(ends) == 4
    assert max(ends.values()) - min(ends.values()) < 30
