"""The drawings that an answer brings: a curve, a map of the cores, their activity over time, a sketch."""

from __future__ import annotations

import html
from typing import TYPE_CHECKING, Any

from wsesim.answer import CoreFrames, CoreMap, Curve, Sketch
from wsesim.answers import svg
from wsesim.answers.maps import frames_svg, map_svg
from wsesim.answers.text import percent, short
from wsesim.signs import printable

if TYPE_CHECKING:
    from matplotlib.axes import Axes

_WIDTH, _HEIGHT = 352.0, 224.0
_PLACE = (0.14, 0.2, 0.82, 0.66)
_LONGEST_TITLE = 560.0
"""Signs times points of a title that has room above a map."""
_LONGEST_UNDER = 56
"""Signs that have room below a curve in one line."""
_MOST_TICKS = 6
_STYLES = ("-", "-.")
"""Of the lines of a curve, in turn."""
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
    for number, (name, unsorted) in enumerate(curve.lines):
        points = sorted(unsorted)
        xs, ys = [x for x, _ in points], [y for _, y in points]
        axes.plot(xs, ys, color=svg.SOFT, linewidth=1.2, linestyle=_STYLES[number % len(_STYLES)],
                  drawstyle="steps-post" if curve.steps else "default", label=printable(name, keep=""))  # fmt: skip
        for x, y in points if not curve.steps and len(points) <= _MOST_DOTS else []:
            svg.dot(axes, x, y, 30, svg.SOFT if number else svg.INK)
    if curve.others:
        axes.legend(loc="lower right", bbox_to_anchor=(1, 0.99), ncols=len(curve.lines), frameon=False, fontsize=9.5,
                    labelcolor=svg.SOFT, borderpad=0, columnspacing=1.2)  # fmt: skip
    _curve_axes(axes, curve)


def _curve_axes(axes: Axes, curve: Curve) -> None:
    if curve.limit is not None:
        axes.axhline(curve.limit, color=svg.SOFT, linewidth=0.8, linestyle="--", zorder=0)
    for _, at in curve.marks:
        axes.axvline(at, color=svg.SOFT, linewidth=1.2, linestyle=":", zorder=0)
    _scales(axes, curve)
    axes.set_xlabel(_under(curve), color=svg.SOFT, fontsize=9.5, **svg.LITERAL)
    axes.tick_params(axis="both", which="both", colors=svg.SOFT, labelsize=9.5, length=0)
    axes.grid(axis="y", color=svg.LINE, linewidth=0.6, zorder=0)
    axes.spines[:].set_visible(False)
    axes.spines["bottom"].set(visible=True, color=svg.LINE, linewidth=0.9)
    title = f"{curve.title}, {curve.y_label}" if curve.y_label and not curve.share else curve.title
    axes.set_title(printable(title, keep=""), color=svg.INK, fontsize=11, loc="left", **svg.LITERAL)


def _scales(axes: Axes, curve: Curve) -> None:
    points = [point for _, line in curve.lines for point in line]
    if curve.log_x and all(x > 0 for x, _ in points):
        axes.set_xscale("log")
    if curve.log_y and all(y > 0 for _, y in points):
        axes.set_yscale("log")
    elif not curve.share and points:
        axes.set_ylim(bottom=0)
    if curve.share:
        axes.set_ylim(0, 1.05)
        axes.yaxis.set_major_formatter(lambda value, _: f"{100 * value:g}%")
    elif curve.y_figure:
        axes.yaxis.set_major_formatter(lambda value, _: short(curve.y_figure, value))
        axes.yaxis.set_minor_formatter(lambda value, _: "")
    for ticks in (axes.xaxis.set_major_formatter, axes.xaxis.set_minor_formatter):
        ticks(lambda value, _: short(curve.x_figure, value) if curve.x_figure else f"{value:g}")
    if curve.x_figure and axes.get_xscale() == "linear":
        axes.xaxis.set_major_locator(_few_ticks())


def _few_ticks() -> Any:
    """Return what places so few ticks that their units have room."""
    from matplotlib.ticker import MaxNLocator

    return MaxNLocator(_MOST_TICKS)


def _under(curve: Curve) -> str:
    """Return what stands below a curve: what x is, and what stands at its lines."""
    said = []
    if curve.limit is not None:
        figure = curve.y_figure or "rate"
        said.append(f"dashed: {percent(curve.limit) if curve.share else short(figure, curve.limit)}")
    if curve.marks:
        places = (short(curve.x_figure, at) if curve.x_figure else f"{at:.4g}" for _, at in curve.marks)
        named = zip(curve.marks, places, strict=True)
        said.append(f"dotted: {', '.join(f'{printable(what)} {place}' for (what, _), place in named)}")
    words = "; ".join([printable(curve.x_label, keep=""), *said])
    return words if len(words) <= _LONGEST_UNDER else words.replace("; ", "\n", 1)


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
