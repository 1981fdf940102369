"""What varies in a study: a range becomes values, and every value is checked by the workload's own checks.

A range, `{from: 0.3 Tb/s, to: 4.8 Tb/s, steps: 9, scale: log}`, is counted in fractions, so that steps of 0.1 stay
tenths. Whole numbers stay whole; bytes do too.

Of a value, only what a setting can know by itself is checked here. What settings must be to each other (systems that
share a batch evenly, a length the model has positions for) is a matter of each point, and an answer in its row.
"""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from fractions import Fraction
from math import floor
from pathlib import Path
from typing import Annotated, Any, Literal

from pydantic import ConfigDict, Field

from wsesim.errors import Problem, SpecError
from wsesim.questions.base import Question
from wsesim.study.spec import is_variable, takes_list
from wsesim.units import Dimension, parse, spelled
from wsesim.workload import (
    STACK,
    ClusterSection,
    Problems,
    Section,
    hardware_of,
    place_of,
    plain,
    read_fields,
    set_path,
    shown,
    software_of,
)
from wsesim.yamlfile import Document, Loc

MOST_VALUES = 10_000
"""Of one range."""
DIGITS = {"linear": 6, "log": 4}
"""Significant digits of the values between the ends, which have as many as were written."""
_UNIT = re.compile(r"\s*([+-]?[\d.]+(?:[eE][+-]?\d+)?)\s*(.+?)\s*")


class RangeSection(Section):
    """Values from one number to another, both included; numbers of a hardware figure carry its unit."""

    model_config = ConfigDict(frozen=False, validate_assignment=True)

    first: Annotated[Any, Field(alias="from")]
    """The first value."""
    last: Annotated[Any, Field(alias="to")]
    """The last value."""
    steps: Annotated[int, Field(ge=2, le=MOST_VALUES)] | None = None
    """How many values; or give `by`."""
    by: Any = None
    """From one value to the next; or give `steps`."""
    scale: Literal["linear", "log"] = "linear"
    """Whether steps are equal differences or equal ratios."""


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


def between(
    section: RangeSection, dimension: Dimension | None, shares: Sequence[float]
) -> tuple[int | float | str, ...]:  # fmt: skip
    """Return values so far into a range as *shares* say, from 0 to 1; `steps` and `by` have no meaning there.

    Raises:
        SpecError: named by the key of the range that is wrong.
    """
    if section.steps is not None or section.by is not None:
        raise SpecError("steps" if section.by is None else "by", "has no effect where points are drawn; leave it out")
    first, last = _read("from", section.first, dimension), _read("to", section.last, dimension)
    start, end = first.value, last.value * last.scale / first.scale
    _require_log(start, end, section.scale)
    whole = first.whole and last.whole
    found = (_between(start, end, share, section.scale, whole=whole) for share in shares)
    return tuple(_written(value, first, dimension, whole=whole) for value in found)


def _by(start: Fraction, end: Fraction, by: Fraction, section: RangeSection) -> list[Fraction]:
    if section.steps is not None:
        raise SpecError("by", "and steps cannot both be given; keep one")
    if section.scale == "log":
        raise SpecError("scale", "= log goes with steps, not with by")
    if by == 0 or (end - start) / by < 0:
        raise SpecError("by", "never leads from `from` to `to`")
    count = floor((end - start) / by) + 1
    if count > MOST_VALUES:
        raise SpecError("by", f"makes {count:,} values, at most {MOST_VALUES:,} are taken")
    return [start + index * by for index in range(count)]


def _steps(start: Fraction, end: Fraction, steps: int, scale: str, *, whole: bool) -> list[Fraction]:
    _require_log(start, end, scale)
    between = [_between(start, end, Fraction(index, steps - 1), scale, whole=whole) for index in range(1, steps - 1)]
    return [start, *between, end]


def _require_log(start: Fraction, end: Fraction, scale: str) -> None:
    if scale == "log" and min(start, end) <= 0:
        raise SpecError("from" if start <= 0 else "to", "must be above 0 on a log scale")


def _between(start: Fraction, end: Fraction, share: float | Fraction, scale: str, *, whole: bool) -> Fraction:
    low, high = sorted((start, end))
    if scale == "log":
        exact = Fraction(float(start) * float(end / start) ** float(share))
    else:
        exact = start + (end - start) * Fraction(share)
    rounded = Fraction(round(exact)) if whole else Fraction(f"{float(exact):.{DIGITS[scale]}g}")
    return min(max(rounded, low), high)


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
    return spelled(f"{number} {like.unit}")


@dataclass(slots=True, kw_only=True)
class ValueChecker:
    """Checks values of settings and notes what is wrong, at the value's place in the study."""

    problems: Problems
    base: Question | None
    """The question that is varied; None if it is broken itself."""
    kinds: tuple[type[Question], ...]
    """Kinds that the points can be of: a value is right if it is right for one of them."""
    hardware: dict[Any, object] = field(default_factory=dict)
    """Hardware figures that differ at every point; those of the workload count too. With them a value may be right
    that is wrong by itself: less memory than is reserved, if less is reserved."""

    def __post_init__(self) -> None:
        self.hardware = {**self._of_base("hardware"), **self.hardware}

    def check(self, name: str, value: object, loc: Loc) -> bool:
        """Return whether *value* can be given to the setting *name*; if not, note why at *loc* of the study."""
        kinds = [kind for kind in self.kinds if is_variable(kind.file, name)]
        lists = any(takes_list(kind.file, name) for kind in kinds)
        if value is None or isinstance(value, Mapping) or (isinstance(value, list) and not lists):
            got = "is empty; give a value" if value is None else f"must be one value, got {shown(value)}"
            self.problems.add(loc, f"{name} {got}")
            return False
        found = [self._wrong(kind, name, value, loc) for kind in kinds]
        if found and all(found):
            self.problems.found += found[0]
            return False
        return True

    def _wrong(self, kind: type[Question], name: str, value: object, loc: Loc) -> list[Problem]:
        """Return what is wrong with *value* in a file of *kind*."""
        place, data = place_of(name), dict[str, Any]()
        set_path(data, name, plain(value), kind.file)
        given = next((text for at, text in self.problems.settings.items() if loc[: len(at)] == at), None)
        here = Problems(
            file=self.problems.file, schema=kind.file, document=self._as_if(place, loc, data),
            settings={place: given} if given else {},
        )  # fmt: skip
        _, errors = read_fields(kind.file, data)
        here.add_invalid(error for error in errors if error["loc"][: len(place)] == place)
        if not here.found:
            self._check_named(kind, place, value, here)
        return here.found

    def _check_named(self, kind: type[Question], place: Loc, value: Any, here: Problems) -> None:
        """Note what is wrong with a value that names a machine, a stack, or a figure of one."""
        if place in (("cluster",), ("cluster", "machine")):
            hardware_of(ClusterSection(machine=value), None, here, self._folder)
        elif place[0] == "hardware" and self._refused({**self.hardware, place[1]: value}):
            hardware_of(self._cluster(), {place[1]: value}, here, self._folder)
        elif place[0] == "software" and kind.stack:
            key = place[1] if len(place) > 1 else STACK
            stack = self._of_base("software").get(STACK, kind.stack)
            software_of({STACK: stack, key: value}, kind.stack, here, self._folder)

    def _refused(self, hardware: Mapping[Any, object]) -> bool:
        probe = Problems(file=self.problems.file)
        hardware_of(self._cluster(), hardware, probe, self._folder)
        return bool(probe.found)

    @property
    def _folder(self) -> Path:
        return self.base.asked.folder if self.base else Path()

    def _of_base(self, section: str) -> Mapping[Any, Any]:
        found = self.base.asked.resolved.get(section) if self.base else None
        return found if isinstance(found, Mapping) else {}

    def _cluster(self) -> ClusterSection | None:
        return ClusterSection(machine=self._of_base("cluster")["machine"]) if self.base else None

    def _as_if(self, place: Loc, loc: Loc, data: dict[str, Any]) -> Document | None:
        """Return a document in which what stands at *place* of a workload stands where *loc* is in the study."""
        study = self.problems.document
        if study is None:
            return None
        while loc not in study.places:
            loc = loc[:-1]
        spots = {(): study.places[loc], place: study.places[loc]}
        return Document(file=study.file, data=data, lines=study.lines, places=spots, keys=spots)
