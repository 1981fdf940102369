"""How far off a group of rows is."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from operator import itemgetter
from statistics import median


@dataclass(frozen=True, slots=True, kw_only=True)
class Spread:
    """Errors without sign; None where nothing was run."""

    run: int
    median: float | None
    worst: float | None
    worst_id: str


def spread(errors: Iterable[tuple[str, float | None]]) -> Spread:
    """Return the spread of (row, error); None stands for a row that was not run."""
    known = [(abs(error), name) for name, error in errors if error is not None]
    worst, worst_id = max(known, key=itemgetter(0), default=(None, ""))
    return Spread(
        run=len(known),
        median=median(error for error, _ in known) if known else None,
        worst=worst,
        worst_id=worst_id,
    )


def within(limits: Iterable[tuple[float | None, float | None]]) -> bool | None:
    """Return whether each (figure, goal) that has both is within; None where none has."""
    known = [found <= goal for found, goal in limits if found is not None and goal is not None]
    return all(known) if known else None
