"""Study file → Study: every name and every value checked, each problem at its place in the study."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import replace
from math import prod
from pathlib import Path
from typing import Annotated, Any, Literal

from pydantic import ConfigDict, Field

from wsesim import questions
from wsesim.answer import FigureSpec
from wsesim.errors import InputError, SpecError, nearest
from wsesim.questions import KEY
from wsesim.questions.base import Question
from wsesim.study.figures import EFFICIENCY, efficiency_problem, figure_names, spec_of, usual_figures
from wsesim.study.spec import Parameter, Study, Value, held, is_variable, variable_names, written
from wsesim.study.values import MOST_POINTS, RangeSection, ValueChecker, values_of
from wsesim.workload import (
    Problems,
    Section,
    dimension_of_setting,
    name_of,
    place_of,
    read_fields,
    shown,
    split_setting,
)
from wsesim.workload.fields import Name, Text
from wsesim.yamlfile import Document, Loc, read_yaml

MOST_AXES = 3
"""Parameters that vary independently: more cannot be drawn."""


class StudyFile(Section):
    """A what-if: settings of a question that vary, and the figures to keep of each point."""

    model_config = ConfigDict(frozen=False, validate_assignment=True)

    name: Name | None = None
    """Names the folder of the sweep. Default: the file's name."""
    question: Text | None = None
    """What is asked, in a sentence."""
    workload: Text
    """The file of the question that is varied, relative to this file."""
    vary: dict[Any, Any]
    """One to three settings by dotted name, each with a list of values or a range."""
    set: Annotated[dict[Any, Any], Field(default_factory=dict)]
    """Settings that differ from the workload at every point."""
    together: Annotated[list[Any], Field(default_factory=list)]
    """Names under `vary` that step together and count as one, not every value with every other."""
    figures: list[Any] | None = None
    """What to keep of each point. Default: what is usual for the kind of question."""
    level: Literal["closed", "system", "cores"] | None = None
    """How every point is answered. Default: as `wsesim run` would."""


def load_study(path: str | Path, settings: Sequence[str] = ()) -> Study:
    """Read the study at *path*, and the question it names.

    Args:
        path: of the study.
        settings: like `batch.sequences=240`; each differs from the workload at every point, as under `set`.

    Raises:
        InputError: with every problem, each at its line.
    """
    document = read_yaml(path)
    if not isinstance(document.data, Mapping):
        raise InputError([document.problem("a study is a mapping (lines of `key: value`) with workload and vary")])
    _refuse_question(path, document)
    data = dict(document.data)
    problems = Problems(file=str(path), schema=StudyFile, document=document, settings=_put(settings, data))
    read, errors = read_fields(StudyFile, data)
    problems.add_invalid(errors)
    varied, changed = read.get("vary", {}), read.get("set", {})
    base = _base(read.get("workload"), Path(path).parent, problems)
    kinds = _kinds(base, varied, changed, problems)
    checker = ValueChecker(problems=problems, base=base, kinds=kinds, hardware=_hardware(changed))
    fixed = _fixed(changed, varied, checker)
    axes = _axes(varied, read.get("together", []), checker)
    asked = read.get("figures") if "figures" in data else usual_figures(kinds)
    kept = tuple(_kept(asked or [], kinds, tuple(map(str, varied)), problems))
    problems.raise_if_any()
    assert base is not None, "a workload that is not there is a problem"
    return Study(
        name=read["name"] or name_of(path, "study"), question=read["question"] or "", workload_file=read["workload"],
        base=base, kinds=kinds, axes=axes, fixed=fixed, kept=kept,
        level=read["level"],
    )  # fmt: skip


def _refuse_question(path: str | Path, document: Document) -> None:
    if questions.is_study(path):
        return
    own = {key for kind in questions.kinds().values() for key in kind.file.keys()} - set(StudyFile.keys())  # noqa: SIM118
    marks = [key for key in document.data if key in own]
    if marks:
        message = (
            f"is a workload (it has {marks[0]}), which `wsesim run {path}` answers; a study names one under workload"
        )
        raise InputError([document.problem(f"{message}, and what varies in it under vary", (marks[0],), at_key=True)])


def _put(settings: Sequence[str], data: dict[str, Any]) -> dict[Loc, str]:
    """Put each `KEY=VALUE` under `set`, in place; return what was given, by place."""
    given: dict[Loc, str] = {}
    for setting in settings:
        key, value = split_setting(setting)
        inside = data.get("set") or {}
        if isinstance(inside, Mapping):
            data["set"] = {**inside, key: value}
        given["set", key] = f"--set {setting}"
    return given


def _base(given: str | None, folder: Path, problems: Problems) -> Question | None:
    """Return the question that is varied, or None and what is wrong with it."""
    if given is None:
        return None
    try:
        return questions.load(folder / given)
    except InputError as error:
        if error.problems[0].line is None:  # the file as a whole: what is wrong is the line that names it
            message = f"= {given!r} {error.problems[0].message}; paths start at the folder of the study"
            problems.add_field(("workload",), message)
        else:
            problems.found += error.problems
    except ValueError as error:  # a null character
        problems.add_field(("workload",), f"= {given!r} cannot be read: {error}")
    return None


def _kinds(
    base: Question | None, varied: Mapping[Any, Any], changed: Mapping[Any, Any], problems: Problems
) -> tuple[type[Question], ...]:
    """Return the kinds that points can be of: more than one if the phase varies, all if nothing is known."""
    known = questions.kinds()
    phases = {name: kind for name, kind in known.items() if is_variable(kind.file, KEY)}
    places: list[tuple[Loc, object]] = [(("set", KEY), changed[KEY])] if KEY in changed else []
    if isinstance(varied.get(KEY), list):
        places = [(("vary", KEY, index), value) for index, value in enumerate(varied[KEY])]
    for loc, value in places:
        if not isinstance(value, str) or value not in phases:
            hint = nearest(value, phases) if isinstance(value, str) else ""
            problems.add(loc, f"{KEY} must be one of {', '.join(phases)}; got {shown(value)}{hint}")
    chosen = tuple(phases[value] for _, value in places if isinstance(value, str) and value in phases)
    return tuple(dict.fromkeys(chosen)) or ((known[base.kind],) if base else tuple(known.values()))


def _hardware(given: Mapping[Any, Any]) -> dict[Any, object]:
    places = {place_of(str(key)): value for key, value in given.items()}
    return {place[1]: value for place, value in places.items() if place[0] == "hardware" and len(place) > 1}


def _fixed(given: Mapping[Any, Any], varied: Mapping[Any, Any], checker: ValueChecker) -> dict[str, Value]:
    found: dict[str, Value] = {}
    for key, value in given.items():
        name = str(key)
        if _is_setting("set", name, checker):
            if name in varied:
                checker.problems.add(("set", name), f"set: {name} stands under vary too; keep one", at_key=True)
            elif name == KEY or checker.check(name, value, ("set", name)):
                found[name] = held(value)
    return found


def _is_setting(where: str, name: str, checker: ValueChecker) -> bool:
    right = any(is_variable(kind.file, name) for kind in checker.kinds)
    if not right:
        known = dict.fromkeys(known for kind in checker.kinds for known in variable_names(kind.file))
        hint = nearest(name, known) or "; an example is 'cluster.systems', `wsesim schema` lists all"
        message = f"{where}: {name} is not a setting that a study can change{hint}"
        checker.problems.add((where, name), message, at_key=True)
    return right


def _axes(vary: Mapping[Any, Any], together: list[Any], checker: ValueChecker) -> tuple[tuple[Parameter, ...], ...]:
    problems, found = checker.problems, dict[str, Parameter]()
    before = len(problems.found)
    for key, given in vary.items():
        name = str(key)
        if _is_setting("vary", name, checker):
            found[name] = _parameter(name, given, checker)
    joined = tuple(found[name] for name in _joined(together, tuple(map(str, vary)), problems) if name in found)
    if len(problems.found) > before:
        return ()
    axes: list[tuple[Parameter, ...]] = []
    for parameter in found.values():
        axis = joined if parameter in joined else (parameter,)
        if axis not in axes:
            axes.append(axis)
    _check_size(axes, problems)
    return tuple(axes)


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
        problems.add_field(("vary",), f"makes {points:,} points, at most {MOST_POINTS:,} are simulated; vary less")


def _joined(together: list[Any], varied: tuple[str, ...], problems: Problems) -> list[str]:
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


def _parameter(name: str, given: object, checker: ValueChecker) -> Parameter:
    """Return what *given*, a list or a range, makes of *name*; problems are noted."""
    if isinstance(given, Mapping):
        return _ranged(name, given, checker)
    loc: Loc = ("vary", name)
    if not isinstance(given, list):
        example = "a list, [1, 2], or a range, {from: 1, to: 8, steps: 4}"
        checker.problems.add_field(loc, f"must be {example}; got {shown(given)}")
        return Parameter(name=name, values=())
    if not given:
        checker.problems.add_field(loc, "has no values")
    values: dict[str, Value] = {}  # by how they are written: 1 is not true, and is 1.0
    for index, value in enumerate(given[: MOST_POINTS + 1]):
        if name != KEY and not checker.check(name, value, (*loc, index)):
            continue
        key = repr(value)
        if key in values:
            checker.problems.add((*loc, index), f"{'.'.join(map(str, loc))}: {written(held(value))} is there twice")
        values[key] = held(value)
    return Parameter(name=name, values=tuple(values.values()))


def _ranged(name: str, given: Mapping[Any, Any], checker: ValueChecker) -> Parameter:
    loc: Loc = ("vary", name)
    _, errors = read_fields(RangeSection, given)
    checker.problems.add_invalid(errors, loc, schema=RangeSection)
    nothing = Parameter(name=name, values=())
    if errors:
        return nothing
    section = RangeSection.model_validate(dict(given))
    try:
        values = values_of(section, dimension_of_setting(name))
    except SpecError as error:
        checker.problems.add_field((*loc, error.name), error.message)
        return nothing
    ends = [(values[0], "from"), (values[-1], "by" if section.by is not None else "to")]
    right = [checker.check(name, value, (*loc, key)) for value, key in ends]
    if all(right):
        next((value for value in values[1:-1] if not checker.check(name, value, loc)), None)  # one is enough to know
    return replace(nothing, values=values, log=section.scale == "log")


def _kept(
    given: Sequence[Any], kinds: Sequence[type[Question]], varied: Sequence[str], problems: Problems
) -> Iterator[FigureSpec]:
    """Yield the figures to keep; what is not one is noted with the nearest that is."""
    seen: set[str] = set()
    if not given and not problems.found:
        problems.add_field(("figures",), "is empty; name what to keep, or leave the key out")
    for index, name in enumerate(given):
        spec = spec_of(name, kinds) if isinstance(name, str) else None
        if spec is None:
            hint = nearest(str(name), figure_names(kinds)) or f"; the usual are: {', '.join(usual_figures(kinds))}"
            problems.add(("figures", index), f"figures: {shown(name)} is not a figure of a run{hint}")
        elif name in seen:
            problems.add(("figures", index), f"figures: {name} is there twice")
        elif name == EFFICIENCY and (problem := efficiency_problem(kinds, varied)):
            problems.add(("figures", index), f"figures: {name} {problem}")
        else:
            seen.add(name)
            yield spec
