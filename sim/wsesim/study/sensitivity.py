"""Which figures of machine and software an answer hangs on: each made better and worse, and pairs that tie.

question ─sensitivity─► Sensitivity ─┬─ print_sensitivity   terminal
                                     └─ save                page with a tornado, CSV, JSON
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass, replace
from itertools import combinations
from math import log
from typing import ClassVar

from wsesim import questions
from wsesim.answer import Answer, FigureSpec, Level, Outcome, Readable, UsedFigure
from wsesim.errors import InputError, SpecError, nearest
from wsesim.figures import Slot
from wsesim.hardware import MACHINES
from wsesim.questions.base import Question
from wsesim.software import STACKS
from wsesim.study.numbers import Value

Tell = Callable[[int, int, str], None]
"""Told (done, of, what is asked now)."""
SECTIONS = {"hardware": MACHINES, "software": STACKS}
STEP = 1.01
"""How many times a figure is more for its elasticity; or less, where more cannot be or has no answer."""
MATTERS = 0.01
"""Change of the answer, as a fraction, from which on a figure may tie with others, and a tie is told."""
MOST_TIED = 10
"""Figures that are tried in pairs at most: those that the answer suffers most from."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Change:
    """A figure made so many times as good, or as bad, and what the answer is then."""

    setting: str
    """`hardware.core.sram`."""
    value: int | float | str
    """As it was set, with its unit."""
    answer: float | None
    """None where there is no answer."""
    why: str = ""
    """There is none."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Influence:
    """What an answer makes of one figure."""

    figure: UsedFigure
    setting: str
    way: str
    """Which way is better: more, less, or empty where neither is."""
    better: Change | None
    """Twice as good, or of twice the size where neither way is better; None where it cannot be."""
    worse: Change | None
    elasticity: float | None = None
    """Change of the answer's logarithm over that of the figure, for a hundredth more, or the least that can be;
    above zero where more of the figure gives more. None where that says nothing."""

    def span(self, now: float) -> float:
        """Return the largest change of the answer, as a fraction of what it is *now*."""
        found = [change.answer for change in (self.better, self.worse) if change and change.answer is not None]
        return max((abs(answer / now - 1) for answer in found), default=0.0)

    @property
    def missing(self) -> bool:
        """Whether some change has no answer."""
        return any(change is not None and change.answer is None for change in (self.better, self.worse))


@dataclass(frozen=True, slots=True, kw_only=True)
class Tie:
    """Two figures that bring more together than one by one."""

    settings: tuple[str, str]
    answer: float
    """With both twice as good."""
    alone: tuple[float, float]
    """With one of them."""


@dataclass(frozen=True, slots=True, kw_only=True, repr=False)
class Sensitivity(Readable):
    """How an answer moves with every figure that it reads.

    `frame()` has a row for each figure of machine and software, `frame("ties")` pairs that bring more together;
    `plot()` is a tornado. `save(folder)` writes what `wsesim sensitivity --out` writes.
    """

    reader: ClassVar[str] = "wsesim.study.taking_sensitivity"
    question: Question
    level: Level
    figure: FigureSpec
    now: float
    times: float
    influences: tuple[Influence, ...]
    """The figure that moves the answer most first; those that move nothing last."""
    ties: tuple[Tie, ...]
    """That which brings most first."""

    @property
    def effective(self) -> tuple[Influence, ...]:
        """Figures that move the answer, or without which there is none."""
        return tuple(each for each in self.influences if each.span(self.now) > 0 or each.missing)

    @property
    def without_effect(self) -> tuple[Influence, ...]:
        """Figures that move nothing, either way."""
        return tuple(each for each in self.influences if not each.span(self.now) > 0 and not each.missing)


def sensitivity(
    question: Question, *, times: float = 2.0, figure: str | None = None, level: Level | None = None,
    tell: Tell = lambda done, of, now: None,
) -> Sensitivity:  # fmt: skip
    """Ask *question* again with every figure that it reads *times* as good and as bad, one by one, then pairs that tie.

    Args:
        question: of any kind.
        times: above 1.
        figure: whose change is told; default: the kind's first.
        level: default: the kind's own.
        tell: told before each question.

    Raises:
        InputError: no such figure, it has no value, or the question has no answer.
    """
    if not times > 1:
        raise InputError.at(f"--times must be above 1; got {times:g}")
    spec = figure_named(question, figure)
    now = _value(questions.sketch(question, level=level), spec)
    if isinstance(now, str):
        raise InputError.at(f"there is nothing to compare with: {now}")
    names = tuple(figures_read(question))
    again = _Again(question, spec, level)
    influences = []
    for place, (name, slot, used) in enumerate(names):
        tell(place, len(names), name)
        influences.append(_influence(again, name, slot, used, times, now))
    ordered = tuple(sorted(influences, key=lambda each: -each.span(now)))
    return Sensitivity(
        question=question, level=level or question.level, figure=spec, now=now, times=times, influences=ordered,
        ties=tuple(_ties(again, ordered, now, spec)),
    )  # fmt: skip


@dataclass(frozen=True, slots=True)
class _Again:
    """One question, asked with changes."""

    question: Question
    spec: FigureSpec
    level: Level | None

    def value(self, changes: Mapping[str, Value]) -> float | str | None:
        """Return the figure, or why there is none; None where the changes cannot be."""
        try:
            return _value(questions.sketch(questions.changed(self.question, changes), level=self.level), self.spec)
        except (InputError, SpecError):
            return None


def figure_named(question: Question, name: str | None) -> FigureSpec:
    """Return a figure of a question, the first of its kind where none is named.

    Raises:
        InputError: no such figure.
    """
    known = {spec.name: spec for spec in question.figures}
    if name is None:
        return question.figures[0]
    if name not in known:
        raise InputError.at(f"{name!r} is no figure of {question.kind}{nearest(name, known)}")
    return known[name]


def _value(outcome: Outcome, spec: FigureSpec) -> float | str:
    if not isinstance(outcome, Answer):
        return outcome.why
    found = outcome.figures.get(spec.name)
    return f"the answer has no {spec.name}" if found is None else float(found)


def figures_read(question: Question) -> Iterator[tuple[str, Slot, UsedFigure]]:
    """Yield every single number of machine and software that the question reads and that can be set."""
    used = {figure.name: figure for figure in question.asked.figures}
    for section, presets in SECTIONS.items():
        for name, slot in presets.slots.items():
            can = name in presets.overridable and name in used and slot.kind in ("int", "float")
            if can and name in getattr(question.reads, section):
                yield f"{section}.{name}", slot, used[name]


def _influence(again: _Again, setting: str, slot: Slot, used: UsedFigure, times: float, now: float) -> Influence:
    up, down = (_change(again, setting, slot, used.text, factor) for factor in (times, 1 / times))
    better, worse = (down, up) if slot.better == "less" else (up, down)
    found = Influence(figure=used, setting=setting, way=slot.better, better=better, worse=worse)
    return replace(found, elasticity=_elasticity(again, setting, slot, used.text, now) if found.span(now) else None)


def _elasticity(again: _Again, setting: str, slot: Slot, text: str, now: float) -> float | None:
    """Return by how many per cent the answer grows for a figure that is 1 % more; than 1 % less, where more cannot be.

    Of one side only: over a step, a slope between the two sides would be one that neither has.
    """
    changes = (_change(again, setting, slot, text, factor) for factor in (STEP, 1 / STEP))
    beside = next((change for change in changes if change is not None and change.answer is not None), None)
    if beside is None or beside.answer is None:
        return None
    (low, before), (high, after) = sorted([(slot.read(text), now), (_number(slot, beside.value), beside.answer)])
    if low <= 0 or min(before, after) <= 0:
        return None
    return log(after / before) / log(high / low)


def _change(again: _Again, setting: str, slot: Slot, text: str, factor: float) -> Change | None:
    try:
        value = slot.multiplied(text, factor)
    except SpecError:
        return None
    if slot.value(value) == slot.read(text):
        return None  # zero, or a whole number that cannot be halved
    found = again.value({setting: value})
    if found is None:
        return None
    if isinstance(found, str):
        return Change(setting=setting, value=value, answer=None, why=found)
    return Change(setting=setting, value=value, answer=found)


def _number(slot: Slot, value: float | str) -> float:
    found = slot.value(value)
    assert isinstance(found, int | float), "figures that are read are single numbers"
    return found


def _ties(again: _Again, influences: Iterable[Influence], now: float, spec: FigureSpec) -> Iterator[Tie]:
    """Yield pairs of figures that suffer if either is worse, and gain only, or much more, if both are better."""
    better = -1.0 if spec.better == "less" else 1.0
    held = [each for each in influences if _suffers(each, now, better)][:MOST_TIED]
    found = []
    for one, other in combinations(held, 2):
        changes = [change for change in (one.better, other.better) if change is not None and change.answer is not None]
        both = again.value({change.setting: change.value for change in changes}) if len(changes) == 2 else None
        if both is None or isinstance(both, str):
            continue
        alone = tuple(change.answer or 0.0 for change in changes)
        gain = better * (both / now - 1)
        if gain - sum(max(0.0, better * (answer / now - 1)) for answer in alone) > MATTERS:
            tie = Tie(settings=(one.setting, other.setting), answer=both, alone=(alone[0], alone[1]))
            found.append((gain, tie))
    yield from (tie for _, tie in sorted(found, key=lambda pair: -pair[0]))


def _suffers(each: Influence, now: float, better: float) -> bool:
    worse = each.worse.answer if each.worse else None
    return worse is not None and each.way != "" and better * (worse / now - 1) < -MATTERS
