"""Drawings that every run has, as SVG of our own: a library that can draw anything takes longer to load than a run.

Coordinates are points, from the upper left; colours are those of `svg`, which a page fills in.
"""

from __future__ import annotations

import html
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, field
from math import ceil, floor, log10, sqrt

from wsesim.answers.svg import LINE, PAPER, SOFT, Polygon, colour_of
from wsesim.signs import printable

_STEPS = (1.0, 2.0, 2.5, 5.0, 10.0)


@dataclass(slots=True)
class Sheet:
    """What is drawn, in order."""

    width: float
    height: float
    parts: list[str] = field(default_factory=list)

    def line(self, points: Sequence[tuple[float, float]], colour: str = LINE, *, width: float = 0.6) -> None:
        """Draw a line through *points*."""
        style = f"fill: none; stroke: {colour_of(colour)}; stroke-width: {width:g}"
        self.parts.append(f'<path d="{_path(points)}" style="{style}"/>')

    def fill(self, polygons: Iterable[Polygon], colour: str, *, opacity: float = 1.0, said: str = "") -> None:
        """Fill *polygons*, each closed; one path, so that thousands stay small; *said* where a pointer rests on it."""
        path = "".join(f"{_path(polygon)}z" for polygon in polygons)
        thin = f"; fill-opacity: {opacity:.3g}" if opacity < 1 else ""
        end = f"><title>{html.escape(printable(said, keep=''))}</title></path>" if said else "/>"
        if path:
            self.parts.append(f'<path d="{path}" style="fill: {colour_of(colour)}{thin}"{end}')

    def dot(self, x: float, y: float, size: float, colour: str) -> None:
        """Draw a disc of about *size* square points, with an edge like the paper."""
        style = f"fill: {colour_of(colour)}; stroke: {colour_of(PAPER)}; stroke-width: 0.8"
        self.parts.append(f'<circle cx="{x:.2f}" cy="{y:.2f}" r="{sqrt(size) / 2:.2f}" style="{style}"/>')

    def text(
        self, x: float, y: float, words: str, *, colour: str = SOFT, size: float = 10.0, anchor: str = "start",
        upright: bool = False,
    ) -> None:  # fmt: skip
        """Write *words*, which may be anything, from the baseline *y*; upright reads from below."""
        style = f"font-size: {size:g}px; fill: {colour_of(colour)}; text-anchor: {anchor}"
        turned = f' transform="rotate(-90 {x:.2f} {y:.2f})"' if upright else ""
        said = html.escape(printable(words, keep=""))
        self.parts.append(f'<text x="{x:.2f}" y="{y:.2f}" style="{style}"{turned}>{said}</text>')

    def svg(self, label: str) -> str:
        """Return the drawing as an `<svg>` element named by *label*."""
        named = html.escape(printable(label, keep=""))
        head = f'<svg viewBox="0 0 {self.width:g} {self.height:g}" role="img" aria-label="{named}">'
        return "\n".join([head, *self.parts, "</svg>\n"])


def _path(points: Sequence[tuple[float, float]]) -> str:
    (x, y), *rest = points
    return f"M{x:.2f} {y:.2f}" + "".join(f"L{x:.2f} {y:.2f}" for x, y in rest)


def even_ticks(end: float, most: int = 9) -> Iterator[float]:
    """Yield round numbers from 0 to *end*, at most so many."""
    least = end / (most - 1)
    scale = 10.0 ** floor(log10(least))
    step = next(each for each in _STEPS if each * scale >= least * (1 - 1e-9)) * scale
    yield from (index * step for index in range(floor(end / step * (1 + 1e-9)) + 1))


def log_ticks(low: float, high: float, most: int = 8) -> Iterator[float]:
    """Yield powers of ten between *low* and *high*, with 2 and 5 times them where they are few."""
    first, last = ceil(log10(low) - 1e-9), floor(log10(high) + 1e-9)
    apart = max(1, -(-(last - first + 1) // most))
    subs = (1, 2, 5) if high / low <= 100 else (1,)
    for power in range(first - 1, last + 1):
        for each in (sub * 10.0**power for sub in subs):
            if low <= each <= high and (power - first) % apart == 0:
                yield each
