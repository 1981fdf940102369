"""Two questions, results, machines or stacks, and more, side by side: what differs in them, and what that comes to."""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any, ClassVar

from wsesim import questions
from wsesim.answer import FigureSpec, Level, Number, Readable, Result, Status, UsedFigure
from wsesim.answers import result_json
from wsesim.errors import InputError, nearest
from wsesim.figures import Presets, is_path
from wsesim.gpus import GPUS
from wsesim.hardware import MACHINES, HardwareChoice, load_cluster
from wsesim.questions.base import Question
from wsesim.software import STACKS, SoftwareChoice, load_software
from wsesim.study.journal import KeptAnswer
from wsesim.study.point import answered, journal_at
from wsesim.study.spec import SHOWN_ONLY
from wsesim.yamlfile import read_yaml

RESULT = "result.json"
DEEPEST = 16
"""Files that extend one another; more do so in a circle, which whoever reads them says."""
_CLOSE = 1e-12


@dataclass(frozen=True, slots=True, kw_only=True)
class Side:
    """One of what is compared."""

    name: str
    asked: Mapping[str, object]
    """Settings and figures of machine and software by name, as they would stand in a file."""
    answer: KeptAnswer | None = None
    """None of a machine or a stack."""
    specs: tuple[FigureSpec, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class CauseShare:
    """What a cause explains of the difference in time of a side from the first."""

    cause: str
    before_s: float
    after_s: float
    share: float | None
    """Of the whole difference; None where there is none."""


@dataclass(frozen=True, slots=True, kw_only=True, repr=False)
class SideBySide(Readable):
    """What differs.

    `frame()` has a row for each setting and figure that is not the same everywhere and a column for each side,
    `frame("causes")` what explains the difference in time; `plot()` draws where the time of each side goes,
    `plot(FIGURE)` a figure. `save(folder)` writes `compare.html`, `compare.json` and `compare.csv`.
    """

    reader: ClassVar[str] = "wsesim.study.taking_sides"
    sides: tuple[Side, ...]
    asked: Mapping[str, tuple[object, ...]] = field(default_factory=dict)
    """What is not the same everywhere, by name, a value for each side; None of what a side has not."""
    figures: Mapping[str, tuple[Number | None, ...]] = field(default_factory=dict)
    """Figures of answers that are not the same everywhere."""
    causes: tuple[tuple[CauseShare, ...], ...] = ()
    """Of each side but the first, the causes by how much they explain."""


def side_by_side(
    given: Sequence[str | Side | Result | Question], settings: Sequence[str] = (), *, level: Level | None = None,
    journal: Path | None = None,
) -> SideBySide:  # fmt: skip
    """Compare questions, results of runs, machines and stacks, each by its name or path or as it is.

    Args:
        given: two or more; all must be machines, or stacks, or else questions and results.
        settings: like `batch.sequences=240`, for all files of questions.
        level: that questions are answered at.
        journal: the file in which answers are kept and found again.

    Raises:
        InputError: one that is nothing of these, or they are not alike.
    """
    if len(given) < 2:
        raise InputError.at("name two or more: files of questions, folders of runs, machines or software stacks")
    sides = _briefly_named(tuple(_side(each, settings, level, journal) for each in given))
    if len({each.answer is None for each in sides}) > 1:
        raise InputError.at("a machine or a stack cannot be compared with a question; name a file that asks of it")
    if sides[0].answer is None and not set.intersection(*(set(each.asked) for each in sides)):
        raise InputError.at("a machine cannot be compared with a stack: they have no figure in common")
    asked = _differing([each.asked for each in sides])
    found = _differing([each.answer.figures if each.answer else {} for each in sides])
    first, *others = [each.answer for each in sides]
    causes = tuple(tuple(_causes(first, each)) for each in others if first and each)
    return SideBySide(sides=sides, asked=asked, figures=found, causes=causes)


def _briefly_named(sides: tuple[Side, ...]) -> tuple[Side, ...]:
    """Return the sides by the last part of their paths, where that tells them apart."""
    if len({each.name for each in sides}) < len(sides):
        return tuple(replace(each, name=f"{each.name} ({place})") for place, each in enumerate(sides, 1))
    short = [_brief(each.name) for each in sides]
    if len({*short}) < len(sides):
        return sides
    return tuple(replace(each, name=name) for each, name in zip(sides, short, strict=True))


def _brief(name: str) -> str:
    """Return the folder of a result, or a file without what it ends in; a name that is no path as it is."""
    path = Path(name)
    return path.parent.name if path.name == RESULT else path.stem if is_path(name) else name


def _side(
    given: str | Side | Result | Question, settings: Sequence[str], level: Level | None, journal: Path | None
) -> Side:
    if isinstance(given, Side):
        return given
    if isinstance(given, Result):
        return _of_plain(result_json(given), given.name)
    if not isinstance(given, str):
        return _of_question(given, given.asked.name, level, journal)
    path = Path(given)
    for presets, load in ((MACHINES, load_cluster), (STACKS, load_software)):
        if given in presets.names():
            return machine_or_stack(given, load(given))
    if (whose := extended(path)) is not None:
        return machine_or_stack(given, load_cluster(given) if whose is MACHINES else load_software(given))
    if path.is_dir() or path.suffix == ".json":
        return _of_result(path / RESULT if path.is_dir() else path)
    if not path.exists():
        known = (*MACHINES.names(), *STACKS.names())
        raise InputError.at(f"{given} is no file, machine or software stack{nearest(given, known)}")
    return _of_question(questions.load(path, settings=settings), given, level, journal)


def extended(path: Path, depth: int = 0) -> Presets | None:
    """Return whether a file is of machines or of stacks, by what it extends at last; None where it extends nothing."""
    if depth > DEEPEST or not (is_path(str(path)) and path.is_file()):
        return MACHINES if depth else None
    data = read_yaml(path).data
    named = data.get("extends") if isinstance(data, Mapping) else None
    if not isinstance(named, str):
        return MACHINES if depth else None
    return STACKS if named in STACKS.names() else extended(path.parent / named, depth + 1)


def machine_or_stack(name: str, choice: HardwareChoice | SoftwareChoice) -> Side:
    """Return a machine or a stack as something to compare."""
    return Side(name=name, asked=_texts(choice.figures))


def _of_question(question: Question, name: str, level: Level | None, journal: Path | None) -> Side:
    kept, _ = answered(question, level, journal_at(journal) if journal else None)
    asked = {**_flat(question.asked.resolved), **_texts(question.asked.figures)}
    return Side(name=name, asked=asked, answer=kept, specs=type(question).figures)


def _of_result(path: Path) -> Side:
    try:
        return _of_plain(json.loads(path.read_text("utf-8")), str(path))
    except OSError as error:
        raise InputError.at(f"cannot be read: {error.strerror}", file=str(path)) from None
    except (ValueError, KeyError, TypeError, AttributeError):
        message = "is not the result of a run, result.json as `wsesim run` writes it"
        raise InputError.at(message, file=str(path)) from None


def _of_plain(data: Mapping[str, Any], name: str) -> Side:
    """Return what a result's plain data says."""
    provenance, spent = data["provenance"], data["spent"] or {}
    # an estimate of GPUs that stands beside an answer changes nothing in it
    beside = {each["name"] for each in provenance["figures"] if each["name"].partition(".")[2] in GPUS.slots}
    figures = {each["name"]: each["text"] for each in provenance["figures"] if each["name"] not in beside}
    bound = data["bound"] or {}
    kept = KeptAnswer(status=data["status"], why=data["why"], figures=data["figures"],
                      spent=spent.get("by_cause", {}), gap=bound.get("gap"))  # fmt: skip
    specs = questions.kinds()[data["kind"]].figures
    return Side(name=name, asked={**_flat(provenance["workload"]), **figures}, answer=kept, specs=specs)


def _flat(data: Mapping[str, Any], prefix: str = "") -> dict[str, object]:
    """Return settings by dotted name; what only says how an answer is shown is left out."""
    found: dict[str, object] = {}
    for key, value in data.items():
        if not prefix and (key in SHOWN_ONLY or key == "hardware"):
            continue  # figures of the machine stand beside, each of them
        if isinstance(value, Mapping):
            found |= _flat(value, f"{prefix}{key}.")
        elif not (prefix == "software." and key != "stack"):
            found[f"{prefix}{key}"] = value
    return found


def _texts(figures: Sequence[UsedFigure]) -> dict[str, object]:
    return {figure.name: figure.text for figure in figures}


def _differing(sides: Sequence[Mapping[str, Any]]) -> dict[str, tuple[Any, ...]]:
    names = dict.fromkeys(name for side in sides for name in side)
    rows = {name: tuple(side.get(name) for side in sides) for name in names}
    return {name: row for name, row in rows.items() if any(value != row[0] for value in row)}


def _causes(before: KeptAnswer, after: KeptAnswer) -> Iterator[CauseShare]:
    """Yield the causes that differ, those that explain most first."""
    if before.status != Status.OK or after.status != Status.OK:
        return
    whole = sum(after.spent.values()) - sum(before.spent.values())
    names = dict.fromkeys((*before.spent, *after.spent))
    pairs = [(name, before.spent.get(name, 0.0), after.spent.get(name, 0.0)) for name in names]
    for name, one, other in sorted(pairs, key=lambda pair: -abs(pair[2] - pair[1])):
        if abs(other - one) > _CLOSE:
            yield CauseShare(cause=name, before_s=one, after_s=other, share=(other - one) / whole if whole else None)
