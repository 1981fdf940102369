"""When weights may be sent again: each once the store has updated it, that which is needed first before the others.

    gradients of the last pass arrive         the next step needs weights in the other order
    layer 3   layer 2   layer 1          ->   layer 1   layer 2   layer 3
                             ^ first                                  ^ end

The last gradient is that of the weight needed first, and is worked off as it comes; what the store is behind with by
then are those of weights needed later, and these are ready one after the other until all are.
"""

from __future__ import annotations

from dataclasses import dataclass
from math import floor, fsum

from wsesim.mapping import Program, Stage
from wsesim.system.sequence import alike_s


@dataclass(slots=True)
class Due:
    """From when on each weight of a step may be sent; times in the environment's."""

    first: float
    """When the last gradient is worked off: no weight is ready before."""
    end: float
    """When all weights are updated."""
    work_s: float
    """What updating all of them takes the store."""
    size: float
    """Bytes until each weight has been sent once."""
    sent: float = 0.0

    def ready(self, size: float) -> float:
        """Return when the next piece of *size* bytes may be sent; 0 bytes for one that was sent before."""
        self.sent += size
        return max(self.first, self.updated)

    def slack(self, now: float) -> float:
        """Return how much earlier than *now*, when it is sent, the last piece was updated, whatever came after that."""
        slack = now - self.updated
        return slack if slack > alike_s(now) else 0.0

    @property
    def updated(self) -> float:
        """When the store is done with the last piece, whatever came after it."""
        return self.end - self.work_s * max(0.0, 1 - self.sent / self.size)

    def skip(self, size: float, seconds: float) -> None:
        """Let *size* bytes have been sent, in time that the clock does not show."""
        self.sent += size
        self.first -= seconds
        self.end -= seconds


def first_bytes(program: Program) -> float:
    """Return the bytes of weights sent until each was sent once: those of the forward stages; at least 1."""
    stages = program.groups[0].stages
    return max(1.0, fsum(stage.repeat * counted(program, stage, stage.weight_bytes) for stage in stages))


def counted(program: Program, stage: Stage, size: float) -> float:
    """Return which of a piece's *size* bytes are sent for the first time in a step: all of a forward stage, else none.

    Where no forward stage has weights, those of a backward stage are the first.
    """
    forward = any(one.phase == "forward" and one.weight_bytes for one in program.groups[0].stages)
    return size if stage.phase == "forward" or not forward else 0.0


def safe(times: int, *, before: float, slack: float) -> int:
    """Return how many of *times* repetitions the sender can run ahead without having to wait for updates.

    Each takes as much of its slack, seconds, as the last one did: from *before* to *slack*.
    """
    lost = before - slack
    return times if lost <= 0 else min(times, max(0, floor(slack / lost) - 1))
