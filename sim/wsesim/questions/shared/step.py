"""One step with weights that stream, of training or of evaluation: its keys, its figures, and what is wrong there."""

from __future__ import annotations

from dataclasses import dataclass, replace
from functools import lru_cache
from typing import TYPE_CHECKING, Annotated, Literal

from wsesim.answer import FigureSpec
from wsesim.graph import Graph, with_training
from wsesim.model import ModelSpec, build_graph, parameters
from wsesim.questions.base import Asked, Draft
from wsesim.questions.shared.job import Between
from wsesim.questions.shared.numbers import VERIFIED_LENGTH
from wsesim.questions.shared.price import POWER_FIGURES
from wsesim.software import Training as TrainingSoftware
from wsesim.units import show_count
from wsesim.workload import Default, Derived, ModelFile, Section, check_length, check_tokens
from wsesim.workload.fields import AutoOrSize, Size

if TYPE_CHECKING:
    from wsesim.mapping import StepRequest

UNLEVELLED = ("fp16", "fp32")
"""Precisions whose sums are what their values are."""
FP32_BYTES = 4
BOUND = (
    "the longest of five that work at the same time, each over the whole step and never waiting: multiply-accumulates "
    "at peak, weights in, gradients out, tokens in, updates of the store"
)
MFU = FigureSpec(
    name="mfu", label="MFU", meaning="matrix FLOPs of the model (forward, in training × 3; full attention, nothing "
    "recomputed, no weights that are zero) / (step time × peak of all wafers)", better="more",
)  # fmt: skip
FIGURES = (
    FigureSpec(name="step_s", label="one step", meaning="from the end of the step before to its own, as all steps but "
               "the first", better="less"),
    FigureSpec(name="first_step_s", label="first step", meaning="before which nothing is prepared", better="less"),
    FigureSpec(name="last_update_s", label="last update", meaning="from the end of the last step until all weights are "
               "updated", better="less"),
    FigureSpec(name="tokens_per_s", label="tokens per second", meaning="tokens of a step over its time, all systems "
               "together", better="more"),
    FigureSpec(name="samples_per_s", label="samples per second", meaning="sequences of a step over its time",
               better="more"),
    MFU,
    *POWER_FIGURES,
    FigureSpec(name="step_cycles", label="cycles of a step", meaning="the step at the cores' clock", better="less"),
    FigureSpec(name="bound_s", label="bound", meaning=BOUND, better="less"),
    FigureSpec(name="flops_per_step", label="FLOPs of a step", meaning="matrix FLOPs of the model, all systems"),
    FigureSpec(name="micro_batch", label="micro-batch", meaning="sequences of one system that are held together"),
    FigureSpec(name="sub_batch", label="sub-batch", meaning="of them, those that pass the layers together: of the "
               "largest pass"),
    FigureSpec(name="passes", label="passes", meaning="sub-batches of a step and system: so often weights stream in"),
    FigureSpec(name="parts", label="parts of a layer", meaning="in which it is worked through, groups of heads and of "
               "columns one after another"),
    FigureSpec(name="recompute", label="recompute", meaning="whether the backward pass computes layers again"),
    FigureSpec(name="checkpoint_layers", label="layers a checkpoint", meaning="of one layer in so many the input is "
               "kept for the backward pass; 0 where the inside of all is"),
    FigureSpec(name="programming_s", label="device programming", meaning="once, before the first step"),
    FigureSpec(name="weight_upload_s", label="weight upload", meaning="once, before the first step"),
)  # fmt: skip


class BatchSection(Section):
    """What one step sees."""

    sequences: Size
    """Sequences of one step, over all systems (the global batch)."""
    length: Annotated[Size | None, Default("the model's max_length")] = None
    """Tokens of a sequence. Default: the model's max_length."""
    micro_batch: Annotated[AutoOrSize, Default("what is worked on, and no more")] = "auto"
    """Sequences per system that are held at most, with what the backward pass needs of them; auto: the sub-batch."""
    sub_batch: Annotated[AutoOrSize, Default("whatever makes the step fastest, of all that fits")] = "auto"
    """Of them, sequences that pass the layers together at most; auto: whatever makes the step fastest, of all that
    fits."""
    parts: Annotated[Literal["auto", 1, 2, 4, 8, 16], Default("whatever makes the step fastest, of all that fits")] = (
        "auto"
    )
    """Parts that a layer is worked through in, groups of heads and of columns of its feed-forward network: what lies
    between is held of one part alone, and weights pass once; auto: whatever makes the step fastest, of all that
    fits."""


class StepFile(ModelFile):
    """A file that asks for one step."""

    batch: BatchSection
    """What the step sees."""
    precision: Annotated[
        Literal["mixed", "fp16", "fp32", "bf16", "cb16"], Default("as in the vendor's stock training configurations")
    ] = "mixed"
    """Number formats: mixed multiplies fp16 and accumulates fp32; bf16 and cb16 multiply theirs and accumulate fp32,
    in the same time."""
    precision_opt_level: Annotated[
        Literal[0, 1, 2], Default("as the vendor's software has it, unless told otherwise")
    ] = 1
    """0: partial sums of linear layers pass in fp32; 1: in 16 bits, as the software stack says, attention's in fp32;
    2: softmax computes in 16 bits, too, which changes numbers (`wsesim precision`) and no time here."""


def check_step(draft: Draft) -> Derived:
    """Check a batch against systems and model; return defaults that follow."""
    batch = draft.values.get("batch")
    draft.check_software("for_training")
    _check_level(draft)
    if batch is None:
        return {}
    if draft.model is None:
        return {}
    if batch.length:
        check_length(batch.length, draft.model, ("batch", "length"), draft.problems)
    _check_parts(batch, draft)
    _say_packed(draft)
    length = batch.length or draft.model.max_length
    check_tokens(length, draft.model, ("batch", "length"), draft.problems)
    return {
        "batch.length": (length, "the model's max_length"),
        "verification.length": (min(VERIFIED_LENGTH, length), "assumed: enough to compare, in seconds"),
    }


def _stated(size: int | str) -> int | None:
    return size if isinstance(size, int) else None


def _check_parts(batch: BatchSection, draft: Draft) -> None:
    held, worked = _stated(batch.micro_batch), _stated(batch.sub_batch)
    if held and worked and worked > held:
        draft.problems.add_field(
            ("batch", "sub_batch"), f"= {worked:,} is more than batch.micro_batch = {held:,}, of which it is a part"
        )  # fmt: skip


def _say_packed(draft: Draft) -> None:
    """Say that weights which stream are not packed."""
    if draft.model and draft.model.weight_format:
        which = "" if draft.model.weight_packed == "all" else f", of model.weight_packed = {draft.model.weight_packed},"
        draft.problems.notes.append(
            f"model.weight_format = {draft.model.weight_format}{which} has no effect: weights that stream, and what is "
            "learned, have 16 or 32 bits; what stays with the cores is packed, as for phase: generate."
        )


def _check_level(draft: Draft) -> None:
    level, precision = draft.values.get("precision_opt_level", 1), draft.values.get("precision", "mixed")
    if precision in UNLEVELLED and level != 1:
        draft.problems.add_field(
            ("precision_opt_level",), f"= {level} has no meaning with precision: {precision}, whose sums are "
            f"{precision} everywhere; leave it out, or choose mixed, bf16 or cb16"
        )  # fmt: skip
    elif level == 0:
        draft.problems.notes.append(
            "precision_opt_level: 0 passes partial sums in 4 bytes; training.partial_sum of the stack is not read."
        )
    elif level == 2:
        draft.problems.notes.append(
            "precision_opt_level: 2 takes the time of 1 here: how much faster a softmax in 16 bits is was not found. "
            "What it costs in numbers: `wsesim precision`."
        )


AT_BEST = ("step_s", "step_cycles", "tokens_per_s", "samples_per_s", "mfu", "budget_s")
"""Figures that are better the shorter a step is, and follow from that alone."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Step:
    """One step, of training or forward only."""

    asked: Asked
    trains: bool
    sequences: int
    """Of one step, all systems together."""
    length: int
    micro_batch: int | None
    """Sequences per system that are held at most; None: those of a pass."""
    sub_batch: int | None
    """Sequences per system and pass at most; None: as is fastest."""
    precision: str
    level: int
    """Of the precision: 0 | 1 | 2."""
    parts: int | None
    """In which a layer is worked through; None: as is fastest."""
    recompute: str
    """auto | never | always."""
    token_budget: int
    """Tokens to train on; 0 where nothing is trained."""

    @classmethod
    def of(cls, asked: Asked, *, trains: bool) -> Step:
        """Return the step that a checked file asks for."""
        resolved, batch = asked.resolved, asked.resolved["batch"]
        micro_batch, sub_batch = (_stated(batch[name]) for name in ("micro_batch", "sub_batch"))
        return cls(
            asked=asked, trains=trains, sequences=batch["sequences"], length=batch["length"],
            micro_batch=micro_batch, sub_batch=sub_batch, parts=_stated(batch["parts"]),
            precision=resolved["precision"], level=resolved["precision_opt_level"],
            recompute=resolved.get("recompute", "never"), token_budget=resolved.get("token_budget", 0),
        )  # fmt: skip

    @property
    def tokens(self) -> int:
        """Tokens of one step."""
        return self.sequences * self.length

    @property
    def between(self) -> Between:
        """What comes between the steps of the job, over its token budget."""
        return Between.of(self.asked.resolved.get("job"), -(-self.token_budget // self.tokens))

    @property
    def software(self) -> TrainingSoftware:
        """What the release costs."""
        assert self.asked.software is not None, "a step runs a stack"
        stack = self.asked.software.for_training()
        return replace(stack, partial_sum_bytes=FP32_BYTES) if self.level == 0 else stack

    def request(self, graph: Graph) -> StepRequest:
        """Return what is asked of the mapping; *graph* is the step's."""
        from wsesim.mapping import StepRequest

        return StepRequest(
            graph=graph, cluster=self.asked.hardware.cluster, software=self.software, sequences=self.sequences,
            length=self.length, precision=self.precision, micro_batch=self.micro_batch,
            sub_batch=self.sub_batch, parts=self.parts, recompute=self.recompute,
        )  # fmt: skip

    def graph(self) -> Graph:
        """Return the graph of the whole batch."""
        return _of_sequences(self.asked.shape, self.length, self.precision, self.trains, self.sequences)


@lru_cache(maxsize=64)
def _of_sequences(model: ModelSpec, length: int, precision: str, trains: bool, sequences: int) -> Graph:
    return _of_one_sequence(model, length, precision, trains).with_dims(batch=sequences)


@lru_cache(maxsize=16)
def _of_one_sequence(model: ModelSpec, length: int, precision: str, trains: bool) -> Graph:
    """Return the graph of one sequence: the same ops whatever the batch, for all questions that ask of this model."""
    forward = build_graph(model, sequences=1, length=length, precision=precision)
    return with_training(forward) if trains else forward


def named(asked: Asked) -> str:
    """Name model and machine."""
    cluster = asked.hardware.cluster
    machine = cluster.name if cluster.systems == 1 else f"{cluster.name}, {cluster.systems} systems"
    return f"{asked.shape.name} ({show_count(parameters(asked.shape))} parameters) on {machine}"
