"""What precision costs in numbers: how far those of a question's model are off in each format machines keep them in."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

from wsesim.answer import DoesNotFit
from wsesim.errors import InputError
from wsesim.questions.base import Question, Say, silent
from wsesim.questions.shared.as_mapped import map_part
from wsesim.questions.shared.kinds import RequestQuestion, StepQuestion
from wsesim.questions.shared.sample import sample_ids
from wsesim.questions.shared.step import UNLEVELLED

if TYPE_CHECKING:
    from wsesim.numerics import InPrecision, Lost, Part, Storage
    from wsesim.questions.shared.request import Request
    from wsesim.questions.shared.step import Step

LOSS_SCALE = 2.0**15
"""Beside 1: what the vendor's dynamic scale of a loss begins at."""
ANY_ORDER = "Sums are added in fp32, in any order."
MAPPED_ORDER = (
    "Sums are added in fp32, in any order (level 0) unless a level is named: then as they are mapped, partial sums of "
    "linear layers passing in 16 bits over"
)
RESIDENT_ORDER = (
    "As it lies: in the order of the cores, passed on in 16 bits; with fp16 cores add up in fp16, too. Forward only."
)
COMPUTED, WORDS = 8, 512
"""Tokens of a sequence, and words of the vocabulary, that are computed at most. Assumed: enough for every op, in a
second for each format."""


@dataclass(frozen=True, slots=True, kw_only=True)
class KeptAs:
    """What one way to keep numbers loses."""

    name: str
    format: str
    level: int | None
    """`precision_opt_level`; None where weights do not stream, or all is fp32."""
    loss_scale: float
    lost: tuple[Lost, ...]
    """By kind of op, on the part of the model that was computed."""


@dataclass(frozen=True, slots=True, kw_only=True)
class PrecisionLost:
    """What each way to keep numbers loses, and of which part of the model."""

    reduced: str
    """What was made smaller to stay quick; empty if nothing."""
    labels: int
    """That a gradient is a mean over."""
    ways: tuple[KeptAs, ...]
    order: str
    """In which order sums are added, in a sentence."""


def precision_lost(question: Question, *, say: Say = silent) -> PrecisionLost:
    """Compute a part of the model forward and backward, as the machine would keep its numbers in each format.

    Gradients are those of a mean over all labels of the question's batch: that is what makes them small.

    Raises:
        InputError: a kind without a model.
    """
    from wsesim.graph import with_training
    from wsesim.model import build_graph
    from wsesim.numerics import InPrecision, SeededWeights, fold_ids, token_inputs

    asked = question.asked
    if asked.model is None:
        raise InputError.at("has no model whose numbers could be kept in any format", file=asked.file)
    part, reduced = _part(question)
    graph = with_training(build_graph(part.model, sequences=part.sequences, length=part.length))
    ids = fold_ids(sample_ids(part.sequences, part.length), part.model.vocab)
    labels, ways = _labels(question, part), list[KeptAs]()
    passes = InPrecision(graph, SeededWeights(graph, 0), token_inputs(graph, ids), labels=labels)
    for storage, scale in _ways():
        say(f"computing in {storage.name}")
        lost = passes.lost(storage, loss_scale=scale)
        level = 0 if isinstance(question, StepQuestion) and storage.format != "fp32" else None
        ways.append(KeptAs(name=storage.name, format=storage.format, level=level, loss_scale=scale, lost=lost))
    placed, order = _as_placed(question, part, passes, say)
    return PrecisionLost(reduced=reduced, labels=labels, ways=(*ways, *placed), order=order)


def _as_placed(question: Question, part: Part, passes: InPrecision, say: Say) -> tuple[list[KeptAs], str]:
    """Return what is lost where sums are added as they are placed, and in which order they are."""
    if isinstance(question, StepQuestion) and question.step.precision not in UNLEVELLED:
        return _as_mapped(question.step, part, passes, say)
    if isinstance(question, RequestQuestion):
        return _as_it_lies(question.request, passes, say)
    return [], ANY_ORDER


def _as_mapped(step: Step, part: Part, passes: InPrecision, say: Say) -> tuple[list[KeptAs], str]:
    from wsesim.numerics import KEPT_AS, Storage

    mapped, kept, ways = map_part(replace(step, level=1), part, 1), Storage(format=KEPT_AS[step.precision]), []
    for level in (1, 2):
        say(f"computing in {kept.name} at level {level}")
        lost = passes.lost(replace(mapped, storage=kept, level=level).on_lines(part.sequences))
        name = f"{kept.name}, level {level}"
        ways.append(KeptAs(name=name, format=kept.format, level=level, loss_scale=1.0, lost=lost))
    return ways, f"{MAPPED_ORDER} {mapped.program.placement.columns:,} columns of cores."


def _as_it_lies(request: Request, passes: InPrecision, say: Say) -> tuple[list[KeptAs], str]:
    from wsesim.numerics import Storage
    from wsesim.numerics.mapped import on_plan
    from wsesim.questions.shared.request_times import plan_of

    plan = plan_of(request, say)
    if isinstance(plan, DoesNotFit):
        return [], ANY_ORDER
    kept = Storage(format=request.asked.resolved["precision"])
    say(f"computing in {kept.name} where weights lie")
    lost, name = passes.lost(on_plan(plan, kept)), f"{kept.name}, as it lies"
    way = KeptAs(name=name, format=kept.format, level=None, loss_scale=1.0, lost=lost)
    return [way], f"{ANY_ORDER} {RESIDENT_ORDER}"


def _part(question: Question) -> tuple[Part, str]:
    from wsesim.numerics import Part, quick

    model, length = question.asked.shape, min(COMPUTED, question.asked.shape.max_length)
    whole = Part(model=model, sequences=1, length=length)
    small = replace(model, layers=min(2, model.layers), vocab=min(WORDS, model.vocab))
    part = quick(replace(whole, model=small))
    return part, part.said(whole)


def _labels(question: Question, part: Part) -> int:
    batch = question.asked.resolved.get("batch")
    return int(batch["sequences"]) * int(batch["length"]) if batch else part.tokens


def _ways() -> Iterator[tuple[Storage, float]]:
    """Yield ways to keep numbers, each with what the loss is multiplied with."""
    from wsesim.numerics import Storage

    yield Storage(format="fp32"), 1.0
    yield Storage(format="fp16"), 1.0
    yield Storage(format="fp16"), LOSS_SCALE
    yield Storage(format="bf16"), 1.0
    yield Storage(format="cb16"), 1.0
    yield Storage(format="cb16", subnormals=False), 1.0
    yield Storage(format="cb16", stochastic=True), 1.0
