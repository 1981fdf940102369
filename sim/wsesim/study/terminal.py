"""A sweep on the terminal: one line a point, then why points are missing."""

from __future__ import annotations

from typing import TYPE_CHECKING

from wsesim.study.axes import written
from wsesim.study.figures import label, shown
from wsesim.study.table import SweepTable

if TYPE_CHECKING:
    from rich.console import Console

MOST_ROWS = 60
MOST_REASONS = 6
"""Rows and reasons printed at most; the files have all."""
_MARK = {"ok": "", "does_not_fit": "does not fit", "error": "cannot be run"}


def print_table(table: SweepTable, console: Console) -> None:
    """Print *table*; nothing in it is markup, and nothing in it can steer the terminal."""
    from rich.table import Table
    from rich.text import Text

    study = table.study
    if study.question:
        console.print(Text(_plain(study.question), style="bold"))
    console.print(Text(_plain(study.base.title), style="dim"))
    grid = Table(box=None, pad_edge=False, header_style="")
    for parameter in study.shown:
        grid.add_column(Text(parameter.name), justify="right")
    for figure in study.figures:
        grid.add_column(Text(label(figure)), justify="right")
    grid.add_column("")
    for row in table.rows[:MOST_ROWS]:
        cells = [written(row.values[parameter.name]) for parameter in study.shown]
        cells += [shown(figure, row.figures[figure]) for figure in study.figures]
        grid.add_row(*(Text(_plain(cell)) for cell in cells), Text(_MARK[row.status], style="red"))
    console.print(grid)
    if len(table.rows) > MOST_ROWS:
        console.print(Text(f"{len(table.rows) - MOST_ROWS:,} more rows stand in sweep.csv", style="dim"))
    reasons = table.reasons()
    for why, rows in list(reasons.items())[:MOST_REASONS]:
        head = f"{len(rows):,} of {len(table.rows):,} points: {_MARK[rows[0].status]}: "
        console.print(Text.assemble((f"\n{head}", "red"), _plain(why)))
    if len(reasons) > MOST_REASONS:
        console.print(Text(f"\n{len(reasons) - MOST_REASONS:,} more reasons stand in sweep.csv", style="dim"))


def _plain(words: str) -> str:
    return "".join(sign if sign.isprintable() else "?" for sign in words)
