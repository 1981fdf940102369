"""Read a table of measurements: one row a measured figure, with all that is needed to run it again."""

from __future__ import annotations

import csv
import math
from collections.abc import Mapping
from dataclasses import dataclass
from importlib.resources import files
from io import StringIO
from pathlib import Path

from wsesim.errors import InputError, nearest
from wsesim.yamlfile import read_text

COLUMNS = (
    "id", "system", "n_systems", "phase", "model", "n_params_b", "layers", "d_model", "n_heads", "n_kv_heads", "d_head",
    "d_ffn", "ffn_type", "vocab", "seq_len", "batch_global", "micro_batch", "precision", "sparsity", "metric", "value",
    "unit", "notes",
)  # fmt: skip
"""Columns that are read; a table may have more."""


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
        try:
            number = float(self.cells[column])
        except ValueError:
            return None
        return number if math.isfinite(number) else None

    def whole(self, column: str) -> int | None:
        """Return a cell as a whole number, or None if it is empty or none."""
        number = self.number(column)
        return int(number) if number is not None and number == int(number) else None


def read_table(path: Path | None = None) -> tuple[Measurement, ...]:
    """Read the table at *path*, or the one that comes with the package.

    Raises:
        InputError: no such file, not UTF-8, not CSV, a missing column, or a value that is not a number.
    """
    file = str(path) if path is not None else "models.csv"
    text = (
        read_text(path, kind="table")
        if path is not None
        else (files(__package__) / "data" / "models.csv").read_text("utf-8")
    )
    reader = csv.DictReader(StringIO(text, newline=""), strict=True)
    rows: list[Measurement] = []
    try:
        header = tuple(reader.fieldnames or ())
        for column in COLUMNS:
            if column not in header:
                raise InputError.at(f"the column {column!r} is missing{nearest(column, header)}", file=file, line=1)
        for cells in reader:
            rows.append(_row({name: cells.get(name) or "" for name in COLUMNS}, file, reader.line_num))
    except csv.Error as error:
        raise InputError.at(f"not a CSV table: {error}", file=file, line=reader.reader.line_num) from None
    if not rows:
        raise InputError.at("the table has no rows", file=file, line=1)
    return tuple(rows)


def _row(cells: dict[str, str], file: str, line: int) -> Measurement:
    try:
        value = float(cells["value"])
    except ValueError:
        value = math.nan
    if not math.isfinite(value) or value <= 0:
        raise InputError.at(f"value = {cells['value']!r} is not a number above zero", file=file, line=line)
    return Measurement(id=cells["id"], metric=cells["metric"], unit=cells["unit"], value=value, cells=cells)
