"""Reading a table of kernels, and what is said about one that cannot be read."""

from collections.abc import Callable
from pathlib import Path

import pytest

from wsesim.errors import InputError, Problem
from wsesim.validation.kernels.rows import COLUMNS, KernelRow, read_kernel_table

WriteKernels = Callable[..., Path]


def _problem(path: Path) -> Problem:
    with pytest.raises(InputError) as caught:
        read_kernel_table(path)
    (problem,) = caught.value.problems
    assert problem.file == str(path)
    return problem


def test_the_table_of_the_package_is_whole(measured: tuple[KernelRow, ...]) -> None:
    assert len({row.id for row in measured}) == len(measured) == 387
    assert {row.machine_name for row in measured} == {"cs-1", "cs-2", "cs-3"}


@pytest.mark.parametrize(
    ("text", "clock_hz"), [("n/a", None), ("", None), ("850", 850e6), ("850 (assumed)", 850e6), ("fast", None)]
)
def test_a_clock_may_be_missing_or_assumed(write_kernels: WriteKernels, text: str, clock_hz: float | None) -> None:
    (row,) = read_kernel_table(write_kernels({"clock_mhz": text}))
    assert row.clock_hz == clock_hz


def test_a_grid_may_be_missing(write_kernels: WriteKernels) -> None:
    first, second = read_kernel_table(write_kernels({"grid_w": "", "grid_h": ""}, {"grid_w": "512"}))
    assert (first.columns, first.rows, second.columns, second.rows) == (None, None, 512, 1)


@pytest.mark.parametrize("text", ["0", "-3", "4.5", "four", "4x4", "9" * 5000, "²"])
def test_a_grid_that_is_none(write_kernels: WriteKernels, text: str) -> None:
    problem = _problem(write_kernels({}, {"grid_h": text}))
    assert problem.message == f"grid_h = {text!r} is neither empty nor a number of cores"
    assert problem.line == 3


@pytest.mark.parametrize("column", COLUMNS)
def test_a_missing_column_is_named(write_kernels: WriteKernels, column: str) -> None:
    problem = _problem(write_kernels({}, columns=tuple(name for name in COLUMNS if name != column)))
    assert f"the column {column!r} is missing" in problem.message


@pytest.mark.parametrize("value", ["", "fast", "nan", "inf", "-3", "0"])
def test_a_bad_value_is_shown_with_its_line(write_kernels: WriteKernels, value: str) -> None:
    problem = _problem(write_kernels({}, {"value": value}))
    assert (problem.message, problem.line) == (f"value = {value!r} is not a number above zero", 3)


def test_a_row_without_id(write_kernels: WriteKernels) -> None:
    assert _problem(write_kernels({"id": ""})).message == "the row has no id"


def test_a_table_of_another_kind(tmp_path: Path) -> None:
    path = tmp_path / "models.csv"
    path.write_text("id,system,value\na,CS-2,1\n")
    assert "the column 'machine' is missing" in _problem(path).message
    assert _problem(tmp_path / "no.csv").message == "no such file"
