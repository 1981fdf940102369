"""Study file → Study: every name and every value checked, each problem at its place in the study."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from math import prod
from pathlib import Path
from typing import Any

from wsesim.errors import InputError, SpecError, nearest
from wsesim.study.figures import figure_names
from wsesim.study.ranges import values_of
from wsesim.study.schema import (
    MOST_AXES,
    MOST_POINTS,
    USUAL_FIGURES,
    USUAL_OF_REQUESTS,
    USUAL_OF_SERVING,
    RangeSection,
    StudyFile,
)
from wsesim.study.spec import Parameter, Study, Value, dimension_of_setting, variable_names
from wsesim.study.values import Checker
from wsesim.workload import Workload, load_workload, place_of
from wsesim.workload.problems import Report, shown
from wsesim.workload.sections import add_invalid, keys, name_of, read_fields
from wsesim.yamlfile import Loc, read_yaml


def load_study(path: str | Path) -> Study:
    """Read the study at *path*, and the workload it names.

    Raises:
        InputError: with every problem, each at its line.
    """
    document = read_yaml(path)
    if not isinstance(document.data, Mapping):
        raise InputError([document.problem("a study is a mapping (lines of `key: value`) with workload and vary")])
    report = Report(file=str(path), document=document)
    read, errors = read_fields(StudyFile, document.data)
    add_invalid(report, errors, (), keys(StudyFile))
    folder = Path(path).parent
    base = _base(read.get("workload"), folder, report)
    checker = Checker(report=report, base=base, hardware=_hardware(read.get("set", {})))
    fixed = _fixed(read.get("set", {}), read.get("vary", {}), checker)
    axes = _axes(read.get("vary", {}), read.get("together", []), checker)
    asked = read.get("figures")
    figures = _usual(base) if asked is None and "figures" not in document.data else tuple(_figures(asked or [], report))
    report.raise_if_any()
    assert base is not None, "a workload that is not there is a problem"
    file = folder / read["workload"]
    return Study(
        name=read["name"] or name_of(path, "study"), question=read["question"] or "", workload_file=read["workload"],
        base=base, data=dict(read_yaml(file).data), folder=file.parent, axes=axes, fixed=fixed, figures=figures,
    )  # fmt: skip


def _base(given: str | None, folder: Path, report: Report) -> Workload | None:
    """Return the workload that is varied, or None and what is wrong with it."""
    if given is None:
        return None
    try:
        return load_workload(folder / given)
    except InputError as error:
        if error.problems[0].line is None:  # the file as a whole: what is wrong is the line that names it
            message = f"= {given!r} {error.problems[0].message}; paths start at the folder of the study"
            report.add_field(("workload",), message)
        else:
            report.found += error.problems
    except ValueError as error:  # a null character
        report.add_field(("workload",), f"= {given!r} cannot be read: {error}")
    return None


def _hardware(given: Mapping[Any, Any]) -> dict[Any, object]:
    places = {place_of(str(key)): value for key, value in given.items()}
    return {place[1]: value for place, value in places.items() if place[0] == "hardware" and len(place) > 1}


def _fixed(given: Mapping[Any, Any], varied: Mapping[Any, Any], checker: Checker) -> dict[str, Value]:
    found: dict[str, Value] = {}
    for key, value in given.items():
        name = str(key)
        if _is_setting("set", name, checker.report):
            if name in varied:
                checker.report.add(("set", name), f"set: {name} stands under vary too; keep one", at_key=True)
            elif checker.check(name, value, ("set", name)):
                found[name] = value
    return found


def _is_setting(where: str, name: str, report: Report) -> bool:
    known = variable_names()
    if name not in known:
        hint = nearest(name, known) or "; an example is 'batch.sequences', `wsesim schema` lists all"
        report.add((where, name), f"{where}: {name} is not a setting that a study can change{hint}", at_key=True)
    return name in known


def _axes(vary: Mapping[Any, Any], together: list[Any], checker: Checker) -> tuple[tuple[Parameter, ...], ...]:
    report, found = checker.report, dict[str, Parameter]()
    before = len(report.found)
    for key, given in vary.items():
        name = str(key)
        if _is_setting("vary", name, report):
            found[name] = _parameter(name, given, checker)
    joined = tuple(found[name] for name in _joined(together, tuple(map(str, vary)), report) if name in found)
    if len(report.found) > before:
        return ()
    axes: list[tuple[Parameter, ...]] = []
    for parameter in found.values():
        axis = joined if parameter in joined else (parameter,)
        if axis not in axes:
            axes.append(axis)
    _check_size(axes, report)
    return tuple(axes)


def _check_size(axes: list[tuple[Parameter, ...]], report: Report) -> None:
    for axis in axes:
        if len({len(parameter.values) for parameter in axis}) > 1:
            counts = ", ".join(f"{parameter.name} has {len(parameter.values):,}" for parameter in axis)
            report.add_field(("together",), f"needs as many values of each: {counts}")
    points = prod(len(axis[0].values) for axis in axes)
    if not axes and not report.found:
        report.add_field(("vary",), "is empty; name one to three settings, each with a list or a range of values")
    if len(axes) > MOST_AXES:
        message = f"has {len(axes)} parameters that vary independently, at most {MOST_AXES} can be shown; name those"
        report.add_field(("vary",), f"{message} that step together under `together`, or fix some under `set`")
    elif points > MOST_POINTS:
        report.add_field(("vary",), f"makes {points:,} points, at most {MOST_POINTS:,} are simulated; vary less")


def _joined(together: list[Any], varied: tuple[str, ...], report: Report) -> list[str]:
    found: list[str] = []
    for index, given in enumerate(together):
        name = str(given)
        if name not in varied:
            hint = nearest(name, varied) or f"; there are: {', '.join(varied)}"
            report.add(("together", index), f"together: {shown(given)} does not stand under vary{hint}")
        elif name in found:
            report.add(("together", index), f"together: {name} is there twice")
        found.append(name)
    if len(found) == 1:
        report.add_field(("together",), "needs two names or more")
    return found


def _parameter(name: str, given: object, checker: Checker) -> Parameter:
    """Return what *given*, a list or a range, makes of *name*; problems are noted."""
    loc: Loc = ("vary", name)
    if isinstance(given, Mapping):
        return _ranged(name, given, checker)
    if not isinstance(given, list):
        example = "a list, [1, 2], or a range, {from: 1, to: 8, steps: 4}"
        checker.report.add_field(loc, f"must be {example}; got {shown(given)}")
        return Parameter(name=name, values=())
    if not given:
        checker.report.add_field(loc, "has no values")
    values: dict[tuple[type, Value], Value] = {}  # by type too: 1 is not true
    for index, value in enumerate(given[: MOST_POINTS + 1]):
        if not checker.check(name, value, (*loc, index)):
            continue
        if (type(value), value) in values:
            checker.report.add((*loc, index), f"{'.'.join(map(str, loc))}: {value} is there twice")
        values[type(value), value] = value
    return Parameter(name=name, values=tuple(values.values()))


def _ranged(name: str, given: Mapping[Any, Any], checker: Checker) -> Parameter:
    loc: Loc = ("vary", name)
    _, errors = read_fields(RangeSection, given)
    add_invalid(checker.report, errors, loc, keys(RangeSection))
    if errors:
        return Parameter(name=name, values=())
    section = RangeSection.model_validate(dict(given))
    try:
        values = values_of(section, dimension_of_setting(name))
    except SpecError as error:
        checker.report.add_field((*loc, error.name), error.message)
        return Parameter(name=name, values=())
    ends = [(values[0], "from"), (values[-1], "by" if section.by is not None else "to")]
    right = [checker.check(name, value, (*loc, key)) for value, key in ends]
    if all(right):
        next((value for value in values[1:-1] if not checker.check(name, value, loc)), None)  # one is enough to know
    return Parameter(name=name, values=values, log=section.scale == "log")


def _usual(base: Workload | None) -> tuple[str, ...]:
    if base is None or not base.resident:
        return USUAL_FIGURES
    return USUAL_OF_SERVING if base.serving else USUAL_OF_REQUESTS


def _figures(given: list[Any], report: Report) -> Iterator[str]:
    known = figure_names()
    seen: set[str] = set()
    if not given and not report.found:
        report.add_field(("figures",), "is empty; name what to keep, or leave the key out")
    for index, name in enumerate(given):
        if not isinstance(name, str) or name not in known:
            hint = nearest(str(name), known) or f"; the usual are: {', '.join(USUAL_FIGURES)}"
            report.add(("figures", index), f"figures: {shown(name)} is not a figure of a run{hint}")
        elif name in seen:
            report.add(("figures", index), f"figures: {name} is there twice")
        else:
            seen.add(name)
            yield name
