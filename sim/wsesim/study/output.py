"""A sweep for people and programs: a table on the terminal, one HTML page, and files written all or none."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from itertools import product
from pathlib import Path
from typing import TYPE_CHECKING

from wsesim import questions
from wsesim._version import __version__
from wsesim.answer import Status
from wsesim.answers import text
from wsesim.answers.folder import publish
from wsesim.answers.plain import json_text
from wsesim.study.causes_svg import causes_drawn
from wsesim.study.findings import findings
from wsesim.study.spec import Study, written
from wsesim.study.table import ERROR, LEFT_OUT, PRUNED, PointRow, SweepTable, values_shown
from wsesim.units import plural

if TYPE_CHECKING:
    from rich.console import Console

    from wsesim.answers.causes import Cause
    from wsesim.answers.printer import Printer
    from wsesim.study.lines import StudyAxis

FILES = ("sweep.html", "sweep.csv", "sweep.json")
"""What a sweep writes."""
MOST_PRINTED, MOST_REASONS_PRINTED = 60, 6
"""Rows and reasons on the terminal at most; the files have all."""
MOST_ROWS, MOST_REASONS = 1000, 12
"""The same, on the page."""
MOST_BEST = 40
"""Best points that have a table of their own on the page."""
MOST_DRAWN = 10_000
"""Points of a grid that are drawn."""
_ENDED = {
    Status.OK: ("", ""), Status.DOES_NOT_FIT: ("does not fit", "do not fit"),
    Status.NOT_MODELLED: ("is not modelled", "are not modelled"), ERROR: ("cannot be run", "cannot be run"),
    LEFT_OUT: ("left out", "left out"), PRUNED: ("pruned", "pruned"),
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
    for place, sentence in enumerate(findings(table)):
        to.line((sentence, ""), gap=place == 0)
    printed = [table.rows[place] for place in table.best()] if study.optimize else table.rows
    _print_rows(study, printed, to)
    if study.optimize:
        to.line((f"All {plural(len(table.rows), 'point')} stand in sweep.csv", "dim"))
    elif len(table.rows) > MOST_PRINTED:
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
    parts = [f"As stated, before anything varies: {study.base.title.removesuffix('.')}."]
    fixed = [f"{name} = {written(value)}" for name, value in study.fixed.items()]
    joined = [axis for axis in study.axes if len(axis) > 1 and study.same(axis)]
    if fixed:
        parts.append(f"Changed in it: {', '.join(fixed)}.")
    if joined:
        parts.append(f"Varied together: {'; '.join(' = '.join(each.name for each in axis) for axis in joined)}.")
    parts += [f"{name} = {formula.text}." for name, formula in study.derived.items()]
    if study.optimize:
        parts.append(f"Searched for: {_searched(study)}.")
    if study.sampled:
        parts.append(f"{study.sampled[0].upper()}{study.sampled[1:]}.")
    if study.level:
        parts.append(f"Level {study.level}.")
    return " ".join(parts)


def _searched(study: Study) -> str:
    better = {spec.name: spec.better for spec in study.kept}
    return ", ".join(f"{better[name]} {name}" for name in study.pareto)


def _print_rows(study: Study, found: Sequence[PointRow], to: Printer) -> None:
    heads = [*(parameter.name for parameter in study.shown), *study.derived, *map(text.label, study.kept), ""]
    rows = [
        [*((cell, "") for cell in _cells(study, row)), ("not right" if row.wrong else _ENDED[row.status][0], "red")]
        for row in found[:MOST_PRINTED]
    ]
    to.table(heads, rows, "r" * (len(heads) - 1) + "l")


def _cells(study: Study, row: PointRow) -> list[str]:
    return _settings(study, row) + [_cell(row, name) for name in study.figures]


def _settings(study: Study, row: PointRow) -> list[str]:
    """Print what varies at a point, and what follows from it."""
    follows = (row.derived.get(name) for name in study.derived)
    return values_shown(row, study.shown) + [text.NONE if value is None else written(value) for value in follows]


def _cell(row: PointRow, name: str) -> str:
    """Print a figure; of a point that was pruned what it is at best, if that is known."""
    if row.pruned and name in row.at_best:
        return f"at best {text.shown(name, row.at_best[name])}"
    return text.shown(name, row.figures[name])


def render_sweep(table: SweepTable) -> str:
    """Return the sweep as one HTML page without scripts that loads nothing; the same bytes for the same table."""
    from markupsafe import Markup

    from wsesim.answers.page import templates
    from wsesim.study.heat import MOST_PANELS

    study, causes = table.study, causes_drawn(table)
    settings = len(study.shown) + len(study.derived)
    page = {
        "study": study, "version": __version__, "summary": _summary(table), "remarks": table.remarks(),
        "drawings": [(Markup(drawn), wide) for drawn, wide in drawings(table)], "missing": tuple(_missing(table)),
        "panels_left_out": max(0, study.shape[2] - MOST_PANELS) if len(study.axes) > 2 else 0,
        "heads": [(text.label(spec), spec.meaning) for spec in study.kept],
        "rows": [(_settings(study, row), _cells(study, row)[settings:], row.ok, row.most_time_on)
                 for row in table.rows[:MOST_ROWS]],
        "rows_left_out": len(table.rows) - MOST_ROWS, "reasons": _reasons(table)[:MOST_REASONS],
        "reasons_left_out": len(table.reasons()) - MOST_REASONS,
        "settings": [(parameter.name, parameter.number(parameter.values[0]) is None) for parameter in study.shown]
                    + [(name, False) for name in study.derived], "written": written,
        "inputs": questions.show(study.base), "causes": causes,
        "findings": findings(table), "searched": _searched(study) if study.optimize else "",
        "wide": [Markup(drawn) for drawn in _whole(table, causes) if drawn],
        "best": [(_settings(study, table.rows[place]), _cells(study, table.rows[place])[settings:])
                 for place in table.best()[:MOST_BEST]],
        "most_time_on": {cause.name: cause for cause in causes},
    }  # fmt: skip
    return templates("wsesim.study").get_template("sweep.html.j2").render(page)


def drawings(table: SweepTable) -> Iterator[tuple[str, bool]]:
    """Draw every figure, over one axis as a line, over two or three as cells; say whether it needs the whole width."""
    from wsesim.study.heat import grid_of, heat_svg
    from wsesim.study.lines import line_svg

    study = table.study
    if study.sampled or len(table.rows) > MOST_DRAWN:
        return
    axes, places = _axes(study)
    kept = {spec: [row.figures[spec.name] for row in table.rows] for spec in study.kept}
    if len(axes) == 1:
        lost = {index for index, row in enumerate(table.rows) if row.failed}
        for index, (spec, values) in enumerate(kept.items()):
            yield line_svg(spec, axes[0], values, ident=f"figure-{index}", failed=lost), False
        return
    cells = (text.short(spec.name, value) for spec, values in kept.items() for value in values if value is not None)
    grid, failed = grid_of(axes, cells), [place for place, row in zip(places, table.rows, strict=True) if row.failed]
    for index, (spec, values) in enumerate(kept.items()):
        placed = dict(zip(places, values, strict=True))
        yield heat_svg(spec, axes, placed, grid, ident=f"figure-{index}", failed=failed), grid.wide


def _axes(study: Study) -> tuple[list[StudyAxis], list[tuple[int, int, int]]]:
    """Return the axes as they are drawn, and the cell of each point: how far along x, along y and along the panels."""
    from wsesim.study.lines import axis_of

    axes = [axis_of(axis) for axis in study.axes]
    steps = [range(len(axis)) for axis in axes] + [range(1)] * (3 - len(axes))
    places = [(column, row, panel) for column, row, panel in product(*steps)]
    if len(axes) > 1 and not axes[0].numeric and max(map(len, axes[0].labels)) > max(map(len, axes[1].labels)):
        axes[:2] = axes[1], axes[0]  # long words have room beside the cells, not below them
        places = [(column, row, panel) for row, column, panel in places]
    return axes, places


def _whole(table: SweepTable, causes: Sequence[Cause]) -> Iterator[str]:
    """Draw what is about all figures: how a search went, what no other beats, what most time goes to."""
    from wsesim.study.causes_svg import causes_svg
    from wsesim.study.search_svg import front_svg, way_svg

    study = table.study
    if len(study.pareto) > 1:
        yield front_svg(table)
    elif study.optimize:
        yield way_svg(table)
    if len(causes) > 1 and not study.sampled and len(table.rows) <= MOST_DRAWN:
        axes, places = _axes(study)
        cells = dict(zip(places, (row.most_time_on for row in table.rows), strict=True))
        failed = {place for place, row in zip(places, table.rows, strict=True) if row.failed}
        yield causes_svg(axes, cells, causes, failed=failed)


def _missing(table: SweepTable) -> Iterator[str]:
    """Say how points without a value look in the pictures, how many they are and how they ended."""
    study, grid = table.study, not table.study.sampled
    strips = len(study.axes) == 1 if grid else study.optimize is not None and len(study.pareto) == 1
    looks = {True: "Grey" if strips else "Hatched" if grid else "Not drawn", False: "Empty" if grid else "Not drawn"}
    for failed, look in looks.items():
        counts = Counter(row.status for row in table.rows if not row.ok and row.failed == failed)
        if counts:
            points = plural(len(table.rows), "point")
            yield f"{look}: {', '.join(_ended(counts))}, of {points}; why stands below."


def _ended(counts: Mapping[str, int]) -> list[str]:
    return [f"{count:,} {_ENDED[status][count > 1]}" for status, count in counts.items() if count]


def _summary(table: SweepTable) -> str:
    counts = {status: count for status, count in table.count().items() if status != Status.OK}
    return ", ".join([plural(len(table.rows), "point"), *_ended(counts)])


def _reasons(table: SweepTable) -> list[tuple[int, str, str, str]]:
    """Return for each reason how many points it has, how they ended, why, and which is the first."""
    shown = table.study.shown
    return [
        (len(rows), _ENDED[rows[0].status][0], why,
         ", ".join(f"{parameter.name} = {value}"
                   for parameter, value in zip(shown, values_shown(rows[0], shown), strict=True)))
        for why, rows in table.reasons().items()
    ]  # fmt: skip
