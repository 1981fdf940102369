"""Sums of a run's cycles over what a reader asks by: line, operation, task, function."""

from __future__ import annotations

from bisect import bisect_right
from collections import defaultdict
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from pathlib import Path

from wsesim.cores.state import BANK, CAUSES, COMPUTE, LAUNCH
from wsesim.csl import library
from wsesim.csl.image import CodeStep, Image, Operation
from wsesim.csl.profile.taken import Taken

SCALAR_CODE = "scalar code"
MAIN_THREAD = "scalar code and launch"
"""Both, of a core by itself."""
COMPUTING, BANKS, STARTS = CAUSES[COMPUTE], CAUSES[BANK], CAUSES[LAUNCH]
LIBRARY = "library"
_OURS = Path(library.__path__[0])
Inlined = dict[str, dict[tuple[str, ...], int]]
"""Cycles by task or function, and by functions that stand in it where they are called."""


@dataclass(slots=True)
class Share:
    """What a line, an operation, a task or a function took, on all cores together."""

    by_cause: dict[str, int] = field(default_factory=lambda: defaultdict(int))
    """Cycles it worked."""
    waited: int = 0
    times: int = 0
    elements: int = 0

    @property
    def worked(self) -> int:
        """Cycles in all."""
        return sum(self.by_cause.values())


@dataclass(frozen=True, slots=True)
class NumberedStep:
    """A step of an image with its number in the engine's table."""

    number: int
    step: CodeStep
    tile: int
    at: int
    """Its number in its tile class."""


def steps_of(image: Image) -> Iterator[NumberedStep]:
    """Yield the steps of all tile classes."""
    number = 0
    for at, tile in enumerate(image.classes):
        for inner, step in enumerate(tile.steps):
            yield NumberedStep(number, step, at, inner)
            number += 1


class Bodies:
    """Which function or task a step belongs to: the one whose source begins last before it, in its file."""

    def __init__(self, image: Image) -> None:
        """Sort where they begin."""
        bodies = {(each.file, each.line, each.name) for tile in image.classes for each in tile.bodies}
        self._begins = sorted(bodies)

    def name(self, step: CodeStep) -> str:
        """Return the name of the function that a step was written in."""
        at = bisect_right(self._begins, (step.spot.file, step.spot.line, "\uffff")) - 1
        if at < 0 or not step.spot.line or self._begins[at][0] != step.spot.file:
            return LIBRARY
        return self._begins[at][2]


def shown_file(file: str) -> str:
    """Return a file as people name it: a module of our library as it is imported."""
    path = Path(file)
    return f"<{path.relative_to(_OURS).with_suffix('').as_posix()}>" if path.is_relative_to(_OURS) else file


def by_line(image: Image, taken: Taken) -> dict[tuple[str, int], Share]:
    """Return sums by file and line; line 0 is code of libraries."""
    found: dict[tuple[str, int], Share] = defaultdict(Share)
    for each in steps_of(image):
        if taken.main[each.number] or taken.work[each.number].any():
            spot = each.step.spot
            key = (shown_file(image.files[spot.file]), spot.line) if spot.line else (LIBRARY, 0)
            _add(found[key], each, taken)
    return dict(found)


def by_operation(image: Image, taken: Taken) -> dict[str, Share]:
    """Return sums by vector operation, scalar code in one."""
    found: dict[str, Share] = defaultdict(Share)
    for each in steps_of(image):
        if taken.main[each.number] or taken.work[each.number].any():
            vector = each.step.vector if each.step.op == Operation.VECTOR else None
            _add(found[f"@{vector.name}" if vector else SCALAR_CODE], each, taken)
    return dict(found)


def by_cause(image: Image, taken: Taken) -> dict[str, float]:
    """Return cycles of all cores by what they went to."""
    return with_scalar_code(
        {cause: float(each) for cause, each in zip(CAUSES, taken.causes, strict=True)}, image, taken
    )


def with_scalar_code(cycles: Mapping[str, float], image: Image, taken: Taken) -> dict[str, float]:
    """Return cycles by cause with those of scalar code apart from starts, among which cores count them."""
    scalar = sum(share.by_cause.get(SCALAR_CODE, 0) for share in by_operation(image, taken).values())
    found = dict(cycles)
    found[SCALAR_CODE] = min(float(scalar), found[STARTS])
    found[STARTS] -= found[SCALAR_CODE]
    return found


def by_function(image: Image, taken: Taken) -> dict[str, Share]:
    """Return sums by function, of its own code alone."""
    found: dict[str, Share] = defaultdict(Share)
    bodies = Bodies(image)
    for each in steps_of(image):
        if taken.main[each.number] or taken.work[each.number].any():
            _add(found[bodies.name(each.step)], each, taken)
    return dict(found)


def put_in_place(image: Image, taken: Taken) -> Inlined:
    """Return of watched cores what functions that stand where they are called took, without vector operations.

    By the task or function that they stand in, then by all that they stand in, outermost first, themselves last.
    """
    entries, bodies, name = entries_of(image), Bodies(image), LIBRARY
    steps = list(steps_of(image))
    called = {each.number - each.at + each.step.n for each in steps if each.step.op == Operation.CALL}
    found: Inlined = defaultdict(lambda: defaultdict(int))
    for each in steps:
        if each.number in entries or each.number in called:
            name = entries.get(each.number) or bodies.name(each.step)
        if each.step.within and each.step.op != Operation.VECTOR and taken.own[each.number]:
            found[name][each.step.within] += int(taken.own[each.number])
    return found


def entries_of(image: Image) -> dict[int, str]:
    """Return the names of tasks, and of functions that the host launches, by the number of their first step."""
    return {number: name for number, name, _ in _entries(image)}


def by_task(image: Image, taken: Taken) -> dict[str, tuple[str, int, int]]:
    """Return of each task, and function that the host launched: what it is, how often it ran, its cycles."""
    found: dict[str, tuple[str, int, int]] = {}
    for number, name, what in _entries(image):
        times, cycles = taken.runs[number].tolist()
        if times:
            _, before, spent = found.get(name, (what, 0, 0))
            found[name] = (what, before + times, spent + cycles)
    return found


def _entries(image: Image) -> Iterator[tuple[int, str, str]]:
    base = 0
    for tile in image.classes:
        for task in tile.tasks:
            yield base + task.entry, task.name, f"{task.kind.name.lower()} task"
        for function in tile.functions:
            yield base + function.entry, function.name, "launched"
        base += len(tile.steps)


def _add(share: Share, each: NumberedStep, taken: Taken) -> None:
    main = int(taken.main[each.number])
    if each.step.op != Operation.VECTOR:
        share.by_cause[SCALAR_CODE] += main
        return
    compute, banks, elements, times, held = taken.work[each.number].tolist()
    waits_for_it = main >= held > 0
    starts = int(taken.figures[0 if waits_for_it else 1]) * times
    share.by_cause[COMPUTING] += compute
    share.by_cause[BANKS] += banks
    share.by_cause[STARTS] += min(starts, main) if waits_for_it else main
    if waits_for_it and main > held:
        share.by_cause[SCALAR_CODE] += main - held  # descriptors that are put into registers, and what they wait for
    share.waited += max(0, held - compute - banks - starts)
    share.times += times
    share.elements += elements
