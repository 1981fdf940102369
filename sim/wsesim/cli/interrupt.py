"""Ctrl-C ends a command, wherever it strikes.

Python raises KeyboardInterrupt between any two steps, also in what the garbage collector calls (`__del__`, callbacks of
weak references), and drops what is raised there; and libraries may take it for an error of theirs. So it is noted here
that somebody pressed Ctrl-C, and what was dropped is raised again a moment later.

A process that was started with SIGINT ignored, as shells start what runs in the background, goes on ignoring it.
"""

from __future__ import annotations

import os
import signal
import sys
from types import FrameType
from typing import TYPE_CHECKING, NoReturn

if TYPE_CHECKING:
    from sys import UnraisableHookArgs

CODE = 130
"""Exit code of what was interrupted: 128 and the number of the signal, as shells have it."""
_AGAIN_S = 0.01
_heard: list[int] = []


def listen() -> None:
    """From now on note interrupts; for a process of our own, not for a library."""
    if signal.getsignal(signal.SIGINT) is signal.default_int_handler:
        signal.signal(signal.SIGINT, _interrupt)
        sys.unraisablehook = _raise_again


def was_heard() -> bool:
    """Return whether this process was told to end, even if nothing came of it."""
    return bool(_heard)


def done() -> None:
    """Ignore interrupts from now on: one was heard, and all that is left is to end."""
    if signal.getsignal(signal.SIGINT) is _interrupt:
        signal.signal(signal.SIGINT, signal.SIG_IGN)


def leave() -> None:
    """End at once if interrupted from now on: what had to be done is done, and Python puts itself away."""
    if signal.getsignal(signal.SIGINT) is _interrupt:
        signal.signal(signal.SIGINT, _end)


def _end(number: int, frame: FrameType | None) -> NoReturn:
    os.write(2, b"interrupted\n")
    os._exit(CODE)


def _interrupt(number: int, frame: FrameType | None) -> NoReturn:
    _heard.append(number)
    raise KeyboardInterrupt


def _raise_again(dropped: UnraisableHookArgs) -> None:
    """Raise a dropped interrupt when what dropped it is over; a timer, as a thread could wait for a lock held there."""
    if not issubclass(dropped.exc_type, KeyboardInterrupt):
        sys.__unraisablehook__(dropped)
        return
    if sys.platform == "win32":
        os._exit(CODE)
    signal.signal(signal.SIGALRM, _interrupt)
    signal.setitimer(signal.ITIMER_REAL, _AGAIN_S)
