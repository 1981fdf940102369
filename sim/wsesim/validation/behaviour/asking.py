"""What-ifs asked, and whether their answers are as expected."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

from wsesim import questions
from wsesim.answer import Answer
from wsesim.questions.base import Question
from wsesim.validation.behaviour.expected import Expectation, WhatIf


@dataclass(frozen=True, slots=True, kw_only=True)
class Behaved:
    """A what-if with its answers."""

    what_if: WhatIf
    title: str
    """Of the question before anything is changed."""
    answers: tuple[float | None, ...]
    """By change; None where there is no answer."""

    @property
    def checks(self) -> tuple[tuple[Expectation, bool], ...]:
        """Each expectation, and whether it holds; none does where an answer is missing."""
        given = [answer for answer in self.answers if answer is not None]
        whole = len(given) == len(self.answers)
        return tuple((each, whole and each.holds(given, self._numbers(each.per))) for each in self.what_if.expect)

    @property
    def as_expected(self) -> bool:
        """Whether all hold."""
        return all(holds for _, holds in self.checks)

    def _numbers(self, per: str | None) -> tuple[float, ...]:
        return tuple(float(str(change[per])) for change in self.what_if.vary) if per else ()


def behaved(what_if: WhatIf) -> Behaved:
    """Ask a what-if: each change of its question, in figures alone.

    Raises:
        InputError: a question that cannot be asked.
    """
    base = questions.ask(what_if.ask, file="what-if", folder=Path())
    answers = tuple(_answer(base, change, what_if) for change in what_if.vary)
    return Behaved(what_if=what_if, title=base.title, answers=answers)


def _answer(base: Question, change: Mapping[str, object], what_if: WhatIf) -> float | None:
    outcome = questions.sketch(questions.changed(base, change), level=what_if.level)
    value = outcome.figures[what_if.figure] if isinstance(outcome, Answer) else None
    return None if value is None else float(value)
