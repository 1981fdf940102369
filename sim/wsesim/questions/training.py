"""Training: one step, forward, backward and update, with weights that stream."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Annotated, ClassVar, Literal

from pydantic import Field

from wsesim.answer import FigureSpec
from wsesim.model import ModelSpec, parameters
from wsesim.questions.base import Draft, Reads
from wsesim.questions.shared.failures import FailuresSection
from wsesim.questions.shared.kinds import StepQuestion
from wsesim.questions.shared.learning import LearningSection, check_learning
from wsesim.questions.shared.reads import TRAINING
from wsesim.questions.shared.step import FIGURES, StepFile, check_step
from wsesim.workload import Default, Derived, Section
from wsesim.workload.fields import LARGEST_TOTAL, Size

TOKENS_PER_PARAMETER = 20
"""Tokens that train a parameter best. Source: Hoffmann et al. 2022, arXiv 2203.15556."""


class JobSection(Section):
    """What comes between the steps of a whole job."""

    checkpoint_every: Size | None = None
    """Steps from one checkpoint to the next. Default: none is written."""
    evaluate_every: Size | None = None
    """Steps from one evaluation to the next. Default: there is none."""
    evaluate_steps: Annotated[Size, Default("assumed: a look")] = 1
    """Steps of each evaluation, forward only, of the same batch."""


class TrainingFile(StepFile):
    """A file that asks for a step of training."""

    phase: Annotated[Literal["training"], Default("training, unless told otherwise")] = "training"
    """What the machine does: train, with weights streamed in."""
    recompute: Annotated[Literal["auto", "never", "always"], Default("where the step is faster with it")] = "auto"
    """Whether the backward pass computes each layer's inside again; auto: where the step is faster with it."""
    token_budget: Annotated[int, Field(ge=1, le=LARGEST_TOTAL)] | None = None
    """Tokens to train on. Default: those of `learning`, else the model's own budget, else 20 a parameter."""
    job: JobSection | None = None
    """What comes between the steps of a whole job; without it nothing does."""
    failures: FailuresSection | None = None
    """How often systems fail; nothing fails where it is left out, as no rate of wafer-scale systems is published."""
    learning: LearningSection | None = None
    """How `wsesim train` learns from a text with real numbers, in this computer."""


@dataclass(frozen=True, slots=True, kw_only=True, repr=False)
class TrainingStep(StepQuestion):
    """How long a step of training takes."""

    kind: ClassVar[str] = "training"
    file: ClassVar[type[Section]] = TrainingFile
    figures: ClassVar[tuple[FigureSpec, ...]] = (
        *FIGURES,
        FigureSpec(name="budget_s", label="token budget", meaning="time of all steps that the token budget takes, back "
                   "to back", better="less"),
        FigureSpec(name="flops_to_budget", label="FLOPs for the token budget", meaning="matrix FLOPs of the model over "
                   "the token budget"),
        FigureSpec(name="checkpoint_s", label="checkpoint", meaning="each time one is written"),
        FigureSpec(name="job_s", label="whole job", meaning="programming, upload, all steps of the token budget, "
                   "and the checkpoints and evaluations of `job`", better="less"),
        FigureSpec(name="goodput", label="goodput", meaning="share of a long training in which steps are taken that "
                   "need not be taken again: without checkpoints, restarts and what failures lose; 1 where `failures` "
                   "is not stated", better="more"),
        FigureSpec(name="budget_with_failures_s", label="token budget with failures", meaning="time of the token "
                   "budget over the goodput", better="less"),
    )  # fmt: skip
    reads: ClassVar[Reads] = TRAINING
    what: ClassVar[str] = "training step"
    trains: ClassVar[bool] = True

    @classmethod
    def check(cls, draft: Draft) -> Derived:
        """Check the batch; return its defaults and the token budget."""
        derived = {**check_step(draft), **check_learning(draft)}
        if draft.model and draft.model.task == "embed":
            message = "= embed ends in hidden states: there is no loss to train by; give lm, mlm, classify or tag"
            draft.problems.add_field(("model", "task"), message)
        return {**derived, **({"token_budget": _budget(draft.model, draft)} if draft.model else {})}


def _budget(model: ModelSpec, draft: Draft) -> tuple[int, str]:
    learning, batch = draft.values.get("learning"), draft.values.get("batch")
    if learning is not None and batch is not None:
        return learning.steps * batch.sequences * (batch.length or model.max_length), "the steps of learning"
    if model.token_budget is not None:
        return model.token_budget, f"the model's own: {model.source}"
    tokens = TOKENS_PER_PARAMETER * parameters(model)
    return tokens, f"{TOKENS_PER_PARAMETER} tokens per parameter (Hoffmann et al. 2022)"
