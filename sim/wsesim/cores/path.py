"""The critical path of a run: the instructions and wavelets, each waiting for the one before, that made the last cycle.

    core (0, 0)  ████ fmovs ██          launch, compute
                            ~~~~        a wavelet on its way
    core (2, 0)                 ███     fadds

It is followed back from the last cycle, from each event to the one it waited for. So its segments follow each other
without a gap from the first cycle to the last.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from math import ceil
from typing import NamedTuple

from wsesim.cores.builder import Builder, CoreRole
from wsesim.cores.events import Events, Waited
from wsesim.cores.instruction import Instruction
from wsesim.cores.operands import FabricOperand
from wsesim.cores.spans import NAMES, Core
from wsesim.cores.state import BEGUN, FORWARDED, ISSUE, State

COMPUTE, BANKS, LAUNCH, WAY, QUEUE, UNKNOWN = "compute", "banks", "launch", "on the way", "queue wait", "not known"
SCALAR_CODE = "scalar code"
PATH_CAUSES = (COMPUTE, BANKS, LAUNCH, WAY, QUEUE)
"""What cycles of a path go to: the first three as on a core; wavelets on ramps and links; wavelets that wait for others
or for room."""
MOST_ROUND, FEWEST_ROUNDS = 6, 3
"""Segments of a round, and rounds, that are put together."""
MOST_EVENTS = 2_000_000
"""That are noted for a path: 48 MB."""
MOST_CORES = 16_384
"""Whose events are noted: a run of more is left as fast as it is."""
NO_PATH = f"the events of at most {MOST_CORES:,} cores, and {MOST_EVENTS:,} of them, are noted for it"


@dataclass(frozen=True, slots=True, kw_only=True)
class PathSegment:
    """A part of a critical path: one instruction on one core, or one wavelet between two."""

    start: int
    end: int
    core: Core
    """Column and row; of a wavelet, where it arrives."""
    origin: Core
    """Where a wavelet comes from; else the same core."""
    what: str
    place: str = ""
    """Line of source; empty for a wavelet."""
    color: str = ""
    """Of a wavelet, and those that an instruction sends or receives."""
    causes: Mapping[str, int]
    """Its cycles by what they went to, names of `PATH_CAUSES`."""

    @property
    def cycles(self) -> int:
        """How long it lasts."""
        return self.end - self.start

    @property
    def hops(self) -> int:
        """Links between its two cores."""
        return abs(self.core[0] - self.origin[0]) + abs(self.core[1] - self.origin[1])


@dataclass(frozen=True, slots=True, kw_only=True)
class CriticalPath:
    """The chain that made a run as long as it was."""

    segments: tuple[PathSegment, ...]
    """From the first cycle to the last."""

    @property
    def cycles(self) -> int:
        """Of all segments."""
        return sum(segment.cycles for segment in self.segments)

    @property
    def hops(self) -> int:
        """Links that its wavelets cross."""
        return sum(segment.hops for segment in self.segments)

    @property
    def causes(self) -> dict[str, int]:
        """Cycles by what they went to."""
        total: Counter[str] = Counter()
        for segment in self.segments:
            total.update(segment.causes)
        return {cause: total[cause] for cause in (*PATH_CAUSES, UNKNOWN) if total[cause] or cause != UNKNOWN}

    def on_cores(self) -> dict[Core, int]:
        """Return the cycles that it spends on each core; those of a wavelet where it arrives."""
        found: Counter[Core] = Counter()
        for segment in self.segments:
            found[segment.core] += segment.cycles
        return dict(found)

    def shortened(self, most: int) -> tuple[PathSegment, ...]:
        """Return at most so many segments.

        What repeats itself, such as the steps of a chain from core to core, is put together first; then as many
        neighbours as it takes, under the name of the longest.
        """
        few = repeated(self.segments) if len(self.segments) > most else self.segments
        size = max(1, ceil(len(few) / most))
        parts = (few[at : at + size] for at in range(0, len(few), size))
        return tuple(map(_together, parts))

    def later(self, cycles: int) -> CriticalPath:
        """Return the path with so many cycles of wavelets on their way behind it."""
        if not (cycles and self.segments):
            return self
        last = self.segments[-1]
        more = replace(
            last,
            start=last.end,
            end=last.end + cycles,
            origin=last.core,
            what="wavelets",
            place="",
            causes={WAY: cycles},
        )
        return CriticalPath(segments=(*self.segments, more))


class _Step(NamedTuple):
    """A piece of a path, from later to sooner."""

    start: int
    end: int
    core: int
    what: str
    place: str
    color: str
    causes: Mapping[str, int]
    wavelet: bool
    key: tuple[object, ...]
    """Of what goes on in the next piece."""


def critical_path(builder: Builder, state: State) -> CriticalPath:
    """Return the critical path of a run whose events were all noted."""
    return CriticalPath(segments=tuple(_joined(builder, _back(builder, state, Events(state)))))


def _back(builder: Builder, state: State, events: Events) -> Iterator[_Step]:
    """Follow the path back from the last cycle."""
    at = events.last()
    now = at.left if at else 0
    while at is not None:
        row = events.rows[at.event]
        start, core = int(row["start"]), int(row["core"])
        if at.left < now:  # a wavelet on its way
            yield _wavelet(builder, events, at.event, core, at.left, now, WAY)
        now = at.left
        if start < now:
            if row["kind"] == FORWARDED:
                yield _wavelet(builder, events, at.event, core, start, now, QUEUE)
            else:
                yield _program(builder, state, events, at, now)
        now = start
        at = events.cause(at.event) if now > 0 else None
        if at is None and now > 0:
            yield _Step(0, now, core, UNKNOWN, "", "", {UNKNOWN: now}, wavelet=False, key=(UNKNOWN,))


def _wavelet(builder: Builder, events: Events, event: int, core: int, start: int, end: int, cause: str) -> _Step:
    row = events.rows[event]
    if row["kind"] == FORWARDED:
        color = builder.colors[events.color(event)].name
    else:
        dest = builder.instruction(int(row["number"])).operands[0]
        assert isinstance(dest, FabricOperand)
        color = dest.color.name
    return _Step(start, end, core, "wavelet", "", color, {cause: end - start}, wavelet=True, key=("wavelet", color))


def _program(builder: Builder, state: State, events: Events, at: Waited, end: int) -> _Step:
    """Return what an event of a program takes until *end*."""
    row = events.rows[at.event]
    start, core, number = (int(row[name]) for name in ("start", "core", "number"))
    causes = _causes(end - start, int(row["more"]) if row["kind"] == ISSUE else None)
    if row["kind"] == BEGUN:
        what, place, color = *_task(builder.roles[int(state.cores[core]["role"])], number), ""
    else:
        what, place, color = _instruction(builder.instruction(number))
    goes_on = (core, place) if what == SCALAR_CODE else (core, int(row["slot"]), number, what)
    return _Step(start, end, core, what, place, color, causes, wavelet=False, key=goes_on)


def _causes(took: int, full: int | None) -> dict[str, int]:
    """Return cycles by cause; *full* of them elements take at full rate, None where there are no elements."""
    if full is None:
        return {LAUNCH: took}
    parts = {COMPUTE: min(took, full), BANKS: max(0, took - full)}
    return {cause: cycles for cause, cycles in parts.items() if cycles}


def _task(role: CoreRole, number: int) -> tuple[str, str]:
    """Return the name of a task, and the line of its first instruction."""
    name = next(task.name for task in role.tasks.values() if task.index == number)
    return f"task {name}", role.instructions[role.entries[number]].place


def _instruction(each: Instruction) -> tuple[str, str, str]:
    """Return what an instruction is called, its line and its colors."""
    if not each.is_vector:
        return SCALAR_CODE, each.place, ""
    colors = dict.fromkeys(operand.color.name for operand in each.operands if isinstance(operand, FabricOperand))
    return NAMES[each.op], each.place, ", ".join(colors)


def _joined(builder: Builder, steps: Iterable[_Step]) -> list[PathSegment]:
    """Return steps, the last first, as segments, the first first.

    What goes on is one segment, also where two instructions of a core take turns.
    """
    groups: list[list[_Step]] = []
    keys: list[set[tuple[object, ...]]] = []
    for step in steps:
        if len(groups) > 1 and step.key in keys[-2] and _same_core(step, groups[-1][0], groups[-2][0]):
            turned, others = groups.pop(), keys.pop()
            groups[-1] += turned
            keys[-1] |= others
        if keys and step.key in keys[-1]:
            groups[-1].append(step)
        else:
            groups.append([step])
            keys.append({step.key})
    arrive = [groups[0][0].core, *(group[-1].core for group in groups)] if groups else []
    return [_segment(builder, group, core) for group, core in zip(reversed(groups), reversed(arrive[:-1]), strict=True)]


def _same_core(*steps: _Step) -> bool:
    return not any(step.wavelet for step in steps) and len({step.core for step in steps}) == 1


def _segment(builder: Builder, steps: Sequence[_Step], arrives: int) -> PathSegment:
    """Return steps, the last first, as one segment; if they are of a wavelet, it arrives at that core."""
    first, last = steps[-1], steps[0]
    causes: Counter[str] = Counter()
    took: Counter[tuple[object, ...]] = Counter()
    for step in steps:
        causes.update(step.causes)
        took[step.key] += step.end - step.start
    most = max(took, key=lambda key: took[key])
    longest = next(step for step in steps if step.key == most)
    ends = (arrives, first.core) if first.wavelet else (last.core, last.core)
    (row, column), (from_row, from_column) = (divmod(core, builder.width) for core in ends)
    return PathSegment(
        start=first.start, end=last.end, core=(column, row), origin=(from_column, from_row),
        what=f"{longest.what} in turns" if len(took) > 1 else longest.what, place=longest.place, color=longest.color,
        causes=dict(causes),
    )  # fmt: skip


def repeated(segments: Sequence[PathSegment]) -> tuple[PathSegment, ...]:
    """Return segments with those that go round a few times, on one core after the other, put together."""
    found: list[PathSegment] = []
    at = 0
    while at < len(segments):
        size, times = max(
            ((size, _times(segments, at, size)) for size in range(1, MOST_ROUND + 1)),
            key=lambda each: (each[0] * each[1] if each[1] >= FEWEST_ROUNDS else 1, -each[0]),
        )
        if times < FEWEST_ROUNDS:
            size = times = 1
        part = _together(segments[at : at + size * times])
        names = ", ".join(dict.fromkeys(each.what for each in segments[at : at + size]))
        found.append(replace(part, what=f"{times:,} times {names}") if times > 1 else part)
        at += size * times
    return tuple(found)


def _times(segments: Sequence[PathSegment], at: int, size: int) -> int:
    """Return how often the *size* segments from one on follow each other."""
    keys, times = [(each.what, each.place) for each in segments[at : at + size]], 1
    while len(keys) == size and keys == [
        (each.what, each.place) for each in segments[at + size * times : at + size * (times + 1)]
    ]:
        times += 1
    return times


def _together(parts: Sequence[PathSegment]) -> PathSegment:
    """Return segments that follow each other as one."""
    if len(parts) == 1:
        return parts[0]
    first, last, longest = parts[0], parts[-1], max(parts, key=lambda part: part.cycles)
    placed = max(parts, key=lambda part: part.cycles if part.place else 0)
    causes: Counter[str] = Counter()
    for part in parts:
        causes.update(part.causes)
    return PathSegment(
        start=first.start, end=last.end, core=last.core, origin=first.origin, place=placed.place, color=longest.color,
        what=f"{longest.what} and {len(parts) - 1} more", causes=dict(causes),
    )  # fmt: skip
