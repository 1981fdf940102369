"""A measured row as a question: a whole file, the figure of its answer that the row is about, and the row's unit.

    row ─► RowQuestion ─► questions.ask ─► questions.outline ─► figure ─to_unit─► the row's unit

Nothing is summed or costed here: what comes out is what `wsesim run` prints for the same file.
"""

from __future__ import annotations

import json
import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from functools import lru_cache
from pathlib import Path
from typing import TYPE_CHECKING, Any, TypeVar

from wsesim import questions
from wsesim.answer import Answer, DoesNotFit, Level, Nearest, Number, Outcome
from wsesim.errors import InputError, WsesimError
from wsesim.measured import Traits, nearest, traits_of
from wsesim.workload import plain_yaml

if TYPE_CHECKING:
    from wsesim.questions.base import Question

_Found = TypeVar("_Found")
MISFIT = "does not fit: "
"""How the reason begins why a row of what has no room is not answered."""
KEPT = 1024
"""Answers that are kept: rows that ask the same are answered once, and so is a row that is run again."""


class NotAsked(Exception):
    """A row that cannot be asked, or has no answer; the message says why."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Conversion:
    """From a figure to the unit of a row: a factor times the figure, or over it."""

    unit: str
    factor: float = 1.0
    over: bool = False

    def __call__(self, figure: float) -> float:
        """Return *figure* in the row's unit."""
        return self.factor / figure if self.over else self.factor * figure

    def words(self, figure: str) -> str:
        """Say how the row's unit comes of the figure of that name."""
        factor = int(self.factor) if self.factor == int(self.factor) else self.factor
        if self.over:
            return f"{factor!r} / {figure}"
        return figure if factor == 1 else f"{factor!r} x {figure}"


@dataclass(frozen=True, slots=True, kw_only=True)
class RowQuestion:
    """What a row asks."""

    data: Mapping[str, Any]
    """A whole file, as plain data."""
    figure: str
    """Of the file's kind."""
    to_unit: Conversion
    level: Level = "system"
    note: str = ""
    """What was assumed where the row is silent, or is asked otherwise than the row says."""

    def value(self, figures: Mapping[str, Number | None]) -> float:
        """Return what *figures* of the answer say of the row, in the row's unit.

        Raises:
            NotAsked: the answer has no such figure.
        """
        figure = figures.get(self.figure)
        if figure is None:
            raise NotAsked(f"the answer has no {self.figure}")
        return self.to_unit(figure)


@dataclass(frozen=True, slots=True, kw_only=True)
class RowAnswer:
    """The answer to a row, as far as rows and their baselines read it."""

    question: Question
    figures: Mapping[str, Number | None]
    facts: Mapping[str, Mapping[str, Any]]
    flops: Mapping[str, int] = field(default_factory=dict)
    """Of all ops of a phase: forward, prefill, decode, ..."""

    @property
    def traits(self) -> Traits:
        """What the row is like."""
        found = traits_of(self.question.kind, self.question.asked.stack, self.facts)
        assert found is not None, "rows are of models or of kernels"
        return found

    def nearest(self, experiment: str) -> Nearest | None:
        """Return the measured rows that the row is most like, those of its own experiment left out."""
        return nearest(self.traits, kin=self.question.kin, without=experiment)


def named(text: str, otherwise: str = "row") -> str:
    """Return a text of a table as a name in a file."""
    return re.sub(r"[^A-Za-z0-9._-]+", "-", text).strip("._-")[:100] or otherwise


def figures_of(asked: RowQuestion) -> Mapping[str, Number | None]:
    """Return the figures of the answer to a row, and nothing of what is said beside them: a fraction of the work.

    Raises:
        NotAsked: the file cannot be, or its question has no answer.
    """
    return _given(_sketched(_text(asked), asked.level))


def answer_to(asked: RowQuestion) -> RowAnswer:
    """Return the answer to a row, as far as rows read it: nothing of what is said about it, such as other placements.

    Raises:
        NotAsked: the file cannot be, or its question has no answer.
    """
    return _given(_answered(_text(asked), asked.level))


def _text(asked: RowQuestion) -> str:
    return json.dumps({key: value for key, value in asked.data.items() if key != "name"}, sort_keys=True)


def _given(found: _Found | str) -> _Found:
    if isinstance(found, str):
        raise NotAsked(found)
    return found


@lru_cache(maxsize=KEPT)
def _sketched(data: str, level: Level) -> Mapping[str, Number | None] | str:
    """Return the figures of the answer to a file, or why there is none."""
    found = _asked(data, lambda question: questions.sketch(question, level=level))
    return found if isinstance(found, str) else found[1].figures


@lru_cache(maxsize=KEPT)
def _answered(data: str, level: Level) -> RowAnswer | str:
    """Return the answer to a file, or why there is none."""
    found = _asked(data, lambda question: questions.outline(question, level=level))
    return found if isinstance(found, str) else _kept(*found)


def _asked(data: str, solve: Callable[[Question], Outcome]) -> tuple[Question, Answer] | str:
    try:
        question = questions.ask(json.loads(data), file="row", folder=Path())
        outcome = solve(question)
    except InputError as error:
        return "; ".join(problem.message for problem in error.problems)
    except WsesimError as error:
        return str(error)
    if isinstance(outcome, Answer):
        return question, outcome
    return f"{MISFIT}{outcome.why}" if isinstance(outcome, DoesNotFit) else outcome.why


def _kept(question: Question, answer: Answer) -> RowAnswer:
    flops: dict[str, int] = {}
    for op in answer.ops:
        flops[op.phase] = flops.get(op.phase, 0) + op.flops
    return RowAnswer(question=question, figures=answer.figures, facts=answer.facts, flops=flops)


def file_text(asked: RowQuestion, *, row: str, measured: str) -> str:
    """Return the file of a row: its question, under comments on how the row is compared with the answer.

    Args:
        asked: the question.
        row: names the row.
        measured: its value with its unit and where it comes from.
    """
    usual = questions.kinds()[_kind_of(asked.data)].level
    level = "" if asked.level == usual else f" --level {asked.level}"
    lines = [
        f"Row {row}: measured {measured}.",
        f"Compared: {asked.to_unit.words(asked.figure)} at level {asked.level}, in {asked.to_unit.unit}; "
        f"`wsesim run FILE{level}` gives {asked.figure}.",
    ]
    lines += [f"Assumed, or asked otherwise than stated: {asked.note}."] if asked.note else []
    head = "".join(plain_yaml({}, line) for line in lines[:-1])
    return head + plain_yaml(asked.data, lines[-1])


def _kind_of(data: Mapping[str, Any]) -> str:
    known = questions.kinds()
    marked = (name for name, kind in known.items() if kind.mark and kind.mark in data)
    return str(data.get("phase") or next(marked))
