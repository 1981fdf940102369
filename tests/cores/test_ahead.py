"""Cores that go ahead of others where nobody sees it: alone, or with their band. Nothing shows it.

A run that is recorded goes cycle by cycle, so each is compared with the same run as it is recorded.
"""

from __future__ import annotations

import dataclasses
from collections.abc import Callable
from typing import Any

import numpy as np
import pytest
from tests.cores.programs.cases import SMALL

from wsesim.cores import isa
from wsesim.cores.builder import Builder
from wsesim.cores.errors import ProgramError
from wsesim.cores.kit.prepared import Prepared
from wsesim.cores.machine import CoreMachine

Make = Callable[..., Builder]
WIDE = (("broadcast-2d", 23, 9, (3,)), ("reduce-tree", 150, 3, (2,)), ("fft-3d", 16, 16, (16,)))
"""Some words of the calendar: a row of less than one, of more, and many colors."""


def shown(prepared: Prepared, **recorded: Any) -> list[object]:
    """Return all that a run shows but what is recorded, and the values that it leaves."""
    run = prepared.run(**recorded)
    names = (each.name for each in dataclasses.fields(run))
    left_out = ("path", "by_line", "frames", *(() if [*recorded] == ["watch"] else ("spans", "flows")))
    found = {name: getattr(run, name) for name in names if name not in left_out}
    return [*found.items(), prepared.read(prepared.machine)]


@pytest.mark.parametrize("name", SMALL)
@pytest.mark.every(3)
def test_a_run_that_is_recorded_is_the_same(name: str) -> None:
    for number, each in enumerate(SMALL[name][:3]):
        plain, recorded = (each.case(name, number).load() for _ in range(2))
        np.testing.assert_equal(shown(plain), shown(recorded, path=True, watch=[(0, 0)], frame_cycles=7))


@pytest.mark.parametrize(("name", "columns", "rows", "shape"), WIDE)
def test_bands_of_any_size_and_length_are_the_same(name: str, columns: int, rows: int, shape: tuple[int, ...]) -> None:
    case = dataclasses.replace(SMALL[name][0].case(name, 1), grid=(columns, rows), shape=shape, options={})
    runs = []
    for cycles, band in ((1, 1), (16, 1), (5, 2), (16, 16)):
        prepared = case.load()
        prepared.machine.state.clock["ahead"], prepared.machine.state.clock["band"] = cycles, band
        runs.append(shown(prepared, watch=[(0, 0), (columns - 1, rows - 1), (5, 1)]))
    for run in runs[1:]:
        np.testing.assert_equal(run, runs[0])


def scalars(program: Builder, column: int, before: int) -> None:
    """Place a core that reads outside its memory after so many instructions that only it can see."""
    role = program.role(f"core {column}")
    at, index = role.register(), role.register()
    with role.task("main", start=True):
        role.set(index, 1000)
        for _ in range(before):
            role.iadd(at, at, 1)
        role.load(at, role.memory("x", 4).at(index, 1))
        with role.loop(at, index):
            role.iadd(at, at, -1)
        role.halt()
    program.place(role, [column], [0])


@pytest.mark.parametrize("before", [(90, 7), (7, 90), (40, 40)])
def test_the_first_fault_is_told(make: Make, before: tuple[int, int]) -> None:
    program = make(2)
    for column, instructions in enumerate(before):
        scalars(program, column, instructions)
    first = 0 if before[0] <= before[1] else 1
    with pytest.raises(ProgramError, match=rf"core \({first}, 0\).* reads or writes outside"):
        CoreMachine(program).run()


def test_a_core_that_goes_ahead_is_found_to_hang_in_time(make: Make) -> None:
    program = make(1)
    role = program.role("core")
    with role.task("main", start=True):
        role.set(role.register(), 1)
        role.instruction(isa.JUMP, cost=3, target=0)
    program.place(role, [0], [0])
    with pytest.raises(ProgramError, match="in the 100 cycles up to 101"):
        CoreMachine(program).run(patience=100)
    with pytest.raises(ProgramError, match="still running after 52 cycles"):
        CoreMachine(program).run(limit=50)
