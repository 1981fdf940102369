"""What each instruction took adds up to what the cores did."""

from __future__ import annotations

import pytest

from wsesim.cores.kit.base import KernelCase
from wsesim.cores.lines import WAITED, WORKED
from wsesim.cores.programs import find_program, run_case
from wsesim.hardware import load_cluster

CASES = (("allreduce-2d", (4, 3), (8,)), ("gemv", (4, 4), (32, 32)), ("vector-loop", (1, 1), (64, 16)))


@pytest.mark.parametrize(("name", "grid", "shape"), CASES)
def test_cycles_of_lines_are_those_of_the_cores(name: str, grid: tuple[int, int], shape: tuple[int, ...]) -> None:
    wafer = load_cluster("cs-2").cluster.wafer
    found = run_case(KernelCase(program=find_program(name), wafer=wafer, grid=grid, shape=shape, options={}), path=True)
    assert found.run is not None
    assert found.code is not None
    run, by_line = found.run, found.run.by_line
    assert by_line is not None
    assert by_line.min() >= 0
    spent = [int(run.spent[cause].sum()) for cause in (*WORKED, "fabric wait", "queue wait")]
    if name == "gemv":  # whose instructions work side by side, and each counts for itself
        assert by_line[:, 0].sum() >= spent[0]
    else:
        assert by_line.sum(0).tolist() == [*spent[:WAITED], sum(spent[WAITED:])]
    lines = [line for role in found.code() for line in role if line.handled is not None]
    assert [line.handled for line in lines] == run.executed.tolist()
    assert sum(line.waited for line in lines) == by_line[:, WAITED].sum()
