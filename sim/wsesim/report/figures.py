"""The two drawings of the page that need axes: the timeline and the roofline. Neither shows a name a user chose."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

from wsesim.report import svg
from wsesim.result import Interval, OpTime
from wsesim.units import Dimension, show, show_count, show_flops

if TYPE_CHECKING:
    from matplotlib.axes import Axes

_WIDTH, _ROW, _AXIS = 720.0, 34.0, 46.0
_MOST_BLOCKS = 1200
"""More blocks than this are drawn as shares of time, or the page grows out of hand."""
_STEPS = 6000
"""Steps that all such shares together may take."""
_THINNEST = 0.0008
"""Narrowest block, as a share of the axis: what lasts shorter must still be seen."""

Block = tuple[str, float, float]
"""Cause, start, end."""


def timeline_svg(timeline: Sequence[Interval], colours: Mapping[str, str]) -> str:
    """Draw one row per track; `colours` names the CSS variable of each cause's colour."""
    tracks: dict[str, list[Interval]] = {}
    for interval in timeline:
        tracks.setdefault(interval.track, []).append(interval)
    end_s = max((interval.end_s for interval in timeline), default=0.0) or 1.0
    blocks = {track: _merge(intervals) for track, intervals in tracks.items()}
    exact = sum(map(len, blocks.values())) <= _MOST_BLOCKS
    bins = _STEPS // len({(interval.track, interval.cause) for interval in timeline}) if timeline else 1
    height = _ROW * len(tracks) + _AXIS
    with svg.drawing(_WIDTH, height) as figure:
        axes = figure.add_axes((0.008, 34 / height, 0.984, (height - _AXIS) / height))
        _time_axis(axes, end_s, len(tracks))
        for row, (track, found) in enumerate(blocks.items(), start=1):
            polygons = _rectangles(found, end_s) if exact else _shares(found, end_s, min(max(bins, 60), 360))
            for cause, shapes in polygons.items():
                svg.fill(axes, ([(x, 0.52 * y - row) for x, y in shape] for shape in shapes), colours[cause])
            axes.text(0, 0.58 - row, track, color=svg.INK, fontsize=10.5, va="bottom", **svg.LITERAL)
            axes.axhline(-row, color=svg.LINE, linewidth=0.8, zorder=0)
        return svg.inline(figure, "timeline", "Timeline of one step, a row for each part of the machine")


def _time_axis(axes: Axes, end_s: float, rows: int) -> None:
    scale, unit = (1e6, "µs") if end_s < 1e-3 else (1e3, "ms") if end_s < 10 else (1.0, "s")
    axes.set(xlim=(0, end_s), ylim=(-rows, 0), yticks=[])
    axes.xaxis.set_major_formatter(lambda value, _: f"{value * scale:g}")
    axes.set_xlabel(f"{unit} since the step began", color=svg.SOFT, fontsize=10.5)
    axes.tick_params(axis="x", colors=svg.SOFT, labelsize=10.5, length=3)
    axes.grid(axis="x", color=svg.LINE, linewidth=0.6, zorder=0)
    axes.spines[:].set_visible(False)


def _merge(intervals: Sequence[Interval]) -> list[Block]:
    """Join what touches and has the same cause."""
    merged: list[Block] = []
    for interval in sorted(intervals, key=lambda interval: (interval.start_s, interval.end_s)):
        last = merged[-1] if merged else None
        if last and last[0] == interval.cause and interval.start_s <= last[2]:
            merged[-1] = (last[0], last[1], max(last[2], interval.end_s))
        else:
            merged.append((interval.cause, interval.start_s, interval.end_s))
    return merged


def _rectangles(blocks: Sequence[Block], end_s: float) -> dict[str, list[svg.Polygon]]:
    found: dict[str, list[svg.Polygon]] = {}
    for cause, start, end in blocks:
        right = max(end, start + _THINNEST * end_s)
        found.setdefault(cause, []).append([(start, 0), (start, 1), (right, 1), (right, 0), (start, 0)])
    return found


def _shares(blocks: Sequence[Block], end_s: float, bins: int) -> dict[str, list[svg.Polygon]]:
    """Cut time into bins and stack, in each, the shares of its causes; a bin is full when the track never rests.

    Each polygon reaches down to the floor, and the highest comes first: painted in order they show as a stack.
    """
    width = end_s / bins
    shares: dict[str, list[float]] = {cause: [0.0] * bins for cause, _, _ in blocks}
    for cause, start, end in blocks:
        for index in range(min(int(start / width), bins - 1), min(int(end / width), bins - 1) + 1):
            spent = min(end, (index + 1) * width) - max(start, index * width)
            shares[cause][index] += max(spent, 0.0) / width
    top = [0.0] * bins
    found: dict[str, list[svg.Polygon]] = {}
    for cause, share in shares.items():
        top = [low + part for low, part in zip(top, share, strict=True)]
        edge = _steps([min(high, 1.0) for high in top], width)
        found[cause] = [[(0, 0), *edge, (end_s, 0), (0, 0)]]
    return dict(reversed(found.items()))


def _steps(heights: Sequence[float], width: float) -> svg.Polygon:
    corners: svg.Polygon = []
    for index, height in enumerate(heights):
        rounded = round(height, 2)
        if corners and corners[-1][1] == rounded:
            corners[-1] = ((index + 1) * width, rounded)
            continue
        corners += [(index * width, rounded), ((index + 1) * width, rounded)]
    return corners


@dataclass(frozen=True, slots=True, kw_only=True)
class Roof:
    """What one wafer can reach: `peak` FLOP/s, or less where `bytes_per_s` cannot feed it."""

    ident: str
    """Distinguishes the drawing on its page."""
    name: str
    """What moves the bytes."""
    bytes_per_s: float
    peak: float


def roofline_svg(moved: Sequence[tuple[OpTime, float]], roof: Roof, colours: Mapping[str, str]) -> str:
    """Draw the FLOP/s of ops over their FLOPs per byte, under *roof*.

    Args:
        moved: ops with FLOPs, each with the bytes that all its calls move.
        roof: what limits them.
        colours: the CSS variable of each cause's colour.
    """
    points = [(op.flops / size, op.flops / op.seconds, op) for op, size in moved]
    ridge = roof.peak / roof.bytes_per_s
    xs = [x for x, _, _ in points] + [ridge]
    left, right = min(xs) / 3, max(xs) * 4
    low = min([y for _, y, _ in points] + [roof.peak / 6]) / 2.5
    longest = max(op.seconds for op, _ in moved)
    with svg.drawing(352.0, 270.0) as figure:
        axes = figure.add_axes((0.135, 0.14, 0.85, 0.77))
        axes.set(xscale="log", yscale="log", xlim=(left, right), ylim=(low, roof.peak * 2))
        _log_axes(axes, many=roof.peak / low > 100)
        axes.plot([left, ridge, right], [left * roof.bytes_per_s, roof.peak, roof.peak], color=svg.INK, linewidth=1.1)
        for x, y, op in points:
            svg.dot(axes, x, y, 14 + 190 * op.seconds / longest, colours[op.bound])
        slope = f"{roof.name}, {show(roof.bytes_per_s, Dimension.BYTES_PER_SECOND)}"
        axes.text(0, 1.03, slope, color=svg.INK, transform=axes.transAxes)
        peak = f"peak {show_flops(roof.peak)}"
        axes.text(right / 1.15, roof.peak * 1.12, peak, color=svg.SOFT, fontsize=9, ha="right")
        _name_points(axes, points)
        return svg.inline(
            figure, roof.ident, f"Roofline, {roof.name}: FLOP/s of each matrix op over its FLOPs per byte"
        )


def _log_axes(axes: Axes, *, many: bool) -> None:
    from matplotlib.ticker import LogLocator, NullFormatter

    axes.set_xlabel("FLOPs per byte", color=svg.SOFT, fontsize=9.5)
    axes.set_ylabel("FLOP/s of one wafer", color=svg.SOFT, fontsize=9.5)
    axes.yaxis.set_major_locator(LogLocator(subs=(1,) if many else (1, 2, 5)))
    for axis in (axes.xaxis, axes.yaxis):
        axis.set_minor_formatter(NullFormatter())
        axis.set_major_formatter(lambda value, _: show_count(value) if value >= 1 else f"{value:g}")
    axes.tick_params(which="major", colors=svg.SOFT, labelsize=9, length=3, width=0.6)
    axes.tick_params(which="minor", length=0)
    axes.grid(color=svg.LINE, linewidth=0.6, zorder=0)
    axes.spines[:].set_visible(False)


def _name_points(axes: Axes, points: Sequence[tuple[float, float, OpTime]]) -> None:
    """Write names beside the longest ops, where they cover neither each other nor a point."""
    frame = axes.get_window_extent()
    spots = {id(op): axes.transData.transform((x, y)) for x, y, op in points}
    taken = [(spot[0] - 4, spot[1] - 4, spot[0] + 4, spot[1] + 4) for spot in spots.values()]
    for _, _, op in sorted(points, key=lambda point: -point[2].seconds)[:8]:
        x, y = spots[id(op)]
        wide = 4.9 * len(op.name)
        for left, bottom in ((x + 9, y - 4), (x - 9 - wide, y - 4), (x - wide / 2, y + 9), (x - wide / 2, y - 19)):
            box = (left, bottom, left + wide, bottom + 9)
            inside = frame.x0 <= box[0] and box[2] <= frame.x1 and frame.y0 <= box[1] and box[3] <= frame.y1
            if inside and not any(_overlap(box, other) for other in taken):
                taken.append(box)
                at_x, at_y = axes.transData.inverted().transform((left, bottom))
                axes.text(at_x, at_y, op.name, color=svg.INK, fontsize=8.5, **svg.LITERAL)
                break


def _overlap(a: tuple[float, float, float, float], b: tuple[float, float, float, float]) -> bool:
    return a[0] < b[2] and b[0] < a[2] and a[1] < b[3] and b[1] < a[3]
