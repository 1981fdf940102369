"""Reads a `SideBySide` for programs and notebooks: the functions that `wsesim.answer.Readable` calls."""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING, Any

from wsesim.answers import publish, text
from wsesim.answers.axes import axes_of, bars, named, require_known
from wsesim.answers.card import card as card_of
from wsesim.answers.card import line
from wsesim.answers.causes import known
from wsesim.answers.plain import json_text
from wsesim.study.comparing import SideBySide
from wsesim.study.comparing_output import compared_page
from wsesim.units import plural, show_change

if TYPE_CHECKING:
    from pathlib import Path

    import pandas as pd
    from matplotlib.axes import Axes

__all__ = ["brief", "card", "frame", "plain", "plot", "save"]


def brief(found: SideBySide) -> str:
    """Return what is compared, and how much of it differs."""
    names = " and ".join(side.name for side in found.sides)
    differ = f"{plural(len(found.asked), 'setting')} and {plural(len(found.figures), 'figure')} differ"
    return line(f"{names}: {differ}")


def card(found: SideBySide) -> str:
    """Return the figures that differ, or the settings where nothing was answered."""
    names = [side.name for side in found.sides]
    figures = [(name, *(text.shown(name, value) for value in row)) for name, row in found.figures.items()]
    asked = [(name, *("–" if value is None else str(value) for value in row)) for name, row in found.asked.items()]
    unanswered = [f"{side.name}: {side.answer.why}" for side in found.sides if side.answer and side.answer.why]
    return card_of(over="side by side", title=brief(found), heads=("", *names), rows=figures or asked,
                   notes=[*unanswered, *_explained(found)])  # fmt: skip


def _explained(found: SideBySide) -> Iterator[str]:
    first = found.sides[0].name
    for side, causes in zip(found.sides[1:], found.causes, strict=False):
        most = [f"{each.cause} {show_change(each.share, digits=0)}" for each in causes[:4] if each.share is not None]
        if most:
            yield f"Of the difference of {side.name} from {first}: {', '.join(most)}."


def frame(found: SideBySide, table: str) -> pd.DataFrame:
    """Return a row for each setting and figure that differs and a column for each side; or the causes."""
    import pandas as pd

    if require_known(table, ("all", "causes"), "table") == "causes":
        causes = [[side.name, each.cause, each.before_s, each.after_s, each.share]
                  for side, held in zip(found.sides[1:], found.causes, strict=False) for each in held]  # fmt: skip
        return pd.DataFrame(causes, columns=["side", "cause", "before_s", "after_s", "share"])
    rows: list[list[object]] = [["asked", name, *row] for name, row in found.asked.items()]
    rows += [["found", name, *row] for name, row in found.figures.items()]
    return pd.DataFrame(rows, columns=["what", "name", *(side.name for side in found.sides)]).set_index("name")


def plain(found: SideBySide) -> dict[str, Any]:
    """Return sides, what differs in them, and what explains it."""
    return {
        "status": "ok", "sides": [side.name for side in found.sides],
        "asked": {name: [value if isinstance(value, str | int | float | bool | None) else str(value) for value in row]
                  for name, row in found.asked.items()},
        "figures": {name: list(row) for name, row in found.figures.items()},
        "causes": [
            [{"cause": each.cause, "before_s": each.before_s, "after_s": each.after_s, "share": each.share}
             for each in causes] for causes in found.causes
        ],
    }  # fmt: skip


def save(found: SideBySide, out: Path, *, overwrite: bool = False) -> tuple[Path, ...]:
    """Write the files of a comparison into the folder *out*, all or none, and return their paths."""
    files = {
        "compare.html": compared_page(found).encode(),
        "compare.json": json_text(plain(found)).encode(),
        "compare.csv": frame(found, "").to_csv().encode(),
    }
    return publish(files, out, overwrite=overwrite)


def plot(found: SideBySide, what: str, ax: Axes | None) -> Axes:
    """Draw where the time of each side goes, or a figure of each."""
    answers = {side.name: side.answer for side in found.sides if side.answer is not None}
    spent = {name: answer.spent for name, answer in answers.items() if answer.spent}
    figures = list(dict.fromkeys(name for answer in answers.values() for name in answer.figures))
    chosen = require_known(what, [*(["time"] if spent else []), *figures], "figure")
    if chosen != "time":
        values = {name: answer.figures.get(chosen) for name, answer in answers.items()}
        drawn = {name: float(value) for name, value in values.items() if value is not None}
        return bars(ax, drawn, chosen, title=text.heading(chosen))
    axes, causes = axes_of(ax, rows=len(spent) + 6), known(name for held in spent.values() for name in held)
    reached = dict.fromkeys(spent, 0.0)
    for name, cause in causes.items():
        parts = [held.get(name, 0.0) for held in spent.values()]
        axes.barh(list(spent), parts, left=list(reached.values()), color=cause.light, label=cause.label)
        reached = {side: reached[side] + part for side, part in zip(reached, parts, strict=True)}
    axes.invert_yaxis()
    axes.legend(fontsize=8, frameon=False, ncols=2, bbox_to_anchor=(1.0, 1.0), loc="upper left")
    return named(axes, "Where the time goes", x="time", figure="s")
