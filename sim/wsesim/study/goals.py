"""The fewest systems that reach a goal, on the machine that is asked of and on others, and what is best of them all."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from math import inf
from pathlib import Path
from typing import ClassVar

from wsesim.answer import Level, Number, Readable
from wsesim.errors import InputError, SpecError, WsesimError, nearest
from wsesim.hardware import load_cluster
from wsesim.questions import changed
from wsesim.questions.base import Question
from wsesim.study.figures import spec_of
from wsesim.study.journal import KeptAnswer
from wsesim.study.numbers import Value
from wsesim.study.pareto import front
from wsesim.study.point import answered, journal_at, reason
from wsesim.units import Dimension, parse
from wsesim.workload import Formula

SYSTEMS, MACHINE = "cluster.systems", "cluster.machine"
SHORT_GOALS = {
    "days": "budget_s <= {} d", "rate": "largest_rate_per_s >= {}", "ttft": "ttft_s <= {}", "tpot": "tpot_s <= {}",
}  # fmt: skip
"""What short goals stand for, by name."""
OF_KIND = {"days": "training", "rate": "serving", "ttft": "prefill or serving", "tpot": "decode or serving"}
"""The phase whose answers have what a short goal is about."""
BESIDE = ("power_w", "energy_per_token_j")
"""Figures that are weighed beside the goals, where answers have them."""


def goal_of(name: str, value: object, said: str) -> Formula:
    """Return what a short goal stands for.

    Args:
        name: one of `SHORT_GOALS`.
        value: a number, or a time as text; above zero.
        said: how it was given, which opens the message.

    Raises:
        InputError: not such a value.
    """
    timed = name in ("ttft", "tpot")  # without its unit a time may be off by a thousand
    right = "a time above zero with its unit, 300ms" if timed else "a number above zero"
    try:
        if 0 < (parse(value, Dimension.SECONDS) if timed else float(value)) < inf:  # type: ignore[arg-type]
            return Formula.read(SHORT_GOALS[name].format(value))
    except (TypeError, ValueError):
        pass
    raise InputError.at(f"{said}: {name} takes {right}")


@dataclass(frozen=True, slots=True, kw_only=True)
class Sized:
    """So many systems of a machine, and what they come to."""

    machine: str
    systems: int
    reached: bool
    figures: Mapping[str, Number | None]
    why: str = ""
    """Why there is no answer."""
    best: bool = False
    """Whether no other that reaches the goals is better in everything."""


@dataclass(frozen=True, slots=True, kw_only=True, repr=False)
class Sizing(Readable):
    """What was found for a question and its goals.

    `frame()` has a row for each machine and number of systems that was tried, `plot(FIGURE)` draws a figure over
    systems. `save(folder)` writes `size.json` and `size.csv`.
    """

    reader: ClassVar[str] = "wsesim.study.taking_sizes"
    question: Question
    goals: tuple[Formula, ...]
    senses: Mapping[str, str]
    """Figures that are weighed, and which is better."""
    tried: tuple[Sized, ...]
    """All that was asked, by machine and systems."""

    def fewest(self, machine: str) -> Sized | None:
        """Return the fewest systems of a machine that reach the goals."""
        return next((each for each in self.tried if each.machine == machine and each.reached), None)

    def nearest(self, machine: str) -> Sized:
        """Return the fewest systems of a machine that come nearest to the goals, to the first before others."""
        names = [name for goal in self.goals for name in goal.names if name in self.senses]

        def far(each: Sized) -> tuple[float, ...]:
            values = [(each.figures.get(name), self.senses[name]) for name in names]
            return tuple(inf if value is None else value if sense == "less" else -value for value, sense in values)

        tried = [each for each in self.tried if each.machine == machine]
        answered = [each for each in tried if not each.why]
        return min(answered, key=far) if answered else tried[-1]

    @property
    def machine(self) -> str:
        """The machine that is asked of."""
        return str(self.question.asked.resolved["cluster"]["machine"])

    @property
    def shown(self) -> tuple[Sized, ...]:
        """Of each machine the fewest that reach the goals, or the nearest to that; and all that are best."""
        machines = dict.fromkeys(each.machine for each in self.tried)
        chosen = [self.fewest(machine) or self.nearest(machine) for machine in machines]
        return tuple(each for each in self.tried if each in chosen or each.best)

    @property
    def words(self) -> str:
        """Say what was found, in a sentence."""
        goals = " and ".join(goal.text for goal in self.goals)
        found = self.fewest(self.machine)
        if found:
            return f"{found.systems:,} system{'' if found.systems == 1 else 's'} of {self.machine}: {goals}."
        most = max(each.systems for each in self.tried if each.machine == self.machine)
        last = next(each for each in self.tried if each.machine == self.machine and each.systems == most)
        return (
            f"No number of systems of {self.machine} up to {most:,} reaches {goals}{f': {last.why}' * bool(last.why)}."
        )


def size(
    question: Question, goals: Sequence[Formula], *, machines: Iterable[str] = (), level: Level | None = None,
    journal: Path | None = None, tell: Callable[[str], None] = lambda now: None,
) -> Sizing:  # fmt: skip
    """Find the fewest systems that reach *goals*: twice as many until they do, then between; more never do worse.

    Args:
        question: whatever its systems are, they are varied.
        goals: comparisons over figures of its answers.
        machines: that are tried beside its own.
        level: default: the kind's own.
        journal: the file in which answers are kept and found again.
        tell: told what is asked now.

    Raises:
        InputError: a goal about no figure of such a question.
    """
    senses = _senses(question, goals)
    search = _Sizer(question, tuple(goals), level, journal, tell)
    own = str(question.asked.resolved["cluster"]["machine"])
    for machine in dict.fromkeys((own, *machines)):
        search.on(machine)
    tried = sorted(search.found.values(), key=lambda each: (each.machine != own, each.machine, each.systems))
    reached = [each for each in tried if each.reached]
    weighed = [{**each.figures, "systems": each.systems} for each in reached]
    best = {id(reached[place]) for place in front(weighed, {**senses, "systems": "less"})}
    marked = (Sized(machine=each.machine, systems=each.systems, reached=each.reached, figures=each.figures,
                    why=each.why, best=id(each) in best) for each in tried)  # fmt: skip
    return Sizing(question=question, goals=tuple(goals), senses=senses, tried=tuple(marked))


def _senses(question: Question, goals: Sequence[Formula]) -> dict[str, str]:
    """Return the figures that are weighed.

    Raises:
        InputError: a goal names something else.
    """
    kind = type(question)
    named = dict.fromkeys(name for goal in goals for name in goal.names)
    known = [spec.name for spec in kind.figures]
    for name in named:
        if spec_of(name, (kind,)) is None:
            of = next((OF_KIND[short] for short, text in SHORT_GOALS.items() if text.startswith(f"{name} ")), "")
            hint = (of and f", but of {of}") or nearest(name, known) or f"; there are: {', '.join(known)}"
            raise InputError.at(f"{name} is no figure of {kind.kind}{hint}")
    found = {spec.name: spec.better for spec in kind.figures if spec.name in (*named, *BESIDE) and spec.better}
    return {name: str(found[name]) for name in (*named, *BESIDE) if name in found}


@dataclass(slots=True)
class _Sizer:
    """Systems that were asked of, and what they came to."""

    question: Question
    goals: tuple[Formula, ...]
    level: Level | None
    journal: Path | None
    tell: Callable[[str], None]
    found: dict[tuple[str, int], Sized] = field(default_factory=dict)

    def on(self, machine: str) -> None:
        """Find the fewest systems of *machine*.

        Raises:
            InputError: there is no such machine.
        """
        try:
            most = load_cluster(machine, folder=self.question.asked.folder).cluster.max_systems
        except SpecError as error:
            raise InputError.at(str(error)) from None
        low, high = 0, 1
        while not self.reached(machine, high):
            if high == most:
                return
            low, high = high, min(2 * high, most)
        while high - low > 1:
            middle = (low + high) // 2
            low, high = (low, middle) if self.reached(machine, middle) else (middle, high)

    def reached(self, machine: str, systems: int) -> bool:
        """Return whether so many systems reach the goals."""
        self.tell(f"{systems:,} of {machine}")
        changes: dict[str, Value] = {SYSTEMS: systems}
        if machine != self.question.asked.resolved["cluster"]["machine"]:
            changes[MACHINE] = machine
        try:
            other = changed(self.question, changes)
            kept, _ = answered(other, self.level, journal_at(self.journal) if self.journal else None)
        except WsesimError as error:
            kept = KeptAnswer(status="", why=reason(error), figures={}, spent={}, gap=None)
        ok = kept.sound and all(self._holds(goal, kept) for goal in self.goals)
        self.found[machine, systems] = Sized(
            machine=machine, systems=systems, reached=ok, figures=kept.figures, why=kept.why
        )  # fmt: skip
        return ok

    def _holds(self, goal: Formula, kept: KeptAnswer) -> bool:
        try:
            return bool(goal.value({**kept.spent_figures, **kept.figures}.get))
        except WsesimError:
            return False  # a figure that there is none of here
