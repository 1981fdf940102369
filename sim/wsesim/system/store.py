"""MemoryX at the end of the line: it sums gradients, and with the last of them updates the weights.

          pieces of gradients arrive
              v   v     v    v
    ------[###][###]--[###][#######]---> time       a piece waits until the one before it is done
                                    ^ free

Nothing waits for it but the end of the step, so it is not played: when it is done follows from when pieces arrive, and
from that what many equal stretches in a row come to.
"""

from __future__ import annotations

from dataclasses import dataclass, field, replace

from wsesim.mapping import Program
from wsesim.system.recorder import Recorder, Work

TRACK = "memoryx"
_ROUNDING_S = 1e-12


@dataclass(slots=True)
class Store:
    """Works off the gradients it is given, one piece after another."""

    program: Program
    recorder: Recorder
    free: float = 0.0
    """When it is done with all it was given, in the environment's time."""
    _busy: list[tuple[Work, float]] = field(default_factory=list)
    """What it does from when to when, not yet shown: how a jump moves it is not known before."""

    def take(self, size: float, arrival: float, *, last: bool) -> None:
        """Take a piece of *size* bytes; the *last* time a gradient comes, its weight is updated."""
        seconds = self.program.update_s(size, last=last)
        cause, start = cause_of(self.program, last=last), max(self.free, arrival)
        self.free = start + seconds
        self.recorder.count(TRACK, cause, seconds)
        if self._busy and self._busy[-1][0].cause == cause and self._busy[-1][1] == start:
            start = self._busy.pop()[0].start
        self._busy.append((Work(track=TRACK, cause=cause, name=cause, start=start), self.free))

    def lag(self, now: float) -> float:
        """Return how far it is behind."""
        return max(0.0, self.free - now)

    def jump(self, now: float, lag: float) -> None:
        """Show what was done until *now*; what follows is then *lag* long, and comes after the jump."""
        same = abs(lag - self.lag(now)) <= _ROUNDING_S
        rest = []
        for work, end in self._busy:
            if work.start < now:
                self.recorder.show(TRACK, work.cause, work.start, min(end, now))
            if end > now:
                rest.append((replace(work, start=max(work.start, now)), end))
        self.free = now + lag
        if not same:
            rest = [(replace(work, start=now), self.free) for work, _ in rest[-1:] if lag > 0]
        self._busy = rest

    def finish(self, now: float) -> None:
        """Update what waited for the last gradient, all of which have come by *now*, and show the rest."""
        second = self.program.second_pass_s
        if second:
            self.free = max(self.free, now)
            self._busy.append((Work(track=TRACK, cause="update", name="update", start=self.free), self.free + second))
            self.free += second
            self.recorder.count(TRACK, "update", second)
        for work, end in self._busy:
            self.recorder.show(TRACK, work.cause, work.start, end)
        self._busy.clear()


def cause_of(program: Program, *, last: bool) -> str:
    """Return what the store does with a piece of a gradient."""
    return "update" if last and not program.software.update_waits else "accumulate"


def lag_after(times: int, *, before: float, lag: float, period: float, work: float) -> float | None:
    """Return the lag when what made it *lag* out of *before* has happened *times* more; None if that is unknown.

    In a *period* pieces worth *work* seconds arrive, always alike, and lag' = max(lag + work - period, C): either
    it was busy all along, or the last pieces left it with C whatever was before.
    """
    growth = work - period
    if not work:
        return max(0.0, lag + times * growth)
    if growth < -_ROUNDING_S and lag <= before + growth + _ROUNDING_S:
        return None  # it is catching up, and C is still hidden
    return lag + times * max(0.0, growth)
