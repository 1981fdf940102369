"""Ask what every row of a table of kernels asks, and compare."""

from __future__ import annotations

import json
from collections.abc import Callable
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import TYPE_CHECKING

from wsesim import questions
from wsesim.answer import Level
from wsesim.errors import WsesimError
from wsesim.validation.kernels.registry import FAMILIES, ask_row, family_of
from wsesim.validation.kernels.rows import KernelRow, NotAsked, RowQuestion, read_kernel_table
from wsesim.validation.spread import spread, within

if TYPE_CHECKING:
    from rich.console import Console

SILICON, SIMULATOR = "silicon", "simulator"
NONE = "no family"
UNITS: dict[str, Callable[[float], float]] = {
    "us": lambda seconds: seconds * 1e6, "TFLOP/s": lambda flops_per_s: flops_per_s / 1e12,
}  # fmt: skip
"""Units of rows that are not those of the figures."""


@dataclass(frozen=True, slots=True, kw_only=True)
class KernelScore:
    """One row: what was measured, and what came out."""

    id: str
    family: str
    target: str
    """Silicon, or the vendor's simulator of the fabric."""
    metric: str
    unit: str
    measured: float
    simulated: float | None
    level: str = ""
    """cores, or closed."""
    reason: str = ""
    """Why there is no simulated value."""
    note: str = ""
    """What was assumed, or run otherwise than the row says."""

    @property
    def error(self) -> float | None:
        """Simulated over measured, less one."""
        return None if self.simulated is None else self.simulated / self.measured - 1


@dataclass(frozen=True, slots=True, kw_only=True)
class KernelSummary:
    """Errors of a family's rows on one target, without sign, beside its goals."""

    family: str
    target: str
    rows: int
    run: int
    median: float | None
    worst: float | None
    worst_id: str
    median_goal: float | None
    worst_goal: float | None
    missing: str
    """Where rows are off: which mechanism is missing."""

    @property
    def met(self) -> bool | None:
        """Whether the goals are met; None where nothing was run."""
        return within(((self.median, self.median_goal), (self.worst, self.worst_goal)))


@dataclass(frozen=True, slots=True, kw_only=True)
class KernelValidation:
    """All rows of a table."""

    scores: tuple[KernelScore, ...]

    def summary(self) -> tuple[KernelSummary, ...]:
        """Return the errors of each family on each target, families in their own order."""
        groups: dict[tuple[str, str], list[KernelScore]] = {}
        for score in self.scores:
            groups.setdefault((score.family, score.target), []).append(score)
        order = [*(family.name for family in FAMILIES), NONE]
        keys = sorted(groups, key=lambda key: (order.index(key[0]), key[1] == SILICON))
        return tuple(_summarise(*key, groups[key]) for key in keys)

    def to_json(self) -> dict[str, object]:
        """Return rows, summary and constants as plain data."""
        from wsesim.validation.kernels.render import to_json

        return to_json(self)

    def print(self, console: Console) -> None:
        """Print rows and summary as tables."""
        from wsesim.validation.kernels.render import print_tables

        print_tables(self, console)

    def write(self, path: Path) -> None:
        """Write everything as Markdown.

        Raises:
            InputError: the file cannot be written.
        """
        from wsesim.validation.kernels.render import write_markdown

        write_markdown(self, path)


def validate_kernels(
    table: Path | None = None, *, progress: Callable[[int, int, str], None] | None = None
) -> KernelValidation:
    """Answer the rows of *table* (default: the one in the package); *progress* is told (done, of, row) before each.

    Raises:
        InputError: the table cannot be read.
    """
    rows = read_kernel_table(table)
    scores = []
    for number, row in enumerate(rows):
        if progress is not None:
            progress(number, len(rows), row.id)
        scores.append(score_row(row))
    return KernelValidation(scores=tuple(scores))


def score_row(row: KernelRow) -> KernelScore:
    """Ask what the row asks, and compare."""
    family = family_of(row)
    asked: RowQuestion | None = None
    simulated: float | None = None
    reason = ""
    try:
        asked = ask_row(row)
        simulated = _in_unit(row.unit, _answered(json.dumps(asked.data), asked.figure, asked.level))
    except (NotAsked, WsesimError) as error:
        reason = str(error).removeprefix("error: ")
    ran = asked if simulated is not None else None
    return KernelScore(
        id=row.id, family=NONE if family is None else family.name, target=SILICON if row.silicon else SIMULATOR,
        metric=row.metric, unit=row.unit, measured=row.value, simulated=simulated, level=ran.level if ran else "",
        reason=reason, note=ran.note if ran else "",
    )  # fmt: skip


@cache
def _answered(data: str, figure: str, level: Level) -> float:
    """Return the figure of a question; rows that ask the same are answered once.

    Raises:
        NotAsked: there is no answer.
    """
    question = questions.ask(json.loads(data), file="row", folder=Path())
    result = questions.run(question, level=level, verify=False)
    value = result.figures.get(figure)
    if value is None:
        raise NotAsked(result.why or f"the answer has no {figure}")
    return value


def _in_unit(unit: str, value: float) -> float:
    return UNITS[unit](value) if unit in UNITS else value


def show_row(row: KernelRow) -> str:
    """Return the question of a row as a file.

    Raises:
        NotAsked: it cannot be asked.
    """
    from yaml import safe_dump

    asked = ask_row(row)
    level = f", at --level {asked.level}" if asked.level == "closed" else ""
    head = [
        f"# Row {row.id}: {row.metric}, {row.value:g} {row.unit} on {row.machine}.",
        f"# Its figure: {asked.figure}{level}.",
    ]
    head += [f"# Assumed: {asked.note}."] if asked.note else []
    return "\n".join(head) + "\n\n" + safe_dump({"name": row.id, **asked.data}, sort_keys=False, width=100)


def _summarise(name: str, target: str, scores: list[KernelScore]) -> KernelSummary:
    family = next((family for family in FAMILIES if family.name == name), None)
    found = spread((score.id, score.error) for score in scores)
    return KernelSummary(
        family=name, target=target, rows=len(scores), run=found.run, median=found.median, worst=found.worst,
        worst_id=found.worst_id, median_goal=family.median_goal if family else None,
        worst_goal=family.worst_goal if family else None, missing=family.missing if family else "",
    )  # fmt: skip
