"""Keeps what happened: seconds and bytes by track and cause, and the intervals a timeline shows."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable
from dataclasses import field, replace

from wsesim.answer import Interval
from wsesim.slotted import dataclass

Seconds = defaultdict[tuple[str, str, int], float]
Bytes = defaultdict[tuple[str, int], float]


@dataclass(frozen=True, slots=True, kw_only=True)
class Work:
    """What a track is doing."""

    track: str
    cause: str
    name: str
    start: float
    """In the environment's time."""


@dataclass(slots=True)
class Recorder:
    """Totals and intervals of steps that are played; `offset` is the time that folding has skipped."""

    offset: float = 0.0
    folded: float = 0.0
    """When, in the environment's time, it was last skipped: intervals before and after stand apart."""
    totals: Seconds = field(default_factory=lambda: defaultdict(float))
    """Seconds by (track, cause, step that they are spent for)."""
    moved: Bytes = field(default_factory=lambda: defaultdict(float))
    """Bytes by (direction, step)."""
    intervals: list[Interval] = field(default_factory=list)

    def spent(self, track: str, cause: str, start: float, end: float, *, name: str = "", step: int = 0) -> None:
        """Note that *track* was busy with (or waited for) *cause*, in the environment's time, for a *step*."""
        if end > start:
            self.count(track, cause, end - start, step=step)
            self.show(track, cause, start, end, name=name)

    def count(self, track: str, cause: str, seconds: float, *, step: int = 0) -> None:
        """Note the seconds alone."""
        self.totals[track, cause, step] += seconds

    def show(self, track: str, cause: str, start: float, end: float, *, name: str = "") -> None:
        """Note the interval alone."""
        last = self.intervals[-1] if self.intervals else None
        begun = max(start, self.folded) + self.offset
        same = last is not None and (last.track, last.name, last.cause) == (track, name or cause, cause)
        if last is not None and same and abs(last.end_s - begun) < 1e-12:
            begun = last.start_s
            self.intervals.pop()
        self.intervals.append(
            Interval(track=track, name=name or cause, start_s=begun, end_s=end + self.offset, cause=cause)
        )

    def of_step(self, step: int) -> tuple[dict[tuple[str, str], float], dict[str, float]]:
        """Return seconds by (track, cause), and bytes by direction, of one step."""
        seconds = {(track, cause): each for (track, cause, of), each in self.totals.items() if of == step}
        return seconds, {direction: size for (direction, of), size in self.moved.items() if of == step}

    def between(self, start_s: float, end_s: float) -> tuple[Interval, ...]:
        """Return what was shown from one time to another, in order, from 0 on."""
        found = [
            replace(each, start_s=max(0.0, each.start_s - start_s), end_s=min(each.end_s, end_s) - start_s)
            for each in self.intervals if each.end_s > start_s and each.start_s < end_s
        ]  # fmt: skip
        return tuple(sorted(found, key=lambda interval: (interval.start_s, interval.track)))

    def counts(self) -> tuple[Seconds, Bytes]:
        """Return copies of the totals so far."""
        return self.totals.copy(), self.moved.copy()

    def skip(
        self,
        times: int,
        since: tuple[Seconds, Bytes],
        *,
        now: float,
        period: float,
        name: str,
        under_way: Iterable[Work],
    ) -> None:
        """Count what happened *since* that snapshot *times* more, and move the clock on.

        What is under way is cut in two: it ends after the skip, as its copies did, and counts then.
        """
        tracks = {key[0] for key, seconds in self.totals.items() if seconds > since[0][key]}
        for work in under_way:
            tracks.add(work.track)
            if now > max(work.start, self.folded):
                self.show(work.track, work.cause, work.start, now, name=work.name)
        for key, seconds in self.totals.items():
            self.totals[key] = seconds + times * (seconds - since[0][key])
        for direction, size in self.moved.items():
            self.moved[direction] = size + times * (size - since[1][direction])
        begun = now + self.offset
        self.offset += times * period
        self.folded = now
        for track in sorted(tracks):
            self.intervals.append(
                Interval(track=track, name=name, start_s=begun, end_s=now + self.offset, cause="folded")
            )
