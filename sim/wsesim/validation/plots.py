"""Two drawings of a validation: simulated against measured, and errors by group. The same rows give the same bytes."""

from __future__ import annotations

from collections.abc import Sequence
from math import log10
from typing import TYPE_CHECKING

from wsesim.answers import svg
from wsesim.validation.groups import CLAIMS
from wsesim.validation.score import GroupSummary, ModelValidation, RowScore

if TYPE_CHECKING:
    from matplotlib.axes import Axes

_STYLE = """<style>
svg { --paper: #fdfcfa; --ink: #1d1d1b; --soft: #63615b; --line: #d9d6ce; --c0: #2b5c8a; --c1: #c2702d; --c2: #4c8a57;
  --c3: #9a4f8f; --c4: #b03a48; --c5: #3b8c99; --c6: #8a7a2f; --c7: #6b6b76; --c8: #7a5a3c; --c9: #5560b8;
  --c10: #eeeae0; --c11: #d5dfd0; font-family: system-ui, sans-serif; }
@media (prefers-color-scheme: dark) { svg { --paper: #171715; --ink: #e8e6df; --soft: #a3a097; --line: #3a3935;
  --c0: #8fb8da; --c1: #e5a06a; --c2: #8cc596; --c3: #cf92c6; --c4: #ea8b8f; --c5: #7fc6d1; --c6: #cdbd6e;
  --c7: #a5a5b0; --c8: #c9a585; --c9: #a3acf0; --c10: #26251f; --c11: #2c3a2c; } }
</style>
"""
_COLORS = 10
_OUTER, _INNER = "c10", "c11"
"""Bands of what was meant to be reached: the worst row, the median."""
_PANEL, _LEGEND_LINE = 236.0, 14.0
_LEFT, _RIGHT, _TOP, _BOTTOM = 54.0, 16.0, 26.0, 44.0
_ACROSS = 3
_MOST_PANELS = 6
_LINE = 22.0
"""Height of a group in the drawing of errors."""
LIMIT = 0.3
"""Largest error that is drawn where it is; larger ones stand at the border, with their figure."""


def scatter_svg(validation: ModelValidation) -> str:
    """Draw what was simulated over what was measured, a panel a unit; bands of 10 % around where they are equal."""
    run = [score for score in validation.scores if score.simulated]
    units = sorted(dict.fromkeys(score.unit for score in run), key=lambda unit: -sum(s.unit == unit for s in run))
    panels = [[score for score in run if score.unit == unit] for unit in units[:_MOST_PANELS]]
    across = max(1, min(_ACROSS, len(panels)))
    rows = [panels[start : start + across] for start in range(0, len(panels), across)]
    heights = [
        _TOP + _PANEL + _BOTTOM + _LEGEND_LINE * max(len({s.group for s in panel}) for panel in row) for row in rows
    ]
    width, height = across * (_LEFT + _PANEL + _RIGHT), sum(heights) or 1.0
    with svg.drawing(width, height) as figure:
        for number, row in enumerate(rows):
            bottom = height - sum(heights[:number]) - _TOP - _PANEL
            for place, panel in enumerate(row):
                left = place * (_LEFT + _PANEL + _RIGHT) + _LEFT
                _scatter(figure.add_axes((left / width, bottom / height, _PANEL / width, _PANEL / height)), panel)
        return _standalone(svg.inline(figure, "scatter", "Simulated against measured"), width, height)


def _scatter(axes: Axes, scores: Sequence[RowScore]) -> None:
    from matplotlib.ticker import LogLocator, NullLocator

    values = [value for score in scores for value in (score.measured, score.simulated or score.measured)]
    low, high = min(values) / 1.6, max(values) * 1.6
    _fill(axes, [(low, 0.9 * low), (high, 0.9 * high), (high, 1.1 * high), (low, 1.1 * low)], _OUTER)
    axes.plot([low, high], [low, high], color=svg.SOFT, linewidth=0.8, zorder=2)
    axes.set(xscale="log", yscale="log", xlim=(low, high), ylim=(low, high))
    for axis in (axes.xaxis, axes.yaxis):
        decades = log10(high / low)
        axis.set_major_locator(LogLocator(subs=(1,) if decades > 2 else (1, 2, 5) if decades < 1 else (1, 3)))
        axis.set_minor_locator(NullLocator())
        axis.set_major_formatter(lambda value, _: _short(value))
    for number, group in enumerate(dict.fromkeys(score.group for score in scores)):
        color = f"c{number % _COLORS}"
        for score in scores:
            if score.group == group:
                svg.dot(axes, score.measured, score.simulated or score.measured, 26, color)
        down = -(_BOTTOM - 4 + number * _LEGEND_LINE) / _PANEL
        axes.text(
            0.045, down, group, color=svg.SOFT, fontsize=9.5, va="center", transform=axes.transAxes, **svg.LITERAL
        )
        _mark(axes, 0.012, down, color)
    _frame(axes)
    axes.grid(color=svg.LINE, linewidth=0.5, zorder=0)
    axes.set_xlabel("measured", color=svg.SOFT, fontsize=9.5, labelpad=3)
    axes.set_ylabel("simulated", color=svg.SOFT, fontsize=9.5, labelpad=3)
    axes.text(0, 1.035, scores[0].unit, color=svg.INK, fontsize=11.5, transform=axes.transAxes, **svg.LITERAL)


def _mark(axes: Axes, x: float, y: float, color: str) -> None:
    """Draw a disc outside the plot, in the legend."""
    svg.dot(axes, x, y, 26, color)
    mark = axes.lines[-1]
    mark.set_transform(axes.transAxes)
    mark.set_clip_on(False)


def errors_svg(validation: ModelValidation) -> str:
    """Draw the errors of each measured group on a line, over bands of what the group was meant to reach."""
    summary = {name: group for name, group in validation.summary().items() if group.run and name not in CLAIMS.values()}
    left, plot, right, bottom, top = 170.0, 560.0, 24.0, 40.0, 14.0
    width, height = left + plot + right, top + bottom + _LINE * max(1, len(summary))
    with svg.drawing(width, height) as figure:
        inner = _LINE * max(1, len(summary))
        axes = figure.add_axes((left / width, bottom / height, plot / width, inner / height))
        axes.set(xlim=(-LIMIT * 1.12, LIMIT * 1.12), ylim=(max(1, len(summary)) - 0.5, -0.5))
        for line, (name, group) in enumerate(summary.items()):
            _bands(axes, line, group)
            _errors(axes, line, [score for score in validation.scores if score.group == name])
        axes.axvline(0, color=svg.SOFT, linewidth=0.8, zorder=2)
        axes.set_yticks(range(len(summary)), list(summary), **svg.LITERAL)
        axes.xaxis.set_major_formatter(lambda value, _: "0" if abs(value) < 1e-9 else f"{100 * value:+.0f} %")
        axes.grid(axis="x", color=svg.LINE, linewidth=0.5, zorder=0)
        _frame(axes)
        axes.tick_params(axis="y", colors=svg.INK, labelsize=10, length=0)
        said = "simulated over measured, less one; stroke: the median; bands: the goals for median and worst row"
        axes.set_xlabel(said, color=svg.SOFT, fontsize=9.5)
        return _standalone(svg.inline(figure, "errors", "Errors by group"), width, height)


def _bands(axes: Axes, line: int, group: GroupSummary) -> None:
    half = 0.42
    for goal, color in ((group.worst_goal, _OUTER), (group.median_goal, _INNER)):
        if goal is not None:
            reach = min(goal, LIMIT * 1.12)
            corners = [(-reach, line - half), (reach, line - half), (reach, line + half), (-reach, line + half)]
            _fill(axes, corners, color)
    if group.run > 1 and group.signed_median is not None and abs(group.signed_median) <= LIMIT:
        axes.plot([group.signed_median] * 2, [line - 0.34, line + 0.34], color=svg.INK, linewidth=1.4, zorder=2)


def _fill(axes: Axes, corners: svg.Polygon, color: str) -> None:
    svg.fill(axes, [[*corners, corners[0]]], color)


def _errors(axes: Axes, line: int, scores: Sequence[RowScore]) -> None:
    for score in scores:
        if score.error is None:
            continue
        if abs(score.error) <= LIMIT:
            svg.dot(axes, score.error, line, 30, "c0")
            continue
        side = 1 if score.error > 0 else -1
        svg.dot(axes, side * LIMIT * 1.09, line, 30, "c4")
        axes.text(side * LIMIT * 1.06, line, f"{100 * score.error:+.0f} %", color=svg.SOFT, fontsize=9,
                  ha="right" if side > 0 else "left", va="center", zorder=4)  # fmt: skip


def _frame(axes: Axes) -> None:
    axes.set_facecolor("none")
    axes.spines[:].set(color=svg.LINE, linewidth=0.8)
    axes.spines[["top", "right"]].set_visible(False)
    axes.tick_params(colors=svg.SOFT, labelsize=9.5, length=0)


def _short(value: float) -> str:
    """Return a number in few digits, thousands as k and so on."""
    if value >= 1e12:
        return f"{value:.0e}".replace("e+", "e")
    for size, letter in ((1e9, "G"), (1e6, "M"), (1e3, "k")):
        if value >= size:
            return f"{value / size:.3g}{letter}"
    return f"{value:.3g}"


def _standalone(drawn: str, width: float, height: float) -> str:
    """Return a drawing as a file of its own: it brings the colours that a page would give it, light and dark."""
    size = f'<svg xmlns="http://www.w3.org/2000/svg" width="{width:g}" height="{height:g}"'
    body = drawn.replace("<svg", size, 1)
    start = body.index(">") + 1
    ground = '<rect width="100%" height="100%" style="fill: var(--paper)"/>'
    return f"{body[:start]}\n{_STYLE}{ground}{body[start:].rstrip()}\n"
