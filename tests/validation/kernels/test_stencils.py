"""Measured rows of stencils are met within the goals of their families; constants taken from half hold for the rest."""

from __future__ import annotations

import statistics
from dataclasses import replace

import pytest

from wsesim.validation.kernels.family import Family, KernelRow, NotPredicted
from wsesim.validation.kernels.machines import on_target, wafer_of
from wsesim.validation.kernels.stencils import FAMILIES

STAR, TASKS, COLUMNS = FAMILIES


def error(family: Family, row: KernelRow) -> float:
    return abs(on_target(row, family.predict(row, wafer_of(row.machine_name))) / row.value - 1)


def square(row: KernelRow) -> bool:
    width, height = row.found(r"tile (\d+)x(\d+)").groups()
    return bool(width == height)


@pytest.mark.parametrize("family", FAMILIES, ids=lambda family: family.name)
def test_rows_are_met_within_the_goals(family: Family, measured: tuple[KernelRow, ...]) -> None:
    rows = [row for row in measured if family.matches(row) and row.unit != "%"]
    errors = [error(family, row) for row in rows]
    assert statistics.median(errors) <= family.median_goal
    assert max(errors) <= family.worst_goal


@pytest.mark.parametrize("generation", ["WSE-2", "WSE-3"])
def test_tiles_that_had_no_part_in_the_constants_are_met_as_well(
    generation: str, measured: tuple[KernelRow, ...]
) -> None:
    rows = [row for row in measured if STAR.matches(row) and row.machine.startswith(generation) and not square(row)]
    errors = [error(STAR, row) for row in rows]
    assert len(errors) >= 8
    assert statistics.median(errors) <= 0.02
    assert max(errors) <= 0.08


def test_a_box_is_slower_than_a_star(measured: tuple[KernelRow, ...]) -> None:
    row = next(row for row in measured if TASKS.matches(row))
    wafer = wafer_of(row.machine_name)
    star, wide = (replace(row, algorithm=f"star r={radius}: ...") for radius in (1, 2))
    box = replace(row, algorithm="box r=1: ...")
    values = [TASKS.predict(each, wafer).value for each in (star, box, wide)]
    assert values[0] < min(values[1:])
    assert TASKS.predict(box, wafer).level == "closed"


def test_what_cannot_be_run_says_why(measured: tuple[KernelRow, ...]) -> None:
    busy = next(row for row in measured if COLUMNS.matches(row) and row.unit == "%")
    star, tasks = (next(row for row in measured if family.matches(row)) for family in (STAR, TASKS))
    with pytest.raises(NotPredicted, match="counters"):
        COLUMNS.predict(busy, wafer_of(busy.machine_name))
    with pytest.raises(NotPredicted, match="no grid"):
        STAR.predict(replace(star, columns=None), wafer_of(star.machine_name))
    with pytest.raises(NotPredicted, match="neither star nor box"):
        TASKS.predict(replace(tasks, algorithm="other"), wafer_of(tasks.machine_name))
