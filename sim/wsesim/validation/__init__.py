"""Measured figures of real machines, and how near the simulator comes to them.

A row is a question like any other: its columns are translated into the data of a file, and what comes out is compared.

    table ─► row ─► RowQuestion ─► wsesim.questions ─► score ─► terminal, JSON, Markdown

Nothing here knows kernels, mappings or systems. Importing this package is cheap.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING

from wsesim.errors import InputError, nearest

if TYPE_CHECKING:
    from rich.console import Console

    from wsesim.validation.asking import RowQuestion
    from wsesim.validation.kernels import KernelRow, KernelValidation
    from wsesim.validation.report import ModelReport
    from wsesim.validation.rows import Measurement

__all__ = ["kernels_report", "print_report", "report", "row_question", "show_row", "write_report"]

FILE, KERNEL_FILE = "validation.md", "validation-kernels.md"
"""What is written of rows of models, and of rows of kernels."""


def report(
    table: Path | None = None, *, sensitivity: bool = False, progress: Callable[[str], None] | None = None
) -> ModelReport:
    """Ask the rows of *table* (default: the models in the package), with *sensitivity* under changed constants too.

    Raises:
        InputError: the table cannot be read.
    """
    from wsesim.validation.calibrate import shifts
    from wsesim.validation.report import ModelReport
    from wsesim.validation.rows import read_table
    from wsesim.validation.score import validate_rows

    rows = read_table(table)
    found = validate_rows(rows, progress=progress)
    return ModelReport(validation=found, shifts=shifts(rows, progress=progress) if sensitivity else ())


def kernels_report(
    table: Path | None = None, *, progress: Callable[[int, int, str], None] | None = None
) -> KernelValidation:
    """Ask the rows of *table* (default: the kernels in the package); *progress* is told (done, of, row) before each.

    Raises:
        InputError: the table cannot be read.
    """
    from wsesim.validation.kernels import validate_kernels

    return validate_kernels(table, progress=progress)


def print_report(found: ModelReport | KernelValidation, console: Console) -> None:
    """Print a comparison as tables."""
    found.print(console)


def write_report(found: ModelReport | KernelValidation, folder: Path) -> tuple[Path, ...]:
    """Write a comparison into *folder*; return the documents.

    Raises:
        InputError: a file cannot be written.
    """
    from wsesim.validation.report import ModelReport

    path = folder / (FILE if isinstance(found, ModelReport) else KERNEL_FILE)
    found.write(path)
    return (path,)


def row_question(id: str, table: Path | None = None) -> RowQuestion:
    """Return what a row of measured models asks.

    Raises:
        InputError: the table cannot be read, or has no such row, or it cannot be asked.
    """
    from wsesim.validation.asking import NotAsked
    from wsesim.validation.rows import read_table
    from wsesim.validation.score import ask_row

    rows = {row.id: row for row in read_table(table)}
    if id not in rows:
        raise _no_row(id, rows, table)
    try:
        return ask_row(rows[id])
    except NotAsked as error:
        raise _not_asked(id, error) from None


def show_row(id: str, table: Path | None = None) -> str:
    """Return what a row asks, of a model or of a kernel, as a file that `wsesim run` answers with the row's figure.

    Args:
        id: names the row.
        table: of models or of kernels; default: both that come with the package.

    Raises:
        InputError: the table cannot be read, or has no such row, or it cannot be asked.
    """
    from wsesim.validation.score import show_model_row

    models, kernels = _rows(table)
    shown: dict[str, Callable[[], str]] = {row.id: partial(_show_kernel, row) for row in kernels}
    shown |= {row.id: partial(show_model_row, row) for row in models}
    if id not in shown:
        raise _no_row(id, shown, table)
    return shown[id]()


def _rows(table: Path | None) -> tuple[tuple[Measurement, ...], tuple[KernelRow, ...]]:
    """Return rows of models and rows of kernels; a table of the user's own has either."""
    from wsesim.validation.kernels import read_kernel_table
    from wsesim.validation.rows import read_table

    if table is None:
        return read_table(), read_kernel_table()
    try:
        return read_table(table), ()
    except InputError as error:
        try:
            return (), read_kernel_table(table)
        except InputError:
            raise error from None


def _show_kernel(row: KernelRow) -> str:
    from wsesim.validation.asking import NotAsked
    from wsesim.validation.kernels import show_row

    try:
        return show_row(row)
    except NotAsked as error:
        raise _not_asked(row.id, error) from None


def _not_asked(id: str, why: Exception) -> InputError:
    return InputError.at(f"the row {id!r} cannot be asked: {why}")


def _no_row(id: str, known: Iterable[str], table: Path | None) -> InputError:
    return InputError.at(f"no row is called {id!r}{nearest(id, known)}", file=None if table is None else str(table))
