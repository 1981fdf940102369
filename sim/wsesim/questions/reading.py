"""File → question: read, every mistake noted at its place, every default filled in."""

from __future__ import annotations

from collections.abc import Collection, Iterator, Mapping
from dataclasses import replace
from pathlib import Path
from typing import Any

from wsesim.answer import UsedFigure
from wsesim.errors import InputError
from wsesim.questions import KEY
from wsesim.questions.asserting import check_asserted
from wsesim.questions.base import Asked, Draft, Question
from wsesim.questions.registry import keys_elsewhere, keys_needed, kind_of
from wsesim.workload import (
    SHORT,
    STACK,
    Derived,
    Problems,
    Settings,
    apply_settings,
    check_text,
    check_verification,
    fill,
    hardware_of,
    model_of,
    name_of,
    read_fields,
    settings_of,
    software_of,
)
from wsesim.workload.zoo import is_job, job_of
from wsesim.yamlfile import Document, Loc, read_yaml

STUDY_KEYS = {"vary", "workload"}
"""A file with one of these and no model asks for many points: it is a study."""


def load(path: str | Path, *, settings: Settings = ()) -> Question:
    """Read the question at *path*; *settings* like `batch.sequences=240` replace what the file says.

    Raises:
        InputError: with every problem of the file, each at its line.
    """
    document = read_yaml(path)
    if not isinstance(document.data, Mapping):
        message = "a workload is a mapping (lines of `key: value`); `wsesim init` writes one"
        raise InputError([document.problem(message)])
    if asks_for_points(document.data):
        raise InputError([document.problem(f"is a study; `wsesim sweep {path}` runs it, point by point")])
    job = job_of(document) if is_job(document.data) else None
    document, notes = (job.document, list(job.notes)) if job else (document, [])
    problems = Problems(file=str(path), document=document, notes=notes)
    question = _question(dict(document.data), problems, Path(path).parent, settings)
    return _of_job(question, problems.settings) if job else question


def _of_job(question: Question, settings: Collection[Loc]) -> Question:
    """Return the question that a job came to: of the names it has here, its file gave none, but *settings* did."""
    said = tuple(".".join(map(str, place)) for place in settings)
    given = frozenset(
        name for name in question.asked.given if any(name == each or name.startswith(f"{each}.") for each in said)
    )
    return type(question).of(replace(question.asked, given=given))


def asks_for_points(data: Any) -> bool:
    """Return whether the data of a file is that of a study."""
    return isinstance(data, Mapping) and bool(STUDY_KEYS & data.keys()) and "model" not in data


def ask(
    data: Mapping[str, Any], *, file: str, folder: Path, document: Document | None = None,
    given: Mapping[Loc, str], settings: Settings = (),
) -> Question:  # fmt: skip
    """Make a question of plain *data*; relative paths start at *folder*, and problems name *file*.

    Args:
        data: as it would stand in a file.
        file: names the place of a problem that has no other.
        folder: where relative paths start.
        document: what the data was read from, if it was.
        given: what of it stood on a command line, as it was given there, by place.
        settings: replace what the data says.

    Raises:
        InputError: with every problem, each at its line if *document* is there, or with what was *given*.
    """
    return _question(dict(data), Problems(file=file, document=document, settings=given), folder, settings)


def _question(data: dict[str, Any], problems: Problems, folder: Path, settings: Settings) -> Question:
    kind = _kind_of(data, problems, settings)
    _check_settings(settings, problems)
    before = dict(data)
    problems.settings = {**problems.settings, **apply_settings(data, settings, kind.file)}
    problems.notes += _replaced(before, settings)
    if problems.found:  # of the phase, noted already
        data[KEY] = kind.kind
    values, errors = read_fields(kind.file, data)
    problems.add_invalid(errors)
    name = values.get("name") or name_of(problems.file, "workload")
    hardware = hardware_of(values.get("cluster"), values.get("hardware"), problems, folder)
    software = software_of(values.get("software"), kind.stack, problems, folder) if kind.stack else None
    model, model_defaults = None, tuple[UsedFigure, ...]()
    if "model" in values:
        length = kind.positions(values)
        model, model_defaults = model_of(values["model"], problems, name=name, length=length, folder=folder)
    if "verification" in values:
        check_verification(values["verification"], model, folder, problems)
    if "text" in values:
        check_text(values["text"], model, folder, problems)
    check_asserted(kind, values.get("asserted") or (), problems)
    given = frozenset(key for key, value in data.items() if value is not None)
    draft = Draft(
        file=problems.file, folder=folder, name=name, values=values, given=given, model=model, hardware=hardware,
        software=software, problems=problems,
    )  # fmt: skip
    derived = kind.check(draft)
    problems.raise_if_any()
    return kind.of(_asked(kind, draft, data, derived, model_defaults))


def _kind_of(data: Mapping[str, Any], problems: Problems, settings: Settings) -> type[Question]:
    """Return the kind that is asked for, and let *problems* know what is in its files."""
    chosen = {each.key: each for each in settings_of(settings) if each.key == KEY}
    problems.settings = {**problems.settings, **{(key,): each.said for key, each in chosen.items()}}
    kind = kind_of({**data, **{key: each.value for key, each in chosen.items()}}, problems)
    problems.schema, problems.elsewhere, problems.needed = kind.file, keys_elsewhere(kind), keys_needed(kind)
    return kind


def _check_settings(settings: Settings, problems: Problems) -> None:
    """Refuse settings of keys that files of other kinds have.

    Raises:
        InputError: naming the first.
    """
    for setting in settings_of(settings):
        section = setting.key.partition(".")[0]
        if section in problems.elsewhere:
            raise InputError.at(f"{setting.said}: {problems.elsewhere[section]}")


def _replaced(before: Mapping[str, Any], settings: Settings) -> Iterator[str]:
    """Yield what a setting of a whole section takes away of the section that was there."""
    for setting in settings_of(settings):
        held = before.get(setting.key)
        if isinstance(held, Mapping) and isinstance(setting.value, Mapping):
            gone = [f"{setting.key}.{key}" for key in held if key not in setting.value]
            if gone:
                yield f"{setting.said} takes the place of the whole section: {', '.join(gone)} counts no more."


def _asked(
    kind: type[Question], draft: Draft, data: Mapping[str, Any], derived: Derived,
    model_defaults: tuple[UsedFigure, ...],
) -> Asked:  # fmt: skip
    assert draft.hardware is not None, "a machine that is not there is a problem"
    plain: dict[str, Any] = {}
    if draft.model is not None:
        plain["model"] = draft.model.stated
    overridden = {figure.name: draft_value(data, "hardware", figure.name) for figure in _overridden(draft.hardware)}
    plain["hardware"] = overridden
    software_defaults = tuple[UsedFigure, ...]()
    if draft.software is not None:
        changed = {figure.name: draft_value(data, "software", figure.name) for figure in _overridden(draft.software)}
        plain["software"] = {STACK: draft.software.stack, **changed}
        if STACK not in _section(data, "software"):
            source = "the same for every machine unless told otherwise"
            software_defaults = (UsedFigure(name=f"software.{STACK}", text=draft.software.stack, source=source),)
    systems = draft.hardware.cluster.systems
    common: Derived = {
        "name": (draft.name, "the file's name"),
        "cluster.systems": (systems, "the machine's preset"),
        KEY: (kind.kind, f"{kind.kind}, unless told otherwise"),
    }
    filled, defaults = fill(kind.file, draft.values, draft.given, {**common, **derived}, plain=plain)
    resolved = {key: filled[key] for key in sorted(filled, key=_rank)}
    return Asked(
        name=draft.name, file=draft.file, folder=draft.folder, data=data, model=draft.model, hardware=draft.hardware,
        software=draft.software, given=_given(data), notes=tuple(draft.problems.notes), resolved=resolved,
        defaults=(*model_defaults, *software_defaults, *defaults),
    )  # fmt: skip


def _rank(key: str) -> int:
    """Return where a key stands in a file: what is asked first, what it is asked of, then how it is checked."""
    first, last = ("name", "model", KEY), ("cluster", "software", "hardware", "text", "verification", "outputs")
    if key in first:
        return first.index(key)
    return len(first) + (1 + last.index(key) if key in last else 0)


def _overridden(choice: Any) -> tuple[UsedFigure, ...]:
    return tuple(figure for figure in choice.figures if figure.overridden and figure.name != "cluster.systems")


def _section(data: Mapping[str, Any], key: str) -> Mapping[Any, Any]:
    """Return a section of a file; a bare name as the mapping it stands for."""
    held = data.get(key)
    if isinstance(held, str) and key in SHORT:
        return {SHORT[key]: held}
    return held if isinstance(held, Mapping) else {}


def draft_value(data: Mapping[str, Any], section: str, name: str) -> object:
    """Return what a file gives for a figure, which may be nested."""
    held: Any = _section(data, section)
    if name in held:
        return held[name]
    for part in name.split("."):
        held = held[part]
    return held


def _given(data: Mapping[str, Any]) -> frozenset[str]:
    """Return the dotted names of all that a file gives; those of figures that may be nested, in full."""
    found: set[str] = set()

    def walk(held: Mapping[Any, Any], prefix: str) -> None:
        for key, value in held.items():
            if isinstance(value, Mapping):
                walk(value, f"{prefix}{key}.")
            elif value is not None:
                found.add(f"{prefix}{key}")

    walk({key: _section(data, key) or value for key, value in data.items()}, "")
    return frozenset(found)
