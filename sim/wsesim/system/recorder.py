"""Keeps what happened: seconds and bytes by track and cause, and the intervals a timeline shows."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable
from dataclasses import dataclass, field

from wsesim.answer import Interval

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


@dataclass(slots=True, eq=False)
class Shown:
    """An interval that may go on."""

    what: tuple[str, str, str]
    """Track, name and cause."""
    start_s: float
    end_s: float

    def interval(self) -> Interval:
        """Return it as it is now."""
        track, name, cause = self.what
        return Interval(track=track, name=name, start_s=self.start_s, end_s=self.end_s, cause=cause)


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
    shown: list[Shown] = field(default_factory=list)
    """What a timeline shows; the last goes on as long as the same goes on."""

    @property
    def intervals(self) -> list[Interval]:
        """What is shown so far, in the order in which it ended."""
        return [each.interval() for each in self.shown]

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
        what, begun = (track, name or cause, cause), max(start, self.folded) + self.offset
        last = self.shown[-1] if self.shown else None
        if last is not None and last.what == what and abs(last.end_s - begun) < 1e-12:
            last.end_s = end + self.offset
        else:
            self.shown.append(Shown(what, begun, end + self.offset))

    def of_step(self, step: int) -> tuple[dict[tuple[str, str], float], dict[str, float]]:
        """Return seconds by (track, cause), and bytes by direction, of one step."""
        seconds = {(track, cause): each for (track, cause, of), each in self.totals.items() if of == step}
        return seconds, {direction: size for (direction, of), size in self.moved.items() if of == step}

    def between(self, start_s: float, end_s: float) -> tuple[Interval, ...]:
        """Return what was shown from one time to another, in order, from 0 on."""
        found = [
            Shown(each.what, max(0.0, each.start_s - start_s), min(each.end_s, end_s) - start_s).interval()
            for each in self.shown if each.end_s > start_s and each.start_s < end_s
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
            self.shown.append(Shown((track, name, "folded"), begun, now + self.offset))
