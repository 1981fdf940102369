"""What a program asks, in any form, as a question: settings put in, checked, every default filled in."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Any

from wsesim.answer import LEVELS, Level
from wsesim.errors import InputError, nearest
from wsesim.front.parts import Machine, Model, QuestionPart, Software
from wsesim.front.plain import named, plain

if TYPE_CHECKING:
    from wsesim.questions.base import Question

FILE = "question"
"""Stands for the file of a question that is in none: opens its mistakes, and names its run unless `name` does."""
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

    settings |= set or {}
    if isinstance(question, str | Path):
        return questions.load(question, settings=_stated(settings, Path(question).parent))
    if question is None or isinstance(question, Mapping):
        stated = _stated({**(question or {}), **settings}, Path())
        whole = {key: value for key, value in stated.items() if "." not in key}
        dotted = {key: value for key, value in stated.items() if "." in key}
        return questions.ask(whole, file=FILE, folder=Path(), settings=dotted)
    if not hasattr(question, "asked"):
        raise InputError.at(f"a question is a path, a mapping or from wsesim.load; got {type(question).__name__}")
    asked = question.asked
    if not settings:
        return question
    stated = _stated(settings, asked.folder)
    return questions.ask(asked.data, file=asked.file, folder=asked.folder, settings=stated)


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
