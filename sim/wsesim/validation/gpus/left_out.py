"""Errors of a series of steps that had no say: each constant as all other series would set it, one at a time.

As `wsesim.validation.calibrate` does for groups of wafers' rows: a constant is moved over a grid around its value, the
others as they are; for every series it is set anew to what is best for all the others.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from math import log
from statistics import fmean, median

from wsesim.gpus import GPUS, GpuRow, Practice, gpu_named, score_rows

FACTORS = (0.5, 0.7, 0.85, 1.0, 1.15, 1.3, 1.6)
"""Of a constant's value, on the grid."""
MOST = 8
"""Constants that may be calibrated in all."""
_ANY = "h100"
"""A GPU to read the practice from, which is the same of all."""


@dataclass(frozen=True, slots=True, kw_only=True)
class LeftOutSeries:
    """A series that had no say, and its errors then."""

    name: str
    values: Mapping[str, float]
    """Constants that the others would set otherwise."""
    median: float
    median_in_view: float


def calibrated() -> Mapping[str, float]:
    """Return the constants that were set with published rows in view, by their field."""
    practice = gpu_named(_ANY).practice
    return {
        GPUS.slots[figure.name].field: getattr(practice, GPUS.slots[figure.name].field)
        for figure in gpu_named(_ANY).figures
        if figure.source == "calibrated"
    }


def leave_out_series(rows: Sequence[GpuRow]) -> tuple[LeftOutSeries, ...]:
    """Return every series of steps, left out in turn."""
    practice = gpu_named(_ANY).practice
    by_name: dict[str, list[GpuRow]] = {}
    for score in score_rows(row for row in rows if row.timed == "step"):
        if score.estimated is not None:
            by_name.setdefault(score.row.series, []).append(score.row)
    trials = {
        name: {value: _misses(by_name, _moved(practice, name, value)) for value in _grid(value_now)}
        for name, value_now in calibrated().items()
    }
    return tuple(_left_out(name, members, practice, trials) for name, members in by_name.items())


def _grid(value: float) -> tuple[float, ...]:
    return tuple(value * factor for factor in FACTORS)


def _moved(practice: Practice, name: str, value: float) -> Practice:
    capped = min(value, 1.0) if name.endswith(("_share", "interference")) else value
    return replace(practice, **{name: capped})


def _misses(by_name: Mapping[str, Sequence[GpuRow]], practice: Practice) -> dict[str, float]:
    """Return the mean of |ln(estimated / measured)| of each series."""
    return {name: fmean(_logs(rows, practice) or [0.0]) for name, rows in by_name.items()}


def _logs(rows: Sequence[GpuRow], practice: Practice) -> list[float]:
    return [abs(log(score.estimated / score.measured)) for score in score_rows(rows, practice) if score.estimated]


def _left_out(
    name: str, rows: Sequence[GpuRow], practice: Practice, trials: Mapping[str, Mapping[float, Mapping[str, float]]]
) -> LeftOutSeries:  # fmt: skip
    best = {
        constant: min(tried, key=lambda value: fmean(miss for other, miss in tried[value].items() if other != name))
        for constant, tried in trials.items()
        if len(next(iter(tried.values()))) > 1
    }
    chosen = {constant: value for constant, value in best.items() if value != getattr(practice, constant)}
    moved = practice
    for constant, value in chosen.items():
        moved = _moved(moved, constant, value)
    return LeftOutSeries(
        name=name, values=chosen, median=_median(rows, moved), median_in_view=_median(rows, practice)
    )  # fmt: skip


def _median(rows: Sequence[GpuRow], practice: Practice) -> float:
    errors = [abs(score.error) for score in score_rows(rows, practice) if score.error is not None]
    return median(errors) if errors else 0.0
