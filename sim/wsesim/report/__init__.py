"""Shows a `Result`: on the terminal, as one HTML page, as JSON, CSV and a timeline.

Everything here reads `wsesim.result` and nothing above it, so every reader shows the same numbers. Importing this
package is cheap: what draws, templates and prints is imported by the function that needs it.
"""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

from wsesim.result import Result

if TYPE_CHECKING:
    from rich.console import Console

__all__ = [
    "check_folder",
    "print_summary",
    "render_html",
    "to_json",
    "write_ops_csv",
    "write_report",
    "write_timeline",
]


def to_json(result: Result) -> dict[str, object]:
    """Return *result* as plain JSON data; `wsesim.report.plain` documents the form."""
    from wsesim.report.plain import to_json

    return to_json(result)


def render_html(result: Result) -> str:
    """Return the report as one HTML page without scripts that loads nothing."""
    from wsesim.report.page import render_html

    return render_html(result)


def print_summary(result: Result, console: Console, *, folder: Path | None = None) -> None:
    """Print the answer, what limits it and where the time goes; *folder* is named as where the report is."""
    from wsesim.report.terminal import print_summary

    print_summary(result, console, folder=folder)


def write_ops_csv(result: Result, path: Path) -> None:
    """Write one row per kernel of the step, with its cycles by cause, to *path*."""
    from wsesim.report.tables import ops_csv

    path.write_bytes(ops_csv(result))


def write_timeline(result: Result, path: Path) -> None:
    """Write the step as a gzipped Chrome trace, which Perfetto opens, to *path*."""
    from wsesim.report.trace import timeline_gz

    path.write_bytes(timeline_gz(result))


def check_folder(out: Path, *, overwrite: bool = False) -> None:
    """Refuse a folder that `write_report` could not write to; cheap, so that it can be asked before simulating.

    Raises:
        InputError: *out* is a file, holds something no run wrote, or holds a run and *overwrite* is off.
    """
    from wsesim.report.folder import check_folder

    check_folder(out, overwrite=overwrite)


def write_report(result: Result, out: Path, *, overwrite: bool = False) -> tuple[Path, ...]:
    """Write `report.html`, `result.json`, `ops.csv` and `timeline.json.gz` into the folder *out*, all or none.

    The bytes depend on *result* alone. What the simulation itself took (`result.cost`) stands last in `report.html` and
    under the last key `cost` of `result.json`, and nowhere else.

    Returns:
        The paths written.

    Raises:
        InputError: as `check_folder`, or the folder cannot be written.
    """
    from wsesim.report.folder import check_folder, publish
    from wsesim.report.plain import json_text
    from wsesim.report.tables import ops_csv
    from wsesim.report.trace import timeline_gz

    check_folder(out, overwrite=overwrite)
    files = {
        "report.html": render_html(result).encode(),
        "result.json": json_text(to_json(result)).encode(),
        "ops.csv": ops_csv(result),
        "timeline.json.gz": timeline_gz(result),
    }
    return publish(files, out, overwrite=overwrite)
