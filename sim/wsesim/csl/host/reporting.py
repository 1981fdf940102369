"""What stops a host script as its user reads it: the line of the script, and below it, last, what is wrong."""

from __future__ import annotations

import sys
import traceback
from pathlib import Path
from types import TracebackType

from wsesim.csl.machine import CslFault
from wsesim.errors import InputError

_PACKAGE = Path(__file__).parents[2]


class HostError(RuntimeError):
    """A host script asks for what cannot be."""


OWN = (HostError, CslFault, InputError)
"""Errors that say all that their reader needs."""


def report_cleanly() -> None:
    """Have our own errors end a script without a traceback, unless the script, or what runs it, has its own way."""
    if sys.excepthook is sys.__excepthook__:
        sys.excepthook = report


def report(kind: type[BaseException], error: BaseException, trace: TracebackType | None) -> None:
    """Print an error of our own below the line of the script that met it; any other as Python does."""
    if not isinstance(error, OWN):
        sys.__excepthook__(kind, error, trace)
        return
    before = error.__context__
    if before is not None and not error.__suppress_context__:
        report(type(before), before, before.__traceback__)
    frames = traceback.extract_tb(trace)
    theirs = [frame for frame in frames if not Path(frame.filename).is_relative_to(_PACKAGE)]
    met = f"{theirs[-1].filename}:{theirs[-1].lineno}: {theirs[-1].line}\n" if theirs else ""
    print(f"{met}{error}", file=sys.stderr)
