"""What varies: lists, ranges, what steps together, scenarios, and points drawn from all of it."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from math import prod
from typing import Any

from wsesim.errors import SpecError, nearest
from wsesim.questions import KEY
from wsesim.study.numbers import Value
from wsesim.study.sample import Drawn, SampleSection, draw
from wsesim.study.spec import SCENARIO, Parameter, held, is_variable, variable_names, written
from wsesim.study.values import MOST_VALUES, RangeSection, ValueChecker, between, values_of
from wsesim.workload import Problems, dimension_of_setting, read_fields, shown
from wsesim.yamlfile import Loc

MOST_AXES = 3
"""Parameters that vary independently: more cannot be drawn."""
MOST_POINTS = 10_000_000
"""Of a study: more rows than this have no room."""
Scenarios = Mapping[str, Mapping[str, Value]]


def axes_of(
    vary: Mapping[Any, Any], together: list[Any], scenarios: Scenarios, sample: SampleSection | None,
    checker: ValueChecker,
) -> tuple[tuple[Parameter, ...], ...]:  # fmt: skip
    """Return what varies independently; each axis has the parameters that step together."""
    problems, found = checker.problems, dict[str, Parameter]()
    before = len(problems.found)
    drawn = draw(sample, _columns(vary, together)) if sample else None
    for key, given in vary.items():
        name = str(key)
        if known_setting("vary", name, checker):
            found[name] = _parameter(name, given, checker, drawn)
    named = joined(together, tuple(map(str, vary)), problems)
    if len(problems.found) > before:
        return ()
    step = tuple(found) if sample else tuple(named)
    axes: list[tuple[Parameter, ...]] = []
    if scenarios:
        axes.append((Parameter(name=SCENARIO, values=tuple(scenarios)),))
    for name, parameter in found.items():
        axis = tuple(found[each] for each in step) if name in step else (parameter,)
        if axis not in axes:
            axes.append(axis)
    _check_size(axes, problems)
    return tuple(axes)


def _columns(vary: Mapping[Any, Any], together: list[Any]) -> dict[str, int]:
    """Return which coordinate of a drawn point each name has; those that step together have one."""
    found: dict[str, int] = {}
    for name in map(str, vary):
        first = next((other for other in found if name in together and other in together), None)
        found[name] = found[first] if first else len(set(found.values()))
    return found


def _check_size(axes: list[tuple[Parameter, ...]], problems: Problems) -> None:
    for axis in axes:
        if len({len(parameter.values) for parameter in axis}) > 1:
            counts = ", ".join(f"{parameter.name} has {len(parameter.values):,}" for parameter in axis)
            problems.add_field(("together",), f"needs as many values of each: {counts}")
    points = prod(len(axis[0].values) for axis in axes)
    if not axes and not problems.found:
        problems.add_field(("vary",), "is empty; name one to three settings, each with a list or a range of values")
    if len(axes) > MOST_AXES:
        message = f"has {len(axes)} parameters that vary independently, at most {MOST_AXES} can be shown; name those"
        problems.add_field(("vary",), f"{message} that step together under `together`, or fix some under `set`")
    elif points > MOST_POINTS:
        problems.add_field(("vary",), f"makes {points:,} points, at most {MOST_POINTS:,} have room; draw a sample")


def joined(together: list[Any], varied: tuple[str, ...], problems: Problems) -> list[str]:
    """Return the names that step together, those that are wrong noted."""
    found: list[str] = []
    for index, given in enumerate(together):
        name = str(given)
        if name not in varied:
            hint = nearest(name, varied) or f"; there are: {', '.join(varied)}"
            problems.add(("together", index), f"together: {shown(given)} does not stand under vary{hint}")
        elif name in found:
            problems.add(("together", index), f"together: {name} is there twice")
        found.append(name)
    if len(found) == 1:
        problems.add_field(("together",), "needs two names or more")
    return found


def known_setting(where: str, name: str, checker: ValueChecker, inside: Loc = ()) -> bool:
    """Return whether a study can change the setting *name*; if not, it is noted with the nearest that it can."""
    right = any(is_variable(kind.file, name) for kind in checker.kinds)
    if not right:
        known = dict.fromkeys(known for kind in checker.kinds for known in variable_names(kind.file))
        hint = nearest(name, known) or "; an example is 'cluster.systems', `wsesim schema` lists all"
        message = f"{where}: {name} is not a setting that a study can change{hint}"
        checker.problems.add((where, *inside, name), message, at_key=True)
    return right


def _parameter(name: str, given: object, checker: ValueChecker, drawn: Drawn | None) -> Parameter:
    """Return what *given*, a list or a range, makes of *name*; problems are noted."""
    if isinstance(given, Mapping):
        return _ranged(name, given, checker, drawn)
    loc: Loc = ("vary", name)
    if not isinstance(given, list):
        example = "a list, [1, 2], or a range, {from: 1, to: 8, steps: 4}"
        checker.problems.add_field(loc, f"must be {example}; got {shown(given)}")
        return Parameter(name=name, values=())
    if not given:
        checker.problems.add_field(loc, "has no values")
    values: dict[str, Value] = {}  # by how they are written: 1 is not true, and is 1.0
    for index, value in enumerate(given[: MOST_VALUES + 1]):
        if name != KEY and not checker.check(name, value, (*loc, index)):
            continue
        key = repr(value)
        if key in values:
            checker.problems.add((*loc, index), f"{'.'.join(map(str, loc))}: {written(held(value))} is there twice")
        values[key] = held(value)
    chosen = tuple(values.values())
    if drawn and chosen:
        chosen = tuple(chosen[min(int(share * len(chosen)), len(chosen) - 1)] for share in drawn.shares(name))
    return Parameter(name=name, values=chosen)


def _ranged(name: str, given: Mapping[Any, Any], checker: ValueChecker, drawn: Drawn | None) -> Parameter:
    loc: Loc = ("vary", name)
    _, errors = read_fields(RangeSection, given)
    checker.problems.add_invalid(errors, loc, schema=RangeSection)
    nothing = Parameter(name=name, values=())
    if errors:
        return nothing
    section = RangeSection.model_validate(dict(given))
    try:
        dimension = dimension_of_setting(name)
        values = between(section, dimension, drawn.shares(name)) if drawn else values_of(section, dimension)
    except SpecError as error:
        checker.problems.add_field((*loc, error.name), error.message)
        return nothing
    ends = [(values[0], "from"), (values[-1], "by" if section.by is not None else "to")]
    if drawn:
        ends = [(section.first, "from"), (section.last, "to")]
    right = [checker.check(name, value, (*loc, key)) for value, key in ends]
    if all(right):
        next((value for value in values[1:-1] if not checker.check(name, value, loc)), None)  # one is enough to know
    return replace(nothing, values=values, log=section.scale == "log")
