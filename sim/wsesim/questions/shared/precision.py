"""What precision costs in numbers: how far those of a question's model are off in each format machines keep them in."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

from wsesim.errors import InputError
from wsesim.questions.base import Question, Say, silent
from wsesim.questions.shared.as_mapped import map_part
from wsesim.questions.shared.kinds import StepQuestion
from wsesim.questions.shared.sample import sample_ids
from wsesim.questions.shared.step import UNLEVELLED

if TYPE_CHECKING:
    from wsesim.numerics import Lost, Part, Storage

LOSS_SCALE = 2.0**15
"""Beside 1: what the vendor's dynamic scale of a loss begins at."""
ANY_ORDER = "Sums are added in fp32, in any order."
MAPPED_ORDER = (
    "Sums are added in fp32, in any order (level 0) unless a level is named: then as they are mapped, partial sums of "
    "linear layers passing in 16 bits over"
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
    from wsesim.numerics import (
        KEPT_AS,
        InPrecision,
        SeededWeights,
        Storage,
        fold_ids,
        token_inputs,
    )

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
    order = ANY_ORDER
    if isinstance(question, StepQuestion) and question.step.precision not in UNLEVELLED:
        mapped = map_part(replace(question.step, level=1), part, 1)
        order = f"{MAPPED_ORDER} {mapped.program.placement.columns:,} columns of cores."
        kept = Storage(format=KEPT_AS[question.step.precision])
        for level in (1, 2):
            say(f"computing in {kept.name} at level {level}")
            lost = passes.lost(replace(mapped, storage=kept, level=level).on_lines(part.sequences))
            ways.append(KeptAs(
                name=f"{kept.name}, level {level}", format=kept.format, level=level, loss_scale=1.0, lost=lost
            ))  # fmt: skip
    return PrecisionLost(reduced=reduced, labels=labels, ways=tuple(ways), order=order)


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
