"""What some cores of a run do, one thing after the other: switched on for profiles, as it takes time and room."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field

from wsesim.cores.state import LOG, State, zeros
from wsesim.csl.image import Image

USUALLY_WATCHED = 16
MOST_WATCHED = 256
ROOM = 1 << 18
"""Rows between two looks at a run."""
MOST_ROWS = 400_000
"""In all: what comes after them is not logged."""


@dataclass(slots=True)
class RunLog:
    """Rows of the log of a run."""

    cores: tuple[int, ...] = ()
    rows: list[list[int]] = field(default_factory=list)
    ended: int = -1
    """Cycle from which nothing was logged any more, -1: there is none."""

    def start(self, state: State, cores: Sequence[int]) -> State:
        """Watch some cores from now on; return the state with room for what they do."""
        self.cores = tuple(cores)
        state.cores["watched"][list(cores)] = 1
        return state._replace(log=zeros(ROOM, LOG))

    def drain(self, state: State) -> None:
        """Take the rows out of a state."""
        clock = state.clock[0]
        if self.ended < 0:
            self.rows += state.log[: clock["logged"]].tolist()
            if len(self.rows) > MOST_ROWS:
                self.ended = int(clock["now"])
                state.cores["watched"] = 0
        clock["logged"] = 0


def usually_watched(image: Image) -> tuple[int, ...]:
    """Return the first core of each class, as many as are watched, then the first of all."""
    firsts: dict[int, int] = {}
    cores = image.width * image.height
    for core in range(cores):
        firsts.setdefault(int.from_bytes(image.class_of[4 * core : 4 * core + 4], "little"), core)
        if len(firsts) >= min(USUALLY_WATCHED, len(image.classes)):
            break
    chosen = dict.fromkeys([*list(firsts.values())[:USUALLY_WATCHED], *range(min(cores, USUALLY_WATCHED))])
    return tuple(sorted(list(chosen)[:USUALLY_WATCHED]))
