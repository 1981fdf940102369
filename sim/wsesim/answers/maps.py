"""Maps of the cores, and their activity over time, as SVG of our own: a shade for each core."""

from __future__ import annotations

from wsesim.answer import CoreFrames, CoreMap
from wsesim.answers.cycles import MOST_CELLS, SHADES, averaged, box, opacity, shade
from wsesim.answers.sheet import Sheet
from wsesim.answers.svg import INK
from wsesim.answers.text import number as number_of

PICTURES = 6
"""Frames that are drawn side by side."""
_WIDTH, _FULL, _MAP, _FLATTEST = 352.0, 720.0, 238.0, 0.2
_LONGEST_TITLE = 560.0
"""Signs times points of a title that has room above a map."""


def map_svg(core_map: CoreMap) -> str:
    """Draw a value of every core as a shade, with the scale beside it."""
    import numpy as np

    values = np.atleast_2d(np.asarray(core_map.values, dtype=float))
    rows, columns = values.shape
    wide, high = _MAP, _MAP * max(_FLATTEST, min(1.4, rows / columns))
    sheet, most = Sheet(_WIDTH, high + 64), float(np.nanmax(values, initial=0))
    left, top = 46.0, 28.0
    sheet.text(left, 14, core_map.title, colour=INK, size=min(11.0, _LONGEST_TITLE / max(1, len(core_map.title))))
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
        sheet.fill([place], "m0", opacity=opacity(number))
    sheet.text(left + 13, top + 8, number_of(most), size=9)
    sheet.text(left + 13, top + high, "0", size=9)
    sheet.text(left + 40, top + high / 2, unit, size=9.5, anchor="middle", upright=True)


def frames_svg(frames: CoreFrames) -> str:
    """Draw the activity of all cores at a few times, early to late."""
    import numpy as np

    values = np.asarray(frames.frames, dtype=float)
    chosen = spread(len(values), PICTURES)
    each = _FULL / max(1, len(chosen))
    high = each * max(_FLATTEST, min(1.4, values.shape[1] / max(1, values.shape[2])))
    sheet = Sheet(_FULL, high + 50)
    for place, frame in enumerate(chosen):
        sheet.text(place * each, 38, f"from {frame * frames.frame_cycles:,}", size=9.5)
        shade(sheet, averaged(values[frame], MOST_CELLS), (place * each, 44), (0.94 * each, high), "m0")
    sheet.text(0, 13, f"{frames.title}, from cycle", colour=INK, size=11)
    return sheet.svg(f"{frames.title}, picture by picture")


def spread(frames: int, pictures: int) -> list[int]:
    """Return at most *pictures* of the numbers below *frames*, the first and the last among them."""
    count = min(pictures, frames)
    return [round(n * (frames - 1) / max(1, count - 1)) for n in range(count)]
