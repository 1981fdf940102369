"""What watched cores did: tasks and vector instructions from start to end, and what streamed from one to another."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import Any

from wsesim.cores import isa
from wsesim.cores.builder import Builder
from wsesim.cores.operands import FabricOperand
from wsesim.cores.packing import STEP
from wsesim.cores.state import TASK_SLOT

NAMES = dict(enumerate(("mov", "add", "sub", "mul", "mac", "max", "add3"), start=isa.MOV))
Core = tuple[int, int]
"""Column and row."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Span:
    """A task or a vector instruction from start to end."""

    column: int
    row: int
    thread: int | None
    """Microthread; None: the main thread."""
    name: str
    place: str
    """Line of the builder; empty for a task."""
    start: int
    end: int
    elements: int | None = None
    """Of a vector instruction; None: of a task."""
    sends: str = ""
    """Color; empty where it sends none."""
    receives: tuple[str, ...] = ()
    """Colors."""
    within: tuple[str, ...] = ()
    """Functions that a compiler put in place of their calls around it, outermost first."""

    @property
    def cycles(self) -> int:
        """Return how long it lasted."""
        return self.end - self.start

    @property
    def core(self) -> Core:
        """Return where it was."""
        return self.column, self.row


BySpot = defaultdict[tuple[Core, str], list[Span]]
"""Spans by core and color."""


def spans_of(builder: Builder, rows: Iterable[tuple[int, ...]]) -> tuple[Span, ...]:
    """Return the rows of a log, each (core, slot, line, start, end, elements), by start."""
    found = (_span(builder, *row) for row in rows)
    return tuple(sorted(found, key=lambda span: (span.start, span.row, span.column)))


def _span(builder: Builder, core: int, slot: int, line: int, start: int, end: int, elements: int) -> Span:
    row, column = divmod(core, builder.width)
    where: dict[str, Any] = {"column": column, "row": row, "start": start, "end": end}
    if slot == TASK_SLOT:
        role = builder.roles[builder.role_of[row, column]]
        name = next(task.name for task in role.tasks.values() if task.index == line)
        return Span(**where, thread=None, name=name, place="")
    each = builder.instruction(line)
    dest, *sources = each.operands
    return Span(
        **where, thread=slot - 1 if slot > 0 else None, name=NAMES[each.op], place=each.place,
        elements=elements,
        sends=dest.color.name if isinstance(dest, FabricOperand) else "",
        receives=tuple(source.color.name for source in sources if isinstance(source, FabricOperand)),
    )  # fmt: skip


def by_color(spans: Iterable[Span]) -> tuple[BySpot, BySpot]:
    """Return what sends and what receives, by core and color, in their order; nothing where a core has no such span."""
    sent, received = BySpot(list), BySpot(list)
    for span in spans:
        if span.sends:
            sent[span.core, span.sends].append(span)
        for color in span.receives:
            received[span.core, color].append(span)
    return sent, received


def flows_of(builder: Builder, spans: Sequence[Span]) -> tuple[tuple[Span, Span], ...]:
    """Return which span received what which sent, among watched cores.

    A stream follows the first switch positions of its color, within the rectangle of the watched cores. The first that
    a core sends on a color is the first that another receives, and so on; where it has received another number of them,
    others send there too, and nothing is said.
    """
    sent, received = by_color(spans)
    found = []
    for (core, color), mine in sent.items():
        for other in _reached(builder, core, color, {span.core for span in spans}):
            theirs = received[other, color]
            found += [*zip(mine, theirs, strict=True)] if len(mine) == len(theirs) else []
    return tuple(found)


def _reached(builder: Builder, core: Core, color: str, watched: set[Core]) -> list[Core]:
    """Return the cores, within the rectangle of *watched*, to whose programs a color leads that *core* sends."""
    number = next(each.index for each in builder.colors if each.name == color)
    across, down = (sorted({place[axis] for place in watched}) for axis in (0, 1))
    found, ways, seen = [], [(core, isa.RAMP)], set()
    while ways:
        way = (column, row), port = ways.pop()
        inside = across[0] <= column <= across[-1] and down[0] <= row <= down[-1]
        if not inside or way in seen:
            continue
        seen.add(way)
        positions = builder.roles[builder.role_of[row, column]].routes.get(number, [])
        outputs = next((each.outputs for each in positions if each.source == port), 0)
        if outputs >> isa.RAMP & 1:
            found.append((column, row))
        ways += [((column + x, row + y), out ^ 1) for out, (y, x) in STEP.items() if outputs >> out & 1]
    return found
