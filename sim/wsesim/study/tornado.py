"""A tornado: how far an answer moves with each figure, made better to one side and worse to the other."""

from __future__ import annotations

import html
from collections.abc import Iterable, Sequence
from math import log

from wsesim.answers import text
from wsesim.study.sensitivity import Influence, Sensitivity

WIDTH, ROW, HEAD = 720, 22, 26
LETTER = 6.8
"""Points that a letter of a name takes, on the left."""
MOST = 24
"""Bars at most; the table has all."""
ROOM = 68
"""Points for the words at the ends of bars."""
BETTER, WORSE = "var(--c7)", "var(--c2)"


def tornado_svg(found: Sensitivity) -> str:
    """Return the drawing as SVG that takes a page's colours; bars are as long as the logarithm of the change."""
    shown = [each for each in found.effective if each.span(found.now) > 0][:MOST]
    longest = max((abs(_way(answer, found.now)) for each in shown for answer in _answers(each)), default=1.0) or 1.0
    left = 12 + LETTER * max((len(_name(each)) for each in shown), default=0)
    half = (WIDTH - left) / 2 - ROOM
    middle = left + half + ROOM
    height = HEAD + ROW * len(shown) + 6
    parts = [
        f'<svg viewBox="0 0 {WIDTH} {height}" role="img" aria-label="How far the answer moves with each figure">',
        f'<line x1="{middle:.1f}" x2="{middle:.1f}" y1="{HEAD - 6}" y2="{height}" stroke="var(--line)"/>',
        _title(found, middle),
    ]
    for place, each in enumerate(shown):
        parts += _row(each, found.now, place, left, middle, half / longest)
    return "\n".join([*parts, "</svg>"])


def _title(found: Sensitivity, x: float) -> str:
    """Return what the bars are, in their colours."""
    better, worse = (f'<tspan fill="{colour}">\u25a0</tspan>' for colour in (BETTER, WORSE))
    said = f"{html.escape(found.figure.name)} with each figure {better} {found.times:g} times as good, {worse} as bad"
    return f'<text x="{x:.1f}" y="14" text-anchor="middle" font-size="12" fill="var(--soft)">{said}</text>'


def _name(each: Influence) -> str:
    return each.setting.partition(".")[2]


def _row(each: Influence, now: float, place: int, left: float, middle: float, scale: float) -> Iterable[str]:
    top = HEAD + ROW * place
    yield _words(left - 8, top + 15, _name(each), "end", "ink")
    changes = ((each.better, BETTER), (each.worse, WORSE))
    for change, colour in changes:
        if change is None or change.answer is None:
            continue
        reach = scale * _way(change.answer, now)
        start, width = min(middle, middle + reach), abs(reach)
        yield f'<rect x="{start:.1f}" y="{top + 4}" width="{width:.1f}" height="{ROW - 8}" fill="{colour}"/>'
        if abs(change.answer / now - 1) >= 0.0005:
            end, anchor = (middle + reach + 4, "start") if reach > 0 else (middle + reach - 4, "end")
            yield _words(end, top + 15, text.signed_percent(change.answer / now - 1), anchor, "soft")


def _answers(each: Influence) -> Sequence[float]:
    return [change.answer for change in (each.better, each.worse) if change and change.answer is not None]


def _way(answer: float, now: float) -> float:
    """Return how far an answer lies from what it is now: twice and half are as far."""
    return log(answer / now) if answer > 0 < now else 0.0


def _words(x: float, y: float, words: str, anchor: str, colour: str) -> str:
    said = html.escape(words)
    return f'<text x="{x:.1f}" y="{y}" text-anchor="{anchor}" font-size="12" fill="var(--{colour})">{said}</text>'
