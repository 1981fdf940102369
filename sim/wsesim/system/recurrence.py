"""When everything of a step happens, worked out piece by piece in the order of work, without playing it.

Queues are first in, first out, and have room in bytes: which piece must be gone before the next fits follows from sizes
alone, before any time is known. So each time is the largest of a few that are known by then, plus a duration:

    sender    sent = max(sent + weights / rate, a piece gone that makes room);     arrives = sent + latency
    wafer     now  = max(now, sent, arrives) + compute
    link up   up   = max(up, max(now, a piece gone that makes room)) + gradients / rate
    store     free = max(free, up + latency) + traffic / update

`play` gives the same to the last bit where nothing is folded, and has the timeline; this is many times as fast.
"""

from __future__ import annotations

from collections import defaultdict, deque
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from functools import partial
from math import fsum

from wsesim.mapping import PassGroup, Program, Stage
from wsesim.system.machine import ROUNDING, tree_latency_s
from wsesim.system.sequence import pieces
from wsesim.system.store import TRACK as STORE
from wsesim.system.store import cause_of, lag_after

COMPUTE, WEIGHTS_WAIT, GRADIENTS_WAIT = ("wafer", "compute"), ("wafer", "weights"), ("wafer", "gradients")
WEIGHTS_IN, GRADIENTS_OUT = ("swarmx down", "weights"), ("swarmx up", "gradients")
"""What a piece takes time of: track and cause."""
_ALIKE_S, _ALIKE = 1e-12, 1e-13
"""How far times, relative to now, may be apart at two boundaries that are alike: seconds, or this share of them."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Timed:
    """When a step ended, and what each part of the machine did until then."""

    step_s: float
    seconds: Mapping[tuple[str, str], float]
    """By (track, cause); the wafer's add up to `step_s`."""
    moved: Mapping[str, float]
    """Bytes of weights in and gradients out, of one wafer."""
    pieces: int
    """Worked out one by one; the others are like them."""


def time_step(program: Program, *, fold: bool = True) -> Timed:
    """Return when a step ends; with `fold`, equal layers and passes are counted once they repeat.

    One wafer stands for all, which are alike.
    """
    return _Times(program, fold=fold).step()


_Held = tuple[float, float, list[tuple[float, float]]]
"""A line at a time: now, until when who fills it is at work, and the pieces in it."""


@dataclass(slots=True)
class _Line:
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

    def state(self, now: float, *, idle_until: float) -> _Held:
        """Describe it at *now*; before *idle_until* nothing of it matters any more."""
        while self.held and self.held[0][1] <= idle_until:
            self.taken -= self.held.popleft()[0]
        return now, max(self.at, idle_until), list(self.held)

    def move(self, seconds: float) -> None:
        """Move all its times."""
        self.at += seconds
        self.held = deque((size, gone + seconds) for size, gone in self.held)


@dataclass(frozen=True, slots=True)
class _Mark:
    """How things stand at the end of a copy or a pass."""

    time: float
    """With what was skipped."""
    state: tuple[_Held, ...]
    """Of the lines that are moving."""
    lag: float
    """Of the store."""
    seconds: dict[tuple[str, str], float]
    moved: dict[str, float]


class _Times:
    """The times of one step, as far as they are known."""

    def __init__(self, program: Program, *, fold: bool) -> None:
        self.program, self.fold = program, fold
        self.rate, self.latency_s = program.stream_bytes_per_s, tree_latency_s(program)
        self.now = self.free = self.skipped = 0.0
        self.weights, self.gradients = _Line(program.buffer_bytes), _Line(program.buffer_bytes)
        self.tokens = _Line(program.input_room_bytes)
        self.seconds: dict[tuple[str, str], float] = defaultdict(float)
        self.moved: dict[str, float] = defaultdict(float)
        self.pieces = 0

    def step(self) -> Timed:
        """Work all of it out."""
        *others, last = self.program.groups
        for group in others:
            self._repeat(group.count, partial(self._pass, group, last=False), _moving(group, passes=True))
        self._repeat(last.count - 1, partial(self._pass, last, last=False), _moving(last, passes=True))
        self._pass(last, last=True)
        drained = max(self.gradients.at, self.gradients.room_from(0.0, self.now))
        second = self.program.second_pass_s
        if second:
            self.free = max(self.free, drained) + second
            self.seconds[STORE, "update"] += second
        updated = max(drained, self.free)
        ended = updated + self.program.software.fixed_s
        self._spent("wafer", "update", self.now, updated)
        self._spent("wafer", "step", updated, ended)
        return Timed(
            step_s=ended + self.skipped, seconds=dict(self.seconds), moved=dict(self.moved), pieces=self.pieces
        )  # fmt: skip

    def _pass(self, group: PassGroup, *, last: bool) -> None:
        self._input(group)
        for stage in group.stages:
            self._repeat(stage.repeat, partial(self._copy, stage, last=last), _moving(stage))

    def _input(self, group: PassGroup) -> None:
        line, start, size = self.tokens, self.now, group.token_bytes
        fed = line.at + self.program.input_s(group)
        self._spent("host", "input", line.at, fed)
        line.at = line.room_from(size, fed)
        self.now = max(start, line.at)
        line.put(size, self.now)
        self._spent("wafer", "input", start, self.now)

    def _copy(self, stage: Stage, *, last: bool) -> None:
        """Work a copy of *stage* out, piece after piece: the one loop that counts, so that nothing is called in it."""
        count = pieces(self.program, stage)
        self.pieces += count
        weights, gradients = stage.weight_bytes / count, stage.gradient_bytes / count
        compute_s, latency_s, fits = stage.compute_s / count, self.latency_s, 1 + ROUNDING
        weights_s, gradients_s = weights / self.rate, gradients / self.rate
        stored_s, stored = self.program.update_s(gradients, last=last), (STORE, cause_of(self.program, last=last))
        line, line_room, line_held, line_taken = (
            self.weights,
            self.weights.room * fits,
            self.weights.held,
            self.weights.taken,
        )
        up, up_room, up_held, up_taken = (
            self.gradients,
            self.gradients.room * fits,
            self.gradients.held,
            self.gradients.taken,
        )
        line_at, up_at, free, now, spent = line.at, up.at, self.free, self.now, self.seconds
        for _ in range(count):
            if weights:
                sent = line_at + weights_s
                if sent > line_at:
                    spent[WEIGHTS_IN] += sent - line_at
                arrival, line_at = sent + latency_s, sent
                while line_held and line_taken + weights > line_room:
                    left, gone = line_held.popleft()
                    line_taken -= left
                    if gone > line_at:
                        line_at = gone
                start, now = now, line_at if line_at > now else now
                if arrival > now:
                    now = now + (arrival - now)  # as an event's delay is added to its time
                if now > start:
                    spent[WEIGHTS_WAIT] += now - start
            start, now = now, now + compute_s
            if now > start:
                spent[COMPUTE] += now - start
            if weights:
                line_taken += weights
                line_held.append((weights, now))
            if gradients:
                start = now
                while up_held and up_taken + gradients > up_room:
                    left, gone = up_held.popleft()
                    up_taken -= left
                    if gone > now:
                        now = gone
                if now > start:
                    spent[GRADIENTS_WAIT] += now - start
                start = up_at if up_at > now else now
                up_at = start + gradients_s
                if up_at > start:
                    spent[GRADIENTS_OUT] += up_at - start
                up_taken += gradients
                up_held.append((gradients, up_at))
                ready = up_at + latency_s
                free = (free if free > ready else ready) + stored_s
                spent[stored] += stored_s
        line.at, line.taken, up.at, up.taken, self.free, self.now = line_at, line_taken, up_at, up_taken, free, now
        self._moved(weights, gradients, count)

    def _moved(self, weights: float, gradients: float, count: int) -> None:
        """Add the bytes of *count* pieces, one by one: sums are those of what is played."""
        for direction, size in (("weights", weights), ("gradients", gradients)):
            if size:
                total = self.moved[direction]
                for _ in range(count):
                    total += size
                self.moved[direction] = total

    def _spent(self, track: str, cause: str, start: float, end: float) -> None:
        if end > start:
            self.seconds[track, cause] += end - start

    def _repeat(self, times: int, once: Callable[[], None], moving: frozenset[str]) -> None:
        """Do something *times*; once it leaves all that is *moving* as the time before did, count the others."""
        done, before = 0, None
        while done < times:
            once()
            done += 1
            if self.fold and done < times:
                mark = self._mark(moving)
                done += self._skip(times - done, before, mark, moving) if before else 0
                before = mark

    def _mark(self, moving: frozenset[str]) -> _Mark:
        lines = {"weights": self.weights.at, "gradients": self.now, "tokens": self.tokens.at}
        state = tuple(getattr(self, name).state(self.now, idle_until=idle) for name, idle in lines.items()
                      if name in moving)  # fmt: skip
        return _Mark(
            self.now + self.skipped, state, max(0.0, self.free - self.now), self.seconds.copy(), self.moved.copy()
        )

    def _skip(self, times: int, before: _Mark, mark: _Mark, moving: frozenset[str]) -> int:
        """Count what happened between two marks *times* more, if they are alike; return how often it was."""
        if not all(map(_alike, before.state, mark.state)):
            return 0
        period = mark.time - before.time
        stored = {key: seconds - before.seconds[key] for key, seconds in mark.seconds.items()}
        work = fsum(seconds for (track, _), seconds in stored.items() if track == STORE)
        lag = lag_after(times, before=before.lag, lag=mark.lag, period=period, work=work)
        if lag is None:
            return 0
        for key, seconds in stored.items():
            self.seconds[key] += times * seconds
        for direction, size in mark.moved.items():
            self.moved[direction] += times * (size - before.moved[direction])
        self._jump(times * period, lag, moving)
        return times

    def _jump(self, seconds: float, lag: float, moving: frozenset[str]) -> None:
        """Let the clock stand, so that what moved along keeps its times; what did not falls behind."""
        self.skipped += seconds
        self.free = self.now + lag
        for name in {"weights", "gradients", "tokens"} - moving:
            getattr(self, name).move(-seconds)


def _moving(what: Stage | PassGroup, *, passes: bool = False) -> frozenset[str]:
    """Return the lines that something which repeats uses."""
    stages = what.stages if isinstance(what, PassGroup) else (what,)
    used = {"weights": any(stage.weight_bytes for stage in stages),
            "gradients": any(stage.gradient_bytes for stage in stages), "tokens": passes}  # fmt: skip
    return frozenset(name for name, uses in used.items() if uses)


def _alike(one: _Held, other: _Held) -> bool:
    """Return whether two states of a line are the same, each as seen from its own time."""
    (was, one_at, one_held), (now, other_at, other_held) = one, other
    if len(one_held) != len(other_held) or not _near(one_at - was, other_at - now):
        return False
    pairs = zip(one_held, other_held, strict=True)
    return all(_near(size, other_size) and _near(gone - was, other_gone - now)
               for (size, gone), (other_size, other_gone) in pairs)  # fmt: skip


def _near(one: float, other: float) -> bool:
    return abs(one - other) <= max(_ALIKE_S, _ALIKE * abs(one))
