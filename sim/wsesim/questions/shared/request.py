"""One request on resident weights, or as many as are held at once: its keys, and what is wrong between them."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, replace
from math import fsum
from typing import TYPE_CHECKING, Annotated, Any, Literal

from pydantic import Field

from wsesim.errors import SpecError
from wsesim.graph import Graph
from wsesim.model import ModelSpec, build_graph
from wsesim.questions.base import Asked, Draft
from wsesim.questions.shared.numbers import VERIFIED_LENGTH
from wsesim.workload import Default, Derived, ModelFile, Section, check_tokens
from wsesim.workload.fields import AutoOrSize, Count, Size

if TYPE_CHECKING:
    from wsesim.mapping.resident import PhaseTime
    from wsesim.software import Inference as InferenceSoftware

GRIDS = ("prefill_grid", "decode_grid")
BY_HAND = ("stages", "wafers", "replicas", "chunk", *GRIDS)
"""Keys of a placement that the machine or the model may not have room for."""


class PlacedSection(Section):
    """How weights lie on the wafers, and how many sequences are held."""

    batch: Annotated[Size, Default("one user")] = 1
    """Sequences held at once."""
    placement: Annotated[
        Literal["auto", "whole", "blocks", "rectangles"], Default("the fastest, of squares if a grid is given")
    ] = "auto"
    """Whether each layer takes a square as large as the wafer, one after the other; squares hold layers as a pipeline;
    or rectangles that use all of the wafer do. auto: the fastest, of squares if a grid is given."""
    stages: Annotated[AutoOrSize, Default("as many as are fastest")] = "auto"
    """Stages of the pipeline. Default: as many as are fastest."""
    wafers: Annotated[AutoOrSize, Default("as many of the systems as are fastest")] = "auto"
    """Wafers of a copy of the model. Default: as many of the systems as are fastest."""
    replicas: Annotated[AutoOrSize, Default("as many as are fastest")] = "auto"
    """Copies of the model that share the sequences, each on wafers of its own. Default: as many as are fastest."""
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

    precision: Annotated[Literal["fp16", "bf16", "cb16"], Default("what programs with resident weights compute in")] = (
        "fp16"
    )
    """Number format of weights and cache. With fp16 sums are fp16, too; bf16 and cb16 add up in fp32 on a core, at the
    rate of mixed precision, and pass sums on in 16 bits."""


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
        return fsum(self.acceptance**guess for guess in range(self.tokens + 1))

    @property
    def checks(self) -> float:
        """Tokens that follow one at the interval of the pipeline, for each time it passes all stages."""
        return self.tokens / (1 + self.tokens * self.cost)

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
    batch: int
    """Sequences held at once."""

    @property
    def positions(self) -> int:
        """Tokens that the cache of a sequence holds."""
        return self.prompt + self.generate

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


def request_of(asked: Asked, *, reads: bool, writes: bool) -> Request:
    """Return the request that a checked file asks for."""
    section = asked.resolved["inference"]
    return Request(
        asked=asked, reads=reads, writes=writes, prompt=section["prompt"], generate=section.get("generate", 0),
        reused=section.get("reused", 0), guesses=Guesses.of(section) if writes else Guesses(), batch=section["batch"],
    )  # fmt: skip


def forward_graph(asked: Asked, *, sequences: int, length: int) -> Graph:
    """Return the forward graph of the model for so many sequences."""
    return build_graph(asked.merged, sequences=sequences, length=length, precision=asked.resolved["precision"])


def software_of_request(asked: Asked) -> InferenceSoftware:
    """Return what the engine costs."""
    assert asked.software is not None, "a request runs a stack"
    return asked.software.for_inference()


def tokens_of(section: Any, *, writes: bool) -> int:
    """Return the tokens that a section reads or has cached, and writes."""
    return int(section.prompt + (section.generate if writes else 0))


def check_request(draft: Draft, *, reads: bool, writes: bool) -> Derived:
    """Check the numbers of a request against each other and the model; return defaults that follow."""
    section, model, problems = draft.values.get("inference"), draft.model, draft.problems
    if section is None:
        check_resident(draft, writes=writes)
        return {}
    tokens = tokens_of(section, writes=writes)
    check_resident(draft, writes=writes, positions=tokens)
    reused = section.reused if reads else 0
    if reused and reused >= section.prompt:
        message = f"= {reused} must be below inference.prompt = {section.prompt}: one token has to be computed"
        problems.add_field(("inference", "reused"), message)
    if model and model.position == "learned" and tokens > model.max_length:
        message = f"and what is generated are {tokens:,} tokens, over the {model.max_length} positions the model has"
        problems.add_field(("inference", "prompt"), f"= {section.prompt} {message}")
    if model:
        check_tokens(tokens, model, ("inference", "prompt"), problems)
    if reads and isinstance(section.chunk, int) and section.chunk > section.prompt - reused > 0:
        problems.notes.append(
            f"inference.chunk: the {section.prompt - reused:,} tokens to read pass at once; a chunk of "
            f"{section.chunk:,} is as good as one of so many."
        )
    return verified_length(draft, tokens)


def verified_length(draft: Draft, tokens: int) -> Derived:
    """Return how many tokens are verified."""
    length = min(VERIFIED_LENGTH, tokens, draft.model.max_length if draft.model else tokens)
    return {"verification.length": (max(1, length), "assumed: enough to compare, in seconds")}


def check_resident(draft: Draft, *, writes: bool, positions: int | None = None) -> None:
    """Refuse what cannot be asked: a stack that only trains, tokens of an encoder, a placement that cannot be.

    Args:
        draft: of the file.
        writes: whether tokens are written.
        positions: that a cache holds; None where that is wrong already.
    """
    model, section, problems = draft.model, draft.values.get("inference"), draft.problems
    draft.check_software("for_inference")
    if model is not None and writes and (why := _why_it_writes_nothing(model)):
        problems.add(("phase",), f"{model.name} {why}, so it writes no tokens: ask for prefill or evaluation")
    problems.notes += _idle_guesses(section)
    given = {key: getattr(section, key, "auto") for key in ("placement", *BY_HAND)}
    if positions is not None and any(value != "auto" for value in given.values()):
        _check_placing(draft, positions)


def _idle_guesses(section: Section | None) -> Iterator[str]:
    """Yield what to say of keys of guesses where nothing is guessed."""
    if isinstance(section, GuessSection) and not section.draft_tokens:
        for name in ("acceptance", "draft_cost"):
            if getattr(section, name) != GuessSection.model_fields[name].default:
                yield f"inference.{name} has no effect: nothing is guessed, as inference.draft_tokens is 0."


def _check_placing(draft: Draft, positions: int) -> None:
    """Refuse a placement chosen by hand that cannot be. Only then is the mapping imported."""
    if draft.model is None or draft.hardware is None or draft.software is None or "precision" not in draft.values:
        return
    from wsesim.questions.shared.placing import placing_of

    section, cluster = draft.values["inference"], draft.hardware.cluster
    apart = min(getattr(section, "readers", 0), cluster.systems - 1)  # more of them are refused on their own
    try:
        placing_of(
            section.model_dump(), draft.model, replace(cluster, systems=cluster.systems - apart),
            draft.software.for_inference(),
            positions=positions, batch=section.batch if isinstance(section.batch, int) else 1,
            precision=draft.values["precision"],
        )  # fmt: skip
    except SpecError as error:
        if error.name != "software":  # said already
            key = error.name if hasattr(section, error.name) else next(key for key in GRIDS if hasattr(section, key))
            those = "cluster.systems less inference.readers" if apart else "cluster.systems"
            draft.problems.add_field(("inference", key), error.message.replace("cluster.systems", those))


def _why_it_writes_nothing(model: ModelSpec) -> str:
    if not model.causal:
        return "is an encoder (model.causal: false)"
    return f"is trained to {model.task}, not to continue a text (model.task)" if model.task != "lm" else ""
