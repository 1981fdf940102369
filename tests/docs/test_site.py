"""The site of the manual is built without a warning, and needs no network to be read."""

from __future__ import annotations

import importlib.util
import re
import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]
FETCHED = re.compile(r"""<(?:script|img|iframe|link)\b[^>]*\b(?:src|href)=["'](?:https?:)?//[^"']*""")
"""What a browser fetches by itself: links to follow are not."""
INSTALLED = importlib.util.find_spec("sphinx") is not None


@pytest.mark.nightly
@pytest.mark.skipif(not INSTALLED, reason="the extra `docs` is not installed")
def test_the_site_is_whole_and_fetches_nothing(tmp_path: Path) -> None:
    build = [sys.executable, "-m", "sphinx", "-W", "--keep-going", "-q", "-b", "html"]
    done = subprocess.run([*build, str(ROOT / "docs"), str(tmp_path)], capture_output=True, text=True, check=False)
    assert (done.returncode, done.stderr) == (0, "")
    pages = [*tmp_path.rglob("*.html")]
    fetched = {found for page in pages for found in FETCHED.findall(page.read_text("utf-8"))}
    fetched = {found for found in fetched if 'rel="canonical"' not in found}
    away = re.compile(r"url\(.?https?:|@import")
    styles = {file for file in tmp_path.rglob("*.css") if away.search(file.read_text("utf-8"))}
    assert (fetched, styles) == (set(), set())
    assert (tmp_path / "searchindex.js").exists()
    for link in re.findall(r'href="(reports/[^"]+)"', (tmp_path / "gallery.html").read_text("utf-8")):
        assert (tmp_path / link).exists(), link
