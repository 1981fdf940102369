"""A range in a study → its values: `{from: 0.3 Tb/s, to: 4.8 Tb/s, steps: 9, scale: log}`.

Counted in fractions, so that steps of 0.1 stay tenths. Whole numbers stay whole; bytes do too.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from fractions import Fraction
from math import floor

from wsesim.errors import SpecError
from wsesim.study.schema import MOST_POINTS, RangeSection
from wsesim.units import Dimension, parse
from wsesim.workload.problems import shown

DIGITS = {"linear": 6, "log": 4}
"""Significant digits of the values between the ends, which have as many as were written."""
_UNIT = re.compile(r"\s*([+-]?[\d.]+(?:[eE][+-]?\d+)?)\s*(.+?)\s*")


@dataclass(frozen=True, slots=True)
class _Number:
    """A number as written, exactly, and its unit; `scale` is what one unit is in the unit we count in."""

    value: Fraction
    unit: str = ""
    scale: Fraction = Fraction(1)
    whole: bool = False


def values_of(section: RangeSection, dimension: Dimension | None) -> tuple[int | float | str, ...]:
    """Return the values of a range, its ends included; values that come out equal count once.

    Args:
        section: the range as it stands in the file.
        dimension: what the numbers measure, each then carries a unit; None for plain numbers.

    Raises:
        SpecError: named by the key of the range that is wrong.
    """
    first, last = _read("from", section.first, dimension), _read("to", section.last, dimension)
    start, end = first.value, last.value * last.scale / first.scale
    if start == end:
        raise SpecError("to", "equals from; write a list of one value if that is meant")
    whole = first.whole and last.whole
    if section.by is not None:
        by = _read("by", section.by, dimension)
        whole = whole and by.whole
        found = _by(start, end, by.value * by.scale / first.scale, section)
    elif section.steps is not None:
        found = _steps(start, end, section.steps, section.scale, whole=whole)
    else:
        raise SpecError("steps", "is missing: say how many values with steps, or how far apart with by")
    return tuple(dict.fromkeys(_written(value, first, dimension, whole=whole) for value in found))


def _by(start: Fraction, end: Fraction, by: Fraction, section: RangeSection) -> list[Fraction]:
    if section.steps is not None:
        raise SpecError("by", "and steps cannot both be given; keep one")
    if section.scale == "log":
        raise SpecError("scale", "= log goes with steps, not with by")
    if by == 0 or (end - start) / by < 0:
        raise SpecError("by", "never leads from `from` to `to`")
    count = floor((end - start) / by) + 1
    if count > MOST_POINTS:
        raise SpecError("by", f"makes {count:,} values, at most {MOST_POINTS:,} are simulated")
    return [start + index * by for index in range(count)]


def _steps(start: Fraction, end: Fraction, steps: int, scale: str, *, whole: bool) -> list[Fraction]:
    if scale == "log" and min(start, end) <= 0:
        raise SpecError("from" if start <= 0 else "to", "must be above 0 on a log scale")
    low, high = sorted((start, end))
    between = []
    for index in range(1, steps - 1):
        if scale == "log":
            exact = Fraction(float(start) * float(end / start) ** (index / (steps - 1)))
        else:
            exact = start + (end - start) * Fraction(index, steps - 1)
        rounded = Fraction(round(exact)) if whole else Fraction(f"{float(exact):.{DIGITS[scale]}g}")
        between.append(min(max(rounded, low), high))
    return [start, *between, end]


def _read(key: str, given: object, dimension: Dimension | None) -> _Number:
    if dimension is None:
        if isinstance(given, bool) or not isinstance(given, int | float) or not abs(given) <= 10**18:
            raise SpecError(key, f"must be a plain number, got {shown(given)}")
        return _Number(Fraction(str(given)), whole=isinstance(given, int))
    try:
        parse(given, dimension)
    except ValueError as error:
        raise SpecError(key, str(error)) from None
    match = _UNIT.fullmatch(str(given))
    assert match is not None, "what has a unit is a number and a unit"
    scale = Fraction(str(parse(f"1 {match[2]}", dimension)))
    return _Number(Fraction(match[1]), match[2], scale)


def _written(value: Fraction, like: _Number, dimension: Dimension | None, *, whole: bool) -> int | float | str:
    """Return *value* as it would stand in a workload."""
    number = int(value) if value.denominator == 1 and (whole or dimension) else float(value)
    if dimension is None:
        return number
    in_bytes = value * like.scale
    if dimension is Dimension.BYTES and in_bytes.denominator != 1:
        return f"{round(in_bytes)} B"
    return f"{number} {like.unit}"
