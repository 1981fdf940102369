"""Pictures for a notebook, on axes of matplotlib's that whoever asked may go on with."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING

from wsesim.answers import svg, text
from wsesim.answers.causes import known
from wsesim.errors import InputError, nearest
from wsesim.signs import printable

if TYPE_CHECKING:
    from matplotlib.axes import Axes

INK = "#1f4468"


def axes_of(ax: Axes | None, *, rows: int = 8) -> Axes:
    """Return *ax*, or axes of a new figure of pyplot's with room for so many rows.

    Raises:
        InputError: *ax* is something else.
    """
    if ax is not None:
        if not hasattr(ax, "barh"):
            raise InputError.at(f"ax takes axes of matplotlib; got {ax!r}")
        return ax
    import matplotlib.pyplot as plt

    found: Axes = plt.subplots(figsize=(7.5, max(2.4, min(9.0, 0.9 + 0.3 * rows))), layout="constrained")[1]
    return found


def bars(
    ax: Axes | None, values: Mapping[str, float], figure: str, *, title: str, label: str = "",
    colours: Sequence[str] = (),
) -> Axes:  # fmt: skip
    """Draw a bar for each of *values*, the first on top, each with its value by the unit of *figure*."""
    axes = axes_of(ax, rows=len(values))
    names = [printable(name, keep="") for name in values]
    drawn = axes.barh(range(len(names)), list(values.values()), color=list(colours) or INK)
    axes.bar_label(drawn, [text.short(figure, value) for value in values.values()], padding=4, fontsize=9)
    axes.set_yticks(range(len(names)), names, **svg.LITERAL)
    axes.invert_yaxis()
    axes.margins(x=0.15)
    return named(axes, title, x=label or text.heading(figure), figure=figure)


def by_cause(ax: Axes | None, seconds: Mapping[str, float], *, title: str) -> Axes:
    """Draw seconds by cause, longest first, in the causes' own colours."""
    causes, ranked = known(seconds), text.ranked(seconds)
    values = {causes[name].label: value for name, value in ranked}
    return bars(ax, values, "s", title=title, label="time", colours=[causes[name].light for name, _ in ranked])


def named(axes: Axes, title: str, *, x: str, figure: str) -> Axes:
    """Give axes their words; what runs along x is printed by the unit of *figure*."""
    axes.set_title(printable(title, keep=""), loc="left", fontsize=11, **svg.LITERAL)
    axes.set_xlabel(printable(x, keep=""), **svg.LITERAL)
    axes.xaxis.set_major_formatter(lambda value, _: text.short(figure, value))
    axes.spines[["top", "right"]].set_visible(False)
    return axes


def require_known(name: str, known: Sequence[str], what: str) -> str:
    """Return *name*, or the first that is known where it is empty.

    Raises:
        InputError: it is none of them, or there are none; names the nearest, or all.
    """
    if not name and known:
        return known[0]
    if name in known:
        return name
    if not known:
        raise InputError.at(f"there is no {what} of it")
    hint = nearest(str(name), known) or f"; there are: {', '.join(known) or 'none'}"
    raise InputError.at(f"there is no {what} {name!r}{hint}")
