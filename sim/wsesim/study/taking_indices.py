"""Reads `Indices` for programs and notebooks: the functions that `wsesim.answer.Readable` calls."""

from __future__ import annotations

from typing import TYPE_CHECKING

from wsesim.answers.axes import INK, axes_of, named, require_known
from wsesim.answers.card import card as card_of
from wsesim.answers.card import line
from wsesim.study.indices import COLUMNS, RANKED_BY, Indices
from wsesim.study.indices_output import HEADS, about, cells_of, indices_json, notes_of, told, write_indices

if TYPE_CHECKING:
    import pandas as pd
    from matplotlib.axes import Axes

__all__ = ["brief", "card", "frame", "plain", "plot", "save"]

plain, save = indices_json, write_indices
MOST_BARS = 16


def brief(found: Indices) -> str:
    """Return what matters most."""
    return line(f"{found.question.asked.name} by {found.method}: {told(found)}")


def card(found: Indices) -> str:
    """Return the settings that matter most, and what was left out."""
    return card_of(
        over=about(found), title=found.question.title, said=told(found), heads=HEADS[found.method],
        rows=[cells_of(found, each) for each in found.rows], notes=notes_of(found),
    )  # fmt: skip


def frame(found: Indices, table: str) -> pd.DataFrame:
    """Return a row for each setting, that which matters most first."""
    import pandas as pd

    require_known(table, ("settings",), "table")
    columns = COLUMNS[found.method]
    rows = [[each.settings, *(each.values[column] for column in columns), each.words] for each in found.rows]
    return pd.DataFrame(rows, columns=["setting", *columns, "range"]).set_index("setting")


def plot(found: Indices, what: str, ax: Axes | None) -> Axes:
    """Draw a bar for each setting by one of the columns, with its interval where it has one."""
    main = RANKED_BY[found.method]
    column = require_known(
        what or main, [name for name in COLUMNS[found.method] if not name.endswith("_off")], "figure"
    )
    shown = found.rows[:MOST_BARS]
    axes = axes_of(ax, rows=len(shown))
    offs = [each.values.get(f"{column}_off", 0.0) for each in shown]
    axes.barh(range(len(shown)), [each.values[column] for each in shown], xerr=offs, color=INK, ecolor="#888888")
    axes.set_yticks(range(len(shown)), [each.settings for each in shown])
    axes.invert_yaxis()
    share = RANKED_BY["sobol"] == main
    return named(axes, found.question.asked.name, x=f"{column} of {found.figure.name}",
                 figure="ratio" if share else found.figure.name)  # fmt: skip
