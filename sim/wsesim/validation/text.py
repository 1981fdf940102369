"""Tables of a validation, in the terminal and as Markdown."""

from __future__ import annotations

import re
from collections.abc import Collection, Iterable, Iterator, Mapping
from itertools import islice
from typing import TYPE_CHECKING

from wsesim.answers.text import signed_percent
from wsesim.signs import printable

if TYPE_CHECKING:
    from wsesim.answers.printer import Printer

Line = tuple[str, ...]
MOST_LEFT = 10
"""Rows that were not run whose reason is printed, of a table of the user's."""
_MARKS = re.compile(r"[\\|`*~\[\]]|(?<![A-Za-z0-9])_|_(?![A-Za-z0-9])")
"""Signs that Markdown reads as marks."""
_HTML = {"&": "&amp;", "<": "&lt;", "://": "&#58;//", "www.": "www&#46;", "@": "&#64;"}
"""What it reads as HTML, or makes a link of."""


def print_table(to: Printer, title: str, head: Line, rows: Iterable[Line], *, left: Collection[str]) -> None:
    """Print a table; its first column and those named *left* stand to the left, the others to the right."""
    align = "".join("l" if index == 0 or name in left else "r" for index, name in enumerate(head))
    to.table(head, ([(cell, "") for cell in row] for row in rows), align, title=title, style="bold")
    to.line()


def left_lines(left: Mapping[str, str]) -> Iterator[str]:
    """Yield why rows were not run, by row: those that stand first, and how many more there are."""
    for row, why in islice(left.items(), MOST_LEFT):
        yield f"{row}: {why}"
    if len(left) > MOST_LEFT:
        yield f"and {len(left) - MOST_LEFT:,} more"


def markdown_table(head: Line, rows: Iterable[Line]) -> str:
    """Return a table as Markdown."""
    lines = [head, tuple("---" for _ in head), *rows]
    return "\n".join("| " + " | ".join(map(escaped, line)) + " |" for line in lines)


def escaped(text: str) -> str:
    """Return a text, on one line, as Markdown that shows it as it is, whoever wrote it."""
    shown = printable(" ".join(text.split()), keep="")
    for sign, entity in _HTML.items():
        shown = shown.replace(sign, entity)
    return _MARKS.sub(r"\\\g<0>", shown)


def document(parts: Iterable[str]) -> bytes:
    """Return the parts of a Markdown document as its file."""
    return ("\n\n".join(parts) + "\n").encode()


def signed(error: float | None) -> str:
    """Return a fraction as a percentage with its sign; nothing for None."""
    return "" if error is None else signed_percent(error)


def percent(error: float | None) -> str:
    """Return a fraction as a percentage; nothing for None."""
    return "" if error is None else f"{100 * error:.1f} %"
