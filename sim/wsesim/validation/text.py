"""Tables of a validation, in the terminal and as Markdown."""

from __future__ import annotations

import re
from collections.abc import Collection, Iterable
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from rich.console import Console

Line = tuple[str, ...]
_MARKS = re.compile(r"[\\|`*\[\]]|(?<![A-Za-z0-9])_|_(?![A-Za-z0-9])")
"""Signs that Markdown reads as marks."""


def print_table(console: Console, title: str, head: Line, rows: Iterable[Line], *, left: Collection[str]) -> None:
    """Print a table; its first column and those named *left* stand to the left, the others to the right."""
    from rich.table import Table
    from rich.text import Text

    table = Table(title=title, title_justify="left", box=None, pad_edge=False)
    for index, name in enumerate(head):
        table.add_column(name, justify="left" if index == 0 or name in left else "right")
    for row in rows:
        table.add_row(*(Text(cell) for cell in row))
    console.print(table)
    console.print()


def markdown_table(head: Line, rows: Iterable[Line]) -> str:
    """Return a table as Markdown."""
    lines = [head, tuple("---" for _ in head), *rows]
    return "\n".join("| " + " | ".join(map(escaped, line)) + " |" for line in lines)


def escaped(text: str) -> str:
    """Return a text, on one line, as Markdown that shows it as it is, whoever wrote it."""
    return _MARKS.sub(r"\\\g<0>", " ".join(text.split())).replace("<", "&lt;")


def document(parts: Iterable[str]) -> bytes:
    """Return the parts of a Markdown document as its file."""
    return ("\n\n".join(parts) + "\n").encode()


def signed(error: float | None) -> str:
    """Return a fraction as a percentage with its sign; nothing for None."""
    return "" if error is None else f"{100 * error:+.1f} %"


def percent(error: float | None) -> str:
    """Return a fraction as a percentage; nothing for None."""
    return "" if error is None else f"{100 * error:.1f} %"
