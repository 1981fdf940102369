"""What watched cores did, one after the other: tasks, the functions they called, vector operations; what streamed."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterator, Sequence
from itertools import accumulate
from pathlib import Path

from wsesim.cores import isa
from wsesim.cores.packing import STEP
from wsesim.cores.spans import Core, Span, by_color
from wsesim.cores.state import CALL_SLOT, RECEIVED_SHIFT, RETURN_SLOT, SENT_SHIFT, TASK_SLOT
from wsesim.csl.colors import ColorSetting
from wsesim.csl.image import Image, TaskKind, TileClass
from wsesim.csl.profile.sums import Bodies, NumberedStep, entries_of, steps_of
from wsesim.csl.profile.taken import Taken

MOST_FLOWS = 20_000
_ELEMENTS, _COLOR = (1 << SENT_SHIFT) - 1, (1 << RECEIVED_SHIFT - SENT_SHIFT) - 1


def spans_of(image: Image, taken: Taken) -> tuple[Span, ...]:
    """Return the log of a run as spans, by start; a function within what called it, and a task around all."""
    steps, bodies, started = {each.number: each for each in steps_of(image)}, Bodies(image), entries_of(image)
    rows: dict[int, list[list[int]]] = defaultdict(list)
    for row in taken.spans.tolist():
        rows[row[0]].append(row)
    found = [span for core in rows for span in _of_core(image, core, rows[core], steps, bodies, started)]
    return tuple(sorted(found, key=lambda span: (span.start, span.row, span.column, -span.end)))


def _of_core(
    image: Image, core: int, rows: Sequence[list[int]], steps: dict[int, NumberedStep], bodies: Bodies,
    started: dict[int, str],
) -> Iterator[Span]:  # fmt: skip
    calls: list[tuple[int, int]] = []
    called: list[Span] = []
    for _, slot, line, start, end, more in rows:
        if slot == CALL_SLOT:
            calls.append((line, start))
        elif slot == RETURN_SLOT and calls:
            entry, begun = calls.pop()
            called.append(_span(image, core, bodies.name(steps[entry].step), steps[entry], begun, end))
        elif slot == TASK_SLOT:
            called += [
                _span(image, core, bodies.name(steps[entry].step), steps[entry], begun, end) for entry, begun in calls
            ]
            calls.clear()
            name = started[line]
            yield _task(image, core, name, steps[line], start, end)
            outer = max((each for each in called if each.name == name), key=lambda each: each.cycles, default=None)
            yield from (each for each in called if each is not outer and each.cycles)
            called.clear()
        elif slot >= 0:
            yield _operation(image, core, slot, steps[line], start, end, more)


def _span(image: Image, core: int, name: str, step: NumberedStep, start: int, end: int) -> Span:
    row, column = divmod(core, image.width)
    place = _place(image, step)
    return Span(column=column, row=row, thread=None, name=name, place=place, start=start, end=end)


def _task(image: Image, core: int, name: str, step: NumberedStep, start: int, end: int) -> Span:
    """Return the span of a task; one of data receives a wavelet."""
    row, column = divmod(core, image.width)
    tile = image.classes[step.tile]
    task = next((each for each in tile.tasks if each.name == name and each.kind == TaskKind.DATA), None)
    color = None if task is None else tile.input_queues.get(task.id) if image.arch == "wse3" else task.id
    received = () if color is None else (f"color {color}",)
    return Span(
        column=column, row=row, thread=None, name=name, place=_place(image, step), start=start, end=end,
        elements=1 if received else None, receives=received,
    )  # fmt: skip


def _operation(image: Image, core: int, slot: int, step: NumberedStep, start: int, end: int, more: int) -> Span:
    row, column = divmod(core, image.width)
    sent, received = more >> SENT_SHIFT & _COLOR, more >> RECEIVED_SHIFT & _COLOR
    assert step.step.vector is not None, "a vector operation was logged"
    return Span(
        column=column, row=row, thread=slot - 1 if slot else None, name=f"@{step.step.vector.name}",
        place=_place(image, step), start=start, end=end, elements=more & _ELEMENTS,
        sends=f"color {sent - 1}" if sent else "", receives=(f"color {received - 1}",) if received else (),
        within=step.step.within,
    )  # fmt: skip


def _place(image: Image, step: NumberedStep) -> str:
    spot = step.step.spot
    return f"{Path(image.files[spot.file]).name}:{spot.line}" if spot.line else "library"


def flows_of(image: Image, spans: Sequence[Span]) -> tuple[tuple[Span, Span], ...]:
    """Return which span received what which sent, among watched cores.

    A color leads where it does at the start. Where a core receives as many wavelets of it as another sends, the first
    is the first, and so on; where it does not, others send there too, or the run was cut, and nothing is said.
    """
    sent, received = by_color(spans)
    found: list[tuple[Span, Span]] = []
    for (core, color), mine in sent.items():
        for other in _reached(image, core, int(color.removeprefix("color "))):
            found += _paired(mine, received[other, color])
    return tuple(found[:MOST_FLOWS])


def _paired(mine: Sequence[Span], theirs: Sequence[Span]) -> list[tuple[Span, Span]]:
    """Return each receiver with what sent its first wavelet."""
    sizes, taken = ([each.elements or 0 for each in side] for side in (mine, theirs))
    if sum(sizes) != sum(taken):
        return []
    ends, found, at = list(accumulate(sizes)), [], 0
    for receiver, first in zip(theirs, accumulate([0, *taken[:-1]]), strict=True):
        while at < len(ends) - 1 and ends[at] <= first:
            at += 1
        found.append((mine[at], receiver))
    return found


def _reached(image: Image, core: Core, color: int) -> list[Core]:
    """Return the cores to whose programs a color leads that *core* sends."""
    found, ways, seen = [], [(core, isa.RAMP)], set()
    while ways:
        way = (column, row), port = ways.pop()
        if way in seen or not (0 <= column < image.width and 0 <= row < image.height):
            continue
        seen.add(way)
        rx, tx = _route(_tile(image, column, row).colors.get(color))
        if not rx >> port & 1:
            continue
        if tx >> isa.RAMP & 1:
            found.append((column, row))
        ways += [((column + x, row + y), out ^ 1) for out, (y, x) in STEP.items() if tx >> out & 1]
    return found


def _tile(image: Image, column: int, row: int) -> TileClass:
    at = 4 * (row * image.width + column)
    return image.classes[int.from_bytes(image.class_of[at : at + 4], "little")]


def _route(setting: ColorSetting | None) -> tuple[int, int]:
    """Return the sides a color comes from and goes to at the start; positions accumulate."""
    rx, tx = 0, 0
    for position in setting.positions[: setting.current + 1] if setting else ():
        if position.is_valid:
            rx = rx if position.rx is None else position.rx
            tx = tx if position.tx is None else position.tx
    return rx, tx
