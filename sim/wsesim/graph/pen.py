"""Letters and strokes of an SVG drawing, as text of the same bytes every time."""

from __future__ import annotations

from html import escape
from unicodedata import east_asian_width

INK, SOFT, FAINT = "#1b2430", "#5b6472", "#98a1ae"
FONT = "Helvetica, Arial, 'Liberation Sans', sans-serif"
SMALLEST = 8.5
"""Font size below which nobody reads, pixels."""
_EM = {"normal": 0.53, "bold": 0.57}
_HEADS = {"n": "l-4 7h8z", "s": "l-4 -7h8z", "e": "l-7 -4v8z", "w": "l7 -4v8z"}


def number(value: float) -> str:
    """Return a length in pixels, to a tenth."""
    return f"{value:.1f}".removesuffix(".0")


def clean(text: str) -> str:
    """Escape *text* for XML, which has no control characters and no halves of surrogate pairs."""
    return escape("".join(c if c.isprintable() else "\N{REPLACEMENT CHARACTER}" for c in text))


def letters(
    x: float, y: float, text: str, *, size: float, width: float, colour: str = INK, weight: str = "normal",
    anchor: str = "start",
) -> str:  # fmt: skip
    """Return a line of text that stays within *width*: first made smaller, then cut."""
    ems = sum(1.0 if east_asian_width(character) in "WF" else _EM[weight] for character in text)
    fitting = min(size, max(SMALLEST, width / max(ems, 1.0)))
    if ems * fitting > width + 0.5:
        text = text[: max(1, int(len(text) * width / (ems * fitting)) - 1)] + "…"
    return (
        f'<text x="{number(x)}" y="{number(y)}" font-size="{number(fitting)}" font-weight="{weight}" '
        f'text-anchor="{anchor}" fill="{colour}">{clean(text)}</text>'
    )


def rectangle(x: float, y: float, width: float, height: float, *, fill: str, line: str = "none", radius: float = 0,
              dashes: str = "none") -> str:  # fmt: skip
    """Return a box with round corners."""
    return (
        f'<rect x="{number(x)}" y="{number(y)}" width="{number(width)}" height="{number(height)}" '
        f'rx="{number(radius)}" fill="{fill}" stroke="{line}" stroke-dasharray="{dashes}"/>'
    )


def arrow(path: str, way: str, x: float, y: float, colour: str, *, dashes: str = "none") -> str:
    """Return a line along *path* that ends at (*x*, *y*), heading n, s, e or w."""
    return (
        f'<path d="{path}" fill="none" stroke="{colour}" stroke-width="1.3" stroke-dasharray="{dashes}"/>'
        f'<path d="M{number(x)} {number(y)}{_HEADS[way]}" fill="{colour}"/>'
    )


def upright(x: float, y: float, to_y: float, colour: str) -> str:
    """Return a straight arrow up or down."""
    return arrow(f"M{number(x)} {number(y)}V{number(to_y)}", "s" if to_y > y else "n", x, to_y, colour)


def swing(x: float, y: float, to_x: float, to_y: float) -> str:
    """Return the path of a curve that leaves and arrives level, to go on from (*x*, *y*)."""
    pull = (to_x - x) / 2
    points = ((x + pull, y), (to_x - pull, to_y), (to_x, to_y))
    return "C" + " ".join(f"{number(px)} {number(py)}" for px, py in points)


def start(x: float, y: float) -> str:
    """Return a path that begins at (*x*, *y*)."""
    return f"M{number(x)} {number(y)}"
