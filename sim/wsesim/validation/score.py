"""Ask what every row asks, and compare."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from pathlib import Path
from statistics import median

from wsesim.answer import Nearest
from wsesim.measured import experiment_of
from wsesim.validation import naive
from wsesim.validation.asking import NotAsked, RowQuestion, answer_to, figures_of, file_text
from wsesim.validation.groups import (
    ACCOUNTING,
    EVALUATION,
    HOST,
    INFERENCE,
    JOB,
    MEASURED,
    OPERATOR,
    SERVED,
    TRAINING,
    Goal,
    goal_of,
    group_of,
    kind_of,
    tier_of,
)
from wsesim.validation.requests import ask_host, ask_operator, ask_request, ask_served
from wsesim.validation.rows import NO_SETTINGS, Measurement, read_table
from wsesim.validation.spread import spread, within
from wsesim.validation.steps import ask_flops, ask_job, ask_step

_ASK: Mapping[str, Callable[[Measurement, Mapping[str, object]], RowQuestion]] = {
    TRAINING: ask_step, EVALUATION: ask_step, ACCOUNTING: ask_flops, JOB: ask_job, INFERENCE: ask_request,
    HOST: ask_host, OPERATOR: ask_operator, SERVED: ask_served,
}  # fmt: skip
"""How a row is asked, by what it is about."""


@dataclass(frozen=True, slots=True, kw_only=True)
class RowScore:
    """One row: what was measured, what came out, and what the baseline would have said."""

    id: str
    group: str
    metric: str
    unit: str
    """The row's, or cycles where the row counts them beside."""
    measured: float
    simulated: float | None
    naive: float | None
    reason: str = ""
    """Why there is no simulated value."""
    note: str = ""
    """What was assumed, or simulated otherwise than the row says."""
    nearest: Nearest | None = None
    """Rows of other experiments that it is most like: how far off it may be, told without it."""

    @property
    def error(self) -> float | None:
        """Simulated over measured, less one."""
        return None if self.simulated is None else self.simulated / self.measured - 1

    @property
    def naive_error(self) -> float | None:
        """The baseline's error."""
        return None if self.naive is None or self.simulated is None else self.naive / self.measured - 1


@dataclass(frozen=True, slots=True, kw_only=True)
class GroupSummary:
    """A group's errors, without sign unless said otherwise, beside what it is meant to reach."""

    rows: int
    run: int
    signed_median: float | None
    median: float | None
    worst: float | None
    worst_id: str
    naive_median: float | None
    naive_worst: float | None
    median_goal: float | None
    worst_goal: float | None

    @property
    def met(self) -> bool | None:
        """Whether the goals are met; None where there is none, or nothing was run."""
        return within(((self.median, self.median_goal), (self.worst, self.worst_goal)))


@dataclass(frozen=True, slots=True, kw_only=True)
class ModelValidation:
    """All rows of a table."""

    scores: tuple[RowScore, ...]

    def summary(self) -> dict[str, GroupSummary]:
        """Return the errors of each group, groups in the order of the rows."""
        groups: dict[str, list[RowScore]] = {}
        for score in self.scores:
            groups.setdefault(score.group, []).append(score)
        return {name: _summarise(scores, goal_of(name)) for name, scores in groups.items()}


def validate(table: Path | None = None, *, progress: Callable[[str], None] | None = None) -> ModelValidation:
    """Ask the rows of *table* (default: the one in the package).

    Raises:
        InputError: the table cannot be read.
    """
    return validate_rows(read_table(table), progress=progress)


def validate_rows(
    rows: Iterable[Measurement],
    *,
    settings: Mapping[str, object] = NO_SETTINGS,
    alone: bool = False,
    progress: Callable[[str], None] | None = None,
) -> ModelValidation:
    """Ask *rows*, with other figures of machine or software if *settings* gives any.

    What is simulated *alone* is found sooner, without the baseline and the rows that each is most like.
    """
    scores = []
    for row in sorted(rows, key=tier_of):
        if progress is not None:
            progress(row.id)
        scores.append(_score(row, settings, alone=alone))
    return ModelValidation(scores=tuple(scores))


def ask_row(row: Measurement, settings: Mapping[str, object] = NO_SETTINGS) -> RowQuestion:
    """Return what a row asks, with other figures of machine or software if *settings* gives any.

    Raises:
        NotAsked: it is about something that is not simulated, or does not say enough.
    """
    ask = _ASK.get(kind_of(row))
    if ask is None:
        raise NotAsked(f"{row.cells['phase']}: not simulated")
    return ask(row, settings)


def show_row(row: Measurement) -> str:
    """Return what a row asks, as a file.

    Raises:
        NotAsked: it cannot be asked.
    """
    asked = ask_row(row)
    source = row.cells["source"] or "a source that the table does not name"
    measured = f"{_measured(row, asked):.12g} {asked.to_unit.unit} ({row.metric}), by {source}"
    return file_text(asked, row=row.id, measured=measured)


def _measured(row: Measurement, asked: RowQuestion) -> float:
    """Return the row's value in the unit that it is compared in: its own, or cycles that it counts beside."""
    counted = row.number("device_cycles")
    return row.value if asked.to_unit.unit == row.unit or counted is None else counted


def _score(row: Measurement, settings: Mapping[str, object], *, alone: bool) -> RowScore:
    try:
        asked = ask_row(row, settings)
        simulated = asked.value(figures_of(asked) if alone else answer_to(asked).figures)
        baseline = None if alone else naive.value_of(asked)
    except NotAsked as error:
        return RowScore(
            id=row.id, group=group_of(row), metric=row.metric, unit=row.unit, measured=row.value, simulated=None,
            naive=None, reason=str(error),
        )  # fmt: skip
    return RowScore(
        id=row.id, group=group_of(row), metric=row.metric, unit=asked.to_unit.unit, measured=_measured(row, asked),
        simulated=simulated, naive=baseline, note=asked.note,
        nearest=None if alone or kind_of(row) not in MEASURED else answer_to(asked).nearest(experiment_of(row.id)),
    )  # fmt: skip


def _summarise(scores: list[RowScore], goal: Goal) -> GroupSummary:
    found = spread((score.id, score.error) for score in scores)
    naive = spread((score.id, score.naive_error) for score in scores)
    signed = [score.error for score in scores if score.error is not None]
    return GroupSummary(
        rows=len(scores), run=found.run, signed_median=median(signed) if signed else None, median=found.median,
        worst=found.worst, worst_id=found.worst_id, naive_median=naive.median, naive_worst=naive.worst,
        median_goal=goal.median, worst_goal=goal.worst,
    )  # fmt: skip
