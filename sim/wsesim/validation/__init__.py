"""Measured figures of real machines, and how near the simulator comes to them."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

from wsesim.validation.render import Report
from wsesim.validation.score import Score, Summary, Validation, validate, validate_rows
from wsesim.validation.sensitivity import shifts
from wsesim.validation.table import read_table

__all__ = ["Report", "Score", "Summary", "Validation", "report", "validate"]


def report(
    table: Path | None = None, *, sensitivity: bool = False, progress: Callable[[str], None] | None = None
) -> Report:
    """Run the rows of *table* (default: the one in the package), with *sensitivity* under changed constants too.

    Raises:
        InputError: the table cannot be read.
    """
    rows = read_table(table)
    found = validate_rows(rows, progress=progress)
    return Report(validation=found, shifts=shifts(rows, progress=progress) if sensitivity else ())
