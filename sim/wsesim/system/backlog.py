"""A queue of a step whose times are worked out: what it holds until when, and who fills or empties it."""

from __future__ import annotations

from collections import deque
from dataclasses import dataclass, field

from wsesim.units import ROUNDING


@dataclass(slots=True)
class Backlog:
    """A queue with room in bytes, and who fills or empties it."""

    room: float
    at: float = 0.0
    """Until when who fills it (or, of gradients, empties it) is at work."""
    taken: float = 0.0
    held: deque[tuple[float, float]] = field(default_factory=deque)
    """Pieces, each with when it is gone: those that may be in the way of what comes."""

    def room_from(self, size: float, ready: float) -> float:
        """Return when a piece that is *ready* finds room; one larger than all room passes alone."""
        while self.held and self.taken + size > self.room * (1 + ROUNDING):
            left, gone = self.held.popleft()
            self.taken -= left
            ready = max(ready, gone)
        return ready

    def put(self, size: float, gone: float) -> None:
        """Hold a piece until it is *gone*."""
        self.taken += size
        self.held.append((size, gone))

    def rest(self, *, idle_until: float) -> float:
        """Forget what is gone by *idle_until*, and return until when it is at work; before, nothing of it matters."""
        while self.held and self.held[0][1] <= idle_until:
            self.taken -= self.held.popleft()[0]
        return max(self.at, idle_until)

    def move(self, seconds: float) -> None:
        """Move all its times."""
        self.at += seconds
        self.held = deque((size, gone + seconds) for size, gone in self.held)
