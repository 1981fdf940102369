"""One question with settings changed, asked again in memory: what studies, searches and sensitivities are made of."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Any

from wsesim import questions
from wsesim.answer import Level, Outcome
from wsesim.questions import KEY
from wsesim.questions.base import Question
from wsesim.study.numbers import Value
from wsesim.study.spec import plain
from wsesim.workload import set_path


def with_changes(
    data: Mapping[str, Any], changes: Mapping[str, Value], *, kind: str, file: str, folder: Path
) -> Question:
    """Return the question that *data* of a file asks with settings changed by dotted name.

    Raises:
        InputError: a value that cannot be, or settings that do not go together.
        SpecError: a name that is no setting of such a question.
    """
    schema, found = questions.kinds()[kind].file, dict(data)
    for name in sorted(changes, key=_sections_first):
        set_path(found, name, plain(changes[name]), schema)
    return questions.ask(found, file=file, folder=folder)


def changed(question: Question, changes: Mapping[str, Value]) -> Question:
    """Return *question* with settings changed by dotted name, `hardware.wafer.io`; what follows from them follows.

    Raises:
        InputError: a value that cannot be, or settings that do not go together.
        SpecError: a name that is no setting of such a question.
    """
    asked, kind = question.asked, str(changes.get(KEY, question.kind))
    return with_changes(asked.data, changes, kind=kind, file=asked.file, folder=asked.folder)


def asked(question: Question, changes: Mapping[str, Value], *, level: Level | None = None) -> Outcome:
    """Answer *question* with settings changed, in figures, seconds by cause and bound alone.

    Args:
        question: from `questions.load` or `questions.ask`.
        changes: values as they would stand in a file, by dotted name; lists as tuples.
        level: default: the kind's own.

    Returns:
        An `Answer`, or `DoesNotFit` or `NotAnswered` with the reason.

    Raises:
        InputError: a value that cannot be, or settings that do not go together.
        SpecError: a name that is no setting of such a question.
    """
    return questions.sketch(changed(question, changes), level=level)


def _sections_first(name: str) -> bool:
    """A whole section, `model`, is set before what changes it, `model.layers`."""
    return "." in name
