"""How Sphinx builds the manual: `make docs`. What stands in a page as `<!-- made: NAME -->` is made here from the code.

Nothing is fetched, neither to build the pages nor to read them: they lie in build/docs and open from there.
"""

from __future__ import annotations

import shutil
import sys
from pathlib import Path
from typing import Any

from pygments.lexers.special import TextLexer
from pygments.lexers.zig import ZigLexer

HERE = Path(__file__).parent
sys.path.insert(0, str(HERE))

from made import fill  # noqa: E402

from wsesim._version import __version__  # noqa: E402

project = "wsesim"
author = "The wsesim authors"
project_copyright = "The wsesim authors, Apache-2.0"
release = version = __version__
extensions = ["myst_parser", "sphinx.ext.autodoc", "sphinx.ext.napoleon"]
exclude_patterns = ["made"]
myst_heading_anchors = 3
suppress_warnings = ["myst.header"]  # of the reports that are shown as they are
autodoc_typehints = "description"
autodoc_member_order = "bysource"
autodoc_class_signature = "separated"
autodoc_default_options = {"members": True, "exclude-members": "__init__, __new__, __post_init__"}
napoleon_google_docstring = True
napoleon_numpy_docstring = False
highlight_language = "none"
html_theme = "furo"
html_title = "wsesim"
html_show_sphinx = False
html_copy_source = False
html_show_sourcelink = False
html_theme_options: dict[str, Any] = {"top_of_page_buttons": []}


def _fill(app: Any, name: str, source: list[str]) -> None:
    source[0] = fill(source[0])


def _untyped(app: Any, what: str, name: str, found: Any, options: Any, lines: list[str]) -> None:
    """Keep what stands before a colon in the text of an attribute from being taken for its type."""
    if what == "attribute":
        lines.insert(0, "")


def _bring_reports(app: Any, error: Exception | None) -> None:
    """Put the reports that the gallery shows beside the pages."""
    if error is None:
        shutil.copytree(HERE.parent / "reports", Path(app.outdir) / "reports", dirs_exist_ok=True)


def setup(app: Any) -> None:
    """Have pages filled before they are read."""
    app.add_lexer("csl", ZigLexer)  # of the same family
    app.add_lexer("csv", TextLexer)
    app.connect("source-read", _fill)
    app.connect("autodoc-process-docstring", _untyped, priority=400)  # before napoleon's
    app.connect("build-finished", _bring_reports)
