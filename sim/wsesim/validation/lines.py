"""The cells of all tables about a validation of models."""

from __future__ import annotations

from collections.abc import Sequence

from wsesim.validation.constants import Constants
from wsesim.validation.groups import CLAIMS
from wsesim.validation.score import Score, Summary, Validation
from wsesim.validation.sensitivity import Shift
from wsesim.validation.text import Line, percent, signed

GROUP_HEAD = ("group", "rows run", "bias", "median", "worst", "worst row", "goals", "met", "baseline")
CLAIM_HEAD = ("group", "rows run", "bias", "median", "worst", "worst row", "baseline")
ROW_HEAD = ("row", "measured", "simulated", "unit", "error", "baseline")
CONSTANT_HEAD = ("constant", "value", "plausible", "meaning", "set on")
LEFT_HEAD = ("group", "constants as all other groups set them", "median", "worst", "in view: median", "worst")


def groups(validation: Validation) -> list[Line]:
    """Return a line for each group of measured rows of which some were run."""
    return [
        (*_spread(name, group), _goal(group), _met(group), percent(group.naive_median))
        for name, group in validation.summary().items()
        if group.run and name not in CLAIMS.values()
    ]


def claims(validation: Validation) -> list[Line]:
    """Return a line for each group that is no measurement."""
    return [
        (*_spread(name, group), percent(group.naive_median))
        for name, group in validation.summary().items()
        if group.run and name in CLAIMS.values()
    ]


def row_line(score: Score) -> Line:
    """Return the line of a row that was run."""
    simulated = "" if score.simulated is None else f"{score.simulated:.5g}"
    return (score.id, f"{score.measured:.5g}", simulated, score.unit, signed(score.error), signed(score.naive_error))


def verdict(group: Summary) -> str:
    """Return how far off a group is and what it was meant to reach, in a sentence."""
    found = f"Median {percent(group.median)}, worst {percent(group.worst)}"
    if group.met is None:
        return f"{found}; no goal was set."
    goals = (("median", group.median_goal), ("worst", group.worst_goal))
    wanted = " and ".join(f"{name} at most {100 * goal:g} %" for name, goal in goals if goal is not None)
    return f"{found}; the goal is {wanted}: {'met' if group.met else 'not met'}."


def shift_head(shifts: Sequence[Shift]) -> Line:
    """Return the head of the table of shifts: a column for each constant, with the values it is given."""
    values = {shift.constant: f"{_field(shift.constant)}: {shift.low}, {shift.high}" for shift in shifts}
    return ("group", *values.values())


def shift_lines(shifts: Sequence[Shift]) -> list[Line]:
    """Return a line for each group that some constant moves."""
    constants = dict.fromkeys(shift.constant for shift in shifts)
    found = {(shift.group, shift.constant): shift for shift in shifts if shift.at_low or shift.at_high}
    groups = dict.fromkeys(shift.group for shift in shifts if (shift.group, shift.constant) in found)
    return [(group, *(_moved(found.get((group, constant))) for constant in constants)) for group in groups]


def constant_lines(constants: Constants) -> list[Line]:
    """Return a line for each calibrated constant."""
    return [
        (constant.name, constant.value, " to ".join(constant.range), constant.meaning, constant.set_on)
        for constant in constants.calibrated
    ]


def left_out_lines(constants: Constants) -> list[Line]:
    """Return a line for each group that was left out in turn."""
    return [
        (
            left.group, ", ".join(f"{_field(name)} {value}" for name, value in left.values.items()),
            percent(left.median), percent(left.worst), percent(left.median_in_view), percent(left.worst_in_view),
        )
        for left in constants.left_out
    ]  # fmt: skip


def _spread(name: str, group: Summary) -> Line:
    return (
        name, f"{group.run} of {group.rows}", signed(group.signed_median), percent(group.median), percent(group.worst),
        group.worst_id,
    )  # fmt: skip


def _goal(group: Summary) -> str:
    """Return the goals for the median and the worst row."""
    goals = (group.median_goal, group.worst_goal)
    if goals == (None, None):
        return ""
    return " / ".join("-" if goal is None else f"{100 * goal:g} %" for goal in goals)


def _met(group: Summary) -> str:
    return "" if group.met is None else "yes" if group.met else "no"


def _moved(shift: Shift | None) -> str:
    """Return changes of a percentage."""
    if shift is None:
        return ""
    points = (f"{100 * change:+.1f}" for change in (shift.at_low, shift.at_high))
    return ", ".join("0" if text in ("+0.0", "-0.0") else text for text in points)


def _field(constant: str) -> str:
    return constant.partition(".")[2]
