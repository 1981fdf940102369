"""How much each calibrated constant matters: what a tenth more or less of it does to every group."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from dataclasses import dataclass

from wsesim.validation.constants import Constant, load_constants
from wsesim.validation.groups import kind_of
from wsesim.validation.score import Validation, validate_rows
from wsesim.validation.table import Measurement

SHARE = 0.1
"""By which a constant is made smaller and larger; one that counts whole things by 1."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Shift:
    """What a constant does to the median of a group's errors, with sign."""

    constant: str
    low: str
    """The smaller value."""
    high: str
    """The larger one."""
    group: str
    at_low: float
    """Change of the median, as a fraction."""
    at_high: float


def shifts(rows: Iterable[Measurement], *, progress: Callable[[str], None] | None = None) -> tuple[Shift, ...]:
    """Return the shift of every group of rows that a constant acts on."""
    known = tuple(rows)
    return tuple(shift for constant in load_constants().calibrated for shift in _shifts(constant, known, progress))


def touched(constant: Constant, rows: Iterable[Measurement]) -> list[Measurement]:
    """Return the rows that a constant may move."""
    return [row for row in rows if kind_of(row) in constant.acts_on]


def _shifts(constant: Constant, rows: Iterable[Measurement], progress: Callable[[str], None] | None) -> Iterable[Shift]:
    step = 1 if constant.whole else constant.number * SHARE
    values = [constant.with_number(max(0, constant.number + sign * step)) for sign in (-1, 1)]
    acted = touched(constant, rows)
    now = _medians(validate_rows(acted))
    low, high = (
        _medians(validate_rows(acted, overrides={constant.name: value}, progress=progress)) for value in values
    )
    for group, median in now.items():
        if group in low and group in high:
            yield Shift(
                constant=constant.name, low=str(values[0]), high=str(values[1]), group=group,
                at_low=low[group] - median, at_high=high[group] - median,
            )  # fmt: skip


def _medians(validation: Validation) -> dict[str, float]:
    found = {name: group.signed_median for name, group in validation.summary().items()}
    return {name: median for name, median in found.items() if median is not None}
