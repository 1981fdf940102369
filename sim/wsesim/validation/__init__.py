"""Measured figures of real machines, and how near the simulator comes to them.

A row is a question like any other: its columns are translated into the data of a file, and what comes out is compared.

    table ─► row ─► RowQuestion ─► wsesim.questions ─► score ─► terminal, JSON, Markdown

Nothing here knows kernels, mappings or systems. Importing this package is cheap.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Any, TypeAlias, TypeVar

from wsesim.errors import InputError, nearest
from wsesim.units import plural

if TYPE_CHECKING:
    from rich.console import Console

    from wsesim.validation.asking import RowQuestion
    from wsesim.validation.behaviour import BehaviourReport
    from wsesim.validation.document import ModelReport
    from wsesim.validation.gpus import GpuReport
    from wsesim.validation.kernels import KernelRow
    from wsesim.validation.kernels.render import KernelReport
    from wsesim.validation.rows import Measurement

    AnyReport: TypeAlias = ModelReport | KernelReport | GpuReport | BehaviourReport

__all__ = [
    "behaviour_report",
    "gpus_report",
    "kernels_report",
    "print_report",
    "report",
    "row_question",
    "show_row",
    "why_none_run",
    "write_report",
]

T = TypeVar("T")


def report(
    table: Path | None = None, *, sensitivity: bool = False, progress: Callable[[str], None] | None = None
) -> ModelReport:
    """Ask the rows of *table* (default: the models in the package), with *sensitivity* under changed constants too.

    Raises:
        InputError: the table cannot be read.
    """
    from wsesim.validation.calibrate import otherwise, shifts
    from wsesim.validation.document import ModelReport
    from wsesim.validation.rows import read_table
    from wsesim.validation.score import validate_rows

    rows = read_table(table)
    found = validate_rows(rows, progress=progress)
    if not sensitivity:
        return ModelReport(validation=found, own=table is not None)
    moved, others = shifts(rows, progress=progress), otherwise(rows, progress=progress)
    return ModelReport(validation=found, shifts=moved, others=others, own=table is not None)


def kernels_report(
    table: Path | None = None, *, progress: Callable[[int, int, str], None] | None = None
) -> KernelReport:
    """Ask the rows of *table* (default: the kernels in the package); *progress* is told (done, of, row) before each.

    Raises:
        InputError: the table cannot be read.
    """
    from wsesim.validation.kernels import validate_kernels
    from wsesim.validation.kernels.render import KernelReport

    return KernelReport(validation=validate_kernels(table, progress=progress), own=table is not None)


def gpus_report(table: Path | None = None, *, sensitivity: bool = False) -> GpuReport:
    """Estimate the rows of *table* (default: those of GPUs in the package), with *sensitivity* without each series too.

    Raises:
        InputError: the table cannot be read.
    """
    from wsesim.validation.gpus import gpu_report

    return replace(gpu_report(table, sensitivity=sensitivity), own=table is not None)


def behaviour_report(*, progress: Callable[[int, int, str], None] | None = None) -> BehaviourReport:
    """Ask what experts ask first, with no measured row in view; *progress* hears (done, of, title) before each."""
    from wsesim.validation.behaviour import BehaviourReport, behaved, what_ifs

    found = []
    for done, what_if in enumerate(what_ifs()):
        if progress:
            progress(done, len(what_ifs()), what_if.title)
        found.append(behaved(what_if))
    return BehaviourReport(found=tuple(found))


def schemas() -> dict[str, dict[str, Any]]:
    """Return the JSON schema of each kind of report, by the command and option that write it."""
    from wsesim.validation.forms import schemas

    return schemas()


def print_report(found: AnyReport, console: Console) -> None:
    """Print a comparison as tables."""
    found.print(console)


def why_none_run(found: AnyReport) -> str:
    """Return that no row could be run, and why the first could not; empty if some was, or there are none."""
    from wsesim.validation.behaviour import BehaviourReport

    if isinstance(found, BehaviourReport) or not found.left or len(found.left) < found.rows:
        return ""
    return f"none of its {plural(found.rows, 'row')} could be run; the first: {next(iter(found.left.values()))}"


def write_report(found: AnyReport, out: Path, *, overwrite: bool = False) -> tuple[Path, ...]:
    """Write a comparison into the folder *out*, all or none; return the paths, the document first.

    Raises:
        InputError: as `wsesim.answers.publish`.
    """
    from wsesim.answers import publish

    return publish(found.files(), out, overwrite=overwrite)


def row_question(id: str, table: Path | None = None) -> RowQuestion:
    """Return what a row asks, of a model or of a kernel.

    Args:
        id: names the row.
        table: of models or of kernels; default: both that come with the package.

    Raises:
        InputError: the table cannot be read, or has no such row, or it cannot be asked.
    """
    from wsesim.validation.kernels import ask_row as ask_kernel
    from wsesim.validation.score import ask_row as ask_model

    return _of_row(id, table, ask_model, ask_kernel)


def show_row(id: str, table: Path | None = None) -> str:
    """Return what a row asks, as a file that `wsesim run` answers with the row's figure.

    Args:
        id: names the row.
        table: of models or of kernels; default: both that come with the package.

    Raises:
        InputError: the table cannot be read, or has no such row, or it cannot be asked.
    """
    from wsesim.validation.kernels import show_row as show_kernel
    from wsesim.validation.score import show_row as show_model

    return _of_row(id, table, show_model, show_kernel)


def _of_row(
    id: str, table: Path | None, of_model: Callable[[Measurement], T], of_kernel: Callable[[KernelRow], T]
) -> T:  # fmt: skip
    """Return what one of two functions says of the row of that name."""
    from wsesim.validation.asking import NotAsked

    models, kernels = _rows(table)
    known: dict[str, Callable[[], T]] = {row.id: partial(of_kernel, row) for row in kernels}
    known |= {row.id: partial(of_model, row) for row in models}
    if id not in known:
        file = None if table is None else str(table)
        raise InputError.at(f"no row is called {id!r}{nearest(id, known)}", file=file)
    try:
        return known[id]()
    except NotAsked as error:
        raise InputError.at(f"the row {id!r} cannot be asked: {error}") from None


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
