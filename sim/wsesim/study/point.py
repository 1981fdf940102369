"""One point of a study: small and plain on its way to a process, a row on its way back."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from functools import cache
from pathlib import Path
from typing import Any

from wsesim import questions
from wsesim.answer import Level
from wsesim.errors import InputError, SpecError, WsesimError
from wsesim.questions import KEY
from wsesim.questions.base import Bounded, Question
from wsesim.study.figures import figure_of
from wsesim.study.journal import Journal, KeptAnswer, asked_sha256
from wsesim.study.numbers import Value, numbers_of
from wsesim.study.spec import Study
from wsesim.study.table import ERROR, LEFT_OUT, PRUNED, PointRow

OURS = "unexpected {}: a mistake in wsesim, not in the study; please report it"


@dataclass(frozen=True, slots=True, kw_only=True)
class PointTask:
    """What a point needs: small and plain, so that it can be sent to a process."""

    number: int
    kind: str
    values: Mapping[str, Value]
    changes: Mapping[str, Value]
    data: Mapping[str, Any]
    file: str
    folder: Path
    figures: tuple[str, ...]
    level: Level | None
    derived: Mapping[str, Value]
    why: str = ""
    """Why it is not to be asked."""
    status: str = ERROR
    """Of a point that is not asked."""
    bounds: bool = False
    """Whether it is only asked what its figures are at best."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Answered:
    """Points that were answered together."""

    rows: Mapping[int, PointRow]
    """By number of the point."""
    kept: Mapping[int, tuple[str, KeptAnswer]]
    """What was found, with the sum of what was asked, for a journal elsewhere."""
    known: int
    """How many of them the journal knew."""
    said: tuple[str, ...]
    """What is to be said of the journal."""


def tasks_of(study: Study) -> tuple[PointTask, ...]:
    """Return a task for every point, in order."""
    return tuple(_task(study, number, values) for number, values in enumerate(study.points()))


def _task(study: Study, number: int, values: Mapping[str, Value]) -> PointTask:
    asked, changes, why, status = study.base.asked, dict[str, Value](), "", ERROR
    try:
        changes = study.changes(values)
        why = study.broken(changes)
        status = LEFT_OUT if why else ERROR
    except (SpecError, ValueError) as error:
        why = str(error)
    return PointTask(
        number=number, kind=str(changes.get(KEY, study.base.kind)), values=values, changes=changes, data=asked.data,
        file=asked.file, folder=asked.folder, figures=study.figures, level=study.level, why=why, status=status,
        derived={name: changes[name] for name in study.derived if name in changes},
    )  # fmt: skip


def run_points(tasks: Sequence[PointTask], place: Path | None, summed: bool = False) -> Answered:
    """Answer points in this process, by the journal at *place* if there is one.

    Args:
        tasks: the points.
        place: of the journal; None for none.
        summed: whether who asks keeps what is found, and wants the sum of what was asked.
    """
    rows: dict[int, PointRow] = {}
    kept: dict[int, tuple[str, KeptAnswer]] = {}
    journal, known = journal_at(place) if place else None, 0
    for task in tasks:
        rows[task.number], found, was_known = run_point(task, journal, summed=summed)
        known += was_known
        if found:
            kept[task.number] = found
    said = tuple(journal.said) if journal else ()
    if journal:
        journal.said.clear()
    return Answered(rows=rows, kept=kept, known=known, said=said)


@cache
def journal_at(place: Path) -> Journal:
    """Return the journal at *place*, opened once by this process."""
    return Journal.open(place)


def run_point(
    task: PointTask, journal: Journal | None, *, summed: bool = False
) -> tuple[PointRow, tuple[str, KeptAnswer] | None, bool]:  # fmt: skip
    """Answer one point; what is wrong with it, or too large about it, stands in its row.

    Returns:
        The row; what was found, with the sum of what was asked, if that is wanted; and whether the journal knew it.
    """
    if task.why:
        return failed(task, task.why), None, False
    try:
        question = asked_by(task)
        if task.bounds:
            return _bounded(task, question), None, False
        kept, known = answered(question, task.level, journal)
        found = (asked_sha256(question, task.level), kept) if summed else None
        return _row(task, question, kept), found, known
    except WsesimError as error:
        return failed(task, reason(error)), None, False
    except Exception as error:
        return failed(task, OURS.format(f"{type(error).__name__}{f' ({error})' if str(error) else ''}")), None, False


def answered(question: Question, level: Level | None, journal: Journal | None) -> tuple[KeptAnswer, bool]:
    """Answer a question in figures alone, by the journal if it knows; return whether it did, too."""
    key = asked_sha256(question, level) if journal else ""
    if journal and (kept := journal.get(key)):
        return kept, True
    outcome = questions.sketch(question, level=level)
    kept = KeptAnswer.of(outcome, questions.broken(question, outcome))
    if journal:
        journal.keep(key, kept)
    return kept, False


def _bounded(task: PointTask, question: Question) -> PointRow:
    """Return the row of a point of which is known what its figures are at best, if that is known."""
    at_best = question.at_best() if isinstance(question, Bounded) else {}
    return PointRow(
        values=task.values, status=PRUNED, why="", figures=dict.fromkeys(task.figures), derived=task.derived,
        inputs_sha256=questions.inputs_sha256(question), at_best=at_best,
    )  # fmt: skip


def known_point(task: PointTask, journal: Journal) -> PointRow | None:
    """Return the row of a point that the journal knows; None of one that has to be answered."""
    if task.why or task.bounds:
        return None
    try:
        question = asked_by(task)
        kept = journal.get(asked_sha256(question, task.level))
        return _row(task, question, kept) if kept else None
    except WsesimError:
        return None


def asked_by(task: PointTask) -> Question:
    """Return the question of a point."""
    return questions.ask_changed(task.data, task.changes, kind=task.kind, file=task.file, folder=task.folder)


def _row(task: PointTask, question: Question, kept: KeptAnswer) -> PointRow:
    return PointRow(
        values=task.values, status=kept.status, why=kept.why,
        figures={name: figure_of(kept, name, question) for name in task.figures},
        inputs_sha256=questions.inputs_sha256(question), derived=task.derived,
        most_time_on=max(kept.spent, key=lambda cause: kept.spent[cause], default=""),
    )  # fmt: skip


def failed(task: PointTask, why: str) -> PointRow:
    """Return the row of a point that could not be asked."""
    figures = dict.fromkeys(task.figures)
    return PointRow(values=task.values, status=task.status, why=why, figures=figures, derived=task.derived)


def reason(error: WsesimError) -> str:
    """Return what was wrong, in a line."""
    said = "; ".join(problem.message for problem in error.problems) if isinstance(error, InputError) else str(error)
    return " ".join(said.split())


def keeping(study: Study, row: PointRow) -> PointRow:
    """Return *row*, left out if its figures do not keep to what the study requires."""
    figures = set(study.figures)
    limits = [limit for limit in study.limits if figures & set(limit.names)] if row.ok else []
    if not limits:
        return row
    settings = numbers_of(study.base, study.changes(row.values))

    def lookup(name: str) -> float | None:
        return row.figures[name] if name in figures else settings(name)

    for limit in limits:
        try:
            why = "" if limit.value(lookup) else f"not {limit.text}"
        except SpecError as error:
            why = str(error)
        if why:
            return replace(row, status=LEFT_OUT, why=why, figures=dict.fromkeys(row.figures), most_time_on="")
    return row
