"""What a program asks, in any form, as a question: settings put in, checked, every default filled in."""

from __future__ import annotations

from collections.abc import Mapping
from difflib import get_close_matches
from pathlib import Path
from typing import TYPE_CHECKING, Any

from wsesim.answer import LEVELS, Level, Result
from wsesim.errors import InputError, nearest
from wsesim.front.parts import Machine, Model, QuestionPart, Software
from wsesim.front.plain import named, plain

if TYPE_CHECKING:
    from wsesim.questions.base import Question

FILE = "question"
"""Stands for the file of a question that is in none: opens its mistakes, and names its run unless `name` does."""
ARGUMENTS = (
    "level", "gpus", "set", "vary", "jobs", "keep", "figures", "sample", "scenarios", "derive", "require", "together",
    "pareto", "optimize", "times", "figure", "samples", "days", "rate", "ttft", "tpot", "goal", "machines", "machine",
)  # fmt: skip
"""Of functions here that ask a question, beside its keys: what a key that is none may have meant."""
_TAKES: Mapping[str, tuple[type[QuestionPart], str]] = {
    "model": (Model, "a Model, a name or a mapping"), "machine": (Machine, "a Machine, a name or a path"),
    "cluster": (Machine, "a Machine, a name or a mapping"), "software": (Software, "a Software, a name or a mapping"),
}  # fmt: skip


def load(
    question: str | Path | Mapping[str, Any] | Question | None = None, /, *, set: Mapping[str, Any] | None = None,
    **settings: Any,
) -> Question:  # fmt: skip
    """Return a question: read, checked, every default filled in. `run` and its like take the same arguments.

    >>> import wsesim
    >>> question = wsesim.load(model="cerebras-gpt-111m", machine="cs-2", batch={"sequences": 120, "length": 2048})
    >>> wsesim.load(question, set={"batch.sequences": 60}).title
    'One training step of cerebras-gpt-111m (111M parameters) on CS-2: 60 sequences of 2,048 tokens, mixed precision.'

    Args:
        question: a file's path; a mapping with the keys that a file has; a question; or nothing, where *settings* say
            all.
        set: settings by dotted name, as `--set` has them: `{"batch.sequences": 60, "hardware.core.sram": "96 KiB"}`.
            They replace what *question* and *settings* say.
        settings: keys as in a file, which replace what *question* says: `phase="decode"`,
            `batch={"sequences": 60, "length": 2048}`. `model` may be a `Model`, `software` a `Software`; `machine` is a
            `Machine`, or a name or path for `cluster`.

    Raises:
        InputError: with every problem: at its line of a file, and by its dotted name of what a program gave.
    """
    from wsesim import questions

    settings = _with_set(settings, set)
    if isinstance(question, str | Path):
        if "\0" in str(question):
            raise InputError.at(f"no path has a null character; got {str(question)!r}")
        _refuse_name(str(question))
        return questions.load(question, settings=_stated(settings, Path(question).parent))
    if question is None or isinstance(question, Mapping):
        stated = _stated({**(question or {}), **settings}, Path())
        whole = {key: value for key, value in stated.items() if "." not in key}
        dotted = {key: value for key, value in stated.items() if "." in key}
        return questions.ask(whole, file=FILE, folder=Path(), settings=dotted)
    other: object = question  # of a caller whom no type checker stopped
    if isinstance(other, Result):
        raise InputError.at("this is an answer; result.provenance.workload is its question, and can be asked again")
    if not hasattr(question, "asked"):
        raise InputError.at(f"a question is a path, a mapping or from wsesim.load; got {type(question).__name__}")
    asked = question.asked
    if not settings:
        return question
    stated = _stated(settings, asked.folder)
    return questions.ask(asked.data, file=asked.file, folder=asked.folder, settings=stated)


def _refuse_name(given: str) -> None:
    """Refuse what has a name here, where a file is wanted.

    Raises:
        InputError: it is a model or a machine, and no file.
    """
    from wsesim.hardware import machine_names
    from wsesim.model import model_names

    for what, names in (("model", model_names()), ("machine", machine_names())):
        if given in names and not Path(given).exists():
            raise InputError.at(f"{given} is a {what}, and no file of a question; name it, {what}={given!r}")


def _with_set(settings: Mapping[str, Any], changes: object) -> dict[str, Any]:
    """Return *settings* with what `set` changes.

    Raises:
        InputError: it is no mapping, or one of *settings* is no key of a question but nearly an argument.
    """
    if changes is not None and not isinstance(changes, Mapping):
        raise InputError.at(f'set must be a mapping, {{"batch.sequences": 60}}; got {changes!r}')
    for name in settings:
        meant = get_close_matches(name, ARGUMENTS, n=1, cutoff=0.75)
        if meant and "." not in name and not _is_key(name):
            hint = "; other functions take it" if name == meant[0] else f", did you mean {meant[0]!r}?"
            raise InputError.at(f"{name} is neither an argument here nor a key of a question{hint}")
    return {**settings, **(changes or {})}


def _is_key(name: str) -> bool:
    from wsesim import questions

    return name == "machine" or any(name in kind.file.keys() for kind in questions.kinds().values())  # noqa: SIM118


def level_of(level: str | None) -> Level | None:
    """Return a level by its name; None for that which a kind is usually answered at.

    Raises:
        InputError: there is none of that name.
    """
    for known in LEVELS:
        if known == level:
            return known
    if level is None:
        return None
    raise InputError.at(f"level must be one of {', '.join(LEVELS)}; got {level!r}{nearest(str(level), LEVELS)}")


def _stated(given: Mapping[str, Any], folder: Path) -> dict[str, Any]:
    """Return what is given as a file in *folder* would have it."""
    found: dict[str, Any] = {}
    for key, value in given.items():
        if not isinstance(key, str):
            raise InputError.at(f"a key must be text; got {key!r}", file=FILE)
        if isinstance(value, QuestionPart):
            found |= _part(key, value).sections(folder)
        elif key == "machine":
            found["cluster.machine"] = named(value, folder) if isinstance(value, str | Path) else value
        elif key == "software" and isinstance(value, str):
            found[key] = named(value, folder)
        else:
            found[key] = plain(value, folder)
    return found


def _part(key: str, value: QuestionPart) -> QuestionPart:
    wanted, name = _TAKES.get(key, (None, "plain data"))
    if wanted is None or not isinstance(value, wanted):
        raise InputError.at(f"{key} takes {name}; got {value!r}", file=FILE)
    return value
