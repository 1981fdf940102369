"""A validation as JSON, as tables in the terminal, and as Markdown."""

from __future__ import annotations

from dataclasses import asdict
from pathlib import Path
from typing import TYPE_CHECKING

from wsesim._version import __version__
from wsesim.errors import InputError
from wsesim.validation.score import NAIVE_MFU, Score, Validation

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
    from rich.table import Table
    from rich.text import Text

    for title, head, rows in (
        ("Rows", _ROW_HEAD, [_row(score) for score in validation.scores if score.simulated is not None]),
        ("Groups", _GROUP_HEAD, _groups(validation)),
    ):
        table = Table(title=title, title_justify="left", box=None, pad_edge=False)
        for index, name in enumerate(head):
            table.add_column(name, justify="left" if index == 0 or name in ("unit", "worst row") else "right")
        for row in rows:
            table.add_row(*(Text(cell) for cell in row))
        console.print(table)
        console.print()
    console.print(Text(_not_run(validation)))


def write_markdown(validation: Validation, path: Path) -> None:
    """Write the whole validation to *path*.

    Raises:
        InputError: the file cannot be written.
    """
    try:
        path.write_text(_markdown(validation), encoding="utf-8")
    except OSError as error:
        raise InputError.at(f"cannot be written: {error.strerror}", file=str(path)) from None


def _markdown(validation: Validation) -> str:
    baseline = ", ".join(f"{100 * mfu:.0f} % on {name}" for name, mfu in NAIVE_MFU.items())
    parts = [
        "# Measured and simulated",
        f"Written by `wsesim validate`, version {__version__}. An error is simulated over measured, less one, in the "
        f"row's own metric. The baseline is a constant utilization: {baseline} of the dense 16-bit peak.",
        "## Groups",
        _table(_GROUP_HEAD, _groups(validation)),
        "## Rows",
        _table(_ROW_HEAD, [_row(score) for score in validation.scores if score.simulated is not None]),
        "## Run otherwise than stated",
        _table(("row", "what"), [(score.id, score.note) for score in validation.scores if score.note]),
        "## Not run",
        _table(("row", "group", "why"), [_why(score) for score in validation.scores if score.simulated is None]),
    ]
    return "\n\n".join(parts) + "\n"


def _table(head: tuple[str, ...], rows: list[tuple[str, ...]]) -> str:
    lines = [head, tuple("---" for _ in head), *rows]
    return "\n".join("| " + " | ".join(cell.replace("|", "\\|") for cell in line) + " |" for line in lines)


def _row(score: Score) -> tuple[str, ...]:
    simulated = "" if score.simulated is None else f"{score.simulated:.5g}"
    return (score.id, f"{score.measured:.5g}", simulated, score.unit, _signed(score.error), _signed(score.naive_error))


def _why(score: Score) -> tuple[str, ...]:
    return (score.id, score.group, score.reason)


def _groups(validation: Validation) -> list[tuple[str, ...]]:
    return [
        (
            name,
            f"{group.run} of {group.rows}",
            _percent(group.median),
            _percent(group.worst),
            group.worst_id,
            _percent(group.naive_median),
            _percent(group.naive_worst),
        )
        for name, group in validation.summary().items()
        if group.run
    ]


def _not_run(validation: Validation) -> str:
    left = [score for score in validation.scores if score.simulated is None]
    if not left:
        return "Every row was run."
    return f"{len(left)} rows were not run (inference, job costs, missing shapes); --json and the report say why."


def _signed(error: float | None) -> str:
    return "" if error is None else f"{100 * error:+.1f} %"


def _percent(error: float | None) -> str:
    return "" if error is None else f"{100 * error:.1f} %"
