"""Rows of Fourier transforms: wsFFT within its goals, the SDK's library with a reason."""

from __future__ import annotations

from dataclasses import replace

import pytest

from wsesim.validation.kernels.family import Family, KernelRow, NotPredicted
from wsesim.validation.kernels.fft import FAMILIES
from wsesim.validation.kernels.machines import on_target, wafer_of
from wsesim.validation.kernels.table import read_kernel_table

WSFFT, LIBRARY = FAMILIES


def rows_of(family: Family) -> list[KernelRow]:
    return [row for row in read_kernel_table() if family.matches(row)]


def error(row: KernelRow) -> float:
    found = WSFFT.predict(row, wafer_of(row.machine_name))
    assert sum(found.shares.values()) <= 1
    return on_target(row, found) / row.value - 1


def test_every_transform_of_the_table_has_its_family() -> None:
    assert {len(rows_of(family)) > 0 for family in FAMILIES} == {True}
    for row in read_kernel_table():
        if "FFT" in row.kernel:
            assert sum(family.matches(row) for family in FAMILIES) == 1


def test_rows_are_met() -> None:
    errors = sorted(abs(error(row)) for row in rows_of(WSFFT))
    assert errors[len(errors) // 2] <= WSFFT.median_goal
    assert errors[-1] <= WSFFT.worst_goal


def test_the_published_512_cubed_is_met() -> None:
    row = rows_of(WSFFT)[0]
    published_us, clock_mhz = 959, 850  # abstract of arXiv 2209.15040
    large = replace(row, columns=512, rows=512, params="512^3", value=published_us * clock_mhz)
    assert abs(error(large)) <= WSFFT.median_goal


@pytest.mark.parametrize(
    ("change", "reason"),
    [
        ({"precision": "f16 complex"}, "fp32"),
        ({"rows": 16}, "one for each pencil"),
        ({"params": "cube"}, "nothing like"),
    ],
)
def test_other_rows_say_why_not(change: dict[str, object], reason: str) -> None:
    row = replace(rows_of(WSFFT)[0], **change)  # type: ignore[arg-type]
    with pytest.raises(NotPredicted, match=reason):
        WSFFT.predict(row, wafer_of(row.machine_name))


def test_the_library_is_not_predicted() -> None:
    (row,) = rows_of(LIBRARY)
    with pytest.raises(NotPredicted, match="not published"):
        LIBRARY.predict(row, wafer_of(row.machine_name))
