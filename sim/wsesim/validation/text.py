"""Tables of a validation, in the terminal and as Markdown."""

from __future__ import annotations

from collections.abc import Collection, Iterable
from pathlib import Path
from typing import TYPE_CHECKING

from wsesim.errors import InputError

if TYPE_CHECKING:
    from rich.console import Console

Line = tuple[str, ...]


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
    return "\n".join("| " + " | ".join(cell.replace("|", "\\|") for cell in line) + " |" for line in lines)


def write_document(parts: Iterable[str], path: Path) -> None:
    """Write the parts of a Markdown document to *path*.

    Raises:
        InputError: the file cannot be written.
    """
    try:
        path.write_text("\n\n".join(parts) + "\n", encoding="utf-8")
    except OSError as error:
        raise InputError.at(f"cannot be written: {error.strerror}", file=str(path)) from None


def signed(error: float | None) -> str:
    """Return a fraction as a percentage with its sign; nothing for None."""
    return "" if error is None else f"{100 * error:+.1f} %"


def percent(error: float | None) -> str:
    """Return a fraction as a percentage; nothing for None."""
    return "" if error is None else f"{100 * error:.1f} %"
