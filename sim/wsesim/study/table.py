"""What a sweep found: data only, a row for each point."""

from __future__ import annotations

import csv
import io
from collections import Counter
from collections.abc import Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING

from wsesim._version import __version__
from wsesim.result import Status
from wsesim.study.figures import Number
from wsesim.study.spec import Study, Value

if TYPE_CHECKING:
    import pandas as pd
    from rich.console import Console

ERROR = "error"
"""Status of a point that could not be simulated at all."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Row:
    """One point."""

    values: Mapping[str, Value]
    """Of the parameters, by name."""
    status: str
    """ok | does_not_fit | error."""
    why: str
    """A sentence if the status is not ok."""
    figures: Mapping[str, Number | None]
    """What was kept, by name; all None if the status is not ok."""
    inputs_sha256: str | None = None
    """Hash of the inputs of the run, as in its own report; None if there was no run."""

    @property
    def ok(self) -> bool:
        """Whether there are figures."""
        return self.status == Status.OK


@dataclass(frozen=True, slots=True, kw_only=True)
class SweepTable:
    """All points of a study, in its order."""

    study: Study
    rows: tuple[Row, ...]

    @property
    def columns(self) -> tuple[str, ...]:
        """Names of the columns: parameters, those with a unit once more as numbers, status, figures, reason."""
        numbers = tuple(parameter.column for parameter in self.study.parameters if parameter.column)
        return (*(p.name for p in self.study.parameters), *numbers, "status", *self.study.figures, "why")

    def records(self) -> list[dict[str, object]]:
        """Return every row as plain data, keyed by column."""
        found: list[dict[str, object]] = []
        for row in self.rows:
            numbers = {p.column: p.number(row.values[p.name]) for p in self.study.parameters if p.column}
            found.append({**row.values, **numbers, "status": row.status, **row.figures, "why": row.why})
        return found

    def count(self) -> dict[str, int]:
        """Return how many points ended how."""
        counted = Counter(row.status for row in self.rows)
        return {status: counted[status] for status in (Status.OK.value, Status.DOES_NOT_FIT.value, ERROR)}

    def reasons(self) -> dict[str, list[Row]]:
        """Return the points without figures by reason, in order."""
        found: dict[str, list[Row]] = {}
        for row in self.rows:
            if not row.ok:
                found.setdefault(row.why, []).append(row)
        return found

    def frame(self) -> pd.DataFrame:
        """Return the rows as a data frame; what a point lacks is missing."""
        import pandas as pd

        return pd.DataFrame.from_records(self.records(), columns=list(self.columns))

    def to_csv(self) -> str:
        """Return the rows as CSV; what a point lacks is empty."""
        text = io.StringIO()
        writer = csv.DictWriter(text, self.columns, lineterminator="\n")
        writer.writeheader()
        writer.writerows(self.records())
        return text.getvalue()

    def to_json(self) -> dict[str, object]:
        """Return study, counts and rows as plain data."""
        study = self.study
        hashes = ({"inputs_sha256": row.inputs_sha256} for row in self.rows)
        rows = [record | found for record, found in zip(self.records(), hashes, strict=True)]
        return {
            "status": "ok", "name": study.name, "question": study.question, "points": self.count(), "rows": rows,
            "study": {"file": study.workload_file, **study.to_json()},
            "provenance": {"version": __version__, "inputs_sha256": study.inputs_sha256},
        }  # fmt: skip

    def print(self, console: Console) -> None:
        """Print the rows as a table, and why points are missing from it."""
        from wsesim.study.terminal import print_table

        print_table(self, console)
