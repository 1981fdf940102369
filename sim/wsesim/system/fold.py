"""Skip equal work: when two copies of a layer (or two passes) in a row leave everything in flight in the same state,
the ones that follow must do the same, so they are counted instead of played."""

from __future__ import annotations

from dataclasses import dataclass, field
from math import fsum

from wsesim.system.machine import Machine
from wsesim.system.recorder import Bytes, Seconds
from wsesim.system.sequence import Cursor, Place
from wsesim.system.store import TRACK as STORE
from wsesim.system.store import lag_after


@dataclass(frozen=True, slots=True)
class _Mark:
    """The machine as it was at a boundary."""

    state: tuple[object, ...]
    time: float
    counts: tuple[Seconds, Bytes]
    lag: float
    """Of the store."""


@dataclass(slots=True)
class Folder:
    """Watches the boundaries of one wafer and folds where it can."""

    machine: Machine
    marks: dict[tuple[str, int], _Mark] = field(default_factory=dict)

    def at_boundary(self, cursor: Cursor) -> None:
        """Compare with the boundary before; if nothing differs, jump as far as everybody can."""
        place, sender = cursor.place, self.machine.sender.place
        stages = cursor.group.stages
        if stages[place.stage].repeat > 1:
            same = (sender.number, sender.stage) == (place.number, place.stage)
            room = stages[place.stage].repeat - 1 - max(place.copy, sender.copy) if same else 0
            if self._fold(("copy", place.number * len(stages) + place.stage), place, room, "layers"):
                cursor.place = _plus(place, copies=room)
                self.machine.sender.place = _plus(sender, copies=room)
        elif place.stage == len(stages) - 1:
            fed = self.machine.passes_fed[0]
            last = cursor.alike()
            room = last - max(place.number + 1, sender.number, fed - 1)
            if self._fold(("pass", last), place, room, "passes"):
                cursor.place = _plus(place, passes=room)
                self.machine.sender.place = _plus(sender, passes=room)
                self.machine.passes_fed[0] += room

    def _fold(self, key: tuple[str, int], place: Place, room: int, what: str) -> bool:
        recorder, store, now = self.machine.recorder, self.machine.store, float(self.machine.env.now)
        mark = _Mark(self.machine.state(place), now + recorder.offset, recorder.counts(), store.lag(now))
        before = self.marks.get(key)
        self.marks[key] = mark
        if before is None or before.state != mark.state or room < 1:
            return False
        period, work = mark.time - before.time, _stored_s(mark) - _stored_s(before)
        lag = lag_after(room, before=before.lag, lag=mark.lag, period=period, work=work)
        if lag is None:
            return False
        store.jump(now, lag)
        recorder.skip(
            room, before.counts, now=now, period=period, name=f"{room} {what} alike",
            under_way=self.machine.under_way.values(),
        )  # fmt: skip
        self.marks[key] = _Mark(mark.state, mark.time + room * period, recorder.counts(), lag)
        return True


def _stored_s(mark: _Mark) -> float:
    return fsum(seconds for (track, _), seconds in mark.counts[0].items() if track == STORE)


def _plus(place: Place, *, copies: int = 0, passes: int = 0) -> Place:
    return Place(place.number + passes, place.stage, place.copy + copies)
