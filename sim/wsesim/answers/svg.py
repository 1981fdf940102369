"""matplotlib figures as SVG that lives inside a page: it takes the page's colours and font, and its ids are its own."""

from __future__ import annotations

import html
import io
import re
import warnings
from collections.abc import Iterable, Iterator, Mapping
from contextlib import contextmanager
from types import MappingProxyType
from typing import TYPE_CHECKING, Any

from wsesim.signs import printable

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure

# Colours that nobody would draw with: each is replaced by a CSS variable, so that light and dark need one drawing.
INK, SOFT, LINE, PAPER = "#010203", "#020304", "#030405", "#040506"
_VARIABLES = {INK: "var(--ink)", SOFT: "var(--soft)", LINE: "var(--line)", PAPER: "var(--paper)"}
LITERAL: dict[str, Any] = {"parse_math": False}
"""For text that is not ours to typeset: a dollar sign in it is a dollar sign."""
_STAND_IN = "#0a0b"

_PAGE = {
    "ink": ("#1d1d1b", "#e8e6df"), "soft": ("#63615b", "#a3a097"), "line": ("#e3e0d8", "#34332f"),
    "paper": ("#fdfcfa", "#171715"),
}  # fmt: skip
"""Colours of a page, light and dark, as in `style.css.j2`."""

SHADE = {"m0": ("#35506b", "#86abd0")}
"""Colour of maps, light and dark, as in `style.css.j2`."""

Polygon = list[tuple[float, float]]


@contextmanager
def drawing(width: float, height: float) -> Iterator[Figure]:
    """Give an empty figure of *width* × *height* points, drawn with matplotlib's own defaults whatever the user set."""
    import matplotlib
    from matplotlib.backends.backend_svg import FigureCanvasSVG
    from matplotlib.figure import Figure

    with matplotlib.rc_context(), warnings.catch_warnings():
        warnings.filterwarnings("ignore", message="Glyph .* missing from")
        matplotlib.rcdefaults()
        matplotlib.rcParams.update({"svg.fonttype": "none", "axes.unicode_minus": False, "path.simplify": False})
        figure = Figure(figsize=(width / 72, height / 72), dpi=72, facecolor="none")
        FigureCanvasSVG(figure)
        yield figure


def fill(axes: Axes, polygons: Iterable[Polygon], variable: str) -> None:
    """Fill *polygons*, each closed, with the CSS variable `--<variable>`; one path, so that thousands stay small."""
    from matplotlib.patches import PathPatch
    from matplotlib.path import Path

    points: list[tuple[float, float]] = []
    codes: list[int] = []
    move, line, close = int(Path.MOVETO), int(Path.LINETO), int(Path.CLOSEPOLY)
    for polygon in polygons:
        points += polygon
        codes += [move, *[line] * (len(polygon) - 2), close]
    axes.add_patch(PathPatch(Path(points, codes), facecolor=_stand_in(variable), linewidth=0, zorder=2))


def dot(axes: Axes, x: float, y: float, size: float, variable: str) -> None:
    """Draw a disc of *size* square points in the CSS variable `--<variable>`, or in one of the colours above."""
    from matplotlib.lines import Line2D

    axes.add_line(Line2D([x], [y], marker="o", markersize=size**0.5, markerfacecolor=_stand_in(variable),
                         markeredgecolor=PAPER, markeredgewidth=0.8, linestyle="none", zorder=3))  # fmt: skip


def colour_of(colour: str) -> str:
    """Return one of the colours above, or the CSS variable `--<colour>`, as a page fills it in."""
    return _VARIABLES.get(colour, f"var(--{colour})")


def _stand_in(variable: str) -> str:
    if variable in _VARIABLES:
        return variable
    return f"{_STAND_IN}{int(variable.removeprefix('c')):02x}"


def inline(figure: Figure, ident: str, label: str) -> str:
    """Return *figure* as an `<svg>` element named by *label*; *ident* keeps its ids apart from other drawings'.

    The label, like every text in the figure, may be anything: it is escaped, and what cannot be printed is written out.
    """
    import matplotlib

    text = io.StringIO()
    with matplotlib.rc_context({"svg.hashsalt": ident}):
        figure.savefig(text, format="svg", transparent=True, metadata={"Date": None, "Creator": None})
    drawn = printable(text.getvalue(), keep="\n")
    drawn = drawn[drawn.index("<svg") :]
    drawn = re.sub(r"\s*<metadata>.*?</metadata>", "", drawn, flags=re.DOTALL)
    drawn = re.sub(r"\s*<style type=\"text/css\">.*?</style>", "", drawn, flags=re.DOTALL)
    drawn = re.sub(r"<!--.*?-->\s*", "", drawn, flags=re.DOTALL)
    drawn = re.sub(r"\s*<g id=\"[^\"]*\"/>", "", drawn)
    drawn = re.sub(r" id=\"image[^\"]*\"", "", drawn)
    drawn = re.sub(r"<g id=\"[^\"]*\">", "<g>", drawn)
    drawn = re.sub(r" transform=\"rotate\(-0 [^)]*\)\"", "", drawn)
    drawn = re.sub(r" font-family: [^;\"]*;", "", drawn)
    drawn = re.sub(r"(?<=[ \"])-?\d+\.\d{3,}(?=[ \"\n])", lambda found: f"{float(found[0]):.2f}", drawn)
    drawn = re.sub(r"(#0a0b)([0-9a-f]{2})", lambda found: f"var(--c{int(found[2], 16)})", drawn)
    for colour, variable in _VARIABLES.items():
        drawn = drawn.replace(colour, variable)
    box = re.search(r"viewBox=\"[^\"]*\"", drawn)
    assert box is not None
    named = html.escape(printable(label, keep=""))
    head = f'<svg xmlns:xlink="http://www.w3.org/1999/xlink" {box[0]} role="img" aria-label="{named}">'
    return head + drawn[drawn.index(">") + 1 :]


def standalone(drawn: str, colours: Mapping[str, tuple[str, str]] = MappingProxyType({})) -> str:
    """Return an `<svg>` element as a file of its own, with the colours that a page would give it.

    Args:
        drawn: the element.
        colours: by CSS variable, light and dark; what `fill` and `dot` were told: `c0`, `c1` ...
    """
    box = re.search(r"viewBox=\"0 0 ([\d.]+) ([\d.]+)\"", drawn)
    assert box is not None
    size = f'<svg xmlns="http://www.w3.org/2000/svg" width="{box[1]}" height="{box[2]}"'
    head, rest = drawn.replace("<svg", size, 1).split(">", 1)
    light, dark = (
        "; ".join(f"--{name}: {shades[shade]}" for name, shades in (_PAGE | dict(colours)).items()) for shade in (0, 1)
    )
    style = f"svg {{ {light}; font-family: system-ui, Arial, sans-serif; }}"
    style += f"\n@media (prefers-color-scheme: dark) {{ svg {{ {dark}; }} }}"
    ground = '<rect width="100%" height="100%" style="fill: var(--paper)"/>'
    return f"{head}>\n<style>\n{style}\n</style>\n{ground}\n{rest.strip()}\n"
