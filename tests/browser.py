"""Pages in a headless browser: nothing flows over on a phone, is missing or complains."""

from __future__ import annotations

import html
import json
import re
import shutil
import subprocess
from collections.abc import Sequence
from pathlib import Path

BROWSER = next(filter(None, map(shutil.which, ("chromium", "chromium-browser", "google-chrome"))), None)
WIDTHS = (390, 1200)
FRAME = '<iframe src="{page}" width="{width}" height="900" data-width="{width}"></iframe>'
SCRIPT = """
onload = () => {
  const frames = [...document.querySelectorAll("iframe")];
  document.title = JSON.stringify(frames.map(frame => {
    const inside = frame.contentDocument, missing = [...inside.images].filter(each => !each.naturalWidth).length;
    return [frame.src, Number(frame.dataset.width), inside.documentElement.scrollWidth, missing];
  }));
};
"""


def require_fitting(pages: Sequence[Path], folder: Path) -> None:
    """Open *pages* at the width of a phone and of a window; *folder* is for what the browser writes."""
    assert BROWSER is not None
    frames = "".join(FRAME.format(page=page.as_uri(), width=width) for page in pages for width in WIDTHS)
    (folder / "all.html").write_text(f"<body>{frames}<script>{SCRIPT}</script>", "utf-8")
    command = [
        BROWSER, "--headless", "--no-sandbox", "--disable-gpu", "--allow-file-access-from-files",
        f"--user-data-dir={folder / 'profile'}", "--virtual-time-budget=5000", "--enable-logging=stderr",
        "--dump-dom", (folder / "all.html").as_uri(),
    ]  # fmt: skip
    done = subprocess.run(command, capture_output=True, text=True, timeout=120, check=True)
    title = re.search(r"<title>(.*?)</title>", done.stdout, re.DOTALL)
    assert title is not None, done.stdout[:500]
    found = json.loads(html.unescape(title[1]))
    assert len(found) == len(WIDTHS) * len(pages) > 0
    assert [each for each in found if each[2] > each[1] or each[3]] == []
    assert "CONSOLE" not in done.stderr
