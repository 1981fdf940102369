"""Reads a `Sizing` for programs and notebooks: the functions that `wsesim.answer.Readable` calls."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from wsesim.answers import publish, text
from wsesim.answers.axes import axes_of, named, require_known
from wsesim.answers.card import card as card_of
from wsesim.answers.card import line
from wsesim.answers.plain import json_text
from wsesim.study.goals import Sized, Sizing

if TYPE_CHECKING:
    from pathlib import Path

    import pandas as pd
    from matplotlib.axes import Axes

__all__ = ["brief", "card", "frame", "plain", "plot", "save"]


def brief(found: Sizing) -> str:
    """Return what was found, in a sentence."""
    return line(f"{found.question.asked.name}: {found.words}")


def card(found: Sizing) -> str:
    """Return what was found, and the fewest systems of each machine."""
    heads = ("machine", "systems", *map(text.heading, found.senses), "")
    rows = [
        (each.machine, f"{each.systems:,}", *(text.shown(name, each.figures.get(name)) for name in found.senses),
         verdict(each))
        for each in found.shown
    ]  # fmt: skip
    return card_of(over=f"{found.question.asked.name} · size", title=found.words, said=found.question.title,
                   heads=heads, rows=rows)  # fmt: skip


def verdict(each: Sized) -> str:
    """Say in a word how so many systems do."""
    return each.why or ("no" if not each.reached else "best" if each.best else "")


def frame(found: Sizing, table: str) -> pd.DataFrame:
    """Return a row for each machine and number of systems that was tried."""
    import pandas as pd

    require_known(table, ("tried",), "table")
    rows = [
        {"machine": each.machine, "systems": each.systems, "reached": each.reached, "best": each.best,
         **{name: each.figures.get(name) for name in found.senses}, "why": each.why}
        for each in found.tried
    ]  # fmt: skip
    return pd.DataFrame(rows)


def plain(found: Sizing) -> dict[str, Any]:
    """Return goals, the fewest systems, and what is shown of each machine."""
    rows = [{"machine": each.machine, "systems": each.systems, "reached": each.reached, "best": each.best,
             "why": each.why, "figures": {name: each.figures.get(name) for name in found.senses}}
            for each in found.shown]  # fmt: skip
    fewest = found.fewest(found.machine)
    return {"status": "ok", "goals": [goal.text for goal in found.goals], "machine": found.machine,
            "systems": fewest.systems if fewest else None, "shown": rows}  # fmt: skip


def save(found: Sizing, out: Path, *, overwrite: bool = False) -> tuple[Path, ...]:
    """Write the files of a sizing into the folder *out*, all or none, and return their paths."""
    files = {"size.json": json_text(plain(found)).encode(), "size.csv": frame(found, "").to_csv(index=False).encode()}
    return publish(files, out, overwrite=overwrite)


def plot(found: Sizing, what: str, ax: Axes | None) -> Axes:
    """Draw a figure over systems, a line for each machine; what reaches the goals is filled."""
    from matplotlib.ticker import MaxNLocator

    figure, axes = require_known(what, list(found.senses), "figure"), axes_of(ax, rows=10)
    for machine in dict.fromkeys(each.machine for each in found.tried):
        points = [(each.systems, float(value), each.reached) for each in found.tried
                  if each.machine == machine and (value := each.figures.get(figure)) is not None]  # fmt: skip
        drawn = axes.plot([x for x, _, _ in points], [y for _, y, _ in points], "-", label=machine, linewidth=1)[0]
        for x, y, reached in points:
            axes.plot(x, y, "o", color=drawn.get_color(), fillstyle="full" if reached else "none")
    named(axes, found.words, x="systems", figure="systems")
    axes.xaxis.set_major_locator(MaxNLocator(integer=True))
    axes.set_ylabel(text.heading(figure))
    axes.yaxis.set_major_formatter(lambda value, _: text.short(figure, value))
    axes.legend(frameon=False)
    return axes
