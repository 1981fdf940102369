"""Where cycles went, drawn: core by core and cause by cause, along a chain of events, from caller to called.

┌──────┐ ┌──────┐      core (0, 0) ██╲                task main ─────────────
│▒▒▓▓██│ │░░▒▒▒▒│      core (1, 0)    ██╲              function f ───  mov ──
└compute └─waits       core (2, 0)       ████
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

from wsesim.answer import CauseMaps, Chain, ChainLink, Flame, FlameFrame
from wsesim.answers import text
from wsesim.answers.causes import Cause
from wsesim.answers.sheet import Sheet, even_ticks
from wsesim.answers.svg import INK, PAPER, SOFT, Polygon

MOST_CELLS = 64
"""Along a side of a small map: the cores of larger grids are averaged."""
SHADES = 16
LIGHTEST = 0.18
"""Opacity of the lightest shade."""
_MAP, _FLATTEST, _TALLEST = 176.0, 0.14, 1.3
_WIDE, _MARGIN, _LABEL, _BAND = 720.0, 6.0, 74.0, 13.0
_LOWEST, _HIGHEST = 90.0, 380.0
_MOST_LABELS = 14
_LEAST_CELL = 4.0
"""Side of a cell from which on a line parts it from the next."""
_FLOOR, _SIGN, _FEWEST = 17.0, 6.1, 3
"""Height of a frame of a flame, width of a sign in it, signs that are worth it."""
Causes = Mapping[str, Cause]
Place = tuple[float, float]


def map_svgs(maps: CauseMaps, causes: Causes) -> tuple[str, ...]:
    """Return a map for each cause that took anything, that of most cycles first."""
    import numpy as np

    arrays = {cause: np.atleast_2d(np.asarray(values, float)) for cause, values in maps.by_cause.items()}
    order = sorted((cause for cause in arrays if arrays[cause].any()), key=lambda cause: -arrays[cause].sum())
    return tuple(_map(causes[cause], arrays[cause]) for cause in order)


def _map(cause: Cause, values: Any) -> str:
    rows, columns = values.shape
    high = (_MAP - 2) * min(_TALLEST, max(_FLATTEST, rows / columns))
    sheet = Sheet(_MAP, high + 42)
    sheet.text(1, 11, cause.label, colour=INK, size=11)
    sheet.text(1, 24, f"mean {values.mean():,.0f}, most {values.max():,.0f} cycles", size=9.5)
    cells = averaged(values, MOST_CELLS)
    shade(sheet, cells / cells.max(), (1, 30), (_MAP - 2, high), cause.style)
    sheet.text(1, high + 40, "(0, 0) above left", size=8.5)
    sheet.text(_MAP - 1, high + 40, f"({columns - 1}, {rows - 1})", size=8.5, anchor="end")
    return sheet.svg(f"{cause.label}: cycles of each core")


def shade(sheet: Sheet, shares: Any, corner: Place, size: Place, colour: str) -> None:
    """Fill a frame with cells of [row, column] shares of full colour; what is anything is seen."""
    import numpy as np

    shades = np.where(shares > 0, np.clip(np.rint(shares * SHADES), 1, SHADES), 0).astype(int)
    for each in range(1, SHADES + 1):
        sheet.fill(_cells(shades, each, corner, size), colour, opacity=opacity(each))
    (left, top), (wide, high) = corner, size
    for part in _between(left, wide, shades.shape[1]):
        sheet.line([(part, top), (part, top + high)], PAPER)
    for part in _between(top, high, shades.shape[0]):
        sheet.line([(left, part), (left + wide, part)], PAPER)
    outline = box(left, top, wide, high)
    sheet.line([*outline, outline[0]], SOFT)


def opacity(shade: int) -> float:
    """Return that of a shade from 1 to `SHADES`: the lightest stands out from the paper too."""
    return LIGHTEST + (1 - LIGHTEST) * (shade - 1) / (SHADES - 1)


def _between(start: float, size: float, cells: int) -> list[float]:
    """Return where lines between cells run, if each cell has room beside one."""
    return [start + size * each / cells for each in range(1, cells)] if size / cells >= _LEAST_CELL else []


def averaged(values: Any, most: int) -> Any:
    """Return [row, column] values on at most so many rows and columns, by averaging neighbours."""
    import numpy as np

    for axis in (0, 1):
        step = -(-values.shape[axis] // most)
        starts = np.arange(0, values.shape[axis], step)
        sizes = np.diff(np.append(starts, values.shape[axis]))
        sums = np.add.reduceat(values, starts, axis=axis)
        values = sums / (sizes[:, None] if axis == 0 else sizes)
    return values


def _cells(shades: Any, each: int, corner: Place, size: Place) -> Iterator[Polygon]:
    """Yield what has a shade: neighbours of a row as one rectangle."""
    rows, columns = shades.shape
    wide, high = size[0] / columns, size[1] / rows
    for row in range(rows):
        column = 0
        while column < columns:
            first = column
            while column < columns and shades[row, column] == each:
                column += 1
            if column > first:
                left, top = corner[0] + first * wide, corner[1] + row * high
                yield box(left, top, (column - first) * wide, high)
            column += column == first


def _fitting(frame: FlameFrame, room: int) -> str:
    """Return what a frame has room to say, in so many signs."""
    words = f"{frame.label} {frame.cycles:,.0f}"
    if len(words) <= room:
        return words
    if len(frame.label) <= room:
        return frame.label
    return f"{frame.label[: room - 1]}…" if room >= _FEWEST else ""


def box(left: float, top: float, wide: float, high: float) -> Polygon:
    """Return the corners of a rectangle."""
    return [(left, top), (left + wide, top), (left + wide, top + high), (left, top + high)]


def chain_svg(chain: Chain, causes: Causes) -> str:
    """Draw a row for each place in the order in which the chain comes there; lines lead from row to row."""
    places = list(dict.fromkeys(place for link in chain.links for place in (link.origin, link.place)))
    each = min(_BAND, (_HIGHEST - 50) / max(1, len(places)))
    sheet = Sheet(_WIDE, max(_LOWEST, 50 + each * len(places)))
    end = max((link.end for link in chain.links), default=1.0) or 1.0
    scale = (_WIDE - _LABEL - 2 * _MARGIN) / end
    middle = {place: 10 + each * (at + 0.5) for at, place in enumerate(places)}
    _cycle_axis(sheet, end, scale)
    apart = max(1, -(-len(places) // _MOST_LABELS))
    for place in places[::apart]:
        sheet.text(_LABEL - 6, middle[place] + 3.2, place, size=9.5, anchor="end")
    for link in chain.links:
        _link(sheet, link, causes, (middle[link.origin], middle[link.place]), scale, max(3.0, 0.7 * each))
    return sheet.svg(f"{chain.title}: a row for each core in the order in which it comes there")


def _cycle_axis(sheet: Sheet, end: float, scale: float) -> None:
    floor = sheet.height - 32
    for tick in even_ticks(end):
        x = _LABEL + scale * tick
        sheet.line([(x, 6), (x, floor)])
        sheet.text(x, floor + 13, f"{tick:,.0f}", size=9.5, anchor="middle")
    sheet.text(_LABEL + scale * end / 2, floor + 27, "cycle", size=9.5, anchor="middle")


def _link(
    sheet: Sheet, link: ChainLink, causes: Causes, ends: tuple[float, float], scale: float, high: float
) -> None:  # fmt: skip
    """Draw a piece: a line from place to place, or a bar cut by cause."""
    if ends[0] != ends[1]:
        most = max(link.by_cause, key=lambda cause: link.by_cause[cause])
        points = [(_LABEL + scale * link.start, ends[0]), (_LABEL + scale * link.end, ends[1])]
        sheet.line(points, causes[most].style, width=2.2)
        return
    start = _LABEL + scale * link.start
    for cause, cycles in link.by_cause.items():
        wide = max(scale * cycles, 0.6)
        sheet.fill([box(start, ends[0] - high / 2, wide, high)], causes[cause].style)
        start += scale * cycles


def flame_svg(flame: Flame) -> str:
    """Draw frames above those that they run within, from the top down."""
    deep = max((frame.depth for frame in flame.frames), default=0) + 1
    end = max((frame.start + frame.cycles for frame in flame.frames), default=1.0) or 1.0
    sheet, scale = Sheet(_WIDE, 6 + _FLOOR * deep), (_WIDE - 2) / end
    for frame in flame.frames:
        left, wide, top = 1 + scale * frame.start, scale * frame.cycles, 3 + _FLOOR * frame.depth
        told = f"{frame.label}: {frame.cycles:,.0f} cycles, {text.percent(frame.cycles / end)}"
        shape, colour = box(left, top, max(0.4, wide - 0.8), _FLOOR - 1.5), f"m{min(2 + frame.depth % 2, 7)}"
        sheet.fill([shape], colour, opacity=0.8, said=told)
        if said := _fitting(frame, int((wide - 6) / _SIGN)):
            sheet.text(left + 4, top + 11.5, said, colour=INK, size=9.5)
    return sheet.svg(f"{flame.title}: frames as wide as the cycles they took")
