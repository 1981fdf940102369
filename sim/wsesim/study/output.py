"""A sweep for people and programs: a table on the terminal, one HTML page, and files written all or none."""

from __future__ import annotations

from collections.abc import Iterator
from itertools import product
from pathlib import Path
from typing import TYPE_CHECKING

from wsesim import questions
from wsesim._version import __version__
from wsesim.answer import Status
from wsesim.answers import text
from wsesim.answers.folder import publish
from wsesim.answers.plain import json_text
from wsesim.study.spec import Study, written
from wsesim.study.table import ERROR, LEFT_OUT, PointRow, SweepTable, values_shown
from wsesim.units import plural

if TYPE_CHECKING:
    from rich.console import Console

    from wsesim.answers.printer import Printer

FILES = ("sweep.html", "sweep.csv", "sweep.json")
"""What a sweep writes."""
MOST_PRINTED, MOST_REASONS_PRINTED = 60, 6
"""Rows and reasons on the terminal at most; the files have all."""
MOST_ROWS, MOST_REASONS = 1000, 12
"""The same, on the page."""
MOST_DRAWN = 10_000
"""Points of a grid that are drawn."""
_ENDED = {
    Status.OK: ("", ""), Status.DOES_NOT_FIT: ("does not fit", "do not fit"),
    Status.NOT_MODELLED: ("is not modelled", "are not modelled"), ERROR: ("cannot be run", "cannot be run"),
    LEFT_OUT: ("left out", "left out"),
}  # fmt: skip
"""How one point, or several, ended."""


def write_sweep(table: SweepTable, out: Path, *, overwrite: bool = False) -> tuple[Path, ...]:
    """Write `sweep.html`, `sweep.csv` and `sweep.json` into the folder *out*; the bytes depend on *table* alone.

    Returns:
        The paths written.

    Raises:
        InputError: *out* is a file, holds something no sweep wrote, holds a sweep and *overwrite* is off, or cannot be
            written.
    """
    return publish(sweep_files(table), out, overwrite=overwrite)


def sweep_files(table: SweepTable) -> dict[str, bytes]:
    """Return the files of *table* by name."""
    texts = (render_sweep(table), table.to_csv(), json_text(table.to_dict()))
    return {name: text.encode() for name, text in zip(FILES, texts, strict=True)}


def print_table(table: SweepTable, console: Console) -> None:
    """Print a line a point, why points are missing, and what had no effect.

    Nothing in it is markup, and nothing in it can steer the terminal; signs that the console's encoding lacks are
    written with the nearest ASCII ones.
    """
    from wsesim.answers.printer import Printer

    study, to = table.study, Printer(console)
    if study.question:
        to.line((study.question, "bold"))
    to.line((about(study), "dim"))
    _print_rows(table, to)
    if len(table.rows) > MOST_PRINTED:
        to.line((f"{len(table.rows) - MOST_PRINTED:,} more rows stand in sweep.csv", "dim"))
    reasons = table.reasons()
    for why, rows in list(reasons.items())[:MOST_REASONS_PRINTED]:
        head = f"{len(rows):,} of {len(table.rows):,} points: {_ENDED[rows[0].status][0]}: "
        to.line((head, "red"), (why, ""), gap=True)
    if len(reasons) > MOST_REASONS_PRINTED:
        to.line((f"{len(reasons) - MOST_REASONS_PRINTED:,} more reasons stand in sweep.csv", "dim"), gap=True)
    for place, remark in enumerate(table.remarks()):
        to.line(("Note: ", "bold"), (remark, ""), gap=place == 0)


def about(study: Study) -> str:
    """Say what is varied, and what of it differs at every point."""
    parts = [study.base.title]
    fixed = [f"{name} = {written(value)}" for name, value in study.fixed.items()]
    joined = [axis for axis in study.axes if len(axis) > 1 and study.same(axis)]
    if fixed:
        parts.append(f"Changed in it: {', '.join(fixed)}.")
    if joined:
        parts.append(f"Varied together: {'; '.join(' = '.join(each.name for each in axis) for axis in joined)}.")
    parts += [f"{name} = {formula.text}." for name, formula in study.derived.items()]
    if study.sampled:
        parts.append(f"{study.sampled}.")
    if study.level:
        parts.append(f"Level {study.level}.")
    return " ".join(parts)


def _print_rows(table: SweepTable, to: Printer) -> None:
    study = table.study
    heads = [*(parameter.name for parameter in study.shown), *map(text.label, study.kept), ""]
    rows = [
        [*((cell, "") for cell in _cells(study, row)), (_ENDED[row.status][0], "red")]
        for row in table.rows[:MOST_PRINTED]
    ]
    to.table(heads, rows, "r" * (len(heads) - 1) + "l")


def _cells(study: Study, row: PointRow) -> list[str]:
    figures = [text.shown(name, row.figures[name]) for name in study.figures]
    return values_shown(row, study.shown) + figures


def render_sweep(table: SweepTable) -> str:
    """Return the sweep as one HTML page without scripts that loads nothing; the same bytes for the same table."""
    from markupsafe import Markup

    from wsesim.answers.page import templates
    from wsesim.study.heat import MOST_PANELS
    from wsesim.study.lines import MISSING

    study = table.study
    page = {
        "study": study, "version": __version__, "summary": _summary(table), "remarks": table.remarks(),
        "drawings": [(Markup(drawn), wide) for drawn, wide in drawings(table)], "heat": len(study.axes) > 1,
        "missing": MISSING, "any_missing": any(not row.ok for row in table.rows),
        "panels_left_out": max(0, study.shape[2] - MOST_PANELS) if len(study.axes) > 2 else 0,
        "heads": [(text.label(spec), spec.meaning) for spec in study.kept],
        "rows": [(values_shown(row, study.shown), _cells(study, row)[len(study.shown) :], row.ok)
                 for row in table.rows[:MOST_ROWS]],
        "rows_left_out": len(table.rows) - MOST_ROWS, "reasons": _reasons(table)[:MOST_REASONS],
        "reasons_left_out": len(table.reasons()) - MOST_REASONS,
        "words": [parameter.number(parameter.values[0]) is None for parameter in study.shown], "written": written,
        "inputs": questions.show(study.base), "causes": (),
    }  # fmt: skip
    return templates("wsesim.study").get_template("sweep.html.j2").render(page)


def drawings(table: SweepTable) -> Iterator[tuple[str, bool]]:
    """Draw every figure, over one axis as a line, over two or three as cells; say whether it needs the whole width."""
    from wsesim.study.heat import grid_of, heat_svg
    from wsesim.study.lines import axis_of, line_svg

    study = table.study
    if study.sampled or len(table.rows) > MOST_DRAWN:
        return
    axes = [axis_of(axis) for axis in study.axes]
    kept = {spec: [row.figures[spec.name] for row in table.rows] for spec in study.kept}
    if len(axes) == 1:
        for index, (spec, values) in enumerate(kept.items()):
            yield line_svg(spec, axes[0], values, ident=f"figure-{index}"), False
        return
    depth = len(axes[2]) if len(axes) > 2 else 1
    places = list(product(range(len(axes[0])), range(len(axes[1])), range(depth)))
    if not axes[0].numeric and max(map(len, axes[0].labels)) > max(map(len, axes[1].labels)):
        axes[:2] = axes[1], axes[0]  # long words have room beside the cells, not below them
        places = [(column, row, panel) for row, column, panel in places]
    cells = (text.short(spec.name, value) for spec, values in kept.items() for value in values if value is not None)
    grid = grid_of(axes, cells)
    for index, (spec, values) in enumerate(kept.items()):
        placed = dict(zip(places, values, strict=True))
        yield heat_svg(spec, axes, placed, grid, ident=f"figure-{index}"), grid.wide


def _summary(table: SweepTable) -> str:
    counts = {status: count for status, count in table.count().items() if count and status != Status.OK}
    missing = [f"{count:,} {_ENDED[status][count > 1]}" for status, count in counts.items()]
    return ", ".join([plural(len(table.rows), "point"), *missing])


def _reasons(table: SweepTable) -> list[tuple[int, str, str, str]]:
    """Return for each reason how many points it has, how they ended, why, and which is the first."""
    shown = table.study.shown
    return [
        (len(rows), _ENDED[rows[0].status][0], why,
         ", ".join(f"{parameter.name} = {value}"
                   for parameter, value in zip(shown, values_shown(rows[0], shown), strict=True)))
        for why, rows in table.reasons().items()
    ]  # fmt: skip
