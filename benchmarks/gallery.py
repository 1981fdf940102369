"""Write the index of the committed reports: each page with its question, and the first picture of a study."""

from __future__ import annotations

import html
import re
from pathlib import Path

REPORTS = Path(__file__).parents[1] / "reports"
PAGE = """<!DOCTYPE html>
<html lang="en">
<head>
<meta charset="utf-8">
<meta http-equiv="Content-Security-Policy" content="default-src 'none'; style-src 'unsafe-inline'">
<meta name="viewport" content="width=device-width, initial-scale=1">
<meta name="color-scheme" content="light dark">
<title>wsesim · gallery</title>
<style>
:root {{ --ink: #1d1d1b; --soft: #63615b; --line: #e3e0d8; --paper: #fdfcfa; }}
@media (prefers-color-scheme: dark) {{
  :root {{ --ink: #e8e6df; --soft: #a3a097; --line: #34332f; --paper: #171715; }}
}}
body {{ margin: 0 auto; max-width: 60rem; padding: 2rem 1rem; font: 1rem/1.5 system-ui, sans-serif;
  color: var(--ink); background: var(--paper); overflow-wrap: anywhere; }}
a {{ color: inherit; }}
h2 {{ border-top: 1px solid var(--line); padding-top: 1rem; font-size: 1rem; }}
li {{ margin: .5rem 0; }}
small {{ color: var(--soft); display: block; }}
</style>
</head>
<body>
<h1>Questions, and what came out</h1>
<p>Each page has its question, picture, table, method, what it leaves out, and everything to run it again.</p>
{sections}
</body>
</html>
"""
SECTIONS = (
    ("Studies", "sweep.html"),
    ("Questions", "report.html"),
    ("What an answer hangs on", "sensitivity.html"),
    ("Does it behave?", "behaviour.html"),
)


def _title(page: Path) -> str:
    found = re.search(r"<h1>(.*?)</h1>", page.read_text("utf-8"), re.DOTALL)
    return html.unescape(re.sub(r"<[^>]*>", "", re.sub(r"\s+", " ", found[1]))) if found else page.parent.name


def _section(title: str, name: str) -> str:
    pages = sorted(REPORTS.glob(f"*/{name}"))
    entries = "\n".join(
        f'<li><a href="{page.parent.name}/{name}">{html.escape(_title(page))}</a><small>{page.parent.name}</small></li>'
        for page in pages
    )
    return f"<h2>{title}</h2>\n<ul>\n{entries}\n</ul>" if pages else ""


if __name__ == "__main__":
    sections = "\n".join(filter(None, (_section(*each) for each in SECTIONS)))
    (REPORTS / "index.html").write_text(PAGE.format(sections=sections), "utf-8")
    print(f"wrote {REPORTS / 'index.html'}")
