"""A workload as the rest of the package sees it: checked, every default filled in."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from wsesim.hardware import HardwareChoice
from wsesim.model import Model
from wsesim.result import Figure
from wsesim.software import SoftwareChoice


@dataclass(frozen=True, slots=True, kw_only=True)
class VerificationSettings:
    """What to compute with real numbers."""

    enabled: bool
    sequences: int
    length: int
    layers: int | None
    """None: as many as stay quick."""
    seed: int
    weights: str | None
    """Path of a safetensors file, or None for random weights."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Outputs:
    """What to write besides the report."""

    timeline: bool


@dataclass(frozen=True, slots=True, kw_only=True)
class Inference:
    """What is asked of resident weights, and how they lie on the wafers."""

    prompt: int
    generate: int
    batch: int | None
    """Sequences held at once; None for serving: as many as fit."""
    reused: int
    chunk: int | None
    placement: str
    """auto | whole | blocks | rectangles."""
    prefill_grid: int | None
    decode_grid: int | None
    stages: int | None
    draft_tokens: int
    acceptance: float
    draft_cost: float
    """Of one guess, as a share of one token of the large model."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Serving:
    """Which requests arrive, and what is good enough for them."""

    rate_per_s: float | None
    """None where a trace says when they arrive."""
    requests: int
    seed: int
    trace: str | None
    """Path of a file of requests."""
    prompt: int
    prompt_spread: float
    output: int
    output_spread: float
    longest: int
    """Tokens of prompt and answer together."""
    slo_ttft_s: float
    slo_tpot_s: float
    slo_share: float
    search: bool
    """Whether to find the largest rate that holds the objective."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Workload:
    """One question: this model, this batch, on this machine. `load_workload` makes it."""

    name: str
    file: str
    """As it was given; names the place of an error, never part of a result."""
    title: str
    """One sentence: what is asked."""
    model: Model
    phase: str
    """training | evaluation | prefill | decode | generate | serving."""
    sequences: int
    """Of one step, all systems together; with resident weights, those held at once."""
    length: int
    """Tokens of a sequence; with resident weights, the most that one holds."""
    inference: Inference | None
    """None for training and evaluation."""
    serving: Serving | None
    """None but for serving."""
    micro_batch: int | None
    """Sequences per system and pass; None: as many as fit."""
    precision: str
    """mixed | fp16 | fp32."""
    recompute: str
    """auto | never | always."""
    hardware: HardwareChoice
    software: SoftwareChoice
    text: str
    """`sample:NAME` or a path. Tokens are GPT-2's; a smaller vocabulary takes ids modulo its size."""
    verification: VerificationSettings
    token_budget: int
    """Tokens to train on."""
    outputs: Outputs
    resolved: Mapping[str, object]
    """The workload with every default filled in: plain data that loads again and resolves to itself."""
    defaults: tuple[Figure, ...]
    """Every default that was filled in, by dotted name, with where it comes from."""

    @property
    def resident(self) -> bool:
        """Whether the weights stay on the wafers."""
        return self.inference is not None

    @property
    def asked(self) -> Inference:
        """The section that every workload with resident weights has."""
        assert self.inference is not None, "a resident workload has the section"
        return self.inference

    @property
    def sequences_per_system(self) -> int:
        """Sequences of one step on one system."""
        return self.sequences // self.hardware.cluster.systems
