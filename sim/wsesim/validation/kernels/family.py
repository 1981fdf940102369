"""What a family of measured rows must do: say of each row which question it asks."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

from wsesim.validation.asking import RowQuestion
from wsesim.validation.kernels.rows import KernelRow


@dataclass(frozen=True, slots=True, kw_only=True)
class KernelFamily:
    """Rows of one experiment."""

    name: str
    title: str
    """What was measured, in a few words."""
    matches: Callable[[KernelRow], bool]
    """Whether a row is of this family, by its columns; never by a list of ids."""
    ask: Callable[[KernelRow], RowQuestion]
    """Raises NotAsked where the row cannot be asked again."""
    median_goal: float
    """Largest median of errors that is good, as a fraction."""
    worst_goal: float
    """Largest single error that is good, as a fraction."""
    missing: str = ""
    """Where rows are off: which mechanism is missing."""
