"""The line of source that writes a part of a program, for messages and listings."""

from __future__ import annotations

import inspect
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from functools import cache, partial
from pathlib import Path
from types import CodeType, FrameType
from typing import Any

_AUTHORS: list[CodeType | str | None] = [None]
"""What asks for what is written now, the latest last: a function, or a line of source."""


def source_line() -> str:
    """Return the line of source that is being carried out, as `file.py, line 12`.

    It is that of the program's author. Where other code writes for it, that of this package's kit or one it shares with
    others, the line of that code stands beside it: `file.py, line 12, by plans.py, line 3`.
    """
    inner = _outwards(inspect.currentframe(), _CORES)
    author, written = author_line(), _line(inner)
    return author if author == written else f"{author}, by {written}"


def author_line() -> str:
    """Return the line of the program's author alone: where a function is not at work, its first; empty without one."""
    author = _AUTHORS[-1]
    if isinstance(author, str):
        return author
    frame = _outwards(inspect.currentframe(), _CORES | _KIT)
    if author is None:
        return _line(frame)
    while frame is not None and frame.f_code is not author:
        frame = frame.f_back
    return _line(frame) or f"{_file_name(author.co_filename)}, line {author.co_firstlineno}"


@contextmanager
def written_by(author: Callable[..., Any] | str) -> Iterator[None]:
    """Name the author of what a block writes: a function that is carried out in it, or a line of source."""
    while isinstance(author, partial):
        author = author.func
    _AUTHORS.append(author if isinstance(author, str) else getattr(author, "__code__", None))
    try:
        yield
    finally:
        _AUTHORS.pop()


def _outwards(frame: FrameType | None, files: frozenset[str]) -> FrameType | None:
    while frame is not None and frame.f_code.co_filename in files:
        frame = frame.f_back
    return frame


def _line(frame: FrameType | None) -> str:
    return "" if frame is None else f"{_file_name(frame.f_code.co_filename)}, line {frame.f_lineno}"


@cache
def _file_name(path: str) -> str:
    return Path(path).name


_MADE = "<string>"
"""Where the code of dataclasses stands."""
_CORES = frozenset(map(str, Path(__file__).parent.glob("*.py"))) | {contextmanager.__code__.co_filename, _MADE}
_KIT = frozenset(map(str, (Path(__file__).parent / "kit").glob("*.py")))
