"""Write the index of the committed reports, each page with its question: `cd docs && python -m made.index`."""

from __future__ import annotations

import html
from pathlib import Path

from made.gallery import REPORTS, SECTIONS, title_of

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


def _section(title: str, name: str) -> str:
    pages = sorted(REPORTS.glob(f"*/{name}"))
    entries = "\n".join(map(_entry, pages))
    return f"<h2>{title}</h2>\n<ul>\n{entries}\n</ul>" if pages else ""


def _entry(page: Path) -> str:
    folder = page.parent.name
    return f'<li><a href="{folder}/{page.name}">{html.escape(title_of(page))}</a><small>{folder}</small></li>'


if __name__ == "__main__":
    sections = "\n".join(filter(None, (_section(*each) for each in SECTIONS)))
    (REPORTS / "index.html").write_text(PAGE.format(sections=sections), "utf-8")
    print(f"wrote {REPORTS / 'index.html'}")
