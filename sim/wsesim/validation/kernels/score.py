"""Ask what every row of a table of kernels asks, and compare."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

from wsesim.validation.asking import NotAsked, RowQuestion, answer_to, file_text
from wsesim.validation.kernels.registry import FAMILIES, ask_row, family_of
from wsesim.validation.kernels.rows import KernelRow, read_kernel_table
from wsesim.validation.spread import spread, within

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
        order = [*(family.name for family in FAMILIES), NONE]
        keys = sorted(groups, key=lambda key: (order.index(key[0]), key[1] == SILICON))
        return tuple(_summarise(*key, groups[key]) for key in keys)


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
        simulated = asked.value(answer_to(asked).figures)
    except NotAsked as error:
        reason = str(error)
    ran = asked if simulated is not None else None
    return KernelScore(
        id=row.id, family=NONE if family is None else family.name, target=SILICON if row.silicon else SIMULATOR,
        metric=row.metric, unit=row.unit, measured=row.value, simulated=simulated, level=ran.level if ran else "",
        reason=reason, note=ran.note if ran else "",
    )  # fmt: skip


def show_row(row: KernelRow) -> str:
    """Return the question of a row as a file.

    Raises:
        NotAsked: it cannot be asked.
    """
    return file_text(ask_row(row), row=row.id, measured=f"{row.value:.12g} {row.unit} ({row.metric}) on {row.machine}")


def _summarise(name: str, target: str, scores: list[KernelScore]) -> KernelSummary:
    family = next((family for family in FAMILIES if family.name == name), None)
    found = spread((score.id, score.error) for score in scores)
    return KernelSummary(
        family=name, target=target, rows=len(scores), run=found.run, median=found.median, worst=found.worst,
        worst_id=found.worst_id, median_goal=family.median_goal if family else None,
        worst_goal=family.worst_goal if family else None, missing=family.missing if family else "",
    )  # fmt: skip
