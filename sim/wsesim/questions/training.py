"""Training: one step, forward, backward and update, with weights that stream."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Annotated, Any, ClassVar, Literal

from pydantic import Field

from wsesim.answer import FigureSpec, Level, Outcome
from wsesim.graph import Graph
from wsesim.model import Model, parameters
from wsesim.questions.base import Asked, Draft, Reads, Say
from wsesim.questions.shared import step
from wsesim.questions.shared.numbers import files_of
from wsesim.questions.shared.reads import TRAINING
from wsesim.workload import Default, Derived, Section
from wsesim.workload.fields import LARGEST_TOTAL

TOKENS_PER_PARAMETER = 20
"""Tokens that train a parameter best. Source: Hoffmann et al. 2022, arXiv 2203.15556."""


class TrainingFile(step.StepFile):
    """A file that asks for a step of training."""

    phase: Annotated[Literal["training"], Default("training, unless told otherwise")] = "training"
    """What the machine does: train, with weights streamed in."""
    recompute: Annotated[Literal["auto", "never", "always"], Default("where that lets more sequences fit")] = "auto"
    """Whether the backward pass computes each layer's inside again; auto: where that lets more fit."""
    token_budget: Annotated[int, Field(ge=1, le=LARGEST_TOTAL)] | None = None
    """Tokens to train on. Default: the model's own budget, else 20 a parameter."""


@dataclass(frozen=True, slots=True, kw_only=True)
class TrainingStep:
    """How long a step of training takes."""

    kind: ClassVar[str] = "training"
    mark: ClassVar[str] = ""
    file: ClassVar[type[Section]] = TrainingFile
    figures: ClassVar[tuple[FigureSpec, ...]] = (
        *step.FIGURES,
        FigureSpec(name="budget_s", label="token budget", meaning="time of all steps that the token budget takes, back "
                   "to back", better="less"),
        FigureSpec(name="flops_to_budget", label="FLOPs for the token budget", meaning="matrix FLOPs of the model over "
                   "the token budget"),
        FigureSpec(name="checkpoint_s", label="checkpoint", meaning="each time one is written"),
    )  # fmt: skip
    usual: ClassVar[tuple[str, ...]] = step.USUAL
    level: ClassVar[Level] = "system"
    stack: ClassVar[str] = "release-2"
    reads: ClassVar[Reads] = TRAINING
    supported: ClassVar[str] = step.SUPPORTED

    asked: Asked
    step: step.Step

    @property
    def title(self) -> str:
        """What is asked."""
        return step.title_of(self.step, "training step")

    @property
    def inputs(self) -> tuple[Path, ...]:
        """Files that verification reads."""
        return files_of(self)

    @classmethod
    def positions(cls, values: Mapping[str, Any]) -> int | None:
        """Return the length of the batch."""
        return values["batch"].length if "batch" in values else 1  # a broken batch must not pass for a missing length

    @classmethod
    def check(cls, draft: Draft) -> Derived:
        """Check the batch; return its defaults and the token budget."""
        return {**step.check_step(draft), **({"token_budget": _budget(draft.model)} if draft.model else {})}

    @classmethod
    def of(cls, asked: Asked) -> TrainingStep:
        """Return the question of a checked file."""
        return cls(asked=asked, step=step.Step.of(asked, trains=True))

    def graph(self) -> Graph:
        """Return the graph of the batch of one system."""
        return self.step.graph()

    def solve(self, level: Level, say: Say) -> Outcome:
        """Answer at a level."""
        from wsesim.questions.shared.step_answer import solve_step

        return solve_step(self, self.step, level, say)


def _budget(model: Model) -> tuple[int, str]:
    if model.token_budget is not None:
        return model.token_budget, f"the model's own: {model.source}"
    tokens = TOKENS_PER_PARAMETER * parameters(model)
    return tokens, f"{TOKENS_PER_PARAMETER} tokens per parameter (Hoffmann et al. 2022)"
