"""Keeps what happened: seconds and bytes by track and cause, and the intervals a timeline shows."""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass, field

from wsesim.result import Interval


@dataclass(slots=True)
class Recorder:
    """Totals and intervals of one played step; `offset` is the time that folding has skipped."""

    offset: float = 0.0
    totals: Counter[tuple[str, str]] = field(default_factory=Counter)
    """Seconds by (track, cause)."""
    moved: Counter[str] = field(default_factory=Counter)
    """Bytes by direction."""
    intervals: list[Interval] = field(default_factory=list)

    def spent(self, track: str, cause: str, start: float, end: float, *, name: str = "") -> None:
        """Note that *track* was busy with (or waited for) *cause*, in the environment's time."""
        if end <= start:
            return
        self.totals[track, cause] += end - start
        last = self.intervals[-1] if self.intervals else None
        begun = start + self.offset
        if last is not None and last.track == track and (last.name, last.cause) == (name, cause):
            if abs(last.end_s - begun) < 1e-12:
                begun = last.start_s
                self.intervals.pop()
        self.intervals.append(
            Interval(track=track, name=name or cause, start_s=begun, end_s=end + self.offset, cause=cause)
        )

    def counts(self) -> tuple[Counter[tuple[str, str]], Counter[str]]:
        """Return copies of the totals so far."""
        return self.totals.copy(), self.moved.copy()

    def skip(
        self,
        times: int,
        since: tuple[Counter[tuple[str, str]], Counter[str]],
        *,
        now: float,
        period: float,
        name: str,
    ) -> None:
        """Count what happened *since* that snapshot *times* more, and move the clock on."""
        for key, seconds in self.totals.items():
            self.totals[key] = seconds + times * (seconds - since[0][key])
        for direction, size in self.moved.items():
            self.moved[direction] = size + times * (size - since[1][direction])
        begun = now + self.offset
        self.offset += times * period
        for track in sorted({track for track, _ in self.totals}):
            self.intervals.append(
                Interval(track=track, name=name, start_s=begun, end_s=now + self.offset, cause="folded")
            )
