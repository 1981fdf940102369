"""What a measured row of a kernel says, and what a family of such rows must do: predict it from its columns."""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field

from wsesim.hardware import Wafer

MACHINES = {"WSE-1": "cs-1", "WSE-2": "cs-2", "WSE-3": "cs-3"}


class NotPredicted(Exception):
    """A row that cannot be run again; the message says which mechanism or figure is missing."""


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
            NotPredicted: a machine of no known generation.
        """
        for generation, name in MACHINES.items():
            if self.machine.startswith(generation):
                return name
        raise NotPredicted(f"no machine like {self.machine!r}")

    @property
    def silicon(self) -> bool:
        """Whether a machine was measured, and not the vendor's simulator of the fabric."""
        return "silicon" in self.machine

    def number(self, name: str) -> float:
        """Return the number that `params` gives as `name=number`.

        Raises:
            NotPredicted: it gives none.
        """
        found = re.search(rf"(?<![A-Za-z]){re.escape(name)}\s*=\s*(-?[0-9]+(?:\.[0-9]+)?)", self.params)
        if found is None:
            raise NotPredicted(f"params give no {name}")
        return float(found[1])

    def whole(self, name: str) -> int:
        """Return the same as a whole number.

        Raises:
            NotPredicted: it gives none, or one that is not whole.
        """
        number = self.number(name)
        if number != int(number):
            raise NotPredicted(f"{name} = {number} is not a whole number")
        return int(number)

    def found(self, pattern: str) -> re.Match[str]:
        """Return where *pattern* stands in `params`.

        Raises:
            NotPredicted: nowhere.
        """
        match = re.search(pattern, self.params)
        if match is None:
            raise NotPredicted(f"params say nothing like {pattern!r}")
        return match


@dataclass(frozen=True, slots=True, kw_only=True)
class Prediction:
    """What a program on simulated cores, or the closed form it is held to, makes of a row."""

    value: float
    """In the row's unit, on the vendor's simulator: before any factor of the silicon."""
    shares: Mapping[str, float] = field(default_factory=dict)
    """Parts of the time by what limits it, summing to at most 1: resources of `hardware.SLOWDOWNS`. What is not named
    has no factor on silicon."""
    level: str = "cores"
    """cores, or closed where the grid is too large to be run for a table."""
    note: str = ""
    """What was assumed where the row is silent."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Family:
    """Rows of one experiment."""

    name: str
    title: str
    """What was measured, in a few words."""
    matches: Callable[[KernelRow], bool]
    """Whether a row is of this family, by its columns; never by a list of ids."""
    predict: Callable[[KernelRow, Wafer], Prediction]
    """Raises NotPredicted where the row cannot be run again."""
    median_goal: float
    """Largest median of errors that is good, as a fraction."""
    worst_goal: float
    """Largest single error that is good, as a fraction."""
    missing: str = ""
    """Where rows are off: which mechanism is missing."""
