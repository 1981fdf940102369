"""The line of source that writes a part of a program, for messages and listings."""

from __future__ import annotations

import inspect
from contextlib import contextmanager
from functools import cache
from pathlib import Path


def source_line() -> str:
    """Return the line of source outside this package that is being carried out, as `file.py, line 12`."""
    frame = inspect.currentframe()
    while frame is not None and frame.f_code.co_filename in _OWN_FILES:
        frame = frame.f_back
    return f"{_file_name(frame.f_code.co_filename)}, line {frame.f_lineno}" if frame is not None else ""


@cache
def _file_name(path: str) -> str:
    return Path(path).name


_OWN_FILES = {
    *(str(path) for folder in (".", "kit") for path in (Path(__file__).parent / folder).glob("*.py")),
    contextmanager.__code__.co_filename,
}
