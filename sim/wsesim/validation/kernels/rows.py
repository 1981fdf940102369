"""Measured rows of kernels, as they stand in a table, and the question that a row asks, as the data of a file."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from wsesim.answer import Level
from wsesim.units import Sizes
from wsesim.validation.asking import Conversion, NotAsked, RowQuestion, named
from wsesim.validation.csvfile import Cells, finite, read_cells

MACHINES = {"WSE-1": "cs-1", "WSE-2": "cs-2", "WSE-3": "cs-3"}
COLUMNS = (
    "id", "machine", "clock_mhz", "kernel", "algorithm", "precision", "grid_w", "grid_h", "params", "metric", "value",
    "unit", "includes",
)  # fmt: skip
"""Columns that are read; a table may have more."""
HZ_PER_MHZ = 1e6
FACTORS = {"us": 1e6, "TFLOP/s": 1e-12}
"""Of units of rows that are not those of the figures."""
MOST_DIGITS = 6


@dataclass(frozen=True, slots=True, kw_only=True)
class KernelRow:
    """One row of the table, its columns as they stand there."""

    id: str
    machine: str
    kernel: str
    algorithm: str
    precision: str
    columns: int | None
    """Cores along x; None where the row does not say."""
    rows: int | None
    """Cores along y."""
    params: str
    metric: str
    value: float
    unit: str
    includes: str
    clock_hz: float | None
    """Clock that the row's source converts with; None where it counts cycles."""

    @property
    def machine_name(self) -> str:
        """The preset of the row's generation.

        Raises:
            NotAsked: a machine of no known generation.
        """
        for generation, name in MACHINES.items():
            if self.machine.startswith(generation):
                return name
        raise NotAsked(f"no machine like {self.machine!r}")

    @property
    def silicon(self) -> bool:
        """Whether a machine was measured, and not the vendor's simulator of the fabric."""
        return "silicon" in self.machine

    @property
    def grid(self) -> tuple[int, int]:
        """Columns and rows of cores.

        Raises:
            NotAsked: the row does not say.
        """
        if self.columns is None or self.rows is None:
            raise NotAsked("the row gives no grid")
        return self.columns, self.rows

    @property
    def side(self) -> int:
        """Cores along both sides.

        Raises:
            NotAsked: the grid is not stated, or not a square.
        """
        if self.columns is None or self.columns != self.rows:
            raise NotAsked("the grid is not a square")
        return self.columns

    def number(self, name: str) -> float:
        """Return the number that `params` gives as `name=number`.

        Raises:
            NotAsked: it gives none.
        """
        found = re.search(rf"(?<![A-Za-z]){re.escape(name)}\s*=\s*(-?[0-9]+(?:\.[0-9]+)?)", self.params)
        if found is None:
            raise NotAsked(f"params give no {name}")
        return float(found[1])

    def whole(self, name: str) -> int:
        """Return the same as a whole number.

        Raises:
            NotAsked: it gives none, or one that is not whole.
        """
        number = self.number(name)
        if number != int(number):
            raise NotAsked(f"{name} = {number} is not a whole number")
        return int(number)

    def found(self, pattern: str) -> re.Match[str]:
        """Return where *pattern* stands in `params`.

        Raises:
            NotAsked: nowhere.
        """
        match = re.search(pattern, self.params)
        if match is None:
            raise NotAsked(f"params say nothing like {pattern!r}")
        return match

    def count(self, what: str) -> int:
        """Return the number that stands before *what* in `params`."""
        return int(self.found(rf"(\d+) {what}")[1])

    def ask(
        self, kernel: str, grid: Sequence[int], shape: Sequence[int], figure: str = "cycles", *, level: Level = "cores",
        measured: bool = False, options: Mapping[str, str | int] | None = None,
        hardware: Mapping[str, str | int] | None = None, note: str = "", **more: bool,
    ) -> RowQuestion:  # fmt: skip
        """Return the question for a figure of a kernel on the row's machine; *measured*: one of its measures."""
        data: dict[str, Any] = {
            "name": named(self.id),
            "kernel": kernel,
            "grid": Sizes(grid),
            "shape": Sizes(shape),
            "cluster": self.machine_name,
        }
        data |= {"options": dict(options)} if options else {}
        data |= {"measure": figure} if measured else {}
        data |= {"silicon": True} if self.silicon else {}
        data |= {"hardware": changed} if (changed := {**self.clock, **(hardware or {})}) else {}
        data |= {**more, "verify": False, "pictures": 0}
        return RowQuestion(data=data, figure=figure, to_unit=self.to_unit, level=level, note=note)

    def measure(self, kernel: str, grid: Sequence[int], shape: Sequence[int], figure: str, **more: Any) -> RowQuestion:
        """Return the question for a figure that the kernel is measured by."""
        return self.ask(kernel, grid, shape, figure, measured=True, **more)

    @property
    def to_unit(self) -> Conversion:
        """From the unit of figures to the row's: the same but for a power of ten."""
        return Conversion(unit=self.unit, factor=FACTORS.get(self.unit, 1.0))

    @property
    def clock(self) -> dict[str, str | int]:
        """The clock of the row as a figure to change; none where it counts cycles."""
        return {} if self.clock_hz is None else {"core.clock": f"{self.clock_hz / HZ_PER_MHZ:g} MHz"}


def read_kernel_table(path: Path | None = None) -> tuple[KernelRow, ...]:
    """Read the table at *path*, or the one that comes with the package.

    Raises:
        InputError: no such file, not UTF-8, not CSV, a missing column, a row without id, a value that is not a number
            above zero, or a side of the grid that is neither empty nor a whole number of cores.
    """
    return tuple(_row(row) for row in read_cells(path, COLUMNS, packaged="kernels.csv"))


def _row(row: Cells) -> KernelRow:
    if not row["id"]:
        raise row.error("the row has no id")
    clock = finite(row["clock_mhz"].partition(" ")[0])  # "850 (assumed)"; "n/a" where cycles were counted
    return KernelRow(
        id=row["id"], machine=row["machine"], kernel=row["kernel"], algorithm=row["algorithm"],
        precision=row["precision"], columns=_cores(row, "grid_w"), rows=_cores(row, "grid_h"), params=row["params"],
        metric=row["metric"], value=row.positive("value"), unit=row["unit"], includes=row["includes"],
        clock_hz=clock * HZ_PER_MHZ if clock else None,
    )  # fmt: skip


def _cores(row: Cells, column: str) -> int | None:
    text = row[column]
    if not text:
        return None
    if not (text.isascii() and text.isdigit() and len(text) <= MOST_DIGITS and int(text) > 0):
        raise row.error(f"{column} = {text!r} is neither empty nor a number of cores")
    return int(text)
