"""Levels as one HTML page, no scripts, nothing loaded, everything a user typed escaped; and the files they are."""

from __future__ import annotations

from pathlib import Path

from wsesim._version import __version__
from wsesim.levels import words
from wsesim.levels.comparison import Comparison
from wsesim.report import text
from wsesim.report.folder import publish
from wsesim.report.page import templates
from wsesim.report.plain import json_text

FILES = ("levels.html", "levels.json")
"""What a comparison writes; a folder that holds anything else is not ours to replace."""


def render_html(found: Comparison) -> str:
    """Return the page; the same bytes for the same comparison, but for its last section, which shows what it cost."""
    best = found.finest
    figures = tuple(best.figures) if best else ()
    longest = max((answer.figures.get(figures[0]) or 0.0 for answer in found.answers), default=0.0) if figures else 0.0
    widths = {
        answer.level: f"{100 * (answer.figures[figures[0]] or 0.0) / longest:.2f}%"
        for answer in found.answers
        if answer.figures and longest > 0
    }
    page = {
        "found": found, "best": best, "figures": figures, "widths": widths, "words": words, "text": text,
        "version": __version__, "causes": (),
        "ran": [row for row in found.kernels if row.program], "kept": [row for row in found.kernels if not row.program],
    }  # fmt: skip
    return templates("wsesim.levels").get_template("levels.html.j2").render(page)


def write_levels(found: Comparison, out: Path, *, overwrite: bool = False) -> tuple[Path, ...]:
    """Write `levels.html` and `levels.json` into the folder *out*, both or none.

    Returns:
        The paths written.

    Raises:
        InputError: *out* is a file, holds something no comparison wrote, holds a comparison and *overwrite* is off, or
            cannot be written.
    """
    texts = (render_html(found), json_text(found.to_json()))
    files = {name: written.encode() for name, written in zip(FILES, texts, strict=True)}
    return publish(files, out, overwrite=overwrite)
