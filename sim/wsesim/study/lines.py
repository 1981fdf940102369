"""A figure over the one parameter that varies: a line through the points that fit, a grey strip where none does.

Here too are the axes of all drawings: where each value stands, and what is written there.
"""

from __future__ import annotations

from collections.abc import Collection, Sequence
from dataclasses import dataclass
from math import log as ln
from typing import TYPE_CHECKING, Any

from wsesim.answer import FigureSpec, Number
from wsesim.answers import svg
from wsesim.answers.text import label, short
from wsesim.study.spec import Parameter, written
from wsesim.units import show

if TYPE_CHECKING:
    from matplotlib.axes import Axes

WIDE = 30.0
"""Numbers that span more than this are drawn on a log scale."""
_WIDTH, _HEIGHT = 352.0, 224.0
_LEFT, _RIGHT, _BOTTOM, _TOP = 50.0, 14.0, 44.0, 26.0
_LETTER = 5.4
_UPRIGHT = 0.82
"""What a sign of a tilted label needs of its width in height: the sine of 60 degrees, less what it overlaps."""
_MOST_DOTS = 60
_STRIP = 9.0
"""Width of the strip where a point has no answer: as high as the picture, so that it is no value."""


@dataclass(frozen=True, slots=True, kw_only=True)
class StudyAxis:
    """One axis, made of what varies on it."""

    title: str
    """Its name, and the unit if all values share one."""
    labels: tuple[str, ...]
    """What is written at each value, in the order of the study."""
    places: tuple[float, ...]
    """Where each value stands: the number it is, or its rank if it is a word."""
    numeric: bool
    log: bool

    def __len__(self) -> int:
        """Return the number of values."""
        return len(self.labels)


def axis_of(parameters: Sequence[Parameter]) -> StudyAxis:
    """Return the axis of *parameters*, which step together; the first stands for all."""
    first = parameters[0]
    numbers = [first.number(value) for value in first.values]
    places = [float(number) for number in numbers if number is not None]
    numeric = len(places) == len(numbers)
    unit, labels = _labels(first, places) if numeric else ("", tuple(map(written, first.values)))
    return StudyAxis(
        title=f"{first.name}, {unit}" if unit else first.name,
        labels=labels,
        places=tuple(places) if numeric else tuple(map(float, range(len(numbers)))),
        numeric=numeric,
        log=numeric and (first.log or is_wide(places)),
    )


def is_wide(numbers: Sequence[float]) -> bool:
    """Return whether *numbers* span so much that equal ratios should have equal lengths."""
    return bool(numbers) and min(numbers) > 0 and max(numbers) > WIDE * min(numbers)


def spread(axis: StudyAxis, width: float, letter: float) -> list[int]:
    """Return the values of *axis* whose labels fit beside each other on *width* points, *letter* points a sign."""
    low, high = min(axis.places), max(axis.places)
    ends = [_share(place, low, high, log=axis.log) * width for place in axis.places]
    kept: list[int] = []
    free = float("-inf")
    for index in sorted(range(len(axis)), key=lambda index: ends[index]):
        half = letter * len(axis.labels[index]) / 2
        if ends[index] - half >= free:
            kept.append(index)
            free = ends[index] + half + letter
    return kept


def _share(place: float, low: float, high: float, *, log: bool) -> float:
    if low == high:
        return 0.5
    if log:
        return ln(place / low) / ln(high / low)
    return (place - low) / (high - low)


def _labels(parameter: Parameter, places: Sequence[float]) -> tuple[str, tuple[str, ...]]:
    """Return the unit that all values share, if they do, and what is left of each."""
    texts = tuple(map(written, parameter.values))
    if parameter.dimension is None:
        return "", texts
    for candidate in (texts, tuple(show(place, parameter.dimension) for place in places)):
        parts = [text.partition(" ") for text in candidate]
        units = {unit for _, _, unit in parts}
        if len(units) == 1:
            return units.pop(), tuple(number for number, _, _ in parts)
    return "", candidate


def line_svg(
    spec: FigureSpec, axis: StudyAxis, values: Sequence[Number | None], *, ident: str, failed: Collection[int] = ()
) -> str:
    """Draw *values*, one for each place of *axis*; at None the line is broken, and grey where the place *failed*."""
    order = sorted(range(len(axis)), key=lambda index: axis.places[index])
    found = [float(value) for value in values if value is not None]
    plot = (_WIDTH - _LEFT - _RIGHT, _HEIGHT - _BOTTOM - _TOP)
    tilted = not axis.numeric and len(spread(axis, plot[0] / 1.08, _LETTER)) < len(axis)
    bottom = _BOTTOM + (_UPRIGHT * _LETTER * max(map(len, axis.labels)) if tilted else 0)
    height = _TOP + plot[1] + bottom
    with svg.drawing(_WIDTH, height) as figure:
        axes = figure.add_axes((_LEFT / _WIDTH, bottom / height, plot[0] / _WIDTH, plot[1] / height))
        _place_x(axes, axis, plot[0], tilted=tilted)
        _place_y(axes, spec.name, found, whole=all(isinstance(value, int) for value in values if value is not None))
        if axis.numeric:
            heights = [float("nan") if values[index] is None else float(values[index] or 0) for index in order]
            axes.plot([axis.places[index] for index in order], heights, color=svg.SOFT, linewidth=1.2, zorder=2)
        for index, (place, value) in enumerate(zip(axis.places, values, strict=True)):
            if index in failed:
                axes.axvline(place, color=svg.LINE, linewidth=_STRIP, zorder=1)
            elif value is not None and (len(axis) <= _MOST_DOTS or not axis.numeric or _alone(values, index, order)):
                svg.dot(axes, place, float(value), 30, "c7")
        title = label(spec)
        axes.text(-_LEFT / plot[0], 1.07, title, color=svg.INK, fontsize=11, transform=axes.transAxes, **svg.LITERAL)
        return svg.inline(figure, ident, f"{title} over {axis.title}")


def _alone(values: Sequence[Number | None], index: int, order: Sequence[int]) -> bool:
    """Return whether no neighbour along the axis has a value, so that no line shows this one."""
    rank = order.index(index)
    beside = (*order[max(0, rank - 1) : rank], *order[rank + 1 : rank + 2])
    return all(values[each] is None for each in beside)


def _place_x(axes: Axes, axis: StudyAxis, width: float, *, tilted: bool) -> None:
    from matplotlib.ticker import NullLocator

    low, high = min(axis.places), max(axis.places)
    if axis.log:
        margin = (high / low) ** 0.04 if high > low else 2.0
        axes.set(xscale="log", xlim=(low / margin, high * margin))
    else:
        margin = 0.04 * (high - low) or 0.5
        axes.set(xlim=(low - margin, high + margin))
    axes.xaxis.set_minor_locator(NullLocator())
    kept = list(range(len(axis))) if tilted else spread(axis, width / 1.08, _LETTER)
    tilt: dict[str, Any] = {"rotation": 60, "ha": "right", "rotation_mode": "anchor"} if tilted else {}
    labels = [axis.labels[index] for index in kept]
    axes.set_xticks([axis.places[index] for index in kept], labels, **tilt, **svg.LITERAL)
    axes.set_xlabel(axis.title, color=svg.SOFT, fontsize=9.5, **svg.LITERAL)
    axes.tick_params(axis="x", colors=svg.SOFT, labelsize=9.5, length=3, width=0.6)


def _place_y(axes: Axes, figure_name: str, found: Sequence[float], *, whole: bool) -> None:
    from matplotlib.ticker import LogLocator, MaxNLocator, NullLocator

    if is_wide(found):
        axes.set(yscale="log", ylim=(min(found) / 1.4, max(found) * 1.4))
        axes.yaxis.set_major_locator(LogLocator(subs=(1,) if max(found) > 1000 * min(found) else (1, 3)))
    else:
        low, high = min(0.0, *found, 0.0), max(0.0, *found, 0.0)
        room = 0.08 * (high - low)
        axes.set(ylim=(low - room if low < 0 else 0.0, high + room if high > 0 else room or 1.0))
        axes.yaxis.set_major_locator(MaxNLocator(4, integer=whole, steps=[1, 2, 2.5, 5, 10]))
    axes.yaxis.set_minor_locator(NullLocator())
    axes.yaxis.set_major_formatter(lambda value, _: short(figure_name, int(value) if whole else value))
    axes.tick_params(axis="y", colors=svg.SOFT, labelsize=9.5, length=0)
    axes.grid(axis="y", color=svg.LINE, linewidth=0.6, zorder=0)
    axes.spines[:].set_visible(False)
    axes.spines["bottom"].set(visible=True, color=svg.LINE, linewidth=0.9)
