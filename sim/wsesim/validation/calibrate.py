"""What calibrated constants do to rows: a tenth more or less of each, and each as all other groups would set it.

Leave one group out: each constant is moved over a grid around its value, the others as they are. For every group it is
set anew to what is best for all rows but that group's, and to nothing where none of them shows it; then the group is
asked with all constants set so. Groups that no constant moves are not listed.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from math import log
from statistics import fmean

from wsesim.validation.constants import Constant, ConstantChoice, LeftOut, load_constants
from wsesim.validation.groups import ACCOUNTING, MEASURED, SERVED, group_of, kind_of
from wsesim.validation.rows import NO_SETTINGS, Measurement
from wsesim.validation.score import GroupSummary, ModelValidation, RowScore, validate_rows
from wsesim.validation.spread import spread

SHARE = 0.1
"""By which a constant is made smaller and larger to see what it does; one that counts whole things by 1."""
FACTORS = (0.0, 0.25, 0.5, 0.6, 0.7, 0.8, 0.9, 1.0, 1.1, 1.2, 1.3, 1.4, 1.5, 1.75, 2.0, 2.5, 3.0)
"""Of a constant's value, on the grid; one that counts whole things is tried from 0 to twice its value."""
MARK = "# Below: written by `make calibrate`."


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


@dataclass(frozen=True, slots=True, kw_only=True)
class Otherwise:
    """What something that was chosen with rows in view does to each group that it moves."""

    choice: ConstantChoice
    groups: Mapping[str, tuple[GroupSummary, GroupSummary]]
    """Errors as it was chosen, and otherwise."""


@dataclass(frozen=True, slots=True, kw_only=True)
class ConstantTrial:
    """All rows that a constant acts on, asked with one value of it."""

    value: str | int
    number: float
    """The same without its unit."""
    scores: tuple[RowScore, ...]

    def miss(self, *, without: str) -> float:
        """Return the mean of |ln(simulated / measured)| over the rows of all groups but one."""
        errors = [abs(log(score.simulated / score.measured))
                  for score in self.scores if score.simulated and score.group != without]  # fmt: skip
        return fmean(errors) if errors else 0.0

    def of(self, group: str) -> tuple[float | None, ...]:
        """Return what comes out for a group."""
        return tuple(score.simulated for score in self.scores if score.group == group)


def touched(constant: Constant, rows: Iterable[Measurement]) -> list[Measurement]:
    """Return the rows that a constant may move."""
    return [row for row in rows if kind_of(row) in constant.acts_on]


def shifts(rows: Iterable[Measurement], *, progress: Callable[[str], None] | None = None) -> tuple[Shift, ...]:
    """Return the shift of every group of rows that a constant acts on."""
    known = tuple(rows)
    return tuple(shift for constant in load_constants().calibrated for shift in _shifts(constant, known, progress))


def _shifts(constant: Constant, rows: Iterable[Measurement], progress: Callable[[str], None] | None) -> Iterable[Shift]:
    step = 1 if constant.whole else constant.number * SHARE
    values = [constant.with_number(max(0, constant.number + sign * step)) for sign in (-1, 1)]
    acted = touched(constant, rows)
    now = _medians(_simulated(acted))
    low, high = (_medians(_simulated(acted, {constant.name: value}, progress)) for value in values)
    for group, median in now.items():
        if group in low and group in high:
            yield Shift(
                constant=constant.name, low=str(values[0]), high=str(values[1]), group=group,
                at_low=low[group] - median, at_high=high[group] - median,
            )  # fmt: skip


def otherwise(rows: Sequence[Measurement], *, progress: Callable[[str], None] | None = None) -> tuple[Otherwise, ...]:
    """Return what each group's errors are with each thing that was chosen, and chosen otherwise."""
    rows = [row for row in rows if kind_of(row) in MEASURED]
    now = _simulated(rows).summary()
    found = []
    for choice in load_constants().chosen:
        if choice.instead:
            then = _simulated(rows, choice.instead, progress).summary()
            moved = {name: (group, then[name]) for name, group in now.items() if _moves(group, then[name])}
            found.append(Otherwise(choice=choice, groups=moved))
    return tuple(found)


def _simulated(
    rows: Iterable[Measurement], settings: Mapping[str, object] = NO_SETTINGS,
    progress: Callable[[str], None] | None = None,
) -> ModelValidation:  # fmt: skip
    """Ask rows for nothing but what is simulated: they are asked again and again."""
    return validate_rows(rows, settings=settings, alone=True, progress=progress)


def _moves(now: GroupSummary, then: GroupSummary) -> bool:
    """Return whether a group has errors with both, and others; figures that it has no use for are refused."""
    return then.run == now.run and then != now


def _medians(validation: ModelValidation) -> dict[str, float]:
    found = {name: group.signed_median for name, group in validation.summary().items()}
    return {name: median for name, median in found.items() if median is not None}


def leave_out(rows: Sequence[Measurement], *, progress: Callable[[str], None] | None = None) -> tuple[LeftOut, ...]:
    """Return every group of rows that some constant acts on, left out in turn."""
    rows = [row for row in rows if kind_of(row) not in (ACCOUNTING, SERVED)]
    trials = {constant: _trials(constant, rows, progress) for constant in load_constants().calibrated}
    groups = dict.fromkeys(score.group for found in trials.values() for score in found[0].scores if score.simulated)
    return tuple(left for group in groups if (left := _left_out(group, rows, trials)) is not None)


def best(trials: Sequence[ConstantTrial], *, without: str) -> ConstantTrial:
    """Return the trial that is nearest to the rows of all other groups; of equals, the one with the least value."""
    return min(trials, key=lambda trial: (trial.miss(without=without), trial.number))


def section(found: Sequence[LeftOut]) -> str:
    """Return the end of the file of constants."""
    lines = [MARK, "left_out:"]
    for left in found:
        values = ", ".join(f"{name}: {value}" for name, value in left.values.items())
        lines += [
            f"  - group: {left.group!r}", f"    values: {{{values}}}",
            f"    median: {left.median:.4f}", f"    worst: {left.worst:.4f}",
            f"    median_in_view: {left.median_in_view:.4f}", f"    worst_in_view: {left.worst_in_view:.4f}",
        ]  # fmt: skip
    return "\n".join(lines) + "\n"


def _trials(
    constant: Constant, rows: Sequence[Measurement], progress: Callable[[str], None] | None
) -> tuple[ConstantTrial, ...]:
    whole = range(2 * round(constant.number) + 1)
    numbers = [float(number) for number in whole] if constant.whole else [constant.number * each for each in FACTORS]
    acted, trials = touched(constant, rows), []
    for number in numbers:
        value = constant.with_number(number)
        if progress is not None:
            progress(f"{constant.name} = {value}")
        scores = _simulated(acted, {constant.name: value}).scores
        trials.append(ConstantTrial(value=value, number=number, scores=scores))
    return tuple(trials)


def _left_out(
    group: str, rows: Sequence[Measurement], trials: Mapping[Constant, Sequence[ConstantTrial]]
) -> LeftOut | None:
    acting = {constant: found for constant, found in trials.items() if len({trial.of(group) for trial in found}) > 1}
    if not acting:
        return None
    values = {constant.name: best(found, without=group).value for constant, found in acting.items()}
    members = [row for row in rows if group_of(row) == group]
    without = spread((score.id, score.error) for score in _simulated(members, values).scores)
    seen = spread((score.id, score.error) for score in _simulated(members).scores)
    return LeftOut(
        group=group, values={name: str(value) for name, value in values.items()}, median=without.median or 0.0,
        worst=without.worst or 0.0, median_in_view=seen.median or 0.0, worst_in_view=seen.worst or 0.0,
    )  # fmt: skip
