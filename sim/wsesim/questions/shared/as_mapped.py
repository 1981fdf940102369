"""Whether what is computed as it is mapped gives the numbers of the plain graph: on a part of a step, or of a model."""

from __future__ import annotations

import itertools
from collections.abc import Iterator
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

from wsesim.answer import DoesNotFit
from wsesim.errors import InputError
from wsesim.questions.base import Question, Say, silent
from wsesim.questions.shared.kinds import RequestQuestion, StepQuestion
from wsesim.questions.shared.sample import sample_ids
from wsesim.questions.shared.step import Step

if TYPE_CHECKING:
    from wsesim.mapping.resident import ResidentPlan
    from wsesim.numerics import Part
    from wsesim.numerics.mapped import HeldTensor, MappedStep

COMPUTED, WORDS, LAYERS = 8, 256, 2
"""Tokens of a sequence, words of the vocabulary and layers that are computed at most. Assumed: what shows every sum, in
seconds, product by product."""
SYSTEMS, SEQUENCES = 3, 2
"""Systems at most, and sequences of each: two passes on each wafer, and sums over wafers."""


@dataclass(frozen=True, slots=True, kw_only=True)
class HeldAsMapped:
    """How a step as mapped compares with the plain one."""

    tensors: tuple[HeldTensor, ...]
    """Outputs, losses, gradients and updated weights."""
    split: tuple[str, ...]
    """What was split how, in words."""
    reduced: str
    """What is smaller than what is asked; empty if nothing."""

    @property
    def ok(self) -> bool:
        """Whether all that differs is rounding."""
        return self.worst.excess <= 1

    @property
    def worst(self) -> HeldTensor:
        """The tensor whose error is largest beside what is allowed."""
        return max(self.tensors, key=lambda held: held.excess)


def hold_as_mapped(question: Question, *, say: Say = silent) -> HeldAsMapped:
    """Compute a part of a question's model as it is mapped, and in one piece, and compare all that comes out.

    A step is mapped as the whole question would be: on the question's machine and stack, as is fastest, a sequence a
    pass. With resident weights the forward pass is computed, on the regions that write tokens.

    Raises:
        InputError: a kind without a step or a request, or what does not fit the machine.
    """
    if isinstance(question, StepQuestion):
        return _step_held(question, say)
    if isinstance(question, RequestQuestion):
        return _request_held(question, say)
    raise InputError.at(
        "asks of neither a step nor a request, so nothing can be computed as mapped; leave --as-mapped out",
        file=question.asked.file,
    )  # fmt: skip


def _step_held(question: StepQuestion, say: Say) -> HeldAsMapped:
    import numpy as np

    from wsesim.numerics import SPREAD, NamedArrays, SeededWeights, fold_ids, token_inputs
    from wsesim.numerics.mapped import hold

    part, systems, reduced = _part(question)
    say("mapping a part of the step")
    mapped = map_part(question.step, part, systems)
    graph = mapped.request.graph
    arrays = NamedArrays.begin(graph, SeededWeights(graph, 0, spread=SPREAD))
    tokens = token_inputs(graph, fold_ids(sample_ids(part.sequences, part.length), part.model.vocab))
    say("computing it as mapped")
    with np.errstate(over="ignore", invalid="ignore"):
        tensors = tuple(hold(mapped, graph, arrays, tokens))
    return HeldAsMapped(tensors=tensors, split=tuple(_split(mapped, part)), reduced=reduced)


def _request_held(question: RequestQuestion, say: Say) -> HeldAsMapped:
    from wsesim.model import build_graph
    from wsesim.numerics import SPREAD, Part, SeededWeights, fold_ids, quick, token_inputs
    from wsesim.numerics.mapped import absorbed, hold_outputs, on_plan
    from wsesim.questions.shared.request_times import plan_of

    plan = plan_of(question.request, say)
    if isinstance(plan, DoesNotFit):
        raise InputError.at(f"does not fit: {plan.why}", file=question.asked.file)
    model, positions = question.asked.merged, question.request.positions
    whole = Part(model=model, sequences=question.request.batch, length=positions)
    small = replace(model, layers=min(LAYERS, model.layers), vocab=min(WORDS, model.vocab))
    part = quick(Part(model=small, sequences=1, length=min(COMPUTED, positions)), length=False)
    graph = build_graph(part.model, sequences=1, length=part.length, precision="fp32")
    tokens = token_inputs(graph, fold_ids(sample_ids(1, part.length), part.model.vocab))
    say("computing it as it lies")
    weights = SeededWeights(graph, 0, spread=SPREAD)
    tensors = tuple(hold_outputs(graph, weights, tokens, on_plan(plan), other=absorbed(graph)))
    return HeldAsMapped(tensors=tensors, split=tuple(_lies(plan, part)), reduced=part.said(whole))


def _lies(plan: ResidentPlan, part: Part) -> Iterator[str]:
    """Yield how a model lies whose weights are resident."""
    stage = next(stage for stage in plan.stages if stage.layers)
    where, width = plan.request.rectangle(stage.columns, stage.rows), part.model.width
    yield f"layers on rectangles of {stage.columns:,} x {stage.rows:,} cores, weights spread over both axes"
    each, cores = where.y.each(width), where.y.cores
    yield f"features of a token along y, {width:,} by {each:,} on {cores:,} cores; what a product gives lies along x"
    yield (f"sums run along the axis of the inputs in a tree of two levels: groups of {where.y.group:,} cores along y, "
           f"{where.x.group:,} along x, to their centres, then over these")  # fmt: skip
    if part.model.latent_rank:
        yield ("keys and values are never made of the latent vector: their matrix is applied to queries, summed over a "
               "head's features along their line, and to sums of latent vectors, along the line across")  # fmt: skip


def _part(question: StepQuestion) -> tuple[Part, int, str]:
    """Return what is computed, on how many systems, and in words what is smaller."""
    from wsesim.numerics import Part, quick

    step, model = question.step, question.asked.shape
    whole = Part(model=model, sequences=step.sequences, length=step.length)
    wafers, systems = question.asked.hardware.cluster.systems, min(SYSTEMS, question.asked.hardware.cluster.systems)
    sequences, length = min(step.sequences, SEQUENCES * systems), min(step.length, COMPUTED)
    small = replace(
        model, layers=min(LAYERS, model.layers), vocab=min(WORDS, model.vocab), masked=min(model.masked, length)
    )  # fmt: skip
    part = quick(Part(model=small, sequences=sequences, length=length), length=False)
    said = part.said(whole)
    return part, systems, "; ".join(filter(None, (said, f"{systems} of {wafers} systems" * (systems < wafers))))


def map_part(step: Step, part: Part, systems: int) -> MappedStep:
    """Return a part of a step, mapped on so many systems as is fastest, a sequence a pass.

    Raises:
        InputError: it does not fit.
    """
    from wsesim.graph import with_training
    from wsesim.mapping import StepRequest
    from wsesim.model import build_graph
    from wsesim.numerics.mapped import MappedStep
    from wsesim.system import fastest

    graph = build_graph(part.model, sequences=part.sequences, length=part.length, precision=step.precision)
    cluster = replace(step.asked.hardware.cluster, systems=systems)
    request = StepRequest(
        graph=with_training(graph) if step.trains else graph, cluster=cluster, software=step.software,
        sequences=part.sequences, length=part.length, precision=step.precision, sub_batch=1, parts=1,
        recompute=step.recompute,
    )  # fmt: skip
    ways = fastest(request)
    if isinstance(ways, DoesNotFit):
        raise InputError.at(f"a part of it does not fit: {ways.why}", file=step.asked.file)
    return MappedStep(request=ways[0].request, program=ways[0].program)


def _split(mapped: MappedStep, part: Part) -> Iterator[str]:
    """Yield what was split how."""
    from wsesim.numerics.mapped import StreamedLines

    place, region, request = mapped.program.placement, mapped.region(1), mapped.request
    widths = dict.fromkeys(request.graph.dims[name] for name in ("width", "ffn") if name in request.graph.dims)
    tokens = part.length
    yield f"features of a token over {region.columns:,} columns of cores: " + ", ".join(
        f"{width:,} by {_each(region.features_of(width))}" for width in widths
    )
    rows = len(StreamedLines(region=region).down(tokens))
    yield f"tokens of a pass over {rows:,} rows: {tokens:,} by {_each(region.tokens_of(tokens))}"
    wafers = sum(map(bool, mapped.sizes))
    yield (f"{part.sequences:,} sequences over {wafers:,} wafer{'s' * (wafers > 1)}, in {place.passes:,} passes; "
           f"layers are {'computed again' if place.recompute else 'kept'} for the backward pass")  # fmt: skip
    yield "weights in shards by input feature; sums go round the row from behind an output's column to that column"
    yield "sums of norms, softmax and scores go along the row, gradients of weights down the columns, core by core"
    if wafers > 1:
        yield (f"gradients of the wafers are added in a tree of {request.cluster.swarmx.fan_in} children a node, those "
               "of the passes one after the other")  # fmt: skip


def _each(bounds: tuple[int, ...]) -> str:
    each = sorted({end - first for first, end in itertools.pairwise(bounds)})
    return f"{each[0]:,}" if len(each) == 1 else f"{each[0]:,} to {each[-1]:,}"
