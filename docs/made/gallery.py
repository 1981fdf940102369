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
        f'<li><a href="reports/{page.parent.name}/{name}">{_title(page)}</a></li>'
        for page in sorted(REPORTS.glob(f"*/{name}"))
    ]
    return f"## {title}\n\n<ul>\n{chr(10).join(entries)}\n</ul>"


def _title(page: Path) -> str:
    found = re.search(r"<h1>(.*?)</h1>", page.read_text("utf-8"), re.DOTALL)
    return " ".join(found[1].split()) if found else html.escape(page.parent.name)
