"""Read a table of measured models: one row a measured figure, with all that is needed to run it again."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

from wsesim.validation.csvfile import finite, read_cells

COLUMNS = (
    "id", "system", "n_systems", "phase", "model", "n_params_b", "layers", "d_model", "n_heads", "n_kv_heads", "d_head",
    "d_ffn", "ffn_type", "vocab", "seq_len", "batch_global", "micro_batch", "precision", "sparsity", "metric", "value",
    "unit", "notes",
)  # fmt: skip
"""Columns that are read; a table may have more."""
OPTIONAL = ("device_cycles", "software", "source")
"""Columns that are read if they are there."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Measurement:
    """One row: `cells` holds every column as text."""

    id: str
    metric: str
    unit: str
    value: float
    cells: Mapping[str, str]

    def number(self, column: str) -> float | None:
        """Return a cell as a finite number, or None if it is empty or none."""
        return finite(self.cells[column])

    def whole(self, column: str) -> int | None:
        """Return a cell as a whole number, or None if it is empty or none."""
        number = self.number(column)
        return int(number) if number is not None and number == int(number) else None


def read_table(path: Path | None = None) -> tuple[Measurement, ...]:
    """Read the table at *path*, or the one that comes with the package.

    Raises:
        InputError: no such file, not UTF-8, not CSV, a missing column, or a value that is not a number.
    """
    return tuple(
        Measurement(id=row["id"], metric=row["metric"], unit=row["unit"], value=row.positive("value"), cells=row.texts)
        for row in read_cells(path, COLUMNS, packaged="models.csv", optional=OPTIONAL)
    )
