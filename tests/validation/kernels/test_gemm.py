"""MeshGEMM, MeshGEMV and the fp32 product of a whole CS-2, beside the rows that measured them."""

from __future__ import annotations

from dataclasses import replace

import pytest

from wsesim.validation.kernels.family import KernelRow, NotPredicted
from wsesim.validation.kernels.gemm import FAMILIES
from wsesim.validation.kernels.machines import on_target, wafer_of
from wsesim.validation.kernels.registry import family_of, why_outside

MESH, GEMV, SGEMM = FAMILIES
SOME = (
    "mgemm-p3-m3", "mgemm-p3-m15", "mgemm-p3-m24", "mgemm-p3-m30", "mgemm-p3-m45", "mgemm-p3-m48", "mgemm-p6-m42",
    "mgemm-p6-m54",
)  # fmt: skip


def rows_of(measured: tuple[KernelRow, ...], start: str) -> list[KernelRow]:
    found = [row for row in measured if row.id.startswith(start)]
    assert found
    return found


def error_of(row: KernelRow) -> float:
    family = family_of(row)
    assert family in FAMILIES
    return on_target(row, family.predict(row, wafer_of(row.machine_name))) / row.value - 1


@pytest.mark.parametrize("name", SOME)
def test_mesh_gemm_takes_what_was_measured(measured: tuple[KernelRow, ...], name: str) -> None:
    by_mode = {row.whole("L"): row for row in rows_of(measured, f"{name}-l") if "nocomm" not in row.id}
    assert sorted(by_mode) == [0, 1, 2]
    assert abs(error_of(by_mode[0])) <= 0.08
    assert abs(error_of(by_mode[1])) <= 0.03
    assert abs(error_of(by_mode[2])) <= 0.03


def test_what_a_core_computes_by_itself_is_met(measured: tuple[KernelRow, ...]) -> None:
    rows = [row for row in measured if row.id.startswith("mgemm") and "communication disabled" in row.params]
    assert len(rows) == 3
    values = {row.whole("L"): MESH.predict(row, wafer_of("cs-3")).value for row in rows}
    wanted = {row.whole("L"): row.value for row in rows}
    assert values[2] - values[1] == pytest.approx(wanted[2] - wanted[1], rel=0.005)
    assert values[0] == pytest.approx(wanted[0], rel=0.03)


def test_gemv_and_sgemm_are_near_silicon(measured: tuple[KernelRow, ...]) -> None:
    for row in (*rows_of(measured, "wl-gemv"), *rows_of(measured, "sgemm")):
        assert abs(error_of(row)) <= 0.13, row.id


def test_a_grid_that_is_stated_is_taken(measured: tuple[KernelRow, ...]) -> None:
    row = rows_of(measured, "wl-gemv-16k")[0]
    smaller = GEMV.predict(replace(row, columns=360, rows=360), wafer_of("cs-2"))
    assert smaller.value > GEMV.predict(row, wafer_of("cs-2")).value
    assert smaller.note == ""


def test_whole_programs_are_left_out(measured: tuple[KernelRow, ...]) -> None:
    for row in rows_of(measured, "mic-launch-note"):
        assert family_of(row) is None
        assert "host transfers" in why_outside(row)


@pytest.mark.parametrize(
    ("start", "change", "reason"),
    [
        ("mgemm", {"rows": 5}, "not a square"),
        ("mgemm", {"params": "Mt=1;Kt=8;Nt=8;mode L=3"}, "no mode is known as L=3"),
        ("mgemm", {"params": "Kt=8;Nt=8;mode L=1"}, "params give no Mt"),
        ("wl-gemv", {"params": "a vector and a matrix"}, "params say nothing like"),
        ("wl-gemv", {"clock_hz": None}, "the clock is not stated"),
        ("sgemm", {"columns": None}, "the grid is not stated"),
    ],
)
def test_what_a_row_must_say_is_named(
    measured: tuple[KernelRow, ...], start: str, change: dict[str, object], reason: str
) -> None:
    row = replace(rows_of(measured, start)[0], **change)  # type: ignore[arg-type]
    family = next(family for family in FAMILIES if family.matches(row))
    with pytest.raises(NotPredicted, match=reason):
        family.predict(row, wafer_of(row.machine_name))
