"""Axes, ticks and marks of drawings that are SVG of our own, in the colours of the page."""

from __future__ import annotations

import html
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from math import ceil, floor, log10

from wsesim.answers.text import short
from wsesim.study.lines import is_wide
from wsesim.units import show_count

LETTER = 6.4
"""Points that a sign takes, at most, at the size of our words."""
_STEPS = (1, 2, 2.5, 5, 10)
_TICKS = 5


@dataclass(frozen=True, slots=True, kw_only=True)
class Scale:
    """Numbers from *low* to *high*, drawn from *start* to *end*."""

    low: float
    high: float
    start: float
    end: float
    log: bool = False

    @classmethod
    def of(cls, values: Sequence[float], start: float, end: float) -> Scale:
        """Return a scale on which *values* have a little room; log where they span much."""
        low, high = min(values), max(values)
        if is_wide(values):
            return cls(low=low / 1.2, high=high * 1.2, start=start, end=end, log=True)
        room = 0.06 * (high - low) or 0.5 * abs(high) or 0.5
        return cls(low=low - room, high=high + room, start=start, end=end)

    def at(self, value: float) -> float:
        """Return where *value* is drawn."""
        if self.log:
            share = log10(value / self.low) / log10(self.high / self.low)
        else:
            share = (value - self.low) / (self.high - self.low)
        return self.start + share * (self.end - self.start)

    def ticks(self) -> list[float]:
        """Return a few round numbers between the ends."""
        if self.log:
            tens = range(floor(log10(self.low)), ceil(log10(self.high)) + 1)
            found = [factor * 10.0**power for power in tens for factor in (1, 3)]
            return [value for value in found if self.low <= value <= self.high]
        size = (self.high - self.low) / _TICKS
        unit = 10.0 ** floor(log10(size))
        step = next(unit * each for each in _STEPS if unit * each >= size * 0.999)
        first, last = ceil(self.low / step), floor(self.high / step)
        return [place * step for place in range(first, last + 1)]


def frame(x: Scale, y: Scale, names: tuple[str, str], titles: tuple[str, str]) -> Iterator[str]:
    """Yield lines, ticks and titles of two axes; a name says the unit of its numbers, empty if they count."""
    for value in y.ticks():
        place = y.at(value)
        yield f'<line x1="{x.start:.1f}" x2="{x.end:.1f}" y1="{place:.1f}" y2="{place:.1f}" stroke="var(--line)"/>'
        yield words(x.start - 6, place + 4, _tick(names[1], value), "end", "soft")
    for value in x.ticks():
        yield words(x.at(value), y.start + 17, _tick(names[0], value), "middle", "soft")
    yield words(x.start, y.end - 12, titles[1], "start", "ink")
    yield words((x.start + x.end) / 2, y.start + 36, titles[0], "middle", "soft")


def _tick(name: str, value: float) -> str:
    if not name:
        return f"{value:,.0f}" if value == round(value) else show_count(value)
    return short(name, int(value) if value == round(value) else value)


def words(x: float, y: float, said: str, anchor: str, colour: str, size: int = 12) -> str:
    """Return text at a place."""
    look = f'text-anchor="{anchor}" font-size="{size}" fill="var(--{colour})"'
    return f'<text x="{x:.1f}" y="{y:.1f}" {look}>{html.escape(said)}</text>'


def dot(x: float, y: float, colour: str, radius: float = 3) -> str:
    """Return a disc."""
    return f'<circle cx="{x:.1f}" cy="{y:.1f}" r="{radius:g}" fill="var(--{colour})"/>'


def path(points: Iterable[tuple[float, float]], colour: str) -> str:
    """Return a line through *points*."""
    through = " ".join(f"{x:.1f},{y:.1f}" for x, y in points)
    return f'<polyline points="{through}" fill="none" stroke="var(--{colour})" stroke-width="1.5"/>'


def drawing(width: float, height: float, label: str, parts: Iterable[str]) -> str:
    """Return the whole drawing, named by *label*."""
    head = f'<svg viewBox="0 0 {width:g} {height:g}" role="img" aria-label="{html.escape(label)}">'
    return "\n".join([head, *parts, "</svg>"])
