"""FLOP/s of each matrix op over the FLOPs it does per byte, under what the machine can reach at most."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

from wsesim.answer import Answer, OpTime
from wsesim.answers import svg
from wsesim.answers.causes import Cause
from wsesim.signs import printable
from wsesim.units import Dimension, show, show_count, show_flops

if TYPE_CHECKING:
    from matplotlib.axes import Axes


@dataclass(frozen=True, slots=True, kw_only=True)
class Roof:
    """What one wafer can reach: `peak` FLOP/s, or less where `bytes_per_s` cannot feed it."""

    ident: str
    """Distinguishes the drawing on its page."""
    name: str
    """What moves the bytes."""
    bytes_per_s: float
    peak: float


_EDGES: tuple[tuple[str, str, str, Callable[[OpTime], int]], ...] = (
    ("roof-sram", "SRAM", "sram_bytes_per_s", lambda op: op.sram_bytes),
    ("roof-edge", "Edge of the wafer", "io_bytes_per_s", lambda op: op.weight_bytes + op.gradient_bytes),
)  # fmt: skip
"""Of each roof: id, name, the fact of the machine that says how steep it is, and the bytes one call of an op moves."""


def rooflines(answer: Answer, causes: Mapping[str, Cause]) -> list[str]:
    """Draw every roof whose slope and peak the facts of the machine name."""
    machine = answer.facts.get("machine", {})
    peak, drawn = machine.get("peak_flops"), []
    for ident, name, fact, bytes_of in _EDGES:
        bytes_per_s = machine.get(fact)
        moved = [(op, bytes_of(op) * op.calls) for op in answer.ops if op.flops > 0 and op.seconds > 0]
        moved = [(op, size) for op, size in moved if size > 0]
        if moved and isinstance(peak, int | float) and isinstance(bytes_per_s, int | float):
            roof = Roof(ident=ident, name=name, bytes_per_s=bytes_per_s, peak=peak)
            drawn.append(roofline_svg(moved, roof, causes))
    return drawn


def roofline_svg(moved: Sequence[tuple[OpTime, float]], roof: Roof, causes: Mapping[str, Cause]) -> str:
    """Draw the FLOP/s of ops over their FLOPs per byte, under *roof*.

    Args:
        moved: ops with FLOPs, each with the bytes that all its calls move.
        roof: what limits them.
        causes: of the ops' bounds, with their colours.
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
            svg.dot(axes, x, y, 14 + 190 * op.seconds / longest, causes[op.bound].style)
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
                axes.text(at_x, at_y, printable(op.name, keep=""), color=svg.INK, fontsize=8.5, **svg.LITERAL)
                break


def _overlap(a: tuple[float, float, float, float], b: tuple[float, float, float, float]) -> bool:
    return a[0] < b[2] and b[0] < a[2] and a[1] < b[3] and b[1] < a[3]
