"""Study file, or what a command line or a dict says of one → Study: each problem at its place."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any

from wsesim import questions
from wsesim.answer import FigureSpec, Level
from wsesim.errors import InputError, SpecError, nearest
from wsesim.questions import KEY
from wsesim.questions.base import Question
from wsesim.study.axes import Scenarios, axes_of, known_setting
from wsesim.study.figures import EFFICIENCY, efficiency_problem, figure_names, spec_of, usual_figures
from wsesim.study.line import fixed, values_in
from wsesim.study.numbers import Value
from wsesim.study.optimize import check_wanted
from wsesim.study.pruning import check_pruned
from wsesim.study.schema import StudyFile
from wsesim.study.spec import SCENARIO, Study, held, is_variable, variable_names
from wsesim.study.values import ValueChecker
from wsesim.workload import SHORT, Formula, Problems, is_setting, key_hint, name_of, place_of, read_fields, shown
from wsesim.yamlfile import Document, Loc, read_yaml


def load_study(path: str | Path, settings: Sequence[str] = (), level: Level | None = None) -> Study:
    """Read the study at *path*, and the question it names.

    Args:
        path: of the study.
        settings: like `batch.sequences=240`; each differs from the workload at every point, as under `set`.
        level: that every point is answered at, in place of what the file says.

    Raises:
        InputError: with every problem, each at its line.
    """
    document = read_yaml(path)
    if not isinstance(document.data, Mapping):
        raise InputError([document.problem("a study is a mapping (lines of `key: value`) with workload and vary")])
    _refuse_question(path, document)
    data = dict(document.data)
    given = _put(settings, data)
    data |= {"level": level} if level else {}
    problems = Problems(file=str(path), schema=StudyFile, document=document, settings=given)
    return _study(data, problems, Path(path).parent)


def study_of(
    question: str | Path | Question, data: Mapping[str, Any], *, given: Mapping[Loc, str] | None = None
) -> Study:
    """Return a study of *question*, or of the one in a file, as the keys of a study file say: `vary`, `set`, ....

    Args:
        question: that is varied.
        data: as it would stand in a study file, but for `workload`.
        given: what of it stood on a command line, as it was given there, by place.

    Raises:
        InputError: with every problem.
    """
    base = _loaded(question, data) if isinstance(question, str | Path) else question
    file = base.asked.file
    problems = Problems(file=file, schema=StudyFile, settings=given or {})
    whole = {"name": f"{base.asked.name}-study", **_readable(data), "workload": file}
    return _study(whole, problems, Path(), base)


def _loaded(path: str | Path, study: Mapping[str, Any]) -> Question:
    """Return the question in a file; a job, which names no machine, on the first that the study does.

    Raises:
        InputError: with every problem.
    """
    try:
        return questions.load(path)
    except InputError:
        machine = next(_machines(study), None)
        if machine is None:
            raise
        return questions.load(path, settings={"cluster.machine": machine})


def _machines(study: Mapping[str, Any]) -> Iterator[str]:
    """Yield the machines that a study names: under `set`, `vary` or `scenarios`."""
    scenarios = study.get("scenarios")
    changes = [study.get("set"), study.get("vary"), *(scenarios.values() if isinstance(scenarios, Mapping) else ())]
    for section in changes:
        for name in ("cluster.machine", "cluster") if isinstance(section, Mapping) else ():
            given = section.get(name)
            yield from (each for each in (given if isinstance(given, list) else [given]) if isinstance(each, str))


def _readable(data: Mapping[str, Any]) -> dict[str, Any]:
    """Return data of a program's own with what varies as a file would have it: lists, and ranges in text read."""
    vary = data.get("vary")
    if not isinstance(vary, Mapping):
        return dict(data)
    drawn = bool(data.get("sample") or data.get("optimize"))
    read: dict[str, Any] = {str(name): values for name, values in vary.items()}
    for name, values in read.items():
        if isinstance(values, str):
            read[name] = values_in(values, drawn=drawn)
        elif not isinstance(values, Mapping):
            read[name] = list(values) if isinstance(values, Iterable) else [values]
    return {**data, "vary": read}


def _study(data: Mapping[str, Any], problems: Problems, folder: Path, base: Question | None = None) -> Study:
    read, errors = read_fields(StudyFile, data)
    problems.add_invalid(errors)
    varied, changed = read.get("vary", {}), read.get("set", {})
    base = base or _base(read.get("workload"), data, folder, problems)
    kinds = _kinds(base, varied, changed, problems)
    checker = ValueChecker(problems=problems, base=base, kinds=kinds, hardware=_hardware(changed))
    always = _fixed("set", changed, varied, checker)
    _refuse_twice([*(("vary", str(name)) for name in varied), *(("set", str(name)) for name in changed)], problems)
    scenarios = _scenarios(read.get("scenarios", {}), varied, checker)
    sample, optimize = read.get("sample"), read.get("optimize")
    if sample and optimize:
        problems.add(("sample",), "sample: points are searched for under optimize; keep one", at_key=True)
    axes, space = axes_of(varied, read.get("together", []), scenarios, optimize or sample, checker)
    asked = read.get("figures") if "figures" in data else usual_figures(kinds)
    limits = tuple(_formulas("require", enumerate(read.get("require", [])), problems, kinds).values())
    wanted = [*(asked or []), *_decided_by(limits, kinds, asked or [])]
    pareto = tuple(map(str, read.get("pareto", [])))
    if pareto and optimize:
        problems.add(("pareto",), "pareto: points are weighed by what optimize names; leave it out", at_key=True)
    wanted += [name for name in (optimize.names if optimize else ()) if name not in wanted]
    wanted += [name for name in dict.fromkeys(pareto) if name not in wanted]
    kept = tuple(_kept(wanted, kinds, tuple(map(str, varied)), problems))
    _check_weighed(pareto, kept, problems)
    if optimize:
        check_wanted(optimize, kept, problems)
    if read.get("prune"):
        check_pruned(optimize.names if optimize else pareto, map(str, wanted), kinds, read["level"], problems)
    follows = _formulas("derive", read.get("derive", {}).items(), problems, kinds, figures=False)
    derived = {str(name): each for name, each in follows.items() if known_setting("derive", str(name), checker)}
    for name in derived.keys() & {*map(str, varied), *always}:
        problems.add(("derive", name), f"derive: {name} stands under vary or set too; keep one", at_key=True)
    problems.raise_if_any()
    assert base is not None, "a workload that is not there is a problem"
    return Study(
        name=read["name"] or name_of(problems.file, "study"), question=read["question"] or "",
        workload_file=read["workload"], base=base, kinds=kinds, axes=axes, fixed=always, kept=kept,
        level=read["level"], scenarios=scenarios, derived=derived, limits=limits,
        pareto=optimize.names if optimize else pareto, sampled=sample.words if sample else "", space=space,
        optimize=optimize, prune=read["prune"],
    )  # fmt: skip


def _refuse_twice(given: Sequence[tuple[str, str]], problems: Problems) -> None:
    """Note what is given under a short name and under its whole one: only the last of them would count."""
    for short, key in SHORT.items():
        whole = f"{short}.{key}"
        found = [place for place in given if place[1] in (short, whole)]
        if len({name for _, name in found}) > 1:
            problems.add(found[-1], f"{found[-1][0]}: {short} is short for {whole}; keep one", at_key=True)


def _check_weighed(pareto: Sequence[str], kept: Sequence[FigureSpec], problems: Problems) -> None:
    if len(set(pareto)) < len(pareto):
        problems.add_field(("pareto",), "names a figure twice; each is weighed once")
    for index, name in enumerate(pareto):
        spec = next((spec for spec in kept if spec.name == name), None)
        if spec is not None and not spec.better:
            problems.add(("pareto", index), f"pareto: neither more nor less of {name} is better")


def _formulas(
    section: str, given: Any, problems: Problems, kinds: Sequence[type[Question]], *, figures: bool = True
) -> dict[Any, Formula]:  # fmt: skip
    """Return arithmetic over settings and, where it is known by then, *figures*; what is no such is noted."""
    found: dict[Any, Formula] = {}
    for key, text in given:
        try:
            found[key] = Formula.comparison(text) if figures else Formula.read(text)
        except SpecError as error:
            problems.add((section, key), f"{section}: {error}")
            continue
        for name in found[key].names:
            if not (any(is_setting(kind.file, name) for kind in kinds) or (figures and spec_of(name, kinds))):
                known = [each for kind in kinds for each in variable_names(kind.file)]
                hint = key_hint(name, [*known, *(figure_names(kinds) if figures else ())])
                what = "neither a setting nor a figure" if figures else "not a setting"
                problems.add((section, key), f"{section}: {name} is {what} of what is asked{hint}")
    return found


def _decided_by(limits: Sequence[Formula], kinds: Sequence[type[Question]], asked: Sequence[Any]) -> list[str]:
    """Return the figures that limits are about, so that they are kept: all that is no setting."""
    names = dict.fromkeys(name for limit in limits for name in limit.names)
    settings = {name for name in names if any(is_variable(kind.file, name) for kind in kinds)}
    return [name for name in names if name not in settings and name not in asked and spec_of(name, kinds)]


def _scenarios(given: Mapping[str, Mapping[Any, Any]], varied: Mapping[Any, Any], checker: ValueChecker) -> Scenarios:
    found: dict[str, dict[str, Value]] = {}
    for title, changes in given.items():
        found[title] = _fixed("scenarios", changes, varied, checker, (title,))
        if not changes:
            checker.problems.add(("scenarios", title), f"scenarios: {title} changes nothing")
    if given and SCENARIO in varied:
        checker.problems.add(("vary", SCENARIO), "vary: scenario stands for scenarios; leave it out", at_key=True)
    return found


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
    found, given = fixed(settings)
    inside = data.get("set") or {}
    if isinstance(inside, Mapping) and found:
        data["set"] = {**inside, **found}
    return given


def _base(given: str | None, data: Mapping[str, Any], folder: Path, problems: Problems) -> Question | None:
    """Return the question that is varied, or None and what is wrong with it."""
    if given is None:
        return None
    try:
        return _loaded(folder / given, data)
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


def _fixed(
    where: str, given: Mapping[Any, Any], varied: Mapping[Any, Any], checker: ValueChecker, inside: Loc = ()
) -> dict[str, Value]:  # fmt: skip
    found: dict[str, Value] = {}
    for key, value in given.items():
        name, loc = str(key), (where, *inside, str(key))
        if known_setting(where, name, checker, inside):
            if name in varied:
                checker.problems.add(loc, f"{where}: {name} stands under vary too; keep one", at_key=True)
            elif name == KEY or checker.check(name, value, loc):
                found[name] = held(name, value)
    return found


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
