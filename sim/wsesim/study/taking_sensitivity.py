"""Reads a `Sensitivity` for programs and notebooks: the functions that `wsesim.answer.Readable` calls."""

from __future__ import annotations

from typing import TYPE_CHECKING

from wsesim.answers import text
from wsesim.answers.axes import axes_of, named, require_known
from wsesim.answers.card import card as card_of
from wsesim.answers.card import line
from wsesim.study.sensitivity import Change, Influence, Sensitivity
from wsesim.study.sensitivity_output import HEADS, about, cells_of, sensitivity_json, tie_words, write_sensitivity

if TYPE_CHECKING:
    import pandas as pd
    from matplotlib.axes import Axes

__all__ = ["brief", "card", "frame", "plain", "plot", "save"]

plain, save = sensitivity_json, write_sensitivity
MOST_BARS = 16
FIRST = 3
_COLUMNS = ["figure", "now", "better", "better_change", "worse", "worse_change", "elasticity", "source"]


def brief(found: Sensitivity) -> str:
    """Return the figures that move the answer most."""
    first = ", ".join(each.setting for each in found.effective[:FIRST]) or "nothing"
    now = text.shown(found.figure.name, found.now)
    return line(f"{found.question.asked.name}: {found.figure.label or found.figure.name} {now} hangs on {first}")


def card(found: Sensitivity) -> str:
    """Return the figures that move the answer most, and pairs that tie."""
    return card_of(
        over=f"{found.question.asked.name} · sensitivity", title=found.question.title, said=about(found), heads=HEADS,
        rows=[cells_of(found, each) for each in found.effective], notes=[tie_words(found, tie) for tie in found.ties],
    )  # fmt: skip


def frame(found: Sensitivity, table: str) -> pd.DataFrame:
    """Return a row for each figure, the one that moves the answer most first; or the ties."""
    import pandas as pd

    if require_known(table, ("figures", "ties"), "table") == "ties":
        rows = [[*tie.settings, tie.answer / found.now - 1, *(alone / found.now - 1 for alone in tie.alone)]
                for tie in found.ties]  # fmt: skip
        return pd.DataFrame(rows, columns=["first", "second", "change", "first_alone", "second_alone"])
    rows = [
        [
            each.setting,
            each.figure.text,
            *_pair(each.better, found.now),
            *_pair(each.worse, found.now),
            each.elasticity,
            each.figure.source,
        ]
        for each in found.influences
    ]
    return pd.DataFrame(rows, columns=_COLUMNS).set_index("figure")


def _pair(change: Change | None, now: float) -> tuple[object, float | None]:
    if change is None:
        return None, None
    return change.value, None if change.answer is None else change.answer / now - 1


def plot(found: Sensitivity, what: str, ax: Axes | None) -> Axes:
    """Draw how far the answer moves with each figure, better to dark and worse to light bars."""
    require_known(what, ("tornado",), "drawing")
    shown = [each for each in found.effective if each.span(found.now) > 0][:MOST_BARS]
    axes = axes_of(ax, rows=len(shown))
    for place, each in enumerate(shown):
        _bars(axes, place, each, found.now)
    axes.set_yticks(range(len(shown)), [each.setting for each in shown])
    axes.invert_yaxis()
    axes.axvline(0, color="#888888", linewidth=0.8)
    words = f"change of {found.figure.name}, each figure {found.times:g} times as good (dark) and as bad (light)"
    named(axes, found.question.asked.name, x=words, figure="share")
    return axes


def _bars(axes: Axes, place: int, each: Influence, now: float) -> None:
    for change, colour in ((each.worse, "#a7cae6"), (each.better, "#1f4468")):
        if change is not None and change.answer is not None:
            axes.barh(place, change.answer / now - 1, color=colour)
