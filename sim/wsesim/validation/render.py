"""A validation as JSON, as tables in the terminal, and as Markdown."""

from __future__ import annotations

from dataclasses import asdict
from pathlib import Path
from typing import TYPE_CHECKING

from wsesim._version import __version__
from wsesim.validation.score import NAIVE_MFU, Score, Validation
from wsesim.validation.text import markdown_table, percent, print_table, signed, write_document

if TYPE_CHECKING:
    from rich.console import Console

_ROW_HEAD = ("row", "measured", "simulated", "unit", "error", "constant MFU")
_GROUP_HEAD = ("group", "rows run", "median", "worst", "worst row", "constant MFU: median", "worst")


def to_json(validation: Validation) -> dict[str, object]:
    """Return `rows` and `summary` as plain data."""
    rows = []
    for score in validation.scores:
        row = asdict(score) | {"error": score.error, "naive_error": score.naive_error}
        for empty in [name for name in ("reason", "note") if not row[name]]:
            del row[empty]
        rows.append(row)
    summary = {name: asdict(group) for name, group in validation.summary().items()}
    return {"rows": rows, "summary": summary}


def print_tables(validation: Validation, console: Console) -> None:
    """Print one table of rows and one of groups; rows that were not run are counted, not listed."""
    from rich.text import Text

    rows = [_row(score) for score in validation.scores if score.simulated is not None]
    print_table(console, "Rows", _ROW_HEAD, rows, left=("unit",))
    print_table(console, "Groups", _GROUP_HEAD, _groups(validation), left=("worst row",))
    console.print(Text(_not_run(validation)))


def write_markdown(validation: Validation, path: Path) -> None:
    """Write the whole validation to *path*.

    Raises:
        InputError: the file cannot be written.
    """
    baseline = ", ".join(f"{100 * mfu:.0f} % on {name}" for name, mfu in NAIVE_MFU.items())
    parts = [
        "# Measured and simulated",
        f"Written by `wsesim validate`, version {__version__}. An error is simulated over measured, less one, in the "
        f"row's own metric. The baseline is a constant utilization: {baseline} of the dense 16-bit peak.",
        "## Groups",
        markdown_table(_GROUP_HEAD, _groups(validation)),
        "## Rows",
        markdown_table(_ROW_HEAD, [_row(score) for score in validation.scores if score.simulated is not None]),
        "## Run otherwise than stated",
        markdown_table(("row", "what"), [(score.id, score.note) for score in validation.scores if score.note]),
        "## Not run",
        markdown_table(
            ("row", "group", "why"), [_why(score) for score in validation.scores if score.simulated is None]
        ),
    ]
    write_document(parts, path)


def _row(score: Score) -> tuple[str, ...]:
    simulated = "" if score.simulated is None else f"{score.simulated:.5g}"
    return (score.id, f"{score.measured:.5g}", simulated, score.unit, signed(score.error), signed(score.naive_error))


def _why(score: Score) -> tuple[str, ...]:
    return (score.id, score.group, score.reason)


def _groups(validation: Validation) -> list[tuple[str, ...]]:
    return [
        (
            name,
            f"{group.run} of {group.rows}",
            percent(group.median),
            percent(group.worst),
            group.worst_id,
            percent(group.naive_median),
            percent(group.naive_worst),
        )
        for name, group in validation.summary().items()
        if group.run
    ]


def _not_run(validation: Validation) -> str:
    left = [score for score in validation.scores if score.simulated is None]
    if not left:
        return "Every row was run."
    return f"{len(left)} rows were not run (inference, job costs, missing shapes); --json and the report say why."
