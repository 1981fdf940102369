"""The axes of a study's drawings: where each value stands, and what is written there."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from math import log as ln

from wsesim.study.spec import Parameter, Value
from wsesim.units import show

WIDE = 30.0
"""Numbers that span more than this are drawn on a log scale."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Axis:
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


def axis_of(parameters: Sequence[Parameter]) -> Axis:
    """Return the axis of *parameters*, which step together; the first stands for all."""
    first = parameters[0]
    numbers = [first.number(value) for value in first.values]
    places = [float(number) for number in numbers if number is not None]
    numeric = len(places) == len(numbers)
    unit, labels = _labels(first, places) if numeric else ("", tuple(map(written, first.values)))
    return Axis(
        title=f"{first.name}, {unit}" if unit else first.name,
        labels=labels,
        places=tuple(places) if numeric else tuple(map(float, range(len(numbers)))),
        numeric=numeric,
        log=numeric and (first.log or is_wide(places)),
    )


def written(value: Value) -> str:
    """Print a value of a parameter: `2,048`, `1.2 Tb/s`, `cs-2`."""
    if isinstance(value, bool):
        return str(value).lower()
    return f"{value:,}" if isinstance(value, int) else str(value)


def is_wide(numbers: Sequence[float]) -> bool:
    """Return whether *numbers* span so much that equal ratios should have equal lengths."""
    return bool(numbers) and min(numbers) > 0 and max(numbers) > WIDE * min(numbers)


def spread(axis: Axis, width: float, letter: float) -> list[int]:
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
