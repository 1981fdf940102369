"""A validation of models as JSON and as tables in the terminal."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from wsesim.validation.constants import load_constants
from wsesim.validation.document import write_document
from wsesim.validation.lines import CLAIM_HEAD, GROUP_HEAD, claims, groups, shift_head, shift_lines
from wsesim.validation.plots import errors_svg, scatter_svg
from wsesim.validation.score import Validation
from wsesim.validation.sensitivity import Shift
from wsesim.validation.text import print_table

if TYPE_CHECKING:
    from rich.console import Console


@dataclass(frozen=True, slots=True, kw_only=True)
class Report:
    """A validation, ready to be shown."""

    validation: Validation
    shifts: tuple[Shift, ...] = ()
    """What each calibrated constant does; empty if nobody asked."""

    def to_json(self) -> dict[str, object]:
        """Return rows, summary, constants, and shifts if there are any, as plain data."""
        return to_json(self.validation) | (
            {"sensitivity": [asdict(shift) for shift in self.shifts]} if self.shifts else {}
        )

    def print(self, console: Console) -> None:
        """Print one line a group; rows that were not run are counted."""
        print_tables(self.validation, self.shifts, console)

    def write(self, path: Path) -> None:
        """Write everything as Markdown, and two drawings beside it.

        Raises:
            InputError: a file cannot be written.
        """
        write_document(
            self.validation, self.shifts, path, scatter=scatter_svg(self.validation), errors=errors_svg(self.validation)
        )


def to_json(validation: Validation) -> dict[str, object]:
    """Return `rows`, `summary` and `constants` as plain data."""
    rows = []
    for score in validation.scores:
        row = asdict(score) | {"error": score.error, "naive_error": score.naive_error}
        for empty in [name for name in ("reason", "note") if not row[name]]:
            del row[empty]
        rows.append(row)
    summary = {name: asdict(group) | {"met": group.met} for name, group in validation.summary().items()}
    return {"rows": rows, "summary": summary, "constants": asdict(load_constants())}


def print_tables(validation: Validation, shifts: Sequence[Shift], console: Console) -> None:
    """Print measured groups, groups of claims apart from them, and the shifts."""
    from rich.text import Text

    print_table(console, "Measured", GROUP_HEAD, groups(validation), left=("worst row", "met"))
    if lines := claims(validation):
        print_table(console, "Claims", CLAIM_HEAD, lines, left=("worst row",))
    if shifts:
        title = "Points by which the bias moves if a constant is a tenth smaller, and a tenth larger"
        print_table(console, title, shift_head(shifts), shift_lines(shifts), left=())
    console.print(Text(_told(validation)))


def _told(validation: Validation) -> str:
    left, every = sum(score.simulated is None for score in validation.scores), len(validation.scores)
    if not left:
        return f"All {every} rows were run; --json and the report show them."
    return f"{every - left} of {every} rows were run; --json and the report show them, and why the others were not."
