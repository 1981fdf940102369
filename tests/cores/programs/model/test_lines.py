"""What cores of a line do together: sums and greatest that all get, and parts that all collect."""

from __future__ import annotations

import numpy as np
import pytest

from wsesim.cores import isa
from wsesim.cores.builder import Builder
from wsesim.cores.kit.base import gather, scatter
from wsesim.cores.kit.lines import ALLREDUCE_COLORS, COLLECT_COLORS, AllreduceLine, Collection
from wsesim.cores.kit.plans import COLUMN, ROW
from wsesim.cores.kit.writer import KernelWriter, timed
from wsesim.cores.machine import CoreMachine
from wsesim.hardware import load_cluster

WAFER = load_cluster("cs-2").cluster.wafer
LENGTH = 6


@pytest.mark.parametrize("cores", [1, 2, 3, 7, 10])
@pytest.mark.parametrize("group", [1, 3, 10])
def test_two_allreduces_in_a_row(cores: int, group: int) -> None:
    size = min(group, cores)
    builder = Builder(WAFER, width=cores, height=1)
    colors = [builder.color(str(number)) for number in range(ALLREDUCE_COLORS)]
    for place in range(cores):
        line = AllreduceLine(place=place, cores=cores, group=size, axis=ROW, colors=colors)
        role = builder.role(str(place))
        line.route(role)
        x, y = role.memory("x", LENGTH), role.memory("y", LENGTH)
        with role.task("start", start=True):
            line.allreduce(role, isa.ADD, x)
            line.allreduce(role, isa.MAX, y)
            role.halt()
        builder.place(role, [place], [0])
    machine = CoreMachine(builder)
    x, y = np.random.default_rng(0).integers(-9, 9, (2, 1, cores, LENGTH))
    scatter(machine, "x", x)
    scatter(machine, "y", y)
    run = machine.run()
    assert (gather(machine, "x") == x.sum(1, keepdims=True)).all()
    assert (gather(machine, "y") == y.max(1, keepdims=True)).all()
    expected = WAFER.core.task_launch_cycles + 2 * line.cycles(WAFER, LENGTH)
    assert run.cycles == pytest.approx(expected, rel=0.1, abs=6)


@pytest.mark.parametrize("cores", [1, 2, 3, 8])
def test_all_collect_all_parts_in_order(cores: int) -> None:
    builder = Builder(WAFER, width=1, height=cores)
    colors = [builder.color(str(number)) for number in range(COLLECT_COLORS)]
    for place in range(cores):
        line = Collection(place=place, cores=cores, axis=COLUMN, colors=colors)
        role = builder.role(str(place))
        line.route(role)
        part, parts = role.memory("part", LENGTH), role.memory("parts", cores * LENGTH)
        with role.task("start", start=True):
            line.collect(role, parts, part)
            role.halt()
        builder.place(role, [0], [place])
    machine = CoreMachine(builder)
    values = np.arange(cores * LENGTH).reshape(cores, 1, LENGTH)
    scatter(machine, "part", values)
    run = machine.run()
    assert (gather(machine, "parts") == values.ravel()).all()
    expected = WAFER.core.task_launch_cycles + line.cycles(WAFER, LENGTH)
    assert run.cycles == pytest.approx(expected, rel=0.03, abs=3)


def test_time_is_counted_turn_by_turn() -> None:
    builder = Builder(WAFER, width=1, height=1)

    def write(core: KernelWriter) -> None:
        x = core.role.memory("x", 24)
        for outer in core.repeat(3):
            core.role.fmovs(x.at(outer, 8), core.constant(1.0))
            for _ in core.repeat(4):
                core.role.fadds(x.at(0, 8), x.at(0, 8), x.at(8, 8))
        for _ in core.repeat(0):
            core.role.halt()

    role = builder.role("all")
    with role.task("start", start=True):
        write(KernelWriter(role, placed=True))
        role.halt()
    builder.place(role, [0], [0])
    counted = timed(WAFER)
    write(counted)
    assert CoreMachine(builder).run().cycles == counted.cycles
