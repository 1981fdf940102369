"""A question asked as plain data, and the one figure by which its answers are compared."""

from __future__ import annotations

import json
from collections.abc import Mapping
from functools import cache
from math import inf
from pathlib import Path
from typing import Any

from wsesim import questions
from wsesim.answer import Answer, Level, Outcome
from wsesim.errors import InputError
from wsesim.questions.base import Question

Data = dict[str, Any]
TIMES = {
    "training": "step_s", "evaluation": "step_s", "prefill": "ttft_s", "decode": "tpot_s", "generate": "total_s",
    "serving": "largest_rate_per_s", "kernel": "time_s",
}  # fmt: skip
"""What each kind is asked for most, and is chosen for: a time, or a rate of which the inverse is taken."""
BY_FORMULA = ("serving", "kernel")
"""Kinds whose pairs are compared by formula: queues have anomalies (Graham 1969), and cores take long to simulate."""


def asked(data: Mapping[str, Any]) -> Question | None:
    """Return the question, or None where it is refused."""
    try:
        return questions.ask(data, file="law", folder=Path())
    except InputError:
        return None


def solved(data: Mapping[str, Any], level: Level | None = None) -> Outcome | None:
    """Return what a question is answered with, each asked once; None where it is refused."""
    return _solved(json.dumps(data, sort_keys=True), level)


@cache
def _solved(text: str, level: Level | None) -> Outcome | None:
    question = asked(json.loads(text))
    if question is None:
        return None
    return questions.run(question, level=level or level_of(question.kind), verify=False).outcome


def level_of(kind: str) -> Level:
    """Return the finest level at which a kind is answered quickly."""
    return "closed" if kind == "kernel" else "system"


def answered(data: Mapping[str, Any], level: Level | None = None) -> Answer | None:
    """Return the answer; None where there is none."""
    found = solved(data, level)
    return found if isinstance(found, Answer) else None


def time_of(kind: str, answer: Answer) -> float:
    """Return what an answer of a kind is compared by, seconds."""
    found = answer.figures[TIMES[kind]]
    assert found is not None, "every answer has it"
    if TIMES[kind].endswith("_per_s"):
        return 1 / found if found else inf
    return float(found)


def kind_of(data: Mapping[str, Any]) -> str:
    """Return the kind of a question."""
    return "kernel" if "kernel" in data else str(data["phase"])


def shown(data: Mapping[str, Any]) -> str:
    """Return a question as lines of yaml that can be run."""
    return "\n".join(f"    {key}: {json.dumps(value)}" for key, value in data.items())
