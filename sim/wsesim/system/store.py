"""MemoryX at the end of the line: it sums gradients, and with the last of them updates the weights.

          pieces of gradients arrive
              v   v     v    v
    ------[###][###]--[###][#######]---> time       a piece waits until the one before it is done
                                    ^ free

Only the weights of the next step wait for it (`due`), so it is not played: when it is done follows from when pieces
arrive, and from that what many equal stretches in a row come to.
"""

from __future__ import annotations

from dataclasses import dataclass, field, replace
from math import floor

from wsesim.mapping import Program
from wsesim.system.due import Due, first_bytes
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
    soonest: float = 0.0
    """When it would be done with the last piece if it had begun as that came."""
    _busy: list[tuple[Work, float]] = field(default_factory=list)
    """What it does from when to when, not yet shown: how a jump moves it is not known before."""

    def take(self, size: float, arrival: float, *, last: bool, step: int = 0) -> None:
        """Take a piece of *size* bytes; the *last* time a gradient comes in a *step*, its weight is updated."""
        seconds = self.program.update_s(size, last=last)
        cause, start = cause_of(self.program, last=last), max(self.free, arrival)
        self.free, self.soonest = start + seconds, arrival + seconds
        self.recorder.count(TRACK, cause, seconds, step=step)
        if self._busy and self._busy[-1][0].cause == cause and self._busy[-1][1] == start:
            start = self._busy.pop()[0].start
        self._busy.append((Work(track=TRACK, cause=cause, name=cause, start=start), self.free))

    def lag(self, now: float) -> float:
        """Return how far it is behind."""
        return max(0.0, self.free - now)

    def jump(self, now: float, lag: float, *, idle_s: float = 0.0) -> None:
        """Show what was done until *now*; what follows is then *lag* long, and comes after the jump.

        Nothing came to it for *idle_s* of what is jumped over.
        """
        self.soonest -= idle_s
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

    def close(self, now: float, *, step: int = 0) -> Due | None:
        """End a *step*, all of whose gradients have come *now*: go over all weights, if that waited for them.

        Return from when on the next step may have its weights.
        """
        due = due_after(self.program, free=max(self.free, now), soonest=self.soonest)
        if due and (second := self.program.second_pass_s):
            self._busy.append((Work(track=TRACK, cause="update", name="update", start=due.first), due.end))
            self.recorder.count(TRACK, "update", second, step=step)
            self.free = due.end
        return due

    def finish(self) -> None:
        """Show the rest."""
        for work, end in self._busy:
            self.recorder.show(TRACK, work.cause, work.start, end)
        self._busy.clear()


def due_after(program: Program, *, free: float, soonest: float) -> Due | None:
    """Return from when on weights may be sent again if the store is *free* after a step; None if none is updated."""
    if not program.last_gradient_bytes:
        return None
    if second := program.second_pass_s:
        return Due(first=free, end=free + second, work_s=second, size=first_bytes(program))
    work_s = program.update_s(program.last_gradient_bytes, last=True)
    return Due(first=soonest, end=free, work_s=work_s, size=first_bytes(program))


def cause_of(program: Program, *, last: bool) -> str:
    """Return what the store does with a piece of a gradient."""
    return "update" if last and not program.software.update_waits else "accumulate"


def lag_after(
    times: int, *, before: float, lag: float, period: float, work: float, arriving: float
) -> tuple[int, float]:  # fmt: skip
    """Return how often what made the store *lag* out of *before* may be counted, *times* at most, and its lag then.

    In a *period* pieces worth *work* seconds arrive, always alike, and lag' = max(lag + work - period, C): either
    it was busy all along, or the last pieces left it with C whatever was before, which is no more than they are worth
    and the time until the last of them has come, *arriving*. While it catches up, C is not known to be reached.
    """
    growth = work - period
    if work and growth < -_ROUNDING_S and lag <= before + growth + _ROUNDING_S:
        times = min(times, max(0, floor((lag - work - arriving) / -growth)))
        return times, lag + times * growth
    return times, max(0.0, lag + times * growth) if not work else lag + times * max(0.0, growth)
