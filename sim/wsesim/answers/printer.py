"""What puts plain text on a console: paragraphs, grids and tables, in 80 columns and without colour as well."""

from __future__ import annotations

from collections.abc import Iterable, Sequence

from rich.console import Console
from rich.table import Table
from rich.text import Text

from wsesim.signs import ascii_only, printable

_WIDEST = 100
_LEAST = 12
"""Signs that a column which folds keeps beside columns that do not."""

Cell = tuple[str, str]
"""What to print, and its style."""


class Printer:
    """Puts plain text on a console: nothing in it is markup, and nothing in it can steer the terminal.

    Signs that the console's encoding lacks are written with the nearest ASCII ones.
    """

    def __init__(self, console: Console) -> None:
        self._console = console
        self._width = min(console.width, _WIDEST)
        self._ascii = console.options.ascii_only

    def line(self, *cells: Cell, gap: bool = False, wrap: bool = True) -> None:
        """Print one paragraph made of *cells*, after an empty line if there is to be a *gap*."""
        if gap:
            self._console.print()
        joined = Text.assemble(*((self._safe(words), style) for words, style in cells))
        if wrap:
            self._console.print(joined, width=self._width, highlight=False)
        else:
            self._console.print(joined, soft_wrap=True, highlight=False)

    def grid(self, rows: Iterable[Sequence[Cell]], align: str) -> None:
        """Print *rows* in columns aligned by a letter each: l, r, or f for the one that folds when space is short."""
        table = Table.grid(padding=(0, 2, 0, 0), pad_edge=False)
        texts = [self._texts(row) for row in rows]
        roomy = self._width >= _needed(texts, align)  # else all columns fold, or signs would be cut off
        for letter, width in zip(align, _widths(texts, align, self._width), strict=True):
            table.add_column(
                justify="right" if letter == "r" else "left", no_wrap=letter != "f" and roomy, overflow="fold",
                width=width if roomy else None,
            )  # fmt: skip
        for row in texts:
            table.add_row(*row)
        self._console.print(table, width=self._width)

    def has_room(self, rows: Iterable[Sequence[Cell]], align: str) -> bool:
        """Return whether no word of *rows* needs to be broken."""
        return self._width >= _needed([self._texts(row) for row in rows], align)

    def table(
        self, heads: Sequence[str], rows: Iterable[Sequence[Cell]], align: str, *, title: str = "", style: str = ""
    ) -> None:  # fmt: skip
        """Print *rows* under *heads* as wide as the console is, in columns aligned by a letter each: l or r."""
        table = Table(
            title=Text(self._safe(title)) if title else None, title_justify="left", box=None, pad_edge=False,
            header_style=style,
        )  # fmt: skip
        for head, letter in zip(heads, align, strict=True):
            table.add_column(
                Text(self._safe(head)), justify="right" if letter == "r" else "left", overflow="fold"
            )  # fmt: skip
        for row in rows:
            table.add_row(*self._texts(row))
        self._console.print(table)

    def _texts(self, row: Sequence[Cell]) -> list[Text]:
        return [Text(self._safe(words), style=style) for words, style in row]

    def _safe(self, words: str) -> str:
        kept = printable(words, keep="")
        return ascii_only(kept) if self._ascii else kept


def _needed(rows: Sequence[Sequence[Text]], align: str) -> int:
    """Return how wide a table is at least if only its columns of letter f fold, between words."""
    return sum(_least(rows, align)) + 2 * max(0, len(align) - 1)


def _widths(rows: Sequence[Sequence[Text]], align: str, width: int) -> list[int]:
    """Return the widths of columns: the least of each, and what they want of the rest of *width*, in order."""
    found = _least(rows, align)
    left = width - _needed(rows, align)
    for place in range(len(align)):
        wanted = max((row[place].cell_len for row in rows), default=0)
        more = max(0, min(left, wanted - found[place]))
        found[place], left = found[place] + more, left - more
    return found


def _least(rows: Sequence[Sequence[Text]], align: str) -> list[int]:
    found = []
    for place, letter in enumerate(align):
        cells = [row[place] for row in rows]
        width = max((cell.cell_len for cell in cells), default=0)
        word = max((Text(word).cell_len for cell in cells for word in cell.plain.split()), default=0)
        found.append(min(width, max(_LEAST, word)) if letter == "f" else width)
    return found
