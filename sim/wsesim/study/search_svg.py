"""How a search came to its best, and the points that no other beats, as drawings."""

from __future__ import annotations

from collections.abc import Iterator

from wsesim.answers.text import label
from wsesim.study import plot
from wsesim.study.findings import best_so_far
from wsesim.study.table import SweepTable

_WIDTH, _HEIGHT = 720.0, 300.0
_LEFT, _RIGHT, _TOP, _BOTTOM = 84.0, 20.0, 34.0, 46.0


def way_svg(table: SweepTable) -> str:
    """Draw the figure that is searched for over the points in order, and the best of it so far."""
    name = table.study.pareto[0]
    values = [row.figures[name] for row in table.rows]
    now = table.now.get(name)
    found = [float(value) for value in (*values, now) if value is not None]
    if not found:
        return ""
    x = plot.Scale(low=0.0, high=len(values) + 1.0, start=_LEFT, end=_WIDTH - _RIGHT)
    y = plot.Scale.of(found, _HEIGHT - _BOTTOM, _TOP)
    title = f"{_label(table, name)}: each point, and the best so far"
    parts = [*plot.frame(x, y, ("", name), ("points, in order", title))]
    if now is not None:
        place = y.at(float(now))
        parts.append(f'<line x1="{x.start:.1f}" x2="{x.end:.1f}" y1="{place:.1f}" y2="{place:.1f}" '
                     f'stroke="var(--soft)" stroke-dasharray="4 4"/>')  # fmt: skip
        parts.append(plot.words(x.end, place - 5, "as it stands", "end", "soft"))
    parts += [_strip(x, y, number) for number, row in enumerate(table.rows, 1) if row.failed]
    parts += [plot.dot(x.at(number), y.at(float(value)), "c3") for number, value in enumerate(values, 1)
              if value is not None]  # fmt: skip
    best = [(number, float(value)) for number, value in enumerate(best_so_far(table), 1) if value is not None]
    corners = _corners([(x.at(number), y.at(value)) for number, value in best])
    return plot.drawing(_WIDTH, _HEIGHT, title, [*parts, plot.path(corners, "c7")])


def _strip(x: plot.Scale, y: plot.Scale, number: int) -> str:
    """Return a grey strip from top to bottom: no value, a point that has no answer."""
    width = max(1.0, x.at(1) - x.at(0))
    return (f'<rect x="{x.at(number) - width / 2:.1f}" y="{y.end:.1f}" width="{width:.1f}" '
            f'height="{y.start - y.end:.1f}" fill="var(--line)"/>')  # fmt: skip


def _corners(points: list[tuple[float, float]]) -> Iterator[tuple[float, float]]:
    """Yield the line that goes level to each point and then up or down to it."""
    before = points[0][1]
    for across, height in points:
        if height != before:
            yield across, before
        if height != before or (across, height) in (points[0], points[-1]):
            yield across, height
        before = height


def front_svg(table: SweepTable) -> str:
    """Draw all points over the first two figures that are weighed, those that no other beats in front."""
    names = table.study.pareto[0], table.study.pareto[1]
    pairs = [tuple(row.figures[name] for name in names) for row in table.rows]
    placed = {place: (float(one), float(other)) for place, (one, other) in enumerate(pairs)
              if one is not None and other is not None}  # fmt: skip
    best = table.best()
    if not best:
        return ""
    x = plot.Scale.of([one for one, _ in placed.values()], _LEFT, _WIDTH - _RIGHT)
    y = plot.Scale.of([other for _, other in placed.values()], _HEIGHT - _BOTTOM, _TOP)
    title = f"{_label(table, names[1])} over {_label(table, names[0])}: dark, what no other beats"
    parts = [*plot.frame(x, y, names, (_label(table, names[0]), title))]
    drawn = {place: (x.at(one), y.at(other)) for place, (one, other) in placed.items()}
    parts += [plot.dot(*at, "c3") for place, at in drawn.items() if place not in best]
    if len(table.study.pareto) == len(names):
        parts.append(plot.path(sorted(drawn[place] for place in best), "c7"))
    parts += [plot.dot(*drawn[place], "c7", 4) for place in best]
    across, height = drawn[best[0]]
    parts.append(f'<circle cx="{across:.1f}" cy="{height:.1f}" r="8" fill="none" stroke="var(--c7)"/>')
    parts.append(plot.words(across, height - 13, "knee", "middle", "ink"))
    return plot.drawing(_WIDTH, _HEIGHT, title, parts)


def _label(table: SweepTable, name: str) -> str:
    return next(label(spec) for spec in table.study.kept if spec.name == name)
