"""Reads a `Comparison` of levels for programs and notebooks: the functions that `wsesim.answer.Readable` calls."""

from __future__ import annotations

from typing import TYPE_CHECKING

from wsesim.answer import Comparison
from wsesim.answers.axes import bars, require_known
from wsesim.answers.card import card as card_of
from wsesim.answers.card import line
from wsesim.answers.compared import Compared
from wsesim.answers.files import write_comparison
from wsesim.answers.plain import comparison_json

if TYPE_CHECKING:
    import pandas as pd
    from matplotlib.axes import Axes

__all__ = ["brief", "card", "frame", "plain", "plot", "save"]

plain, save = comparison_json, write_comparison


def brief(found: Comparison) -> str:
    """Return the first figure at each level."""
    compared = Compared(found)
    values = [f"{level} {compared.shown(answer, compared.lead)}" for level, answer in compared.answers.items()]
    label = f"{compared.label(compared.lead)} " if values else "no level answers"
    return line(f"{found.name}: {label}{', '.join(values)}")


def card(found: Comparison) -> str:
    """Return the figures at each level, and how far each is from the most detailed one."""
    compared = Compared(found)
    rows = [
        (compared.label(name),
         *(f"{compared.shown(answer, name)} {compared.off(answer, name)}".strip()
           for answer in compared.answers.values()))
        for name in compared.names
    ]  # fmt: skip
    refused = [f"{level}: {why}" for level, why in compared.refused.items()]
    return card_of(
        over=f"{found.name} · levels of detail", title=found.title, said=found.notes[0] if found.notes else "",
        heads=("", *compared.answers) if compared.answers else (), rows=rows, notes=refused,
    )  # fmt: skip


def frame(found: Comparison, table: str) -> pd.DataFrame:
    """Return a row for each figure and a column for each level, or why the levels differ."""
    import pandas as pd

    if require_known(table, ("figures", "differences"), "table") == "differences":
        rows = [[each.coarse, each.fine, each.figure, cause, seconds]
                for each in found.differences for cause, seconds in each.causes]  # fmt: skip
        return pd.DataFrame(rows, columns=["coarse", "fine", "figure", "cause", "seconds"])
    answers = Compared(found).answers
    names = dict.fromkeys(name for answer in answers.values() for name in answer.figures)
    columns = {level: [answer.figures.get(name) for name in names] for level, answer in answers.items()}
    return pd.DataFrame(columns, index=pd.Index(list(names), name="figure"))


def plot(found: Comparison, what: str, ax: Axes | None) -> Axes:
    """Draw a figure at each level."""
    compared = Compared(found)
    names = list(dict.fromkeys(name for answer in compared.answers.values() for name in answer.figures))
    figure = require_known(what or compared.lead, names, "figure")
    values = {level: answer.figures.get(figure) for level, answer in compared.answers.items()}
    drawn = {str(level): float(value) for level, value in values.items() if value is not None}
    return bars(ax, drawn, figure, title=found.name, label=compared.label(figure))
