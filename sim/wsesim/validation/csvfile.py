"""Rows of a CSV table of measurements as text, each with its line; and what is wrong where it cannot be read."""

from __future__ import annotations

import csv
import math
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from importlib.resources import files
from io import StringIO
from pathlib import Path

from wsesim.errors import InputError, nearest
from wsesim.yamlfile import read_text


@dataclass(frozen=True, slots=True, kw_only=True)
class Cells:
    """One row: every column that was asked for, as text."""

    texts: Mapping[str, str]
    file: str
    line: int
    """Its last, counted from 1."""

    def __getitem__(self, column: str) -> str:
        return self.texts[column]

    def positive(self, column: str) -> float:
        """Return a cell as a number.

        Raises:
            InputError: it is not a finite number above zero.
        """
        number = finite(self[column])
        if number is None or number <= 0:
            raise self.error(f"{column} = {self[column]!r} is not a number above zero")
        return number

    def error(self, message: str) -> InputError:
        """Return an error at this row."""
        return InputError.at(message, file=self.file, line=self.line)


def finite(text: str) -> float | None:
    """Return a text as a finite number, or None if it is none."""
    try:
        number = float(text)
    except ValueError:
        return None
    return number if math.isfinite(number) else None


def read_cells(
    path: Path | None, columns: tuple[str, ...], *, packaged: str, optional: tuple[str, ...] = ()
) -> tuple[Cells, ...]:
    """Read *columns* of the table at *path*, or of the one named *packaged* that comes with the package.

    Columns that are *optional* are empty where the table does not have them.

    Raises:
        InputError: no such file, not UTF-8, not CSV, a missing column, no rows, or two of the same id.
    """
    text = (
        read_text(path, kind="table")
        if path is not None
        else (files("wsesim.validation") / "data" / packaged).read_text("utf-8")
    )
    file = packaged if path is None else str(path)
    rows = tuple(_rows(text, columns, optional, file))
    seen = dict[str, int]()
    for row in rows if "id" in columns else ():
        if row["id"] in seen:
            raise row.error(
                f"the id {row['id']!r} is that of the row in line {seen[row['id']]}, too; name each row once"
            )
        seen[row["id"]] = row.line
    if not rows:
        raise InputError.at("the table has no rows", file=file, line=1)
    return rows


def _rows(text: str, columns: tuple[str, ...], optional: tuple[str, ...], file: str) -> Iterator[Cells]:
    reader = csv.DictReader(StringIO(text, newline=""), strict=True)
    try:
        header = tuple(reader.fieldnames or ())
        for column in columns:
            if column not in header:
                raise InputError.at(f"the column {column!r} is missing{nearest(column, header)}", file=file, line=1)
        for row in reader:
            texts = {name: row.get(name) or "" for name in (*columns, *optional)}
            yield Cells(texts=texts, file=file, line=reader.line_num)
    except csv.Error as error:
        raise InputError.at(f"not a CSV table: {error}", file=file, line=reader.reader.line_num) from None
