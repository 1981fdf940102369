"""The drawings that an answer brings: a curve, a map of the cores, their activity over time, a sketch."""

from __future__ import annotations

import html
from typing import TYPE_CHECKING, Any

from wsesim.answer import CoreFrames, CoreMap, Curve, Sketch
from wsesim.answers import svg
from wsesim.answers.maps import frames_svg, map_svg
from wsesim.answers.text import percent, rate
from wsesim.signs import printable

if TYPE_CHECKING:
    from matplotlib.axes import Axes

_WIDTH, _HEIGHT = 352.0, 224.0
_PLACE = (0.14, 0.2, 0.82, 0.66)
_LONGEST_TITLE = 560.0
"""Signs times points of a title that has room above a map."""
_MOST_DOTS = 60
"""Points of a curve that are marked, where there are no more."""
COLORS = "viridis"
FLATTEST = 5
"""Times that one side of a map may be longer than the other before cores are no longer drawn as squares."""
LARGEST_SIDE = 600
"""Pixels along the longer side of a map: the cores of larger grids are averaged."""


Picture = Curve | CoreMap | CoreFrames | Sketch
"""Drawings that stand in one section, side by side; the others have a section each (`cycles`)."""


def drawn(drawing: Picture) -> tuple[str, bool]:
    """Return *drawing* as an element of a page, its ids named after it, and whether nothing fits beside it."""
    match drawing:
        case Curve():
            return curve_svg(drawing), False
        case CoreMap():
            return map_svg(drawing), False
        case CoreFrames():
            return frames_svg(drawing), True
        case Sketch():
            return sketch_html(drawing), True


def sketch_html(sketch: Sketch) -> str:
    """Return the lines as they are, under their title."""
    title, lines = (html.escape(printable(words, keep="\n")) for words in (sketch.title, sketch.lines))
    return f'<h3>{title}</h3>\n<pre class="sketch">{lines}</pre>'


def curve_svg(curve: Curve) -> str:
    """Draw y over x."""
    with svg.drawing(_WIDTH, _HEIGHT) as figure:
        curve_on(figure.add_axes(_PLACE), curve)
        return svg.inline(figure, f"curve-{_ident(curve.name)}", f"{curve.title}: {curve.y_label} over {curve.x_label}")


def curve_on(axes: Axes, curve: Curve) -> None:
    """Draw y over x on *axes*."""
    points = sorted(curve.points)
    xs, ys = [x for x, _ in points], [y for _, y in points]
    axes.plot(xs, ys, color=svg.SOFT, linewidth=1.2, drawstyle="steps-post" if curve.steps else "default")
    for x, y in points if not curve.steps and len(points) <= _MOST_DOTS else []:
        svg.dot(axes, x, y, 30, svg.INK)
    _curve_axes(axes, curve)


def _curve_axes(axes: Axes, curve: Curve) -> None:
    dashed = ""
    if curve.limit is not None:
        axes.axhline(curve.limit, color=svg.LINE, linewidth=1.2, linestyle="--", zorder=0)
        dashed = f"; dashed: {percent(curve.limit) if curve.share else rate(curve.limit)}"
    if curve.mark is not None:
        axes.axvline(curve.mark, color=svg.SOFT, linewidth=1.2, linestyle=":", zorder=0)
        dashed += f"; dotted: {printable(curve.marked, keep='')} {curve.mark:.4g}"
    if curve.log_x and all(x > 0 for x, _ in curve.points):
        axes.set_xscale("log")
    if curve.share:
        axes.set_ylim(0, 1.05)
        axes.yaxis.set_major_formatter(lambda value, _: f"{100 * value:g}%")
    axes.xaxis.set_major_formatter(lambda value, _: f"{value:g}")
    axes.xaxis.set_minor_formatter(lambda value, _: f"{value:g}")
    axes.set_xlabel(printable(curve.x_label, keep="") + dashed, color=svg.SOFT, fontsize=9.5, **svg.LITERAL)
    axes.tick_params(axis="both", which="both", colors=svg.SOFT, labelsize=9.5, length=0)
    axes.grid(axis="y", color=svg.LINE, linewidth=0.6, zorder=0)
    axes.spines[:].set_visible(False)
    axes.spines["bottom"].set(visible=True, color=svg.LINE, linewidth=0.9)
    title = curve.title if curve.share else f"{curve.title}, {curve.y_label}"
    axes.set_title(printable(title, keep=""), color=svg.INK, fontsize=11, loc="left", **svg.LITERAL)


def map_on(axes: Axes, core_map: CoreMap) -> None:
    """Draw a value of every core as a colour on *axes*, with the scale beside it."""
    import numpy as np

    values = np.atleast_2d(np.asarray(core_map.values, dtype=float))
    image = _paint(axes, values, float(np.nanmax(values, initial=0)))
    axes.tick_params(colors=svg.SOFT, labelsize=9, length=0)
    axes.set_xlabel("column", color=svg.SOFT, fontsize=9.5)
    axes.set_ylabel("row", color=svg.SOFT, fontsize=9.5)
    size = min(11.0, _LONGEST_TITLE / max(1, len(core_map.title)))
    axes.set_title(printable(core_map.title, keep=""), color=svg.INK, fontsize=size, loc="left", **svg.LITERAL)
    _scale(axes, image, core_map.unit)


def _scale(axes: Axes, image: Any, unit: str) -> None:
    bar = axes.figure.colorbar(image, ax=axes, pad=0.04, fraction=0.06)
    bar.outline.set_visible(False)
    bar.ax.tick_params(colors=svg.SOFT, labelsize=9, length=0)
    bar.set_label(printable(unit, keep=""), color=svg.SOFT, fontsize=9.5, **svg.LITERAL)


def _paint(axes: Axes, values: Any, most: float) -> Any:
    rows, columns = values.shape
    narrow = max(rows, columns) > FLATTEST * min(rows, columns)  # a line of cores would not be seen
    axes.spines[:].set_visible(False)
    return axes.imshow(
        fitted(values), aspect="auto" if narrow else "equal", cmap=COLORS, vmin=0, vmax=most if most > 0 else 1.0,
        interpolation="nearest", extent=(-0.5, columns - 0.5, rows - 0.5, -0.5),
    )  # fmt: skip


def fitted(values: Any) -> Any:
    """Return [row, column] values on a grid whose longer side is near LARGEST_SIDE, by repeating or averaging cores."""
    import numpy as np

    longest = max(values.shape)
    if longest > LARGEST_SIDE:
        step = -(-longest // LARGEST_SIDE)
        padded = np.pad(values.astype(float), [(0, -size % step) for size in values.shape], constant_values=np.nan)
        rows, columns = (size // step for size in padded.shape)
        return np.nanmean(padded.reshape(rows, step, columns, step), axis=(1, 3))
    times = max(1, LARGEST_SIDE // longest)
    return values.repeat(times, 0).repeat(times, 1)


def _ident(name: str) -> str:
    return "".join(sign if sign.isascii() and sign.isalnum() else "-" for sign in name)
