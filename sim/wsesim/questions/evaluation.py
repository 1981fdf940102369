"""Evaluation: one step forward only, with weights that stream."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any, ClassVar, Literal

from wsesim.answer import FigureSpec, Level, Outcome
from wsesim.graph import Graph
from wsesim.questions.base import Asked, Draft, Reads, Say
from wsesim.questions.shared import step
from wsesim.questions.shared.numbers import files_of
from wsesim.questions.shared.reads import EVALUATION
from wsesim.workload import Derived, Section


class EvaluationFile(step.StepFile):
    """A file that asks for a step of evaluation."""

    phase: Literal["evaluation"]
    """What the machine does: compute the loss, with weights streamed in."""


@dataclass(frozen=True, slots=True, kw_only=True)
class EvaluationStep:
    """How long a step of evaluation takes."""

    kind: ClassVar[str] = "evaluation"
    mark: ClassVar[str] = ""
    file: ClassVar[type[Section]] = EvaluationFile
    figures: ClassVar[tuple[FigureSpec, ...]] = step.FIGURES
    usual: ClassVar[tuple[str, ...]] = step.USUAL
    level: ClassVar[Level] = "system"
    stack: ClassVar[str] = "release-2"
    reads: ClassVar[Reads] = EVALUATION
    supported: ClassVar[str] = step.SUPPORTED

    asked: Asked
    step: step.Step

    @property
    def title(self) -> str:
        """What is asked."""
        return step.title_of(self.step, "evaluation step (forward only)")

    @property
    def inputs(self) -> tuple[Path, ...]:
        """Files that verification reads."""
        return files_of(self)

    @classmethod
    def positions(cls, values: Mapping[str, Any]) -> int | None:
        """Return the length of the batch."""
        return values["batch"].length if "batch" in values else 1

    @classmethod
    def check(cls, draft: Draft) -> Derived:
        """Check the batch; return its defaults."""
        return step.check_step(draft)

    @classmethod
    def of(cls, asked: Asked) -> EvaluationStep:
        """Return the question of a checked file."""
        return cls(asked=asked, step=step.Step.of(asked, trains=False))

    def graph(self) -> Graph:
        """Return the graph of the batch of one system."""
        return self.step.graph()

    def solve(self, level: Level, say: Say) -> Outcome:
        """Answer at a level."""
        from wsesim.questions.shared.step_answer import solve_step

        return solve_step(self, self.step, level, say)
