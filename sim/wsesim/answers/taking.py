"""Reads a `Result` for programs and notebooks: the functions that `wsesim.answer.Readable` calls."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import fields
from typing import TYPE_CHECKING, Any

from wsesim.answer import Answer, CoreMap, Curve, Interval, Limit, MemoryUse, Result, Status
from wsesim.answers import views
from wsesim.answers.axes import axes_of, bars, by_cause, require_known
from wsesim.answers.card import card as card_of
from wsesim.answers.card import line, parts_of
from wsesim.answers.causes import causes_of
from wsesim.answers.drawings import curve_on, map_on
from wsesim.answers.files import ops_rows, write_result
from wsesim.answers.plain import result_json
from wsesim.answers.text import shown
from wsesim.answers.verdict import verdict

if TYPE_CHECKING:
    import pandas as pd
    from matplotlib.axes import Axes

__all__ = ["brief", "card", "frame", "plain", "plot", "save"]

plain, save = result_json, write_result
FIRST = 4
"""Figures in the line that a program prints."""
_ENDED = {Status.DOES_NOT_FIT: "does not fit", Status.NOT_MODELLED: "has no answer"}
_Rows = tuple[list[str], list[list[object]]]


def brief(result: Result) -> str:
    """Return the first figures, or why there are none."""
    if result.answer is None:
        return line(f"{result.name} {_ENDED[result.status]}: {result.why}")
    first = views.headline(result, result.answer) or views.figures(result, result.answer)
    return line(f"{result.name}: {', '.join(f'{each.label} {each.value}' for each in first[:FIRST])}")


def card(result: Result) -> str:
    """Return the first screen of the page: verdict, first figures, where the time goes."""
    answer = result.answer
    if answer is None:
        said = f"{views.VERDICTS[result.status]} {result.why}"
        return card_of(over=result.name, title=result.title, said=said, notes=result.notes)
    lines = views.headline(result, answer) or views.figures(result, answer)
    spent = answer.spent.by_cause if answer.spent and answer.spent.total_s > 0 else {}
    return card_of(
        over=f"{result.name} · {views.about(answer)}", title=result.title, said=verdict(answer),
        rows=[(each.label, each.value, each.detail) for each in lines], parts=parts_of(spent, causes_of(answer)),
        notes=[*answer.wrong_words, f"Nearest measured: {views.nearest(result)}", *result.broken],
    )  # fmt: skip


def frame(result: Result, table: str) -> pd.DataFrame:
    """Return the figures, or the table of that name."""
    import pandas as pd

    if table in ("", "figures"):
        found = pd.DataFrame(_figures(result), columns=["figure", "value", "shown", "label", "better", "meaning"])
        return found.set_index("figure")
    tables = _tables(result)
    columns, rows = tables[require_known(table, ["figures", *tables], "table")]()
    return pd.DataFrame(rows, columns=columns)


def _figures(result: Result) -> list[list[object]]:
    specs = {spec.name: spec for spec in result.specs}
    return [
        [name, value, shown(name, value), views.label_of(result.specs, name),
         specs[name].better if name in specs else "", specs[name].meaning if name in specs else ""]
        for name, value in result.figures.items()
    ]  # fmt: skip


def _tables(result: Result) -> Mapping[str, Callable[[], _Rows]]:
    """Return what makes each table that there is."""
    answer, memory = result.answer, getattr(result.outcome, "memory", ())
    found: dict[str, Callable[[], _Rows]] = {}
    if answer is not None and answer.ops:
        found["ops"] = lambda: ops_rows(answer.ops)
    held = {"memory": (MemoryUse, memory), "timeline": (Interval, getattr(answer, "timeline", ())),
            "limits": (Limit, getattr(answer, "limits", ()))}  # fmt: skip
    for name, (kind, values) in held.items():
        if values:
            found[name] = lambda kind=kind, values=values: _rows(kind, values)  # type: ignore[misc]
    for each in getattr(answer, "tables", ()):
        found[each.name] = lambda each=each: (list(each.columns), [list(row) for row in each.rows])  # type: ignore[misc]
    return found


def _rows(kind: Any, values: tuple[Any, ...]) -> _Rows:
    names = [field.name for field in fields(kind)]
    return names, [[getattr(value, name) for name in names] for value in values]


def plot(result: Result, what: str, ax: Axes | None) -> Axes:
    """Draw where the time goes, a core's memory, or a drawing of the answer."""
    answer, memory = result.answer, getattr(result.outcome, "memory", ())
    drawings = _drawings(answer) if answer else {}
    spent = answer.spent if answer and answer.spent and answer.spent.total_s > 0 else None
    known = [*(["time"] if spent else []), *drawings, *(["memory"] if memory else [])]
    chosen = require_known(what, known, "drawing")
    if chosen in drawings:
        return _drawn(drawings[chosen], ax)
    if chosen == "time" and spent:
        return by_cause(ax, spent.by_cause, title=f"{result.name}: {shown('s', spent.total_s)} a {spent.what}")
    held = {use.what: use.bytes_per_core for use in memory}
    return bars(ax, held, "bytes", title=f"{result.name}: memory of the fullest core")


def _drawings(answer: Answer) -> dict[str, Curve | CoreMap]:
    return {each.name: each for each in answer.drawings if isinstance(each, Curve | CoreMap)}


def _drawn(drawing: Curve | CoreMap, ax: Axes | None) -> Axes:
    axes = axes_of(ax, rows=12)
    if isinstance(drawing, Curve):
        curve_on(axes, drawing)
    else:
        map_on(axes, drawing)
    return axes
