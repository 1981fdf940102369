"""Communication along lines of cores, by name: values by NumPy, cycles in closed form against the cores."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from wsesim import kit
from wsesim.cores.programs import KernelCase, KernelOutcome, KernelProgram, run_case
from wsesim.hardware import load_cluster

WAFERS = {name: load_cluster(name).cluster.wafer for name in ("cs-2", "cs-3")}
Array = np.ndarray[Any, Any]
Moves = Callable[[kit.KernelCore, kit.KernelLine, kit.Mem, kit.Mem], None]
"""(core, line, x, y): y already has what x has."""
AXES = {"row": 1, "column": 0}


def moving(moves: Moves, becomes: Callable[[Array], Array], line: str, *, times: int = 1, kind: int = kit.F32) -> Any:
    """Return a kernel that moves whole numbers; *becomes* makes y from x as [place, ..., element] and x."""

    def operands(setup: kit.KernelSetup, random: np.random.Generator) -> Mapping[str, Array]:
        return {"x": random.integers(1, 9, (setup.rows, setup.columns, *setup.shape)).astype(float)}

    def body(core: kit.KernelCore) -> None:
        (length,) = core.setup.shape
        x = core.role.memory("x", length, kind)
        y = core.role.memory("y", length * times, kind)
        if times == 1:
            core.role.vector(kit.MOV, y, x, kind=kind)
        moves(core, getattr(core, line), x, y)

    def meaning(setup: kit.KernelSetup, x: Array) -> Array:
        return np.moveaxis(becomes(np.moveaxis(x, AXES[line], 0)), 0, AXES[line])

    return kit.kernel(
        name="moves", doc="Values move.", shape_help="LENGTH: of a vector", example="8", operands=operands, body=body,
        meaning=meaning,
    )  # fmt: skip


def first_sum(x: Array) -> Array:
    y = x.copy()
    y[0] = x.sum(0)
    return y


def shifted(x: Array, by: int) -> Array:
    y = x.copy()
    if by > 0:
        y[1:] = x[:-1]
    else:
        y[:-1] = x[1:]
    return y


def all_parts(x: Array) -> Array:
    return np.broadcast_to(np.concatenate(list(x), axis=-1), (len(x), *x.shape[1:-1], len(x) * x.shape[-1]))


def exchanged(x: Array) -> Array:
    parts = np.stack(np.split(x, len(x), axis=-1))  # [to, from, ..., element]
    return np.concatenate(list(np.moveaxis(parts, 1, 0)), axis=-1)


CASES: dict[str, tuple[Moves, Callable[[Array], Array]]] = {
    "sum": (lambda core, line, x, y: line.sum(y), first_sum),
    "greatest": (lambda core, line, x, y: line.allreduce(y, kit.MAX), lambda x: np.broadcast_to(x.max(0), x.shape)),
    "allreduce": (lambda core, line, x, y: line.allreduce(y), lambda x: np.broadcast_to(x.sum(0), x.shape)),
    "broadcast": (lambda core, line, x, y: line.broadcast(y), lambda x: np.broadcast_to(x[0], x.shape)),
    "shift": (lambda core, line, x, y: line.shift(y, x), lambda x: shifted(x, 1)),
    "shift back": (lambda core, line, x, y: line.shift(y, x, back=True), lambda x: shifted(x, -1)),
    "all to all": (lambda core, line, x, y: line.all_to_all(y, x), exchanged),
}  # fmt: skip


def ran(program: KernelProgram, wafer: str, line: str, cores: int, others: int, length: int) -> KernelOutcome:
    grid = (cores, others) if line == "row" else (others, cores)
    return run_case(KernelCase(program=program, wafer=WAFERS[wafer], grid=grid, shape=(length,), options={}))


LINES = (st.sampled_from(sorted(WAFERS)), st.sampled_from(sorted(AXES)), st.integers(1, 9), st.integers(1, 3))


@pytest.mark.parametrize("name", CASES)
@settings(max_examples=12, deadline=None)
@given(*LINES, st.integers(1, 40))
def test_values_are_those_of_numpy(name: str, wafer: str, line: str, cores: int, others: int, length: int) -> None:
    moves, becomes = CASES[name]
    length *= cores if name == "all to all" else 1
    assert ran(moving(moves, becomes, line), wafer, line, cores, others, length).right


@pytest.mark.parametrize("name", CASES)
@pytest.mark.parametrize(("cores", "length"), [(2, 64), (5, 100), (16, 64), (30, 16)])
def test_the_closed_form_meets_the_cores(name: str, cores: int, length: int) -> None:
    moves, becomes = CASES[name]
    length *= cores if name == "all to all" else 1
    for wafer in WAFERS:
        found = ran(moving(moves, becomes, "row"), wafer, "row", cores, 1, length)
        assert found.closed_cycles == pytest.approx(found.cycles, rel=0.1)


@settings(max_examples=12, deadline=None)
@given(*LINES, st.integers(1, 20))
def test_parts_are_collected_in_order(wafer: str, line: str, cores: int, others: int, length: int) -> None:
    def operands(setup: kit.KernelSetup, random: np.random.Generator) -> Mapping[str, Array]:
        return {"x": random.integers(1, 9, (setup.rows, setup.columns, *setup.shape)).astype(float)}

    def body(core: kit.KernelCore) -> None:
        (length,) = core.setup.shape
        lines = getattr(core, line)
        x, y = core.role.memory("x", length), core.role.memory("y", length * lines.cores)
        lines.collect(y, x)

    def meaning(setup: kit.KernelSetup, x: Array) -> Array:
        return np.moveaxis(all_parts(np.moveaxis(x, AXES[line], 0)), 0, AXES[line])

    program = kit.kernel(
        name="collects", doc="Parts.", shape_help="LENGTH: of a part", example="8", operands=operands, body=body,
        meaning=meaning,
    )  # fmt: skip
    assert ran(program, wafer, line, cores, others, length).right
