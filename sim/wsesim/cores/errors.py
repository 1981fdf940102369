"""What can go wrong with a program for cores."""

from __future__ import annotations

from wsesim.errors import OutOfReach, WsesimError


class ProgramError(WsesimError):
    """A program that cannot run: says the role, the color or core, and the line of the builder."""


class Deadlock(ProgramError):
    """Nothing can move any more, and somebody still waits."""


class NoRoom(ProgramError):
    """A program whose data, or data and code, a core has no memory for."""

    def __init__(self, message: str, *, need_bytes: int, have_bytes: int) -> None:
        """Say it, and keep both sizes."""
        super().__init__(message)
        self.need_bytes, self.have_bytes = need_bytes, have_bytes


class TooFew(ProgramError):
    """A program that needs more colors, queues or registers than there are."""


NO_HOPS = (
    "fabric.hop_cycles is 0: cores are played cycle by cycle, and there a wavelet is at the next router a cycle later "
    "at the earliest"
)
"""Why no program runs where a hop takes no time."""


class TooLarge(ProgramError, OutOfReach):
    """A program that would fit its cores, but this computer or the engine cannot simulate."""


class NotWritten(ProgramError):
    """What is known in closed form only: nobody has written a program for it, or nothing is measured of it."""
