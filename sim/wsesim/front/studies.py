"""Many questions asked: studies, what an answer hangs on, the fewest systems, and things side by side."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Any

from wsesim.answer import Result
from wsesim.errors import InputError, SpecError, nearest
from wsesim.front.given import changes, count, machine_names_in, mapping, number, texts
from wsesim.front.loading import level_of, load
from wsesim.front.parts import Machine, Software
from wsesim.front.plain import plain
from wsesim.units import show_seconds

if TYPE_CHECKING:
    from wsesim.questions.base import Question
    from wsesim.study import Indices, Sensitivity, Side, SideBySide, Sizing, Study, SweepTable
    from wsesim.workload import Formula


RESULT_ENDS = ".json"
"""How the file of a result ends."""
MANY = 10_000
"""Points that are answered without being asked whether they are meant."""


def sweep(
    study: str | Path | Mapping[str, Any] | Study | Question | None = None, /, vary: Mapping[str, Any] | None = None,
    *, jobs: int | None = None, keep: bool = True, yes: bool = False, **settings: Any,
) -> SweepTable:  # fmt: skip
    """Answer a question in which settings vary, point by point, as `wsesim sweep` does; or every point of a study.

    >>> import wsesim
    >>> table = wsesim.sweep(
    ...     "workloads/cerebras-gpt-13b.yaml",
    ...     {"cluster.systems": [1, 2]},
    ...     level="closed",
    ...     figures=["tokens_per_s"],
    ...     keep=False,
    ... )
    >>> table.frame()[["cluster.systems", "status"]].values.tolist()
    [[1, 'ok'], [2, 'ok']]

    Args:
        study: a study, its file, or a mapping with its keys; or, with *vary*, a question as of `load`.
        vary: settings by dotted name, each with a list of values, or a range as text: `"1..16"`, `"48KiB,96KiB"`.
        jobs: processes to use. Default: one a core, or none where there are few points.
        keep: whether answers are kept on disk, and those that are there are used.
        yes: answer more than 10,000 points, however long they take.
        settings: of the question, as of `load`; and what else a study's file says: `figures`, `level`, `set`,
            `sample`, `scenarios`, `derive`, `require`, `together`, `pareto`, `prune`.

    Raises:
        InputError: not a right study, with every problem.
    """
    from wsesim import study as studies

    found = study if isinstance(study, studies.Study) else None
    if found is None and vary is None and isinstance(study, str | Path):
        found = _of_file(study, settings)
    found, processes = found or _made(study, vary, settings), count("jobs", jobs)
    if len(found) > MANY and not yes:
        takes = show_seconds(studies.estimate_s(found, jobs=processes))
        raise InputError.at(f"{len(found):,} points take about {takes}: yes=True answers them, sample draws some")
    return studies.sweep(found, jobs=processes, journal=studies.journal_place() if keep else None)


def _of_file(path: str | Path, settings: Mapping[str, Any]) -> Study | None:
    """Return the study in a file; None where the file asks one question."""
    from wsesim import questions
    from wsesim import study as studies

    if not questions.is_study(path):
        return None
    given = sorted(settings.keys() - {"level"})
    if given:
        raise InputError.at(
            f"is a study; what it varies and sets stands there, so leave {given[0]} out", file=str(path)
        )
    return studies.load_study(path, level=level_of(settings.get("level")))


def _made(study: Any, vary: Mapping[str, Any] | None, settings: Mapping[str, Any]) -> Study:
    """Return the study of a question, of settings that are its own and those that are the question's."""
    from wsesim import study as studies

    if isinstance(study, Mapping) and "workload" in study:
        settings, study = {**study, **settings}, study["workload"]
    keys = studies.StudyFile.keys()
    own = {key: plain(changes(key, value), Path()) for key, value in settings.items() if key in keys}
    given = {**own, **({} if vary is None else {"vary": plain(vary, Path())})}
    base = load(study, **{key: value for key, value in settings.items() if key not in keys})
    return studies.study_of(base, given)


def sensitivity(
    question: str | Path | Mapping[str, Any] | Question | None = None, /, *, times: float = 2.0,
    figure: str | None = None, level: str | None = None, **settings: Any,
) -> Sensitivity:  # fmt: skip
    """Ask again with every figure of machine and software better and worse, as `wsesim sensitivity` does.

    >>> import wsesim
    >>> found = wsesim.sensitivity(kernel="gemv", machine="cs-2", grid=[4, 4], shape=[64, 64], level="closed")
    >>> found.effective[0].span(found.now) > 0.1
    True

    Args:
        question: as of `load`.
        times: how many times as good, and as bad.
        figure: whose change is told. Default: the first of the kind of question.
        level: `closed`, `system` or `cores`. Default: as is usual for the kind.
        settings: as of `load`.

    Raises:
        InputError: as of `run`, no such figure, or the question has no answer.
    """
    from wsesim import study as studies

    asked = load(question, **settings)
    return studies.sensitivity(asked, times=number("times", times), figure=figure, level=level_of(level))


def indices(
    question: str | Path | Mapping[str, Any] | Question | None = None, /, vary: Mapping[str, Any] | None = None, *,
    method: str = "morris", samples: int | None = None, seed: int = 0, times: float = 2.0, figure: str | None = None,
    level: str | None = None, jobs: int | None = None, keep: bool = True, **settings: Any,
) -> Indices:  # fmt: skip
    """Say what an answer hangs on when all figures may be off at once, as `wsesim sensitivity --method` does.

    Args:
        question: as of `load`.
        vary: settings by dotted name, each with a range as text: `"36KiB..96KiB"`. Default: every figure of machine and
            software that is read, from what it is divided by *times* to so many times that.
        method: `morris`, which screens, or `sobol`, which splits the variance.
        samples: trajectories of morris, base points of sobol. Default: 10, and 64.
        seed: the same seed asks the same points.
        times: see *vary*.
        figure: whose change is told. Default: the first of the kind of question.
        level: `closed`, `system` or `cores`. Default: as is usual for the kind.
        jobs: as of `sweep`.
        keep: as of `sweep`.
        settings: as of `load`.

    Raises:
        InputError: as of `sensitivity`, no such method, or SALib (wsesim[studies]) is not installed.
    """
    from wsesim import study as studies

    if method not in studies.USUAL_SAMPLES:
        known = ", ".join(studies.USUAL_SAMPLES)
        raise InputError.at(
            f"method must be one of {known}; got {method!r}{nearest(str(method), studies.USUAL_SAMPLES)}"
        )
    drawn, processes = count("samples", samples, 2) or studies.USUAL_SAMPLES[method], count("jobs", jobs)
    begun = count("seed", seed, 0) or 0
    asked = load(question, **settings)
    ranges = plain(mapping("vary", vary), Path())
    over, left_out = studies.over_ranges(
        asked, ranges, times=number("times", times), figure=figure, level=level_of(level)
    )
    return studies.indices(
        over, method, samples=drawn, seed=begun,
        left_out=left_out, jobs=processes, journal=studies.journal_place() if keep else None,
    )  # fmt: skip


def size(
    question: str | Path | Mapping[str, Any] | Question | None = None, /, *, goal: str | Iterable[str] = (),
    days: float | None = None, rate: float | None = None, ttft: str | None = None, tpot: str | None = None,
    machines: str | Iterable[str] = (), level: str | None = None, keep: bool = True, **settings: Any,
) -> Sizing:  # fmt: skip
    """Find the fewest systems that reach a goal, as `wsesim size` does.

    >>> import wsesim
    >>> found = wsesim.size("workloads/cerebras-gpt-13b.yaml", days=30, level="closed", keep=False)
    >>> found.to_dict()["systems"] > 1
    True

    Args:
        question: as of `load`; whatever its systems are, they are varied.
        goal: comparisons of figures of its answer: `"tokens_per_s >= 50000"`.
        days: train on the token budget in so many.
        rate: serve so many requests a second within the objective.
        ttft: give the first token within a time, `"300ms"`.
        tpot: give each further token within a time, `"20ms"`.
        machines: that are tried beside that of the question; `"all"` tries all.
        level: `closed` or `system`. Default: as is usual for the kind.
        keep: whether answers are kept on disk, and those that are there are used.
        settings: as of `load`.

    Raises:
        InputError: no goal, or one about no figure of such a question; or as of `run`.
    """
    from wsesim import study as studies

    short = {"days": days, "rate": rate, "ttft": ttft, "tpot": tpot}
    goals = [studies.goal_of(name, value, f"{name}={value!r}") for name, value in short.items() if value is not None]
    goals += map(_goal, texts("goal", goal))
    if not goals:
        raise InputError.at("say what is to be reached: days=30, rate=20, ttft='300ms', goal='mfu >= 0.3'")
    return studies.size(
        load(question, **settings), goals, machines=machine_names_in(machines), level=level_of(level),
        journal=studies.journal_place() if keep else None,
    )  # fmt: skip


def _goal(text: str) -> Formula:
    from wsesim.workload import Formula

    try:
        return Formula.comparison(text)
    except SpecError as error:
        raise InputError.at(f"goal {text!r}: {error}") from None


def compare(
    *sides: str | Path | Mapping[str, Any] | Question | Result | Machine | Software, level: str | None = None,
    keep: bool = True, **settings: Any,
) -> SideBySide:  # fmt: skip
    """Put questions, results, machines or stacks side by side, as `wsesim compare` does.

    >>> import wsesim
    >>> found = wsesim.compare("cs-2", wsesim.Machine("cs-2", **{"core.sram": "96 KiB"}))
    >>> found.frame().loc["core.sram"].tolist()
    ['asked', '48 KiB', '96 KiB']

    Args:
        sides: two or more: questions as of `load`; results, or folders of them; names or files of machines, or of
            stacks. All are held against the first.
        level: that questions are answered at. Default: as is usual for their kind.
        keep: whether answers are kept on disk, and those that are there are used.
        settings: of all questions, as of `load`.

    Raises:
        InputError: one that is nothing of these, or they are not alike.
    """
    from wsesim import study as studies

    found = [_side(side, settings) for side in sides]
    return studies.side_by_side(found, level=level_of(level), journal=studies.journal_place() if keep else None)


def _is_result(path: Path) -> bool:
    """Return whether it names a result, or no file of a question at least."""
    return path.suffix == RESULT_ENDS or not path.is_file()


def _side(given: Any, settings: Mapping[str, Any]) -> str | Side | Result | Question:
    """Return a side as `side_by_side` takes it."""
    from wsesim import study as studies
    from wsesim.hardware import load_cluster
    from wsesim.software import load_software

    if isinstance(given, Machine):
        machine = load_cluster(str(given.base), systems=given.systems, overrides=given.figures)
        return studies.machine_or_stack(repr(given), machine)
    if isinstance(given, Software):
        stack = given.sections(Path())["software"].pop("stack", "")
        return studies.machine_or_stack(repr(given), load_software(stack, overrides=given.figures))
    if isinstance(given, Result):
        return given
    if isinstance(given, str | Path) and (_is_result(Path(given)) or studies.extended(Path(given)) is not None):
        return str(given)  # a machine or a stack by its name or file, or a result on disk
    return load(given, **settings)
