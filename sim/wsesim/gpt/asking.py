"""What a machine would do with the model: the question that a file with the same keys asks."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Any

from wsesim.model import ModelSpec
from wsesim.questions import KEY, ask, kinds

if TYPE_CHECKING:
    from wsesim.questions.base import Question

STEP_SEQUENCES = 120
"""Sequences of a step where nothing is said: those of Cerebras-GPT 111M. Source: Dey et al. 2023, arXiv 2304.03208."""
_PRECISIONS = {"fp16": "mixed"}
"""What a file calls fp16 between ops with sums in float32."""
_SECTIONS: Mapping[str, tuple[str, str]] = {"batch": ("sequences", "length"), "inference": ("batch", "prompt")}
"""The section of a file that says how much is asked at once, and its keys for sequences and their tokens."""


def question_of(
    model: ModelSpec, *, machine: str, systems: int, batch: int | None, length: int | None, phase: str,
    precision: str | None, sections: Mapping[str, Any],
) -> Question:  # fmt: skip
    """Return the question; *sections* are more of the file's, and go before what follows from the arguments.

    Raises:
        InputError: it is not a right one, with every problem.
    """
    data: dict[str, Any] = {
        "name": model.name, "model": model.stated, KEY: phase, "cluster": {"machine": machine, "systems": systems},
    }  # fmt: skip
    known = kinds()[phase].file.model_fields if phase in kinds() else {}
    if precision is not None and "batch" in known:
        data["precision"] = _PRECISIONS.get(precision, precision)
    data |= sections
    for section, keys in _SECTIONS.items():
        if section in known:
            said = {key: value for key, value in zip(keys, (batch, length), strict=True) if value is not None}
            usual = {"sequences": STEP_SEQUENCES} if section == "batch" else {}
            data[section] = {**usual, **said, **sections.get(section, {})}
    return ask(data, file=f"simulate({machine!r})", folder=Path())
