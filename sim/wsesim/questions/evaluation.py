"""Evaluation: one step forward only, with weights that stream."""

from __future__ import annotations

from dataclasses import dataclass
from typing import ClassVar, Literal

from wsesim.questions.base import Reads
from wsesim.questions.shared.kinds import StepQuestion
from wsesim.questions.shared.reads import EVALUATION
from wsesim.questions.shared.step import StepFile
from wsesim.workload import Section


class EvaluationFile(StepFile):
    """A file that asks for a step of evaluation."""

    phase: Literal["evaluation"]
    """What the machine does: compute the loss, with weights streamed in."""


@dataclass(frozen=True, slots=True, kw_only=True, repr=False)
class EvaluationStep(StepQuestion):
    """How long a step of evaluation takes."""

    kind: ClassVar[str] = "evaluation"
    file: ClassVar[type[Section]] = EvaluationFile
    reads: ClassVar[Reads] = EVALUATION
    what: ClassVar[str] = "evaluation step (forward only)"
    trains: ClassVar[bool] = False
    kin: ClassVar[tuple[str, ...]] = ("training",)
    supported: ClassVar[str] = (
        "One evaluation was measured in the open, and no level meets it (`wsesim validate`); the system level rests on "
        "measured training steps, whose forward half it is."
    )
