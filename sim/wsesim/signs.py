"""Text as it may be shown: nothing in it speaks to a terminal, and every sign of it can be written.

Whatever is printed goes through `printable`, whoever wrote it. What a stream's encoding lacks is written by the nearest
ASCII signs: by `ascii_only` where columns are to stay aligned, else by the stream itself, once `NEAREST` is how it
treats what it cannot encode.
"""

from __future__ import annotations

import codecs
import locale
import os
import sys
from io import TextIOWrapper

NEAREST = "wsesim.nearest"
"""Name of the handler of encoding errors that writes the nearest ASCII signs."""
_NO_BREAK_SPACE = "\N{NO-BREAK SPACE}"
_ASCII = str.maketrans(
    {"×": "x", "·": "-", "µ": "u", "μ": "u", "→": "->", "━": "=", "╸": "-", "³": "3", "²": "2", "−": "-", "–": "-",
     "—": "-", "…": "...", "’": "'", "≤": "<=", "≥": ">=", _NO_BREAK_SPACE: " "}
)  # fmt: skip


def printable(text: str, *, keep: str = "\n\t") -> str:
    """Return *text* with every sign written out that is not printed, such as one that could steer a terminal.

    Signs in *keep* stay, and so does a space at which no line breaks.
    """
    if text.isprintable():
        return text
    return "".join(
        sign if sign.isprintable() or sign in keep or sign == _NO_BREAK_SPACE else ascii(sign)[1:-1] for sign in text
    )


def ascii_only(words: str) -> str:
    """Write *words* with the nearest ASCII signs; `?` where there is none."""
    return words.translate(_ASCII).encode("ascii", "replace").decode()


def write_nearest() -> None:
    """Let standard output and errors write the nearest ASCII signs for those that their encoding lacks.

    Where the locale is ASCII, as LC_ALL=C asks for, so are they, unless Python is told otherwise: by itself it would
    take UTF-8.
    """
    encoding = "ascii" if _by_locale() and codecs.lookup(locale.getencoding()).name == "ascii" else None
    for stream in (sys.stdout, sys.stderr):
        if isinstance(stream, TextIOWrapper):
            stream.reconfigure(encoding=encoding, errors=NEAREST)


def _by_locale() -> bool:
    told = {"PYTHONUTF8", "PYTHONIOENCODING"} & os.environ.keys() or "utf8" in sys._xoptions
    return not told and bool(sys.flags.utf8_mode)


def _nearest(error: UnicodeError) -> tuple[str, int]:
    if not isinstance(error, UnicodeEncodeError):
        raise error
    return ascii_only(error.object[error.start : error.end]), error.end


codecs.register_error(NEAREST, _nearest)
