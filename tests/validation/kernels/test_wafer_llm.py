"""Whole models of WaferLLM, by their rows' columns."""

from __future__ import annotations

from dataclasses import replace

import pytest

from wsesim.validation.kernels.family import KernelRow, NotPredicted
from wsesim.validation.kernels.machines import wafer_of
from wsesim.validation.kernels.table import read_kernel_table
from wsesim.validation.kernels.wafer_llm import FAMILIES

FAMILY = FAMILIES[0]
ROWS = [row for row in read_kernel_table() if FAMILY.matches(row)]


def error(row: KernelRow) -> float:
    return FAMILY.predict(row, wafer_of(row.machine_name)).value / row.value - 1


def test_rows_are_within_the_goal() -> None:
    errors = sorted(abs(error(row)) for row in ROWS)
    assert len(errors) == 16
    assert errors[len(errors) // 2] <= 0.04
    assert errors[-1] <= 0.1


def test_other_grids_and_lengths_are_understood() -> None:
    row = next(row for row in ROWS if "decode" in row.kernel)
    assert row.columns is not None
    small, large = (replace(row, columns=side, rows=side) for side in (360, 720))
    rates = [FAMILY.predict(each, wafer_of("cs-2")).value for each in (small, large)]
    assert rates[0] > rates[1], "a token takes longer on a larger square"
    short = replace(row, params="LLaMA2-13B;2048-token context")
    assert FAMILY.predict(short, wafer_of("cs-2")).value > 0


@pytest.mark.parametrize(
    "change",
    [{"params": "Some-1B;9-token context"}, {"params": "LLaMA3-8B"}, {"rows": 3}, {"unit": "s"}, {"columns": None}],
)
def test_what_cannot_be_predicted_says_why(change: dict[str, object]) -> None:
    with pytest.raises(NotPredicted, match=r"\w+ \w+"):
        FAMILY.predict(replace(ROWS[0], **change), wafer_of("cs-2"))  # type: ignore[arg-type]
