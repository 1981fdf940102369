"""Published times of GPUs against their estimates: scores by series, and constants as all other series set them.

table ─► GpuRow ─► wsesim.gpus ─► GpuReport ─► terminal, JSON, Markdown
"""

from __future__ import annotations

from pathlib import Path

from wsesim.gpus import COLUMNS, GpuRow, packaged_rows, packaged_scores, score_rows
from wsesim.validation.csvfile import read_cells
from wsesim.validation.gpus.left_out import leave_out_series
from wsesim.validation.gpus.report import GpuReport

__all__ = ["GpuReport", "gpu_report"]

NEEDED = ("id", "gpu", "n_gpus", "phase", "model", "layers", "d_model", "n_heads", "d_ffn", "vocab", "precision")
"""Columns that no row can do without."""


def read_gpu_table(path: Path | None) -> tuple[GpuRow, ...]:
    """Return the rows of the table at *path*, or those that come with the package.

    Raises:
        InputError: no such file, not UTF-8, not CSV, or a missing column.
    """
    if path is None:
        return packaged_rows()
    optional = tuple(column for column in COLUMNS if column not in NEEDED)
    return tuple(GpuRow(cells.texts) for cells in read_cells(path, NEEDED, packaged="", optional=optional))


def gpu_report(table: Path | None = None, *, sensitivity: bool = False) -> GpuReport:
    """Estimate the rows of *table* (default: those with the package), with *sensitivity* also without each series.

    Raises:
        InputError: as `read_gpu_table`.
    """
    rows = read_gpu_table(table)
    scores = packaged_scores() if table is None else score_rows(rows)
    return GpuReport(scores=scores, left_out=leave_out_series(rows) if sensitivity else ())
