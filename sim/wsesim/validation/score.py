"""Run every row that can be run, and compare."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from pathlib import Path
from statistics import median

from wsesim.errors import WsesimError
from wsesim.validation.groups import (
    ACCOUNTING,
    EVALUATION,
    JOB,
    OTHER,
    TRAINING,
    Goal,
    goal_of,
    group_of,
    kind_of,
    tier_of,
)
from wsesim.validation.inference import NO_OVERRIDES, predict
from wsesim.validation.job import predict_job
from wsesim.validation.rows import NotRunnable
from wsesim.validation.spread import spread, within
from wsesim.validation.table import Measurement, read_table
from wsesim.validation.training import predict_flops, predict_step

CYCLES = "cycles"


@dataclass(frozen=True, slots=True, kw_only=True)
class Score:
    """One row: what was measured, what came out, and what the baseline would have said."""

    id: str
    group: str
    metric: str
    unit: str
    """The row's, or cycles where the row counts them and the prediction does too."""
    measured: float
    simulated: float | None
    naive: float | None
    reason: str = ""
    """Why there is no simulated value."""
    note: str = ""
    """What was assumed, or simulated otherwise than the row says."""

    @property
    def error(self) -> float | None:
        """Simulated over measured, less one."""
        return None if self.simulated is None else self.simulated / self.measured - 1

    @property
    def naive_error(self) -> float | None:
        """The baseline's error."""
        return None if self.naive is None or self.simulated is None else self.naive / self.measured - 1


@dataclass(frozen=True, slots=True, kw_only=True)
class Summary:
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
class Validation:
    """All rows of a table."""

    scores: tuple[Score, ...]

    def summary(self) -> dict[str, Summary]:
        """Return the errors of each group, groups in the order of the rows."""
        groups: dict[str, list[Score]] = {}
        for score in self.scores:
            groups.setdefault(score.group, []).append(score)
        return {name: _summarise(scores, goal_of(name)) for name, scores in groups.items()}


def validate(table: Path | None = None, *, progress: Callable[[str], None] | None = None) -> Validation:
    """Run the rows of *table* (default: the one in the package).

    Raises:
        InputError: the table cannot be read.
    """
    return validate_rows(read_table(table), progress=progress)


def validate_rows(
    rows: Iterable[Measurement],
    *,
    overrides: Mapping[str, object] = NO_OVERRIDES,
    progress: Callable[[str], None] | None = None,
) -> Validation:
    """Run *rows*, on machines with other figures if *overrides* gives any."""
    scores = []
    for row in sorted(rows, key=tier_of):
        if progress is not None:
            progress(row.id)
        scores.append(_score(row, overrides))
    return Validation(scores=tuple(scores))


@dataclass(frozen=True, slots=True, kw_only=True)
class _Outcome:
    """What goes into a score."""

    measured: float
    unit: str
    simulated: float
    naive: float | None
    note: str


def _score(row: Measurement, overrides: Mapping[str, object]) -> Score:
    try:
        found = _outcome(row, overrides)
    except (NotRunnable, WsesimError) as error:
        return Score(
            id=row.id, group=group_of(row), metric=row.metric, unit=row.unit, measured=row.value, simulated=None,
            naive=None, reason=str(error),
        )  # fmt: skip
    return Score(
        id=row.id, group=group_of(row), metric=row.metric, unit=found.unit, measured=found.measured,
        simulated=found.simulated, naive=found.naive, note=found.note,
    )  # fmt: skip


def _outcome(row: Measurement, overrides: Mapping[str, object]) -> _Outcome:
    """Predict a row by its kind."""
    kind = kind_of(row)
    if kind in (TRAINING, EVALUATION, ACCOUNTING):
        step = (predict_flops if kind == ACCOUNTING else predict_step)(row, overrides)
        return _Outcome(measured=row.value, unit=row.unit, simulated=step.value, naive=step.naive, note=step.note)
    if kind == JOB:
        seconds = predict_job(row, overrides)
        return _Outcome(measured=row.value, unit=row.unit, simulated=seconds, naive=None, note="")
    if kind == OTHER:
        raise NotRunnable(f"{row.cells['phase']}: not simulated")
    found = predict(row, overrides)
    cycles = row.number("device_cycles")
    if cycles is None or cycles <= 0 or found.cycles is None:
        return _Outcome(measured=row.value, unit=row.unit, simulated=found.value, naive=found.naive, note=found.note)
    return _Outcome(
        measured=cycles, unit=CYCLES, simulated=found.cycles, naive=found.naive_cycles, note=found.note
    )  # fmt: skip


def _summarise(scores: list[Score], goal: Goal) -> Summary:
    found = spread((score.id, score.error) for score in scores)
    naive = spread((score.id, score.naive_error) for score in scores)
    signed = [score.error for score in scores if score.error is not None]
    return Summary(
        rows=len(scores),
        run=found.run,
        signed_median=median(signed) if signed else None,
        median=found.median,
        worst=found.worst,
        worst_id=found.worst_id,
        naive_median=naive.median,
        naive_worst=naive.worst,
        median_goal=goal.median,
        worst_goal=goal.worst,
    )
