"""Run every row of a table of kernels that can be run, and compare."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from wsesim.errors import WsesimError
from wsesim.validation.kernels.family import KernelRow, NotPredicted, Prediction
from wsesim.validation.kernels.machines import on_target, wafer_of
from wsesim.validation.kernels.registry import families, family_of, why_outside
from wsesim.validation.kernels.table import read_kernel_table
from wsesim.validation.spread import spread, within

if TYPE_CHECKING:
    from rich.console import Console

SILICON, SIMULATOR = "silicon", "simulator"
NONE = "no family"


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
        order = [*(family.name for family in families()), NONE]
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
    """Run the rows of *table* (default: the one in the package); *progress* is told (done, of, row) before each.

    Raises:
        InputError: the table cannot be read.
    """
    rows = read_kernel_table(table)
    scores = []
    for number, row in enumerate(rows):
        if progress is not None:
            progress(number, len(rows), row.id)
        scores.append(_score(row))
    return KernelValidation(scores=tuple(scores))


def _score(row: KernelRow) -> KernelScore:
    family = family_of(row)
    predicted: Prediction | None = None
    reason = ""
    if family is None:
        reason = why_outside(row)
    else:
        try:
            predicted = family.predict(row, wafer_of(row.machine_name))
        except (NotPredicted, WsesimError) as error:
            reason = str(error).removeprefix("error: ")
    return KernelScore(
        id=row.id, family=NONE if family is None else family.name, target=SILICON if row.silicon else SIMULATOR,
        metric=row.metric, unit=row.unit, measured=row.value,
        simulated=None if predicted is None else on_target(row, predicted),
        level=predicted.level if predicted else "", reason=reason, note=predicted.note if predicted else "",
    )  # fmt: skip


def _summarise(name: str, target: str, scores: list[KernelScore]) -> KernelSummary:
    family = next((family for family in families() if family.name == name), None)
    found = spread((score.id, score.error) for score in scores)
    return KernelSummary(
        family=name, target=target, rows=len(scores), run=found.run, median=found.median, worst=found.worst,
        worst_id=found.worst_id, median_goal=family.median_goal if family else None,
        worst_goal=family.worst_goal if family else None, missing=family.missing if family else "",
    )  # fmt: skip
