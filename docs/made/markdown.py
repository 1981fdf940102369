"""Tables and text in Markdown, from what stands in the code."""

from __future__ import annotations

from collections.abc import Iterable, Sequence


def cell(text: object) -> str:
    """Return text that may stand in a table: one line, no bar, nothing taken for a tag."""
    return " ".join(str(text).split()).replace("|", "\\|").replace("<", "&lt;").replace("*", "\\*")


def code(text: object) -> str:
    """Return text as code; nothing of nothing."""
    return f"`{' '.join(str(text).split())}`".replace("|", "\\|") if str(text) else ""


def table(heads: Sequence[str], rows: Iterable[Sequence[str]]) -> str:
    """Return a table; cells are Markdown already."""
    lines = [heads, ["---"] * len(heads), *rows]
    return "\n".join(f"| {' | '.join(line)} |" for line in lines)


def parts(*each: str) -> str:
    """Return paragraphs, tables and headings one after the other."""
    return "\n\n".join(filter(None, each))
