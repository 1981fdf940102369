"""Levels side by side on the terminal: figures and cost, why they differ, and which kernels say so."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

from wsesim.levels import words
from wsesim.levels.comparison import Comparison
from wsesim.report import text

if TYPE_CHECKING:
    from rich.console import Console

MOST_KERNELS = 12
"""Printed at most; the page has all."""
MOST_NAMES = 34
"""Letters of the names of ops in a row."""
_ASCII = str.maketrans("–−µ×", "--ux")


def print_comparison(found: Comparison, console: Console) -> None:
    """Print *found*; nothing in it is markup, and nothing in it can steer the terminal."""
    _line(console, found.title, "bold")
    _answers(found, console)
    _line(console, "", "")
    for answer in found.answers:
        reason = f"{answer.level} cannot answer: {answer.why_not}" if answer.why_not else ""
        _line(console, reason or f"{answer.level} leaves out: {answer.leaves_out}", "red" if reason else "dim")
    for difference in found.differences:
        _line(console, f"\n{words.title(difference)}", "bold")
        _grid(console, ("", ""), [(words.seconds(added_s), cause) for cause, added_s in difference.causes], "rl")
    if found.kernels:
        _kernels(found, console)
    for note in found.notes:
        _line(console, f"\n{note}", "")


def _answers(found: Comparison, console: Console) -> None:
    best = found.finest
    figures = list(best.figures) if best else []
    heads = ["level", *(head for figure in figures for head in (words.LABELS[figure], "")), "CPU", "events"]
    rows = []
    for answer in found.answers:
        cells = [answer.level]
        for figure in figures:
            cells += [words.shown(figure, answer.figures.get(figure)), words.off(found, answer, figure)]
        rows.append((*cells, words.cost(answer), f"{answer.events:,}") if answer.figures else (*cells, "", ""))
    _grid(console, heads, rows, "l" + "r" * (len(heads) - 1))


def _kernels(found: Comparison, console: Console) -> None:
    _line(console, "\nkernels: cycles of the cores over those of the closed form, same cores, same work", "bold")
    rows = []
    for row in found.kernels[:MOST_KERNELS]:
        name = row.name if len(row.name) <= MOST_NAMES else f"{row.name[: MOST_NAMES - 4]} ..."
        ratio = (f"{row.ratio:.2f}", f"{row.whole:.2f}") if row.program else ("–", "")
        rows.append((name, text.percent(row.share), *ratio, words.ran(row)))
    _grid(console, ("", "share", "ratio", "whole", "ran"), rows, "lrrrl")
    more = len(found.kernels) - MOST_KERNELS
    if more > 0:
        _line(console, f"{text.plural(more, 'more row')} on the page", "dim")


def _grid(console: Console, heads: Sequence[str], rows: Sequence[Sequence[str]], sides: str) -> None:
    from rich.table import Table
    from rich.text import Text

    grid = Table(box=None, pad_edge=False, header_style="dim", show_header=any(heads))
    for head, side in zip(heads, sides, strict=True):
        grid.add_column(Text(head), justify="right" if side == "r" else "left")
    for row in rows:
        grid.add_row(*(Text(_safe(cell, console)) for cell in row))
    console.print(grid)


def _line(console: Console, words: str, style: str) -> None:
    from rich.text import Text

    console.print(Text(_safe(words, console), style=style))


def _safe(words: str, console: Console) -> str:
    plain = "".join(sign if sign.isprintable() or sign == "\n" else "?" for sign in words)
    if console.options.ascii_only:
        plain = plain.translate(_ASCII)
    return plain
