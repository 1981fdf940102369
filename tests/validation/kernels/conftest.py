"""Tables of measured kernels, written for a test; and the rows that come with the package."""

import csv
from collections.abc import Callable, Mapping
from pathlib import Path

import pytest
from tests.rows import kernels_report

from wsesim.validation.kernels import KernelScore
from wsesim.validation.kernels.rows import COLUMNS, KernelRow, read_kernel_table

WriteKernels = Callable[..., Path]
ROW: Mapping[str, str] = {
    "id": "sum", "machine": "WSE-2 fabric simulator", "clock_mhz": "n/a", "kernel": "Reduce 1D (sum)",
    "algorithm": "two-phase chain reduce", "precision": "f32", "grid_w": "8", "grid_h": "1",
    "params": "B=64 f32 per PE;P=8;group size S=4", "metric": "cycles at the root", "value": "200", "unit": "cycles",
    "includes": "device only",
}  # fmt: skip


@pytest.fixture
def write_kernels(tmp_path: Path) -> WriteKernels:
    """Return a function that writes rows, each a change of one good row, and returns the path."""

    def write(*rows: Mapping[str, str], columns: tuple[str, ...] = COLUMNS) -> Path:
        path = tmp_path / "kernels.csv"
        with path.open("w", encoding="utf-8", newline="") as stream:
            writer = csv.DictWriter(stream, columns, extrasaction="ignore")
            writer.writeheader()
            writer.writerows({**ROW, "id": f"{ROW['id']}-{place}" if place else ROW["id"], **row}
                             for place, row in enumerate(rows))  # fmt: skip
        return path

    return write


@pytest.fixture(scope="session")
def measured() -> tuple[KernelRow, ...]:
    """All rows that come with the package."""
    return read_kernel_table()


@pytest.fixture(scope="session")
def scores() -> dict[str, KernelScore]:
    """All rows that come with the package, answered, by id."""
    return {score.id: score for score in kernels_report().validation.scores}
