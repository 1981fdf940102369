"""One question with settings changed, asked again in memory: what studies, searches and sensitivities are made of."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from wsesim import questions
from wsesim.answer import Level, Outcome
from wsesim.questions import KEY
from wsesim.questions.base import Question
from wsesim.study.spec import Value, plain
from wsesim.workload import set_path


def changed(question: Question, changes: Mapping[str, Value]) -> Question:
    """Return *question* with settings changed by dotted name, `hardware.wafer.io`; what follows from them follows.

    Raises:
        InputError: a value that cannot be, or settings that do not go together.
        SpecError: a name that is no setting of such a question.
    """
    asked = question.asked
    schema = questions.kinds()[str(changes.get(KEY, question.kind))].file
    data: dict[str, Any] = dict(asked.data)
    for name in sorted(changes, key=_sections_first):
        set_path(data, name, plain(changes[name]), schema)
    return questions.ask(data, file=asked.file, folder=asked.folder)


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
