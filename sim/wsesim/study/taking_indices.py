"""Reads `Indices` for programs and notebooks: the functions that `wsesim.answer.Readable` calls."""

from __future__ import annotations

from typing import TYPE_CHECKING

from wsesim.answers import text
from wsesim.answers.axes import axes_of, named, require_known
from wsesim.answers.card import card as card_of
from wsesim.answers.card import line
from wsesim.study.indices import COLUMNS, RANKED_BY, Indices
from wsesim.study.indices_output import HEADS, TITLES, about, cells_of, indices_files, indices_json, notes, told

if TYPE_CHECKING:
    import pandas as pd
    from matplotlib.axes import Axes

__all__ = ["brief", "card", "files", "frame", "plain", "plot"]

plain, files = indices_json, indices_files
MOST_BARS = 16
FIRST = 3


def brief(found: Indices) -> str:
    """Return the settings that matter most."""
    first = ", ".join(each.settings for each in found.rows[:FIRST])
    return line(f"{found.question.asked.name}: {text.label(found.figure)} by {TITLES[found.method]} hangs on {first}")


def card(found: Indices) -> str:
    """Return the settings that matter most, and what was left out."""
    return card_of(
        over=f"{found.question.asked.name} · {TITLES[found.method]}", title=found.question.title, said=about(found),
        heads=HEADS[found.method], rows=[cells_of(found, each) for each in found.rows],
        notes=[told(found), *notes(found)],
    )  # fmt: skip


def frame(found: Indices, table: str) -> pd.DataFrame:
    """Return a row for each setting, the one that matters most first; or all points that were asked."""
    import pandas as pd

    require_known(table, ("settings",), "table")
    columns = COLUMNS[found.method]
    rows = [[each.settings, each.words, *(each.values[column] for column in columns)] for each in found.rows]
    return pd.DataFrame(rows, columns=["setting", "range", *columns]).set_index("setting")


def plot(found: Indices, what: str, ax: Axes | None) -> Axes:
    """Draw what each setting matters, with its interval."""
    require_known(what, ("bars",), "drawing")
    shown, main = found.rows[:MOST_BARS], RANKED_BY[found.method]
    axes = axes_of(ax, rows=len(shown))
    places = range(len(shown))
    axes.barh(places, [each.values[main] for each in shown], xerr=[each.values[f"{main}_off"] for each in shown],
              color="#1f4468", ecolor="#888888")  # fmt: skip
    axes.set_yticks(places, [each.settings for each in shown])
    axes.invert_yaxis()
    named(axes, found.question.asked.name, x=f"{main} of {found.figure.name}", figure="share")
    return axes
