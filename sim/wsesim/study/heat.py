"""A figure over two or three parameters: a cell for each point, darker the larger, hatched where there is no answer."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass
from math import ceil, log
from typing import TYPE_CHECKING, Any

from wsesim.answer import FigureSpec, Number
from wsesim.answers import svg
from wsesim.answers.text import label, short
from wsesim.study.lines import StudyAxis, is_wide, spread

if TYPE_CHECKING:
    from matplotlib.axes import Axes

LEVELS = 9
"""Shades, from `--c0` near the paper to `--c8` near the ink."""
MOST_PANELS = 24
"""Values of a third parameter that are drawn."""
_MOST_VALUES = 120
"""Cells that have their value written in."""
_HALF, _FULL = 352.0, 720.0
_LETTER, _SMALL, _ROW, _GAP = 5.2, 4.5, 25.0, 16.0
"""Widths of a sign on the axes and in a cell, height of a row of cells, space between panels."""
_BOTTOM, _TOP, _HEADING = 40.0, 26.0, 20.0
_NARROWEST = 18.0
"""A cell without its value written in."""

Cells = Mapping[tuple[int, int, int], Number | None]
"""Values by step along x, along y and along the panels."""


@dataclass(frozen=True, slots=True, kw_only=True)
class HeatGrid:
    """Where panels and their cells stand, in points."""

    width: float
    height: float
    left: float
    panel_width: float
    panel_height: float
    across: int
    """Panels beside each other."""
    heading: float
    """Above each panel."""
    write: bool
    """Whether values have room in their cells."""

    @property
    def wide(self) -> bool:
        """Whether nothing fits beside it on the page."""
        return self.width > _HALF

    def box(self, panel: int) -> tuple[float, float, float, float]:
        """Return (left, bottom, width, height) of a panel as shares of the drawing."""
        down, right = divmod(panel, self.across)
        x = right * (self.left + self.panel_width + _GAP) + self.left
        y = self.height - _TOP - (down + 1) * (self.heading + self.panel_height) - down * _BOTTOM
        return x / self.width, y / self.height, self.panel_width / self.width, self.panel_height / self.height


def heat_svg(
    spec: FigureSpec, axes: Sequence[StudyAxis], cells: Cells, grid: HeatGrid, *, ident: str,
    failed: Collection[tuple[int, int, int]] = (),
) -> str:  # fmt: skip
    """Draw *cells* over two or three *axes*; the third makes panels that share one scale.

    Those that *failed* are hatched; others without a value are left empty.
    """
    x, y = axes[0], axes[1]
    found = [float(value) for value in cells.values() if value is not None]
    with svg.drawing(grid.width, grid.height) as figure:
        for panel in range(_panels(axes)):
            drawn = figure.add_axes(grid.box(panel))
            _frame(drawn, x, y, grid)
            here = {(at[0], at[1]): value for at, value in cells.items() if at[2] == panel}
            _cells(drawn, spec.name, here, found, write=grid.write)
            _hatch(drawn, [_square(at[0], at[1]) for at in failed if at[2] == panel])
            if len(axes) > 2:
                heading = f"{axes[2].title}: {axes[2].labels[panel]}"
                drawn.set_title(heading, color=svg.SOFT, fontsize=9.5, loc="left", pad=5, **svg.LITERAL)
        title = label(spec)
        figure.text(0, 1 - 11 / grid.height, title, color=svg.INK, fontsize=11, **svg.LITERAL)
        return svg.inline(figure, ident, f"{title} over {' and '.join(axis.title for axis in axes)}")


def grid_of(axes: Sequence[StudyAxis], written: Iterable[str]) -> HeatGrid:
    """Return where everything stands if *written* are the values of all figures: one grid for all looks calm."""
    x, y, panels = axes[0], axes[1], _panels(axes)
    left = 30 + _LETTER * max(map(len, y.labels))
    value = _SMALL * max(map(len, written), default=1) + 3
    write = len(x) * len(y) * panels <= _MOST_VALUES
    cell = value if write else _NARROWEST
    half = panels == 1 and left + cell * len(x) <= _HALF
    width = _HALF if half else _FULL
    across = max(1, min(panels, int((width + _GAP) // (left + cell * len(x) + _GAP))))
    panel_width = (width - (across - 1) * _GAP) / across - left
    row = max(_ROW if len(y) <= 12 else max(4.0, 12 * _ROW / len(y)), _LETTER * len(y.title) / len(y))
    heading = _HEADING if len(axes) > 2 else 0.0
    return HeatGrid(
        width=width, height=_TOP + ceil(panels / across) * (heading + row * len(y) + _BOTTOM), left=left,
        panel_width=panel_width, panel_height=row * len(y), across=across, heading=heading,
        write=write and panel_width >= value * len(x),
    )  # fmt: skip


def _panels(axes: Sequence[StudyAxis]) -> int:
    return min(len(axes[2]), MOST_PANELS) if len(axes) > 2 else 1


def _frame(axes: Axes, x: StudyAxis, y: StudyAxis, grid: HeatGrid) -> None:
    axes.set(xlim=(0, len(x)), ylim=(0, len(y)))
    for axis, size, ticks in ((x, grid.panel_width, axes.set_xticks), (y, grid.panel_height, axes.set_yticks)):
        ranks = StudyAxis(
            title="", labels=axis.labels, places=tuple(map(float, range(len(axis)))), numeric=True, log=False
        )
        if axis is y:
            step = max(1, ceil(len(axis) * 11 / size))
            kept = list(range(0, len(axis), step))
        else:
            kept = spread(ranks, size * (len(axis) - 1) / len(axis), _LETTER)
        ticks([rank + 0.5 for rank in kept], [axis.labels[rank] for rank in kept], **svg.LITERAL)
    axes.set_xlabel(x.title, color=svg.SOFT, fontsize=9.5, **svg.LITERAL)
    axes.set_ylabel(y.title, color=svg.SOFT, fontsize=9.5, **svg.LITERAL)
    axes.tick_params(colors=svg.SOFT, labelsize=9, length=0)
    axes.spines[:].set_visible(False)


def _cells(
    axes: Axes, name: str, here: Mapping[tuple[int, int], Number | None], found: Sequence[float], *, write: bool
) -> None:
    shades: dict[int, list[svg.Polygon]] = {}
    for (column, row), value in here.items():
        if value is not None:
            shades.setdefault(_level(float(value), found), []).append(_square(column, row))
    for level, squares in sorted(shades.items()):
        svg.fill(axes, squares, f"c{level}")
    for (column, row), value in here.items() if write else ():
        if value is not None:
            colour = svg.PAPER if _level(float(value), found) > LEVELS // 2 else svg.INK
            axes.text(column + 0.5, row + 0.5, short(name, value), color=colour, fontsize=8.5, ha="center",
                      va="center_baseline", **svg.LITERAL)  # fmt: skip


def _level(value: float, found: Sequence[float]) -> int:
    low, high = min(found), max(found)
    if low == high:
        return LEVELS // 2 - 1
    share = log(value / low) / log(high / low) if is_wide(found) else (value - low) / (high - low)
    return min(LEVELS - 1, int(share * LEVELS))


def _square(column: int, row: int) -> svg.Polygon:
    left, right, low, high = column + 0.02, column + 0.98, row + 0.03, row + 0.97
    return [(left, low), (left, high), (right, high), (right, low), (left, low)]


def _hatch(axes: Axes, squares: Sequence[svg.Polygon]) -> None:
    from matplotlib.patches import PathPatch
    from matplotlib.path import Path

    if not squares:
        return
    path = Path.make_compound_path(*(Path(square, closed=True) for square in squares))
    look: dict[str, Any] = {"facecolor": "none", "edgecolor": svg.SOFT, "hatch": "///", "linewidth": 0, "alpha": 0.45}
    axes.add_patch(PathPatch(path, zorder=2, **look))
