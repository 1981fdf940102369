"""What can go wrong with a program for cores."""

from __future__ import annotations

from wsesim.errors import WsesimError


class ProgramError(WsesimError):
    """A program that cannot run: says the role, the color or core, and the line of the builder."""


class Deadlock(ProgramError):
    """Nothing can move any more, and somebody still waits."""
