"""Skip equal work: when two copies of a layer (or two passes) in a row leave everything in flight in the same state,
the ones that follow must do the same, so they are counted instead of played."""

from __future__ import annotations

from dataclasses import dataclass, field, replace
from math import fsum

from wsesim.system.due import safe
from wsesim.system.machine import PlayedMachine
from wsesim.system.recorder import Bytes, Seconds
from wsesim.system.sequence import Cursor, Place, alike_s
from wsesim.system.store import TRACK as STORE
from wsesim.system.store import lag_after


@dataclass(frozen=True, slots=True)
class _Mark:
    """The machine as it was at a boundary."""

    state: tuple[object, ...]
    time: float
    skipped: float
    counts: tuple[Seconds, Bytes]
    lag: float
    """Of the store."""
    slack: float
    """Of the sender."""
    sent: float
    """Of what is due."""


@dataclass(slots=True)
class Folder:
    """Watches the boundaries of one wafer and folds where it can."""

    machine: PlayedMachine
    marks: dict[tuple[str, int], _Mark] = field(default_factory=dict)

    def at_boundary(self, cursor: Cursor) -> None:
        """Compare with the boundary before; if nothing differs, jump as far as everybody can."""
        place, sender = cursor.place, self.machine.sender.place
        stages = cursor.group.stages
        if stages[place.stage].repeat > 1:
            same = (sender.number, sender.stage) == (place.number, place.stage)
            room = stages[place.stage].repeat - 1 - max(place.copy, sender.copy) if same else 0
            if room := self._fold(("copy", place.number * len(stages) + place.stage), place, room, "layers"):
                cursor.place = _plus(place, copies=room)
                self.machine.sender.place = _plus(sender, copies=room)
        elif place.stage == len(stages) - 1:
            fed = self.machine.passes_fed[0]
            last = cursor.alike()
            room = last - max(place.number + 1, sender.number, fed - 1)
            if room := self._fold(("pass", last), place, room, "passes"):
                cursor.place = _plus(place, passes=room)
                self.machine.sender.place = _plus(sender, passes=room)
                self.machine.passes_fed[0] += room

    def _fold(self, key: tuple[str, int], place: Place, room: int, what: str) -> int:
        """Skip as much as can be, and return how often."""
        recorder, store, now = self.machine.recorder, self.machine.store, float(self.machine.env.now)
        mark = self._mark(place, now)
        before = self.marks.get(key)
        self.marks[key] = mark
        due = self.machine.due
        most = alike_s(max(now, due.end if due else 0.0))
        if before is None or room < 1 or not _alike(before.state, mark.state, most):
            return 0
        if due and not (room := safe(room, before=before.slack, slack=mark.slack)):
            return 0
        period = mark.time - before.time + (mark.skipped - before.skipped)
        work = _stored_s(mark) - _stored_s(before)
        arriving = self.machine.latency_s
        room, lag = lag_after(room, before=before.lag, lag=mark.lag, period=period, work=work, arriving=arriving)
        if not room:
            return 0
        store.jump(now, lag, idle_s=0.0 if work else room * period)
        if due:
            due.skip(room * (mark.sent - before.sent), room * period)
        recorder.skip(
            room, before.counts, now=now, period=period, name=f"{room} {what} alike",
            under_way=self.machine.under_way.values(),
        )  # fmt: skip
        self.marks[key] = replace(self._mark(place, now), state=mark.state, lag=lag)
        return room

    def _mark(self, place: Place, now: float) -> _Mark:
        machine = self.machine
        sent = machine.due.sent if machine.due else 0.0
        return _Mark(
            machine.state(place), now, machine.recorder.offset, machine.recorder.counts(), machine.store.lag(now),
            machine.slack, sent,
        )  # fmt: skip


def _alike(one: object, other: object, most: float) -> bool:
    """Return whether two states are the same but for rounding."""
    if isinstance(one, tuple) and isinstance(other, tuple):
        return len(one) == len(other) and all(_alike(*pair, most) for pair in zip(one, other, strict=True))
    if isinstance(one, float) and isinstance(other, float):
        return abs(one - other) <= most
    return one == other


def _stored_s(mark: _Mark) -> float:
    return fsum(seconds for (track, _, _), seconds in mark.counts[0].items() if track == STORE)


def _plus(place: Place, *, copies: int = 0, passes: int = 0) -> Place:
    return Place(place.number + passes, place.stage, place.copy + copies)
