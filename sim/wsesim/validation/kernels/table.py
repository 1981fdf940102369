"""Read a table of measured kernels."""

from __future__ import annotations

from pathlib import Path

from wsesim.validation.csvfile import Cells, finite, read_cells
from wsesim.validation.kernels.family import KernelRow

COLUMNS = (
    "id", "machine", "clock_mhz", "kernel", "algorithm", "precision", "grid_w", "grid_h", "params", "metric", "value",
    "unit", "includes",
)  # fmt: skip
"""Columns that are read; a table may have more."""
HZ_PER_MHZ = 1e6
MOST_DIGITS = 6


def read_kernel_table(path: Path | None = None) -> tuple[KernelRow, ...]:
    """Read the table at *path*, or the one that comes with the package.

    Raises:
        InputError: no such file, not UTF-8, not CSV, a missing column, a row without id, a value that is not a number
            above zero, or a side of the grid that is neither empty nor a whole number of cores.
    """
    return tuple(_row(row) for row in read_cells(path, COLUMNS, packaged="kernels.csv"))


def _row(row: Cells) -> KernelRow:
    if not row["id"]:
        raise row.error("the row has no id")
    clock = finite(row["clock_mhz"].partition(" ")[0])  # "850 (assumed)"; "n/a" where cycles were counted
    return KernelRow(
        id=row["id"], machine=row["machine"], kernel=row["kernel"], algorithm=row["algorithm"],
        precision=row["precision"], columns=_cores(row, "grid_w"), rows=_cores(row, "grid_h"), params=row["params"],
        metric=row["metric"], value=row.positive("value"), unit=row["unit"], includes=row["includes"],
        clock_hz=clock * HZ_PER_MHZ if clock else None,
    )  # fmt: skip


def _cores(row: Cells, column: str) -> int | None:
    text = row[column]
    if not text:
        return None
    if not (text.isascii() and text.isdigit() and len(text) <= MOST_DIGITS and int(text) > 0):
        raise row.error(f"{column} = {text!r} is neither empty nor a number of cores")
    return int(text)
