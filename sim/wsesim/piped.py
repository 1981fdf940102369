"""Standard input in place of a file: `-` names it wherever a file of a question, a study or a trace is named.

It can be read once only, and files are read more often, by other processes too: it is kept in a file until this process
ends.
"""

from __future__ import annotations

import atexit
import os
import sys
import tempfile
from pathlib import Path

STDIN = "-"
KEPT = "WSESIM_STDIN"
"""The variable by which processes that this one starts find the file."""
_AT_ONCE = 1 << 20


def piped(path: str | Path, *, most: int | None = None) -> Path:
    """Return *path*, or the file that standard input is kept in, *most* bytes of it, if that is named.

    Raises:
        OSError: standard input cannot be read, or kept.
    """
    if str(path) != STDIN:
        return Path(path)
    if not os.environ.get(KEPT):
        os.environ[KEPT] = _keep(most)
    return Path(os.environ[KEPT])


def named_file(folder: Path, name: str) -> Path:
    """Return the file that a file in *folder* names: it starts there, unless it is standard input.

    Raises:
        OSError: as `piped`.
    """
    return piped(name) if name == STDIN else folder / name


def _keep(most: int | None) -> str:
    with tempfile.NamedTemporaryFile(prefix="wsesim-", delete=False) as file:
        atexit.register(Path(file.name).unlink, missing_ok=True)
        left = sys.maxsize if most is None else most
        while sys.stdin is not None and left and (part := sys.stdin.buffer.read(min(left, _AT_ONCE))):
            left -= file.write(part)
    return file.name
