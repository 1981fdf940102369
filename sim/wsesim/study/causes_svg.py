"""What most time goes to where: a cell for each point, in the colour of its cause; marked where there is no answer."""

from __future__ import annotations

from collections.abc import Collection, Iterator, Mapping, Sequence
from dataclasses import replace

from wsesim.answers.causes import Cause, known
from wsesim.study import plot
from wsesim.study.lines import StudyAxis, spread
from wsesim.study.table import SweepTable

_WIDTH = 720.0
_ROW, _LOWEST, _HEADING, _FOOT, _KEY = 24.0, 6.0, 22.0, 44.0, 20.0
_MOST_PANELS = 24
_HATCH = (
    '<defs><pattern id="unanswered" width="6" height="6" patternUnits="userSpaceOnUse">'
    '<path d="M-1,1 l2,-2 M0,6 l6,-6 M5,7 l2,-2" stroke="var(--soft)" stroke-width="0.8"/></pattern></defs>'
)
Cells = Mapping[tuple[int, int, int], str]
"""Causes by step along x, along y and along the panels."""


def causes_drawn(table: SweepTable) -> tuple[Cause, ...]:
    """Return the causes that most time goes to somewhere, with the names of their colours on the page."""
    names = [row.most_time_on for row in table.rows if row.most_time_on]
    return tuple(replace(cause, style=f"k{place}") for place, cause in enumerate(known(names).values()))


def causes_svg(
    axes: Sequence[StudyAxis], cells: Cells, causes: Sequence[Cause], *, failed: Collection[tuple[int, int, int]] = ()
) -> str:  # fmt: skip
    """Draw *cells* over one, two or three axes.

    Those that *failed* are marked as in drawings of figures, grey over one axis and else hatched; others without a
    cause are left empty.
    """
    x, y = axes[0], axes[1] if len(axes) > 1 else None
    left = 8 + plot.LETTER * max(len(label) for label in (y.labels if y else ("",)))
    rows, panels = len(y) if y else 1, min(len(axes[2]), _MOST_PANELS) if len(axes) > 2 else 1
    row = _ROW if rows <= 12 else max(_LOWEST, 12 * _ROW / rows)
    styles = {cause.name: f"var(--{cause.style})" for cause in causes}
    mark = "var(--line)" if y is None else "url(#unanswered)"
    fills = {at: mark if at in failed else styles.get(cause, "none") for at, cause in cells.items()}
    key, top = _key(causes)
    title = "what most time goes to"
    parts = [plot.words(0, 12, title if y is None else f"{title}; up: {y.title}", "start", "ink"), *key]
    parts += [_HATCH] if mark in fills.values() and y else []
    for panel in range(panels):
        if len(axes) > 2:
            parts.append(plot.words(left, top + 14, f"{axes[2].title}: {axes[2].labels[panel]}", "start", "soft"))
            top += _HEADING
        here = {(column, up): fill for (column, up, deep), fill in fills.items() if deep == panel}
        parts += _panel(x, y, here, (left, top, row, rows))
        top += row * rows + _FOOT
    return plot.drawing(_WIDTH, top, f"{title} over {' and '.join(axis.title for axis in axes)}", parts)


def _key(causes: Sequence[Cause]) -> tuple[list[str], float]:
    """Return what the colours stand for, and where it ends."""
    parts, across, down = list[str](), 0.0, 24.0
    for cause in causes:
        width = 24 + plot.LETTER * len(cause.label)
        if across and across + width > _WIDTH:
            across, down = 0.0, down + _KEY
        parts.append(f'<rect x="{across:.1f}" y="{down:.1f}" width="10" height="10" fill="var(--{cause.style})"/>')
        parts.append(plot.words(across + 15, down + 9.5, cause.label, "start", "soft"))
        across += width + 8
    return parts, down + _KEY + 4


def _panel(
    x: StudyAxis, y: StudyAxis | None, here: Mapping[tuple[int, int], str], place: tuple[float, float, float, int]
) -> Iterator[str]:  # fmt: skip
    left, top, row, rows = place
    width = (_WIDTH - left) / len(x)
    bottom = top + row * rows
    for (column, up), fill in here.items():
        yield (
            f'<rect x="{left + column * width:.1f}" y="{bottom - (up + 1) * row:.1f}" width="{width - 1:.1f}" '
            f'height="{row - 1:.1f}" fill="{fill}" stroke="var(--line)" stroke-width="0.5"/>'
        )
    for up in range(0, rows, max(1, int(12 / row) + (12 % row > 0)) if row < 12 else 1) if y else ():
        assert y is not None, "there is one"
        yield plot.words(left - 6, bottom - (up + 0.5) * row + 4, y.labels[up], "end", "soft")
    ranks = replace(x, places=tuple(map(float, range(len(x)))), numeric=True, log=False)
    for column in spread(ranks, width * (len(x) - 1), plot.LETTER):
        yield plot.words(left + (column + 0.5) * width, bottom + 15, x.labels[column], "middle", "soft")
    yield plot.words((left + _WIDTH) / 2, bottom + 33, x.title, "middle", "soft")
