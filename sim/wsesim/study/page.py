"""A sweep as one HTML page: no scripts, nothing loaded, everything a user typed escaped."""

from __future__ import annotations

from collections.abc import Iterator
from itertools import product

from wsesim._version import __version__
from wsesim.report import text
from wsesim.report.page import templates
from wsesim.study.axes import axis_of, written
from wsesim.study.figures import label, short, shown
from wsesim.study.heat import MOST_PANELS, grid_of, heat_svg
from wsesim.study.lines import MISSING, line_svg
from wsesim.study.table import Row, SweepTable
from wsesim.workload import show

MOST_ROWS = 1000
MOST_REASONS = 12
"""Rows and reasons on the page; the other files have all."""
ENDED = {"does_not_fit": "does not fit", "error": "cannot be run"}


def render_html(table: SweepTable) -> str:
    """Return the page; the same bytes for the same table."""
    from markupsafe import Markup

    study = table.study
    heat = len(study.axes) > 1
    page = {
        "study": study, "version": __version__, "text": text, "summary": _summary(table),
        "drawings": [(Markup(drawn), wide) for drawn, wide in drawings(table)], "heat": heat,
        "missing": MISSING, "any_missing": any(not row.ok for row in table.rows),
        "panels_left_out": max(0, study.shape[2] - MOST_PANELS) if len(study.axes) > 2 else 0,
        "heads": [label(figure) for figure in study.figures],
        "rows": [_cells(table, row) for row in table.rows[:MOST_ROWS]], "rows_left_out": len(table.rows) - MOST_ROWS,
        "reasons": _reasons(table)[:MOST_REASONS], "reasons_left_out": len(table.reasons()) - MOST_REASONS,
        "words": [parameter.number(parameter.values[0]) is None for parameter in study.shown], "written": written,
        "inputs": show(study.base), "causes": (),
    }  # fmt: skip
    return templates("wsesim.study").get_template("sweep.html.j2").render(page)


def drawings(table: SweepTable) -> Iterator[tuple[str, bool]]:
    """Draw every figure, over one axis as a line, over two or three as cells; say whether it needs the whole width."""
    study = table.study
    axes = [axis_of(axis) for axis in study.axes]
    kept = {name: [row.figures[name] for row in table.rows] for name in study.figures}
    if len(axes) == 1:
        for index, (name, values) in enumerate(kept.items()):
            yield line_svg(name, axes[0], values, ident=f"figure-{index}"), False
        return
    depth = len(axes[2]) if len(axes) > 2 else 1
    places = list(product(range(len(axes[0])), range(len(axes[1])), range(depth)))
    if not axes[0].numeric and max(map(len, axes[0].labels)) > max(map(len, axes[1].labels)):
        axes[:2] = axes[1], axes[0]  # long words have room beside the cells, not below them
        places = [(column, row, panel) for row, column, panel in places]
    written = (short(name, value) for name, values in kept.items() for value in values if value is not None)
    grid = grid_of(axes, written)
    for index, (name, values) in enumerate(kept.items()):
        cells = dict(zip(places, values, strict=True))
        yield heat_svg(name, axes, cells, grid, ident=f"figure-{index}"), grid.wide


def _cells(table: SweepTable, row: Row) -> tuple[list[str], list[str], bool]:
    study = table.study
    values = [written(row.values[parameter.name]) for parameter in study.shown]
    return values, [shown(name, row.figures[name]) for name in study.figures], row.ok


def _summary(table: SweepTable) -> str:
    count = table.count()
    parts = [text.plural(len(table.rows), "point")]
    for status, words in (("does_not_fit", "do not fit"), ("error", ENDED["error"])):
        if count[status]:
            parts.append(f"{count[status]:,} {ENDED[status] if count[status] == 1 else words}")
    return ", ".join(parts)


def _reasons(table: SweepTable) -> list[tuple[int, str, str, str]]:
    """Return for each reason how many points it has, how they ended, why, and which is the first."""
    return [
        (len(rows), ENDED[rows[0].status], why,
         ", ".join(f"{parameter.name} = {written(rows[0].values[parameter.name])}" for parameter in table.study.shown))
        for why, rows in table.reasons().items()
    ]  # fmt: skip
