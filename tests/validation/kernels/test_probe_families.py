"""Families of sums, probes and one-cell stencils: goals over the rows of the package, and rows nobody has seen."""

from collections.abc import Callable
from pathlib import Path

import pytest

from wsesim.validation.kernels import validate_kernels
from wsesim.validation.kernels.family import KernelRow, NotPredicted
from wsesim.validation.kernels.machines import on_target, wafer_of
from wsesim.validation.kernels.registry import families
from wsesim.validation.spread import spread

WriteKernels = Callable[..., Path]
NAMES = ("red1d", "fmacs", "mic", "st1c")
FAMILIES = {family.name: family for family in families() if family.name in NAMES}


def _errors(rows: tuple[KernelRow, ...], name: str, *, silicon: bool) -> list[tuple[str, float | None]]:
    family = FAMILIES[name]
    errors: list[tuple[str, float | None]] = []
    for row in rows:
        if not family.matches(row) or row.silicon != silicon:
            continue
        try:
            predicted = family.predict(row, wafer_of(row.machine_name))
        except NotPredicted:
            continue
        errors.append((row.id, on_target(row, predicted) / row.value - 1))
    return errors


@pytest.mark.parametrize(
    ("name", "silicon", "run"),
    [("red1d", False, 4), ("fmacs", False, 7), ("mic", False, 30), ("mic", True, 13), ("st1c", False, 28)],
)
def test_goals_are_met(measured: tuple[KernelRow, ...], name: str, silicon: bool, run: int) -> None:
    found, family = spread(_errors(measured, name, silicon=silicon)), FAMILIES[name]
    assert found.median is not None
    assert found.worst is not None
    assert found.run == run
    assert found.median <= family.median_goal
    assert found.worst <= family.worst_goal, found.worst_id


def test_one_cell_is_a_cycle_off_at_most(measured: tuple[KernelRow, ...]) -> None:
    rows = {row.id: row.value for row in measured}
    for name, error in _errors(measured, "st1c", silicon=False):
        assert error is not None
        assert abs(error * rows[name]) <= 1 + 1e-9, name


UNSEEN: dict[str, tuple[dict[str, str], float]] = {
    "relay": ({"kernel": "relay chain (store-and-forward via PE)", "params": "N=16 relays;B=256 words"}, 4375),
    "latency": ({"kernel": "DSD f16 op completion", "precision": "f16", "params": "128 elements"}, 2 + 2 * 128 / 8),
    "addition": ({"kernel": "512-element 16-bit add", "params": "512 elements"}, 2 + 2 * 512 / 8),
    "message": (
        {"kernel": "point-to-point message latency", "machine": "WSE-3 silicon (CS-3)", "params": "24 hops"}, 88,
    ),
    "map": (
        {"kernel": "2048-element f16 FMA", "algorithm": "@map over 32-element DSDs", "params": "2048 elements"},
        24 + 64 * (7 + 8),
    ),
    "copy": ({"kernel": "DSD copy", "machine": "WSE-2 fabric simulator", "precision": "f16", "unit": "elem/cycle"}, 4),
}  # fmt: skip


@pytest.mark.parametrize("name", UNSEEN)
def test_rows_nobody_has_seen(write_kernels: WriteKernels, name: str) -> None:
    cells, expected = UNSEEN[name]
    row = {"machine": "WSE-3 fabric simulator", **cells, "value": str(expected)}
    (score,) = validate_kernels(write_kernels(row)).scores
    assert score.error == pytest.approx(0, abs=0.03), score.reason


@pytest.mark.parametrize(
    ("cells", "reason"),
    [
        ({"kernel": "relay chain", "params": "N=0 relays;B=4 words"}, "0 relays are none or too many"),
        ({"kernel": "DSD copy", "precision": "i8"}, "no elements of the type 'i8'"),
        ({"kernel": "one message", "params": "8 words;1 hop"}, "no part of a message is known as"),
        ({"kernel": "isolated fmacs DSD", "algorithm": "class 'odd'", "params": "n=4"}, "no alignment is known as"),
        ({"kernel": "16-element f16 FMA", "algorithm": "by hand", "params": "16 elements"}, "no loop is known as"),
        ({"kernel": "isolated fmacs DSD", "algorithm": "class 'mid'", "params": "n=90000"}, "a core has 46 KiB"),
        ({"kernel": "2-D 5-point stencil, 1 cell per PE", "grid_w": ""}, "the row gives no grid"),
        ({"params": "B=0;P=8;S=4"}, ""),
    ],
)
def test_what_cannot_be_run_says_why(write_kernels: WriteKernels, cells: dict[str, str], reason: str) -> None:
    (score,) = validate_kernels(write_kernels(cells)).scores
    assert score.simulated is None
    assert score.reason
    assert reason in score.reason
