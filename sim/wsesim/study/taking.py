"""Reads a `SweepTable` for programs and notebooks: the functions that `wsesim.answer.Readable` calls."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from itertools import islice, product
from typing import TYPE_CHECKING

from wsesim.answer import Status
from wsesim.answers import text
from wsesim.answers.axes import axes_of, named, require_known
from wsesim.answers.card import CardPicture, line
from wsesim.answers.card import card as card_of
from wsesim.study.findings import findings
from wsesim.study.lines import StudyAxis, axis_of
from wsesim.study.output import about, drawings, write_sweep
from wsesim.study.spec import written
from wsesim.study.table import SweepTable, values_shown
from wsesim.units import plural

if TYPE_CHECKING:
    import pandas as pd
    from matplotlib.axes import Axes

__all__ = ["brief", "card", "frame", "plot", "save"]

save = write_sweep
MOST_LINES = 12
"""Values of what varies beside the first, of which each has a line."""
MOST_PICTURES = 2
MOST_TICKS = 12
"""Values along an axis that are all written."""
SHADES: Mapping[str, tuple[str, str]] = {
    f"c{step}": (f"hsl(209 48% {92 - 8 * step}%)", f"hsl(209 40% {16 + 8 * step}%)") for step in range(9)
}
"""Of cells, from near the paper to near the ink, light and dark."""


def brief(table: SweepTable) -> str:
    """Return how many points there are, over what, and what is kept of them."""
    study = table.study
    over = " and ".join(parameter.name for parameter in study.parameters)
    missing = sum(count for status, count in table.count().items() if status != Status.OK)
    lost = f", {missing} without figures" if missing else ""
    return line(f"{study.name}: {plural(len(table.rows), 'point')} over {over}{lost}; {', '.join(study.figures)}")


def card(table: SweepTable) -> str:
    """Return the first rows and the first pictures of the page."""
    study = table.study
    heads = [*(parameter.name for parameter in study.shown), *map(text.label, study.kept), ""]
    rows = [
        [*values_shown(row, study.shown), *(text.shown(name, row.figures[name]) for name in study.figures), row.why]
        for row in table.rows
    ]
    first = islice(zip(study.kept, drawings(table), strict=False), MOST_PICTURES)
    pictures = [CardPicture.of(text.label(spec), drawn, SHADES) for spec, (drawn, _) in first]
    return card_of(
        over=brief(table), title=study.question or study.name, said=about(study), heads=heads, rows=rows,
        pictures=pictures, notes=(*findings(table), *table.remarks()),
    )  # fmt: skip


def frame(table: SweepTable, wanted: str) -> pd.DataFrame:
    """Return the rows; what a point lacks is missing."""
    import pandas as pd

    require_known(wanted, ("rows",), "table")
    return pd.DataFrame.from_records(table.records(), columns=list(table.columns))


def plot(table: SweepTable, what: str, ax: Axes | None) -> Axes:
    """Draw a figure over what varies first, a line for each value of what else varies."""
    study = table.study
    figure = require_known(what, study.figures, "figure")
    spec = next(spec for spec in study.kept if spec.name == figure)
    axes, axis = axes_of(ax, rows=10), axis_of(study.axes[0])
    values = [row.figures[figure] for row in table.rows]
    if study.space is not None:
        drawn = study.axes[0][0]
        places = [_height(drawn.number(row.values[drawn.name])) for row in table.rows]
        axes.plot(places, list(map(_height, values)), "o")
    else:
        _lines(axes, table, axis, values)
    named(axes, study.name, x=axis.title, figure=figure)
    if axis.log:
        axes.set_xscale("log")
    if not axis.numeric or len(axis) <= MOST_TICKS:
        axes.set_xticks(axis.places, axis.labels)
        axes.minorticks_off()
    else:
        axes.xaxis.set_major_formatter("{x:g}")
    axes.set_ylabel(text.label(spec))
    axes.yaxis.set_major_formatter(lambda value, _: text.short(figure, value))
    return axes


def _lines(axes: Axes, table: SweepTable, axis: StudyAxis, values: Sequence[float | None]) -> None:
    others = table.study.axes[1:]
    places = list(product(*(range(len(one[0].values)) for one in others)))
    order = sorted(range(len(axis)), key=lambda index: axis.places[index])
    for number, place in enumerate(places[:MOST_LINES]):
        held = [values[index * len(places) + number] for index in order]
        words = ", ".join(
            f"{one[0].name} {written(one[0].values[step])}" for one, step in zip(others, place, strict=True)
        )
        axes.plot([axis.places[index] for index in order], list(map(_height, held)), "o-", label=words, markersize=4)
    if others:
        axes.legend(fontsize=9, frameon=False)


def _height(value: float | None) -> float:
    return float("nan") if value is None else float(value)
