"""One request on resident weights, or as many as are held at once: keys, figures, placement, and the sum of it."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace
from functools import cache
from typing import Annotated, Literal

import numpy as np
from pydantic import Field

from wsesim.answer import DoesNotFit, FigureSpec, Interval, OpTime
from wsesim.errors import InputError, SpecError
from wsesim.graph import Graph
from wsesim.mapping.resident import PhaseTime, PlanGoal, ResidentPlan, ResidentRequest, plan_resident
from wsesim.model import Model, build_graph
from wsesim.questions.base import Asked, Draft, Reads
from wsesim.software import Inference as InferenceSoftware
from wsesim.workload import Default, Derived, ModelFile, Section
from wsesim.workload.fields import AutoOrSize, Count, Size

SAMPLED_POSITIONS = 33
"""Positions at which decoding is timed; between them it grows evenly but for steps of a value a core."""
SHOWN_TOKENS = 8
"""Tokens whose way through the stages the timeline shows."""


class PlacedSection(Section):
    """How weights lie on the wafers, and how many sequences are held."""

    batch: Annotated[Size, Default("one user")] = 1
    """Sequences held at once."""
    placement: Annotated[
        Literal["auto", "whole", "blocks", "rectangles"], Default("the one that holds the model on fewest wafers")
    ] = "auto"
    """Whether each layer takes a square as large as the wafer, one after the other; squares hold layers as a pipeline;
    or rectangles that use all of the wafer do. auto: rectangles, unless a grid is given."""
    stages: Annotated[AutoOrSize, Default("as few as hold the model")] = "auto"
    """Stages of the pipeline. Default: as few as hold the model."""
    wafers: Annotated[AutoOrSize, Default("as few of the systems as hold the model")] = "auto"
    """Wafers to use. Default: as few of the systems as hold the model."""
    ends: Annotated[bool, Default("a whole model")] = True
    """Whether embedding, head and the way of a token back to the start are there; false: layers alone."""
    must_fit: Annotated[bool, Default("memory is what it is")] = True
    """Whether memory has to be enough; false times a placement as if a part of its layers stood for all."""


class ReadSection(PlacedSection):
    """A prompt that is read."""

    prompt: Size
    """Tokens of the prompt."""
    reused: Annotated[Count, Default("an empty cache")] = 0
    """Tokens of the prompt whose keys and values are in the cache already."""
    chunk: Annotated[AutoOrSize, Default("as the placement does")] = "auto"
    """Tokens of a prompt that pass at a time. Default: as the placement does."""
    prefill_grid: Annotated[AutoOrSize, Default("as chosen by the placement")] = "auto"
    """Side of the square of cores that reads prompts. Default: as chosen by the placement."""


class GuessSection(Section):
    """Speculative decoding."""

    draft_tokens: Annotated[int, Field(ge=0, le=64), Default("no guessing")] = 0
    """Tokens a small model guesses before the large one checks them all; 0: none."""
    acceptance: Annotated[float, Field(ge=0, le=1), Default("assumed: usual for a small model of the same family")] = (
        0.7
    )
    """Chance that a guessed token is right."""
    draft_cost: Annotated[float, Field(ge=0, le=1), Default("assumed: a model of a twentieth of the size")] = 0.05
    """Time of one guess, as a share of one token of the large model."""


class WriteSection(PlacedSection, GuessSection):
    """Tokens that are written."""

    decode_grid: Annotated[AutoOrSize, Default("as chosen by the placement")] = "auto"
    """Side of the square of cores that writes tokens. Default: as chosen by the placement."""


class ResidentFile(ModelFile):
    """A file that asks of resident weights."""

    precision: Annotated[Literal["fp16"], Default("what programs with resident weights compute in")] = "fp16"
    """Number format of weights, cache and sums."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Guesses:
    """Tokens that a small model guesses and the large one checks."""

    tokens: int = 0
    acceptance: float = 0.0
    cost: float = 0.0
    """Of one guess, as a share of one token of the large model."""

    @classmethod
    def of(cls, section: Mapping[str, float]) -> Guesses:
        """Return the guesses of a section."""
        tokens = int(section["draft_tokens"])
        return cls(tokens=tokens, acceptance=section["acceptance"], cost=section["draft_cost"])

    @property
    def tokens_per_pass(self) -> float:
        """Tokens a pass brings on average: guesses are right until the first that is not, which is put right.

        1 + a + a^2 + ... + a^k for k guesses, each right with chance a (Leviathan et al. 2023, arXiv 2211.17192).
        """
        return sum(self.acceptance**guess for guess in range(self.tokens + 1))

    def cycles(self, token: PhaseTime) -> float:
        """Return what guesses add to a pass: they come before it, and their checks follow the token through stages."""
        return self.tokens * (token.interval_cycles + self.cost * token.cycles)


@dataclass(frozen=True, slots=True, kw_only=True)
class Request:
    """What is asked of one request."""

    asked: Asked
    reads: bool
    writes: bool
    prompt: int
    """Tokens of the prompt, or tokens in the cache where none is read."""
    generate: int
    """Tokens of the answer; 0 where none are written."""
    reused: int
    guesses: Guesses
    placing: ResidentRequest

    @property
    def batch(self) -> int:
        """Sequences held at once."""
        return self.placing.batch

    @property
    def written(self) -> int:
        """Tokens that passes write: a prompt that is read gives the first."""
        return self.generate - (1 if self.reads else 0) if self.writes else 0

    @property
    def middle(self) -> int:
        """Position of a token halfway."""
        return self.prompt + self.generate // 2

    @property
    def passes(self) -> float:
        """Passes through the stages that write all tokens."""
        return self.written / self.guesses.tokens_per_pass

    @property
    def goal(self) -> PlanGoal:
        """What the placement is chosen for."""
        return PlanGoal(
            prompt=self.prompt if self.reads else 0, reused=self.reused, prompts=self.batch, batch=self.batch,
            position=self.middle, passes=self.passes,
        )  # fmt: skip


def request_of(asked: Asked, *, reads: bool, writes: bool) -> Request:
    """Return the request that a checked file asks for.

    Raises:
        InputError: a grid, a stage count or a number of wafers that cannot be.
    """
    section = asked.resolved["inference"]
    prompt, generate = section["prompt"], section.get("generate", 0)
    grids = {name: _unless_auto(section.get(name, "auto")) for name in ("prefill_grid", "decode_grid")}
    if not (reads and writes):  # the squares for what is not done lie where the others do
        grids = dict.fromkeys(grids, grids["prefill_grid"] or grids["decode_grid"])
    return Request(
        asked=asked, reads=reads, writes=writes, prompt=prompt, generate=generate, reused=section.get("reused", 0),
        guesses=Guesses.of(section) if writes else Guesses(),
        placing=placing_of(asked, positions=prompt + generate, batch=section["batch"], **grids),
    )  # fmt: skip


def placing_of(asked: Asked, *, positions: int, batch: int, **grids: int | None) -> ResidentRequest:
    """Return what is asked of the placement, for *batch* sequences held at once.

    Raises:
        InputError: a grid, a stage count or a number of wafers that cannot be.
    """
    section = asked.resolved["inference"]
    try:
        return ResidentRequest(
            model=asked.shape, cluster=asked.hardware.cluster, software=software_of_request(asked),
            precision=asked.resolved["precision"], placement=section["placement"],
            wafers=_unless_auto(section["wafers"]), stages=_unless_auto(section["stages"]), positions=positions,
            batch=batch, chunk=_unless_auto(section.get("chunk", "auto")), ends=section.get("ends", True),
            must_fit=section.get("must_fit", True), **grids,
        )  # fmt: skip
    except SpecError as error:
        raise InputError.at(f"inference.{error}", file=asked.file) from None


def forward_graph(asked: Asked, *, sequences: int, length: int) -> Graph:
    """Return the forward graph of the model for so many sequences."""
    return build_graph(asked.shape, sequences=sequences, length=length, precision=asked.resolved["precision"])


def software_of_request(asked: Asked) -> InferenceSoftware:
    """Return what the engine costs."""
    assert asked.software is not None, "a request runs a stack"
    return asked.software.for_inference()


def _unless_auto(value: int | str | None) -> int | None:
    return value if isinstance(value, int) else None


def check_request(draft: Draft, *, reads: bool, writes: bool) -> Derived:
    """Check the numbers of a request against each other and the model; return defaults that follow."""
    section, model, problems = draft.values.get("inference"), draft.model, draft.problems
    check_resident(draft, writes=writes)
    if section is None:
        return {}
    reused = section.reused if reads else 0
    if reused and reused >= section.prompt:
        message = f"= {reused} must be below inference.prompt = {section.prompt}: one token has to be computed"
        problems.add_field(("inference", "reused"), message)
    tokens = section.prompt + (section.generate if writes else 0)
    if model and model.position == "learned" and tokens > model.max_length:
        message = f"and what is generated are {tokens:,} tokens, over the {model.max_length} positions the model has"
        problems.add_field(("inference", "prompt"), f"= {section.prompt} {message}")
    return verified_length(draft, tokens)


def verified_length(draft: Draft, tokens: int) -> Derived:
    """Return how many tokens are verified."""
    length = min(VERIFIED_LENGTH, tokens, draft.model.max_length if draft.model else tokens)
    return {"verification.length": (max(1, length), "assumed: enough to compare, in seconds")}


READS: Mapping[str, Reads] = {}
VERIFIED_LENGTH = 64
"""Tokens of a verified sequence. Assumed: enough for attention to matter, few enough to take seconds."""


def check_resident(draft: Draft, *, writes: bool) -> None:
    """Refuse what cannot be asked of a model: tokens of an encoder or of a classifier."""
    model = draft.model
    if model is None or not writes:
        return
    why = _why_it_writes_nothing(model)
    if why:
        message = f"{model.name} {why}, so it writes no tokens: ask for prefill or evaluation"
        draft.problems.add(("phase",), message)


def _why_it_writes_nothing(model: Model) -> str:
    if not model.causal:
        return "is an encoder (model.causal: false)"
    return f"is trained to {model.task}, not to continue a text (model.task)" if model.task != "lm" else ""


@cache
def placed(placing: ResidentRequest, goal: PlanGoal) -> ResidentPlan | DoesNotFit:
    """Return where the model lies; the same for all that ask for the same."""
    return plan_resident(placing, goal)


@dataclass(frozen=True, slots=True, kw_only=True)
class RequestTimes:
    """Where the time of a request goes."""

    input_s: float
    prefill: PhaseTime | None
    """Of all prompts held; None where none is read."""
    move_s: float
    """To lay weights and cache out anew between reading and writing."""
    decode_s: float
    """Of all passes."""
    decode_parts: Mapping[str, float]
    """Seconds by cause; they sum to `decode_s`."""
    token: PhaseTime | None
    """Of a token halfway; None where none is written."""
    passes: float

    @property
    def total_s(self) -> float:
        """From the prompt's arrival to the last token."""
        return self.input_s + (self.prefill.seconds if self.prefill else 0.0) + self.move_s + self.decode_s

    def spent(self, clock_hz: float) -> dict[str, float]:
        """Return the seconds of the whole by cause."""
        seconds = {"input": self.input_s, "move": self.move_s, **self.decode_parts}
        for cause, cycles in (self.prefill.parts if self.prefill else {}).items():
            seconds[cause] = seconds.get(cause, 0.0) + cycles / clock_hz
        return {cause: spent for cause, spent in seconds.items() if spent > 0}


def time_request(request: Request, plan: ResidentPlan) -> RequestTimes:
    """Time what is asked, for all sequences held: the one sum of a request there is."""
    host, batch = request.asked.hardware.cluster.host, request.batch
    token_bytes = software_of_request(request.asked).token_bytes
    prompt = _read(plan, request) if request.reads else None
    arrives_s = host.latency_s + batch * request.prompt * token_bytes / host.input_bytes_per_s
    decode_s, parts, token = _write(plan, request) if request.writes else (0.0, dict[str, float](), None)
    return RequestTimes(
        input_s=arrives_s if request.reads else 0.0, prefill=prompt,
        move_s=plan.replacement_s() if request.reads and request.writes else 0.0, decode_s=decode_s,
        decode_parts=parts, token=token, passes=request.passes,
    )  # fmt: skip


def time_by_formula(request: Request, plan: ResidentPlan) -> RequestTimes:
    """Time the same without growth and sequence: all tokens as one halfway, prompts one after the other, no host."""
    prompt = plan.prefill(request.prompt, reused=request.reused) if request.reads else None
    if prompt is not None and request.batch > 1:
        prompt = _times(prompt, request.batch)
    token = plan.decode(request.middle, batch=request.batch) if request.writes else None
    parts = {cause: request.passes * cycles / plan.clock_hz for cause, cycles in (token.parts if token else {}).items()}
    return RequestTimes(
        input_s=0.0, prefill=prompt, move_s=0.0, decode_s=sum(parts.values()), decode_parts=parts, token=token,
        passes=request.passes,
    )  # fmt: skip


def _times(phase: PhaseTime, count: int) -> PhaseTime:
    return replace(
        phase, cycles=count * phase.cycles, seconds=count * phase.seconds, core_cycles=count * phase.core_cycles,
        parts={cause: count * cycles for cause, cycles in phase.parts.items()},
        ops=tuple(op.times(count) for op in phase.ops),
    )  # fmt: skip


def _read(plan: ResidentPlan, request: Request) -> PhaseTime:
    """Return the time to read all prompts: each follows the one before as soon as the first stage is free."""
    one, batch = plan.prefill(request.prompt, reused=request.reused), request.batch
    if batch == 1:
        return one
    chunks = -(-(request.prompt - request.reused) // plan.chunk)
    behind = (batch - 1) * chunks * one.interval_cycles
    parts = {**one.parts, "pipeline": one.parts.get("pipeline", 0.0) + behind}
    return replace(
        one, cycles=one.cycles + behind, seconds=one.seconds + behind / plan.clock_hz, parts=parts,
        ops=tuple(op.times(batch) for op in one.ops), core_cycles=batch * one.core_cycles,
    )  # fmt: skip


def _write(plan: ResidentPlan, request: Request) -> tuple[float, dict[str, float], PhaseTime]:
    """Return the seconds of all passes, the same by cause, and one pass in the middle."""
    last = request.prompt + request.generate - 1
    positions = sorted({*np.linspace(request.prompt, last, SAMPLED_POSITIONS).round().astype(int).tolist()})
    timed = [plan.decode(position, batch=request.batch) for position in positions]
    shares = np.gradient(np.array(positions, float)) if len(positions) > 1 else np.ones(1)
    shares[[0, -1]] /= 1 if len(positions) == 1 else 2
    weights = request.passes * shares / shares.sum()
    parts: dict[str, float] = {}
    for phase, weight in zip(timed, weights.tolist(), strict=True):
        for cause, cycles in phase.parts.items():
            parts[cause] = parts.get(cause, 0.0) + weight * cycles / plan.clock_hz
        extra = request.guesses.cycles(phase)
        if extra:
            parts["guesses"] = parts.get("guesses", 0.0) + weight * extra / plan.clock_hz
    return sum(parts.values()), parts, timed[len(timed) // 2]


def ops_of(timed: PhaseTime, phase: str, calls: float, clock_hz: float) -> tuple[OpTime, ...]:
    """Return the ops of a phase; where stages work side by side, each takes its share of the path through them."""
    side_by_side = max(1.0, sum(op.cycles for op in timed.ops) / timed.cycles)
    return tuple(
        OpTime(
            block="resident", phase=phase, name=op.name, kind=op.kind, calls=max(1, round(calls)),
            flops=round(2 * op.macs * calls), cycles=round(op.cycles),
            seconds=op.cycles * calls / clock_hz / side_by_side,
            bound=max(op.parts, key=lambda cause: op.parts[cause]), parts=op.parts,
            fabric_bytes=round(op.fabric_bytes), sram_bytes=round(op.sram_bytes),
        )
        for op in timed.ops
        if op.cycles > 0
    )  # fmt: skip


def timeline_of(times: RequestTimes) -> tuple[Interval, ...]:
    """Return the request on one track, and the first tokens on their way through the stages on others."""
    found, now = [], 0.0
    reading_s = times.prefill.seconds if times.prefill else 0.0
    steps = (
        ("prompt in", times.input_s, "input"), ("prompt read", reading_s, "compute"), ("moved", times.move_s, "move"),
    )  # fmt: skip
    for name, lasts_s, cause in steps:
        if lasts_s > 0:
            found.append(Interval(track="request", name=name, start_s=now, end_s=now + lasts_s, cause=cause))
            now += lasts_s
    token, decode_s = times.token, times.decode_s
    if token is None or decode_s <= 0:
        return tuple(found)
    found.append(Interval(track="request", name="tokens written", start_s=now, end_s=now + decode_s, cause="compute"))
    scale = token.seconds / token.cycles
    for number in range(SHOWN_TOKENS):
        at = now + number * token.seconds
        if at + token.seconds > now + decode_s * (1 + 1e-9):
            break
        for stage, cycles in enumerate(token.stage_cycles):
            track, end = f"stage {stage}", at + cycles * scale
            found.append(Interval(track=track, name=f"token {number + 1}", start_s=at, end_s=end, cause="compute"))
            at = end
    return tuple(found)


TTFT = FigureSpec(name="ttft_s", label="time to first token", meaning="prompt in, prompt read, first token known",
                  better="less")  # fmt: skip
TPOT = FigureSpec(name="tpot_s", label="time per output token", meaning="mean over those that are written",
                  better="less")  # fmt: skip
READ_FIGURES = (
    TTFT,
    FigureSpec(name="prompt_tokens_per_s", label="prompt tokens per second", meaning="tokens of prompts that were "
               "computed, over the time to read them", better="more"),
    FigureSpec(name="prompt_read_s", label="prompt read", meaning="the time to read the prompts held, once they have "
               "arrived", better="less"),
    FigureSpec(name="chunk", label="chunk", meaning="tokens of a prompt that pass at a time"),
)  # fmt: skip
WRITE_FIGURES = (
    TPOT,
    FigureSpec(name="tokens_per_s_user", label="tokens per second", meaning="1 / time per output token, for each user",
               better="more"),
    FigureSpec(name="tokens_per_s", label="tokens per second, all", meaning="of all sequences held, together",
               better="more"),
    FigureSpec(name="interval_s", label="interval", meaning="from one token to the next of a full pipeline",
               better="less"),
    FigureSpec(name="users_to_fill", label="users to fill the pipeline", meaning="time per output token over the "
               "interval; beyond them, each waits for the others"),
)  # fmt: skip
COMMON_FIGURES = (
    FigureSpec(name="total_s", label="whole request", meaning="from the prompt's arrival to the last token",
               better="less"),
    FigureSpec(name="total_cycles", label="cycles of the request", meaning="the same at the cores' clock",
               better="less"),
    FigureSpec(name="mfu", label="MFU", meaning="matrix FLOPs of the request / (its time × peak of all wafers)",
               better="more"),
    FigureSpec(name="energy_per_token_j", label="energy per token", meaning="all wafers over the request, divided by "
               "tokens read and written", better="less"),
    FigureSpec(name="power_w", label="power", meaning="of all wafers, mean over the request", better="less"),
    FigureSpec(name="flops", label="FLOPs", meaning="matrix FLOPs of the request"),
    FigureSpec(name="wafers", label="wafers", meaning="in use"),
    FigureSpec(name="stages", label="stages", meaning="of the pipeline"),
    FigureSpec(name="cache_in_s", label="cache upload", meaning="the cache of all positions copied from hosts into "
               "cores' memory", better="less"),
    FigureSpec(name="cache_out_s", label="cache download", meaning="the same copied out", better="less"),
)  # fmt: skip
