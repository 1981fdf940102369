"""A model so small that it learns in a second."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from wsesim import questions
from wsesim.questions.base import Question
from wsesim.trainer import Course

LEARNING = {"steps": 6, "evaluate_every": 3, "evaluation_sequences": 4, "sample_tokens": 5}
DATA: dict[str, Any] = {
    "name": "toy", "cluster": "cs-2", "batch": {"sequences": 4, "length": 16},
    "model": {"layers": 1, "width": 8, "heads": 2, "vocab": 300, "max_length": 16},
}  # fmt: skip
MakeCourse = Callable[..., Course]


def toy_question(
    folder: Path = Path(), *, length: int = 16, precision: str = "mixed", sequences: int = 4, layers: int = 1,
    width: int = 8, **learning: Any,
) -> Question:  # fmt: skip
    model = {**DATA["model"], "max_length": length, "layers": layers, "width": width}
    data = {**DATA, "precision": precision, "batch": {"sequences": sequences, "length": length}, "model": model}
    return questions.ask({**data, "learning": {**LEARNING, **learning}}, file="toy.yaml", folder=folder)


@pytest.fixture
def course() -> MakeCourse:
    """Return a function that makes a course of the toy, with settings of its section `learning`."""
    return lambda folder=Path(), **learning: Course(question=toy_question(folder, **learning))
