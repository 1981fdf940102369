"""The drawings that an answer brings: a curve, a map of the cores, their activity over time, a sketch."""

from __future__ import annotations

import html
from typing import TYPE_CHECKING, Any

from wsesim.answer import CoreFrames, CoreMap, Curve, Sketch
from wsesim.answers import svg
from wsesim.answers.cycles import MOST_CELLS, SHADES, averaged, box, shade
from wsesim.answers.sheet import Sheet
from wsesim.answers.text import number as number_of
from wsesim.answers.text import percent, rate
from wsesim.signs import printable

if TYPE_CHECKING:
    from matplotlib.axes import Axes

_WIDTH, _HEIGHT, _FULL = 352.0, 224.0, 720.0
_PLACE = (0.14, 0.2, 0.82, 0.66)
_MAP = 238.0
_LONGEST_TITLE = 560.0
"""Signs times points of a title that has room above a map."""
_MOST_DOTS = 60
"""Points of a curve that are marked, where there are no more."""
COLORS = "viridis"
"""Of films."""
FLATTEST = 5
"""Times that a map is at most as wide as it is high: a line of cores would not be seen."""
LARGEST_SIDE = 600
"""Pixels along the longer side of a film: the cores of larger grids are averaged."""
PICTURES = 6
"""Frames that are drawn side by side."""


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
        axes = figure.add_axes(_PLACE)
        points = sorted(curve.points)
        xs, ys = [x for x, _ in points], [y for _, y in points]
        axes.plot(xs, ys, color=svg.SOFT, linewidth=1.2, drawstyle="steps-post" if curve.steps else "default")
        for x, y in points if not curve.steps and len(points) <= _MOST_DOTS else []:
            svg.dot(axes, x, y, 30, svg.INK)
        _curve_axes(axes, curve)
        return svg.inline(figure, f"curve-{_ident(curve.name)}", f"{curve.title}: {curve.y_label} over {curve.x_label}")


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


def map_svg(core_map: CoreMap) -> str:
    """Draw a value of every core as a shade, with the scale beside it."""
    import numpy as np

    values = np.atleast_2d(np.asarray(core_map.values, dtype=float))
    rows, columns = values.shape
    wide, high = _MAP, _MAP * max(1 / FLATTEST, min(1.4, rows / columns))
    sheet, most = Sheet(_WIDTH, high + 64), float(np.nanmax(values, initial=0))
    left, top = 46.0, 28.0
    sheet.text(left, 14, core_map.title, colour=svg.INK, size=min(11.0, _LONGEST_TITLE / max(1, len(core_map.title))))
    shade(sheet, averaged(values, MOST_CELLS) / (most or 1.0), (left, top), (wide, high), "m0")
    for last, at, side in ((columns - 1, (left, left + wide), "x"), (rows - 1, (top, top + high), "y")):
        _ends(sheet, last, at, side, (left, top + high))
    sheet.text(left + wide / 2, top + high + 30, "column", anchor="middle", size=9.5)
    sheet.text(14, top + high / 2, "row", anchor="middle", size=9.5, upright=True)
    _scale(sheet, left + wide + 16, top, high, most, core_map.unit)
    return sheet.svg(f"{core_map.title}, a shade for each core")


def _ends(sheet: Sheet, last: int, at: tuple[float, float], side: str, corner: tuple[float, float]) -> None:
    """Number the first and the last column or row."""
    for number, place in ((0, at[0]), (last, at[1])) if last else ((0, sum(at) / 2),):
        if side == "x":
            anchor = "middle" if not last else "end" if number else "start"
            sheet.text(place, corner[1] + 14, str(number), size=9, anchor=anchor)
        else:
            sheet.text(corner[0] - 5, place + (0 if number else 8 if last else 3), str(number), size=9, anchor="end")


def _scale(sheet: Sheet, left: float, top: float, high: float, most: float, unit: str) -> None:
    """Draw what shades mean, the darkest above."""
    step = high / SHADES
    for number in range(1, SHADES + 1):
        place = box(left, top + high - number * step, 9, step)
        sheet.fill([place], "m0", opacity=number / SHADES)
    sheet.text(left + 13, top + 8, number_of(most), size=9)
    sheet.text(left + 13, top + high, "0", size=9)
    sheet.text(left + 40, top + high / 2, unit, size=9.5, anchor="middle", upright=True)


def frames_svg(frames: CoreFrames) -> str:
    """Draw the activity of all cores at a few times, early to late."""
    import numpy as np

    values = np.asarray(frames.frames, dtype=float)
    chosen = spread(len(values), PICTURES)
    each = _FULL / max(1, len(chosen))
    high = each * max(0.2, min(1.4, values.shape[1] / max(1, values.shape[2])))
    sheet = Sheet(_FULL, high + 50)
    for place, frame in enumerate(chosen):
        sheet.text(place * each, 38, f"from {frame * frames.frame_cycles:,}", size=9.5)
        shade(sheet, averaged(values[frame], MOST_CELLS), (place * each, 44), (0.94 * each, high), "m0")
    sheet.text(0, 13, f"{frames.title}, from cycle", colour=svg.INK, size=11)
    return sheet.svg(f"{frames.title}, picture by picture")


def spread(frames: int, pictures: int) -> list[int]:
    """Return at most *pictures* of the numbers below *frames*, the first and the last among them."""
    count = min(pictures, frames)
    return [round(n * (frames - 1) / max(1, count - 1)) for n in range(count)]


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
