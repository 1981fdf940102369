"""When everything of a step happens, worked out piece by piece in the order of work, without playing it.

Queues are first in, first out, and have room in bytes: which piece must be gone before the next fits follows from sizes
alone, before any time is known. So each time is the largest of a few that are known by then, plus a duration:

    sender    sent = max(sent, updated) + weights / rate;  then until a piece is gone that makes room;
              arrives = sent + latency
    wafer     now  = max(now, sent, arrives) + compute
    link up   up   = max(up, max(now, a piece gone that makes room)) + gradients / rate
    store     free = max(free, up + latency) + traffic / update

Step follows step until they repeat. `play` gives the same to the last bit where nothing is folded, and has the
timeline; this is many times as fast.
"""

from __future__ import annotations

from collections.abc import Callable, Hashable, Iterator, Mapping
from dataclasses import dataclass
from functools import partial
from math import fsum

from wsesim.mapping import Latest, PassGroup, Program, Stage
from wsesim.system.due import safe
from wsesim.system.piecework import Piecework
from wsesim.system.sequence import alike_s, repeats
from wsesim.system.store import TRACK as STORE
from wsesim.system.store import due_after, lag_after


@dataclass(frozen=True, slots=True, kw_only=True)
class Timed:
    """A step like all that follow it: when it ended, and what each part of the machine did for it."""

    step_s: float
    """From the end of the step before to its own."""
    first_s: float
    """The first step, before which nothing is prepared."""
    tail_s: float
    """From the end of a step to the last update of its weights, if no other follows."""
    seconds: Mapping[tuple[str, str], float]
    """By (track, cause); the wafer's add up to `step_s`."""
    moved: Mapping[str, float]
    """Bytes of weights in and gradients out, of one wafer."""
    pieces: int
    """Worked out one by one, of all steps; the others are like them."""


def time_step(program: Program, *, fold: bool = True) -> Timed:
    """Return when a step ends that follows others like it; with `fold`, equal layers and passes are counted.

    One wafer stands for all, which are alike.
    """
    return _timed.get((fold, *_read_of(program)), None, lambda: _Times(program, fold=fold).steps())


_timed: Latest[Timed] = Latest(most=512)
"""Steps of which all was the same that their times follow from, whatever kernels and machines they are of."""


def _read_of(program: Program) -> Iterator[Hashable]:
    """Yield all of a program that is read here."""
    cluster = program.cluster
    yield from (cluster.memoryx, cluster.swarmx, cluster.host, cluster.wafer.io_bytes_per_s, program.software)
    yield from (program.buffer_bytes, program.optimizer_bytes_per_weight_byte, program.update_bytes, program.wafers)
    for group in program.groups:
        yield group.count, group.token_bytes
        for stage in group.stages:
            yield stage.phase, stage.repeat, stage.compute_s, stage.weight_bytes, stage.gradient_bytes


@dataclass(frozen=True, slots=True)
class _Mark:
    """How things stand at the end of a copy or a pass."""

    time: float
    skipped: float
    state: tuple[float, ...]
    """What is known of it in a few numbers: until when lines are at work, and what is due."""
    held: tuple[tuple[tuple[float, float], ...], ...]
    """What lines hold, by line."""
    lag: float
    """Of the store."""
    slack: float
    """Of the sender."""
    sent: float
    """Of what is due."""
    seconds: dict[tuple[str, str], float]
    moved: dict[str, float]

    def like(self, other: _Mark, most: float) -> bool:
        """Return whether all is as at the *other*, relative to the time of each, times by *most* seconds apart."""
        if len(self.state) != len(other.state) or list(map(len, self.held)) != list(map(len, other.held)):
            return False
        for one, two in zip(self.state, other.state, strict=True):
            if abs(one - two) > most:
                return False
        now, then = self.time, other.time
        for line, before in zip(self.held, other.held, strict=True):
            for (size, gone), (sized, went) in zip(line, before, strict=True):
                if abs(size - sized) > most or abs((gone - now) - (went - then)) > most:
                    return False
        return True


class _Times(Piecework):
    """The times of steps, as far as they are known."""

    def __init__(self, program: Program, *, fold: bool) -> None:
        super().__init__(program)
        self.fold, self.skipped = fold, 0.0
        self.moving: dict[int, frozenset[str]] = {}
        """Lines that a copy of each stage of the program uses, by its identity."""

    def steps(self) -> Timed:
        """Work steps out until they repeat."""
        ended: list[float] = []
        while not repeats(ended):
            self.seconds.clear()
            self.moved.clear()
            self._step()
            ended.append(self.now + self.skipped)
        updated = self.free if self.program.last_gradient_bytes else 0.0
        return Timed(
            step_s=ended[-1] - (ended[-2] if len(ended) > 1 else 0.0), first_s=ended[0],
            tail_s=max(0.0, updated + self.skipped - ended[-1]), seconds=dict(self.seconds), moved=dict(self.moved),
            pieces=self.pieces,
        )  # fmt: skip

    def _step(self) -> None:
        *others, last = self.program.groups
        for group in others:
            self._repeat(group.count, partial(self._pass, group, last=False), _moving(group, passes=True))
        self._repeat(last.count - 1, partial(self._pass, last, last=False), _moving(last, passes=True))
        self._pass(last, last=True)
        if self.program.last_gradient_bytes:
            self._close(drained=max(self.gradients.at, self.now))
        for cause, seconds in self.program.between.items():
            start = self.now
            self.now = start + seconds
            self.spent("wafer", cause, start, self.now)

    def _close(self, *, drained: float) -> None:
        """End a step for the store: the sender of the next waits for what is due, and for the last gradient first."""
        due = due_after(self.program, free=max(self.free, drained), soonest=self.soonest)
        if second := self.program.second_pass_s:
            self.seconds[STORE, "update"] += second
        self.free = due.end if due else self.free
        self.due = due if any(stage.weight_bytes for stage in self.program.groups[0].stages) else None
        self.weights.at = max(self.weights.at, drained)

    def _pass(self, group: PassGroup, *, last: bool) -> None:
        self.input(group)
        for stage in group.stages:
            moving = self.moving.get(id(stage))
            if moving is None:
                moving = self.moving[id(stage)] = _moving(stage)
            self._repeat(stage.repeat, partial(self.copy, stage, last=last), moving)

    def _repeat(self, times: int, once: Callable[[], None], moving: frozenset[str]) -> None:
        """Do something *times*; once it leaves all that is *moving* as the time before did, count the others."""
        done, before = 0, None
        while done < times:
            once()
            done += 1
            if self.fold and done < times:
                mark = self._mark(moving)
                skipped = self._skip(times - done, before, mark, moving) if before else 0
                done += skipped
                before = self._mark(moving) if skipped else mark

    def _mark(self, moving: frozenset[str]) -> _Mark:
        now, state, held = self.now, list[float](), list[tuple[tuple[float, float], ...]]()
        for name, line in self.lines.items():
            if name in moving:
                state.append(line.rest(idle_until=now if name == "gradients" else line.at) - now)
                held.append(tuple(line.held))
        if self.due:
            state += (1.0, float(self.slack > 0), 0.0 if self.slack > 0 else self.due.updated - now)
        return _Mark(
            now, self.skipped, tuple(state), tuple(held), max(0.0, self.free - now), self.slack,
            self.due.sent if self.due else 0.0, self.seconds.copy(), self.moved.copy(),
        )  # fmt: skip

    def _skip(self, times: int, before: _Mark, mark: _Mark, moving: frozenset[str]) -> int:
        """Count what happened between two marks *times* more, if they are alike; return how often it was."""
        if not mark.like(before, alike_s(max(self.now, self.due.end if self.due else 0.0))):
            return 0
        if self.due and not (times := safe(times, before=before.slack, slack=mark.slack)):
            return 0
        period = mark.time - before.time + (mark.skipped - before.skipped)
        stored = {key: seconds - before.seconds[key] for key, seconds in mark.seconds.items()}
        work = fsum(seconds for (track, _), seconds in stored.items() if track == STORE)
        arriving = max(0.0, self.gradients.at - self.now) + self.latency_s
        times, lag = lag_after(times, before=before.lag, lag=mark.lag, period=period, work=work, arriving=arriving)
        if not times:
            return 0
        for key, seconds in stored.items():
            self.seconds[key] += times * seconds
        for direction, size in mark.moved.items():
            self.moved[direction] += times * (size - before.moved[direction])
        self._jump(times * period, lag, moving)
        if self.due:
            self.due.skip(times * (mark.sent - before.sent), times * period)
        return times

    def _jump(self, seconds: float, lag: float, moving: frozenset[str]) -> None:
        """Let the clock stand, so that what moved along keeps its times; what did not falls behind."""
        self.skipped += seconds
        self.free = self.now + lag
        for name, line in self.lines.items():
            if name not in moving:
                line.move(-seconds)
        if "gradients" not in moving:
            self.soonest -= seconds


def _moving(what: Stage | PassGroup, *, passes: bool = False) -> frozenset[str]:
    """Return the lines that something which repeats uses."""
    stages = what.stages if isinstance(what, PassGroup) else (what,)
    used = {"weights": any(stage.weight_bytes for stage in stages),
            "gradients": any(stage.gradient_bytes for stage in stages), "tokens": passes}  # fmt: skip
    return frozenset(name for name, uses in used.items() if uses)
