"""Run every row that can be run, and compare."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from wsesim.errors import WsesimError
from wsesim.result import Result
from wsesim.validation.rows import NotRunnable, group_of, result_key, workload_of
from wsesim.validation.spread import spread
from wsesim.validation.table import Measurement, read_table

if TYPE_CHECKING:
    from rich.console import Console

NAIVE_MFU = {"CS-2": 0.25, "CS-3": 0.20}
"""The baseline to beat: one utilization for everything a machine does."""
NAIVE_PEAK_FLOPS = {"CS-2": 7.5e15, "CS-3": 15.8e15}
"""Dense 16-bit peaks at 1.1 GHz, which those utilizations go with."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Score:
    """One row: what was measured, what came out, and what a constant utilization would have said."""

    id: str
    group: str
    metric: str
    unit: str
    measured: float
    simulated: float | None
    naive: float | None
    reason: str = ""
    """Why there is no simulated value."""
    note: str = ""
    """What was simulated otherwise than the row says."""

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
    """A group's errors, without sign."""

    rows: int
    run: int
    median: float | None
    worst: float | None
    worst_id: str
    naive_median: float | None
    naive_worst: float | None


@dataclass(frozen=True, slots=True, kw_only=True)
class Validation:
    """All rows of a table."""

    scores: tuple[Score, ...]

    def summary(self) -> dict[str, Summary]:
        """Return the errors of each group, groups in the order of the rows."""
        groups: dict[str, list[Score]] = {}
        for score in self.scores:
            groups.setdefault(score.group, []).append(score)
        return {name: _summarise(scores) for name, scores in groups.items()}

    def to_json(self) -> dict[str, object]:
        """Return rows and summary as plain data."""
        from wsesim.validation.render import to_json

        return to_json(self)

    def print(self, console: Console) -> None:
        """Print rows and summary as tables."""
        from wsesim.validation.render import print_tables

        print_tables(self, console)

    def write(self, path: Path) -> None:
        """Write rows and summary as Markdown.

        Raises:
            InputError: the file cannot be written.
        """
        from wsesim.validation.render import write_markdown

        write_markdown(self, path)


def validate(table: Path | None = None, *, progress: Callable[[str], None] | None = None) -> Validation:
    """Run the rows of *table* (default: the one in the package).

    Raises:
        InputError: the table cannot be read.
    """
    rows = sorted(read_table(table), key=_tier)
    scores = []
    for row in rows:
        if progress is not None:
            progress(row.id)
        scores.append(_score(row))
    return Validation(scores=tuple(scores))


def _tier(row: Measurement) -> tuple[bool, bool, bool, str]:
    """CS-2 GPT training first, then other training by group, then the rest; within a group as in the table."""
    group, training = group_of(row), row.cells["phase"] == "training"
    return (group != "CS-2 GPT", not training, not row.cells["layers"], group)


def _score(row: Measurement) -> Score:
    simulated, naive, reason, note = None, None, "", ""
    try:
        key = result_key(row)
        result, note = _run(row)
        if result.metrics is None:
            raise NotRunnable(f"does not fit: {result.why}")
        simulated = float(getattr(result.metrics, key))
        naive = _naive(result, key)
    except (NotRunnable, WsesimError) as error:
        reason = str(error)
    return Score(
        id=row.id, group=group_of(row), metric=row.metric, unit=row.unit, measured=row.value, simulated=simulated,
        naive=naive, reason=reason, note=note,
    )  # fmt: skip


def _run(row: Measurement) -> tuple[Result, str]:
    """Run with the micro-batch the row states; if that cannot be, with the one the mapping chooses, and say so."""
    data, stated = workload_of(row), row.cells["micro_batch"]
    if not stated:
        return _simulate(row, data), ""
    batch = data["batch"]
    assert isinstance(batch, dict)
    try:
        result = _simulate(row, {**data, "batch": {**batch, "micro_batch": row.whole("micro_batch") or stated}})
        why = result.why
    except WsesimError as error:
        result, why = None, str(error).removeprefix(f"{row.id}: error: ")
    if result is not None and result.placement is not None:
        return result, ""
    result = _simulate(row, data)
    chosen = result.placement.micro_batch if result.placement else "none"
    return result, f"micro-batch {stated} stated, {chosen} simulated: {why}"


def _simulate(row: Measurement, data: dict[str, object]) -> Result:
    from wsesim import pipeline
    from wsesim.workload import build_workload

    return pipeline.run(build_workload(data, file=row.id, folder=Path(), document=None), verify=False)


def _naive(result: Result, key: str) -> float | None:
    name = str(result.machine["name"])
    if result.metrics is None or name not in NAIVE_MFU:
        return None
    systems = result.machine["systems"]
    assert isinstance(systems, int)
    step_s = result.metrics.flops_per_step / (systems * NAIVE_PEAK_FLOPS[name] * NAIVE_MFU[name])
    sequences = result.batch["sequences"]
    rates = {"samples_per_s": sequences / step_s, "tokens_per_s": sequences * result.batch["length"] / step_s}
    return rates.get(key, step_s)


def _summarise(scores: list[Score]) -> Summary:
    found = spread((score.id, score.error) for score in scores)
    naive = spread((score.id, score.naive_error) for score in scores)
    return Summary(
        rows=len(scores),
        run=found.run,
        median=found.median,
        worst=found.worst,
        worst_id=found.worst_id,
        naive_median=naive.median,
        naive_worst=naive.worst,
    )
