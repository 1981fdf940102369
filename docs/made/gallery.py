"""The committed reports, each with its question: links that lead to where the build puts them."""

from __future__ import annotations

import html
import re
from pathlib import Path

REPORTS = Path(__file__).parents[2] / "reports"
SECTIONS = (
    ("Studies", "sweep.html"), ("Questions", "report.html"), ("What an answer hangs on", "sensitivity.html"),
    ("Does it behave?", "behaviour.html"),
)  # fmt: skip


def gallery() -> str:
    """Every page of the reports under its kind."""
    return "\n\n".join(_section(*each) for each in SECTIONS)


def _section(title: str, name: str) -> str:
    entries = [
        f'<li><a href="reports/{page.parent.name}/{name}">{html.escape(title_of(page))}</a></li>'
        for page in sorted(REPORTS.glob(f"*/{name}"))
    ]
    return f"## {title}\n\n<ul>\n{chr(10).join(entries)}\n</ul>"


def title_of(page: Path) -> str:
    """The question of a page."""
    found = re.search(r"<h1>(.*?)</h1>", page.read_text("utf-8"), re.DOTALL)
    return html.unescape(re.sub(r"<[^>]*>", "", re.sub(r"\s+", " ", found[1]))) if found else page.parent.name
