"""Measured rows of local products, and of the SDK's GEMM examples, are met within the goals of their families."""

from __future__ import annotations

import statistics
from dataclasses import replace

import pytest

from wsesim.validation.kernels import spmm, summa
from wsesim.validation.kernels.family import Family, KernelRow, NotPredicted
from wsesim.validation.kernels.machines import on_target, wafer_of
from wsesim.validation.kernels.table import read_kernel_table

ROWS = read_kernel_table()


def rows_of(family: Family) -> list[KernelRow]:
    return [row for row in ROWS if family.matches(row)]


def row_named(name: str) -> KernelRow:
    return next(row for row in ROWS if row.id == name)


def predicted(family: Family, row: KernelRow) -> float:
    return on_target(row, family.predict(row, wafer_of(row.machine_name)))


@pytest.mark.parametrize("family", [*spmm.FAMILIES, *summa.FAMILIES], ids=lambda family: family.name)
def test_rows_are_met_within_the_goals(family: Family) -> None:
    errors, missing = [], []
    for row in rows_of(family):
        try:
            errors.append(abs(predicted(family, row) / row.value - 1))
        except NotPredicted:
            missing.append(row.id)
    assert statistics.median(errors) <= family.median_goal
    assert max(errors) <= family.worst_goal
    assert len(missing) <= 2


@pytest.mark.parametrize(
    ("family", "name", "message"),
    [
        (spmm.FAMILIES[0], "spmm-sim-gemm-64-m32-mem", "short loop once its arithmetic is taken out"),
        (summa.FAMILIES[0], "sdk-gemv-4x4", "what the host streams in and out"),
        (summa.FAMILIES[0], "sdk-gemvc-4x4", "how the library scatters and gathers"),
    ],
)
def test_what_is_missing_is_said(family: Family, name: str, message: str) -> None:
    with pytest.raises(NotPredicted, match=message):
        predicted(family, row_named(name))


def test_the_mean_over_cores_lies_between_two_numbers_of_values() -> None:
    row = row_named("spmm-csc-64x12-768x768-m132-d10")  # 76.8 values a core
    less, more = (
        replace(row, params=row.params.replace("density 10%", f"density {percent}%")) for percent in (9.8958, 10.0261)
    )
    family = spmm.FAMILIES[0]
    assert predicted(family, less) < predicted(family, row) < predicted(family, more)


def test_a_row_without_its_sizes_cannot_be_run() -> None:
    row = replace(row_named("sdk-summa-p4-14"), params="P=4")
    with pytest.raises(NotPredicted, match="params give no Mt"):
        predicted(summa.FAMILIES[0], row)
