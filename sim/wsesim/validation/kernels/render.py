"""A validation of kernels as JSON, as tables in the terminal, and as Markdown."""

from __future__ import annotations

from dataclasses import asdict, dataclass
from typing import TYPE_CHECKING

from wsesim._version import __version__
from wsesim.units import plural
from wsesim.validation.kernels import constants
from wsesim.validation.kernels.constants import GROUPS
from wsesim.validation.kernels.family import KernelFamily
from wsesim.validation.kernels.registry import FAMILIES
from wsesim.validation.kernels.score import KernelScore, KernelSummary, KernelValidation
from wsesim.validation.text import Line, document, left_lines, markdown_table, percent, print_table, signed

if TYPE_CHECKING:
    from rich.console import Console

FILE = "validation-kernels.md"
_ROW_HEAD = ("row", "target", "measured", "simulated", "unit", "error", "level")
_FAMILY_HEAD = ("family", "target", "rows run", "median", "worst", "worst row", "goal: median", "worst", "met")
_CONSTANT_HEAD = ("figure", *constants.GENERATIONS, "source")
_INTRODUCTION = (
    f"Written by `wsesim validate --kernels`, version {__version__}. Each row is asked again as a file, which "
    "`wsesim validate --show ROW` prints: of a program on simulated cores, or where the grid is too large for a "
    "table, of the closed form that such runs are held to (level). An error is simulated over measured, less one; "
    "medians and worst rows are without sign. Rows of the vendor's simulator of the fabric and of silicon are two "
    "targets: silicon is slower by the factors below, one for each resource."
)


@dataclass(frozen=True, slots=True, kw_only=True)
class KernelReport:
    """A validation of kernels, ready to be shown."""

    validation: KernelValidation
    own: bool = False
    """Whether the rows are of the user's own table: then why some were not run is printed."""

    @property
    def rows(self) -> int:
        """How many rows were asked."""
        return len(self.validation.scores)

    @property
    def left(self) -> dict[str, str]:
        """Why rows were not run, by row."""
        return {score.id: score.reason for score in self.validation.scores if score.simulated is None}

    def to_dict(self) -> dict[str, object]:
        """Return `rows`, `families`, and `constants` as plain data."""
        rows = []
        for score in self.validation.scores:
            row = asdict(score) | {"error": score.error}
            for empty in [name for name in ("level", "reason", "note") if not row[name]]:
                del row[empty]
            rows.append(row)
        figures = [
            dict(zip(_CONSTANT_HEAD, line, strict=True)) for group in GROUPS for line in constants.figures_of(group)
        ]
        summary = [asdict(group) | {"met": group.met} for group in self.validation.summary()]
        return {"rows": rows, "families": summary, "constants": figures}

    def print(self, console: Console) -> None:
        """Print one table of rows and one of families; rows that were not run are counted, of a user's table named."""
        from wsesim.answers.printer import Printer

        to = Printer(console)
        print_table(to, "Rows", _ROW_HEAD, _rows(self.validation), left=("target", "unit", "level"))
        print_table(to, "Families", _FAMILY_HEAD, _families(self.validation), left=("target", "worst row", "met"))
        for line in _missing(self.validation):
            to.line((line, ""))
        left = sum(score.simulated is None for score in self.validation.scores)
        told = (
            f"{plural(left, 'row')} {'was' if left == 1 else 'were'} not run; --json and the report say why."
            if left
            else "Every row was run."
        )
        to.line((told, ""))
        for line in left_lines(self.left) if self.own else ():
            to.line((line, ""))

    def files(self) -> dict[str, bytes]:
        """Return everything as Markdown, by the name of its file."""
        seen = {score.family for score in self.validation.scores}
        parts = [
            "# Measured and simulated kernels",
            _INTRODUCTION,
            "## Families",
            markdown_table(_FAMILY_HEAD, _families(self.validation)),
            "\n".join(f"- {_described(family)}" for family in FAMILIES if family.name in seen),
            "## Constants",
            "One set for each generation, whatever the kernel: figures of the presets, overridden like any other.",
            *(part for group, text in GROUPS.items() for part in (text, _figures(group))),
            "## Rows",
            markdown_table(_ROW_HEAD, _rows(self.validation)),
            "## Assumed",
            markdown_table(("row", "what"), [(score.id, score.note) for score in self.validation.scores if score.note]),
            "## Not run",
            markdown_table(("row", "family", "why"), _not_run(self.validation)),
        ]
        return {FILE: document(parts)}


def _figures(group: str) -> str:
    return markdown_table(_CONSTANT_HEAD, constants.figures_of(group))


def _described(family: KernelFamily) -> str:
    missing = f" Missing: {family.missing}." if family.missing else ""
    return f"**{family.name}**: {family.title}.{missing}"


def _missing(validation: KernelValidation) -> list[str]:
    """Return what is missing in families whose goals are not met."""
    return [
        f"{group.family} on {group.target}: {group.missing or 'why it is off is not known'}"
        for group in validation.summary()
        if group.met is False
    ]


def _rows(validation: KernelValidation) -> list[Line]:
    return [_row(score) for score in validation.scores if score.simulated is not None]


def _row(score: KernelScore) -> Line:
    measured, simulated = f"{score.measured:.6g}", f"{score.simulated:.6g}"
    return (score.id, score.target, measured, simulated, score.unit, signed(score.error), score.level)


def _families(validation: KernelValidation) -> list[Line]:
    return [
        (
            group.family, group.target, f"{group.run} of {group.rows}", percent(group.median), percent(group.worst),
            group.worst_id, percent(group.median_goal), percent(group.worst_goal), _met(group),
        )
        for group in validation.summary()
    ]  # fmt: skip


def _met(group: KernelSummary) -> str:
    return "" if group.met is None else "yes" if group.met else "no"


def _not_run(validation: KernelValidation) -> list[Line]:
    return [(score.id, score.family, score.reason) for score in validation.scores if score.simulated is None]
