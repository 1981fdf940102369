"""Measured rows as they are kept: what each is like, and how far off it was."""

from __future__ import annotations

import csv
import io
from collections.abc import Iterable
from dataclasses import dataclass
from functools import cache
from importlib import resources

from wsesim.measured.traits import SIZES, Traits

FILE = "rows.csv"
"""In this package."""
_HEAD = ("id", "group", "kind", "machine", "software", "features", *SIZES, "error", "left_out")
_JOIN = "; "


@dataclass(frozen=True, slots=True, kw_only=True)
class Row:
    """A measured row."""

    id: str
    group: str
    """Rows that are scored together."""
    traits: Traits
    error: float
    """Simulated over measured, less one."""
    left_out: float | None = None
    """Largest error of its group, without sign, with constants that were set without it; None where not known."""


def experiment_of(row: str) -> str:
    """Return the experiment of a row: those of one share the first word of their names."""
    return row.split("-")[0]


@cache
def read_rows() -> tuple[Row, ...]:
    """Return the rows that come with the package."""
    text = (resources.files(__package__) / FILE).read_text("utf-8")
    return tuple(_row(cells) for cells in csv.DictReader(io.StringIO(text)))


def text_of(rows: Iterable[Row]) -> str:
    """Return rows as the text of the file that they are kept in."""
    out = io.StringIO()
    writer = csv.writer(out, lineterminator="\n")
    writer.writerow(_HEAD)
    writer.writerows(_cells(row) for row in rows)
    return out.getvalue()


def _cells(row: Row) -> tuple[str, ...]:
    traits = row.traits
    sizes = (f"{traits.sizes[name]:.6g}" if name in traits.sizes else "" for name in SIZES)
    left_out = "" if row.left_out is None else f"{row.left_out:.4f}"
    return (
        row.id, row.group, traits.kind, traits.machine, traits.software, _JOIN.join(sorted(traits.features)), *sizes,
        f"{row.error:.4f}", left_out,
    )  # fmt: skip


def _row(cells: dict[str, str]) -> Row:
    traits = Traits(
        kind=cells["kind"], machine=cells["machine"], software=cells["software"],
        features=frozenset(filter(None, cells["features"].split(_JOIN))),
        sizes={name: float(cells[name]) for name in SIZES if cells[name]},
    )  # fmt: skip
    left_out = float(cells["left_out"]) if cells["left_out"] else None
    return Row(id=cells["id"], group=cells["group"], traits=traits, error=float(cells["error"]), left_out=left_out)
