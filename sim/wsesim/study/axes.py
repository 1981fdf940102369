"""What varies: lists, ranges, what steps together, scenarios, and points drawn from all of it."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from math import prod
from types import MappingProxyType
from typing import Any

from wsesim.errors import SpecError, nearest
from wsesim.questions import KEY
from wsesim.study.numbers import Value
from wsesim.study.optimize import OptimizeSection
from wsesim.study.sample import SampleSection, draw
from wsesim.study.space import Dial, Given, Space
from wsesim.study.spec import SCENARIO, Parameter, held, is_variable, variable_names, written
from wsesim.study.values import MOST_VALUES, RangeSection, ValueChecker, between, values_of
from wsesim.workload import Problems, dimension_of_setting, key_hint, read_fields, shown
from wsesim.yamlfile import Loc

MOST_AXES = 3
"""Parameters that vary independently: more cannot be drawn."""
MOST_POINTS = 10_000_000
"""Of a study: more rows than this have no room."""
TRIED = (0.0, 0.37, 0.73, 1.0)
"""How far into a range from which points are drawn values are checked beforehand."""
Scenarios = Mapping[str, Mapping[str, Value]]


def space_of(vary: Mapping[str, Given], together: list[str], scenarios: Scenarios = MappingProxyType({})) -> Space:
    """Return where points are drawn from what is given; settings that step together have one dial."""
    dials: list[dict[str, Given]] = [{SCENARIO: tuple(scenarios)}] if scenarios else []
    for name, given in vary.items():
        beside = next((dial for dial in dials if name in together and any(each in together for each in dial)), None)
        if beside is None:
            dials.append({name: given})
        else:
            beside[name] = given
    return Space(dials=tuple(Dial(settings=dial) for dial in dials), names=tuple(vary))


def axes_of(
    vary: Mapping[Any, Any], together: list[Any], scenarios: Scenarios, drawn: SampleSection | OptimizeSection | None,
    checker: ValueChecker,
) -> tuple[tuple[tuple[Parameter, ...], ...], Space | None]:  # fmt: skip
    """Return what varies independently, and where points are drawn from if they are.

    Each axis has the parameters that step together. The points of a search are not known yet: its axis has its ends.
    """
    problems, found = checker.problems, dict[str, Given]()
    before = len(problems.found)
    for key, given in vary.items():
        name = str(key)
        if known_setting("vary", name, checker):
            found[name] = _given(name, given, checker, drawn=drawn is not None)
    named = joined(together, tuple(map(str, vary)), problems)
    if len(problems.found) > before:
        return (), None
    apart: list[tuple[Parameter, ...]] = []
    if scenarios and not isinstance(drawn, OptimizeSection):
        apart.append((Parameter(name=SCENARIO, values=tuple(scenarios)),))
    space = None
    if drawn is None:
        axes = [*apart, *_grid(found, named)]
    else:
        space = space_of(found, named, scenarios if isinstance(drawn, OptimizeSection) else {})
        points = draw(drawn, len(space.dials)) if isinstance(drawn, SampleSection) else space.ends
        axes = [*apart, space.axis(points)] if space.dials else apart
    _check_size(axes, problems)
    return tuple(axes), space


def _grid(found: Mapping[str, Given], named: Sequence[str]) -> list[tuple[Parameter, ...]]:
    axes: list[tuple[Parameter, ...]] = []
    parameters = {name: _stepped(name, given) for name, given in found.items()}
    for name, parameter in parameters.items():
        axis = tuple(parameters[each] for each in named) if name in named else (parameter,)
        if axis not in axes:
            axes.append(axis)
    return axes


def _stepped(name: str, given: Given) -> Parameter:
    if not isinstance(given, RangeSection):
        return Parameter(name=name, values=given)
    return Parameter(name=name, values=values_of(given, dimension_of_setting(name)), log=given.scale == "log")


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
        hint = key_hint(name, known) or "; an example is 'cluster.systems', `wsesim schema` lists all"
        message = f"{where}: {name} is not a setting that a study can change{hint}"
        checker.problems.add((where, *inside, name), message, at_key=True)
    return right


def _given(name: str, given: object, checker: ValueChecker, *, drawn: bool) -> Given:
    """Return the list or the range that is *given* for *name*; problems are noted."""
    if isinstance(given, Mapping):
        return _range(name, given, checker, drawn=drawn)
    loc: Loc = ("vary", name)
    if not isinstance(given, list):
        example = "a list, [1, 2], or a range, {from: 1, to: 8, steps: 4}"
        checker.problems.add_field(loc, f"must be {example}; got {shown(given)}")
        return ()
    if not given:
        checker.problems.add_field(loc, "has no values")
    values: dict[str, Value] = {}  # by how they are written: 1 is not true, and is 1.0
    for index, value in enumerate(given[: MOST_VALUES + 1]):
        if name != KEY and not checker.check(name, value, (*loc, index)):
            continue
        kept = held(name, value)
        if repr(kept) in values:
            checker.problems.add((*loc, index), f"{'.'.join(map(str, loc))}: {written(kept)} is there twice")
        values[repr(kept)] = kept
    return tuple(values.values())


def _range(name: str, given: Mapping[Any, Any], checker: ValueChecker, *, drawn: bool) -> Given:
    loc: Loc = ("vary", name)
    _, errors = read_fields(RangeSection, given)
    checker.problems.add_invalid(errors, loc, schema=RangeSection)
    if errors:
        return ()
    section = RangeSection.model_validate(dict(given))
    try:
        dimension = dimension_of_setting(name)
        values = between(section, dimension, TRIED) if drawn else values_of(section, dimension)
    except SpecError as error:
        checker.problems.add_field((*loc, error.name), error.message)
        return ()
    ends = [(values[0], "from"), (values[-1], "by" if section.by is not None else "to")]
    if drawn:
        ends = [(section.first, "from"), (section.last, "to")]
    right = [checker.check(name, value, (*loc, key)) for value, key in ends]
    if all(right):
        next((value for value in values[1:-1] if not checker.check(name, value, loc)), None)  # one is enough to know
    return section
