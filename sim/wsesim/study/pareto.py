"""Which of many answers are best: those that no other beats in everything, and where more stops paying."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from math import hypot

from wsesim.answer import Number

Senses = Mapping[str, str]
"""By figure, `less` or `more`: which is better."""
Figures = Mapping[str, Number | None]
Costs = tuple[float, ...]
"""Figures so that less is better."""


def front(found: Sequence[Figures], senses: Senses) -> tuple[int, ...]:
    """Return which of *found* no other beats: as good in every figure, and better in one; of equals, the first.

    One that lacks a figure is never on the front.
    """
    weighed = sorted((cost, place) for place, figures in enumerate(found) if (cost := costs(figures, senses)))
    best: list[tuple[tuple[float, ...], int]] = []
    for cost, place in weighed:  # whatever beats one comes before it
        if not any(all(mine <= theirs for mine, theirs in zip(other, cost, strict=True)) for other, _ in best):
            best.append((cost, place))
    return tuple(sorted(place for _, place in best))


def knee(found: Sequence[Figures], senses: Senses) -> int | None:
    """Return which of *found* is nearest to the best of all figures at once, each as a share of its span on the front.

    None where nothing is on the front.
    """
    places = front(found, senses)
    weighed = {place: costs(found[place], senses) for place in places}
    if not weighed:
        return None
    spans = [(min(column), max(column)) for column in zip(*weighed.values(), strict=True)]

    def away(place: int) -> float:
        return hypot(*((cost - low) / (high - low) if high > low else 0.0
                       for cost, (low, high) in zip(weighed[place], spans, strict=True)))  # fmt: skip

    return min(places, key=away)


def beats(one: Costs, other: Costs) -> bool:
    """Return whether *one* is as good in everything, and better in something."""
    return one != other and all(mine <= theirs for mine, theirs in zip(one, other, strict=True))


def costs(figures: Figures, senses: Senses) -> Costs:
    """Return the figures so that less is better; nothing if one is missing."""
    values = [(figures.get(name), sense) for name, sense in senses.items()]
    return tuple(-value if sense == "more" else value for value, sense in values if value is not None) if all(
        value is not None for value, _ in values
    ) else ()  # fmt: skip
