"""What a run found: data only, so that every reader (terminal, HTML, JSON, sweep) sees the same numbers."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from enum import StrEnum


class Status(StrEnum):
    """How a run ended."""

    OK = "ok"
    DOES_NOT_FIT = "does_not_fit"


@dataclass(frozen=True, slots=True, kw_only=True)
class Figure:
    """A number that was used, and where it comes from."""

    name: str
    text: str
    """The value with its unit, as printed."""
    source: str
    confidence: str = ""
    """H | M | L, or empty where it does not apply."""
    note: str = ""
    overridden: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class OpTime:
    """One kernel of the step, all its calls together; seconds on one wafer."""

    block: str
    """embed | layer | head."""
    phase: str
    """forward | backward | recompute (a forward kernel run again in the backward pass)."""
    name: str
    kind: str
    calls: int
    """Times the kernel runs in a step: copies of the block x micro-batches."""
    flops: int
    """Matrix FLOPs of all calls on one wafer."""
    cycles: int
    """Cycles of one call."""
    seconds: float
    """Of all calls together: cycles * calls / clock."""
    bound: str
    """The resource that sets the time: fmac, elementwise, reduction, weights, injection, launch ..."""
    parts: Mapping[str, float]
    """Cycles of one call by cause; they sum to `cycles`."""
    weight_bytes: int = 0
    """Streamed in for one call."""
    gradient_bytes: int = 0
    """Streamed out after one call."""
    fabric_bytes: int = 0
    """Moved over the fabric by one call, all links together."""
    sram_bytes: int = 0
    """Read and written in SRAM by one call, all cores together."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Interval:
    """Something on a track of the timeline from `start_s` to `end_s`."""

    track: str
    """memoryx | swarmx down | swarmx up | wafer | host."""
    name: str
    start_s: float
    end_s: float
    cause: str
    """compute | weights | gradients | launch | update | input ... ; for idle time, what is waited for."""


@dataclass(frozen=True, slots=True, kw_only=True)
class JobCost:
    """Something a job does before its first step or beside the steps; not part of any step's time."""

    what: str
    seconds: float
    """Each time."""
    note: str
    """How often, and what it grows with."""


@dataclass(frozen=True, slots=True, kw_only=True)
class MemoryUse:
    """One line of the memory table of a core."""

    what: str
    bytes_per_core: int
    note: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class Placement:
    """How the step was laid on the machine."""

    micro_batch: int
    """Sequences of one pass on one system."""
    passes: int
    """Micro-batches per step and system (gradient accumulation)."""
    columns: int
    rows: int
    tokens_per_core: int
    features_per_core: float
    recompute: bool
    """Whether the backward pass computes each layer's inside again."""


@dataclass(frozen=True, slots=True, kw_only=True)
class ResidentPlacement:
    """How resident weights lie on the machine."""

    kind: str
    """whole (layers on one square a wafer) | blocks (squares) | rectangles (all of the wafer); stages of a pipeline."""
    wafers: int
    stages: int
    layers_per_stage: int
    """Of the fullest stage."""
    prefill_columns: int
    prefill_rows: int
    decode_columns: int
    decode_rows: int
    slots: int
    """Sequences held at once."""
    capacity_tokens: int
    """Positions held at once, over all sequences."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Metrics:
    """The answers; only there when the run has status OK."""

    step_s: float
    step_cycles: int
    tokens_per_s: float
    samples_per_s: float
    mfu: float
    """Matrix FLOPs of the model (forward x 3 in training, full attention, no recompute, no weights that are zero) /
    (step_s x peak of all wafers at `mfu_peak`)."""
    mfu_peak: str
    """Which peak MFU divides by, in words."""
    flops_per_step: int
    bound_s: float
    """Per layer the longer of injecting its weights and of its matrix FLOPs at peak, summed."""
    gap: Mapping[str, float]
    """Seconds from bound to simulated step, by cause; they sum to step_s - bound_s."""
    token_budget: int
    """0 in evaluation."""
    days_to_budget: float
    """0 in evaluation."""
    energy_per_token_j: float
    power_w: float
    """Mean power of all wafers."""
    wafer_s: Mapping[str, float]
    """Where the wafer's step goes: seconds by cause, busy and idle; they sum to step_s."""

    @property
    def trains(self) -> bool:
        """Whether the step is one of training; else of evaluation, forward only."""
        return self.token_budget > 0

    @property
    def total_s(self) -> float:
        """What `wafer_s` sums to."""
        return self.step_s


@dataclass(frozen=True, slots=True, kw_only=True)
class RequestMetrics:
    """The answers for one request, or as many as are held at once, on resident weights."""

    total_s: float
    """From the prompt's arrival to the last token."""
    total_cycles: int
    ttft_s: float | None
    """Time to the first token: prompt in, prompt read, first token known. None where no prompt is read."""
    tpot_s: float | None
    """Time per output token, mean over those that are written. None where none are."""
    interval_s: float | None
    """From one token to the next of a full pipeline; None where none are written."""
    prompt_tokens_per_s: float | None
    """Tokens of the prompt that were computed, over the time to read it."""
    tokens_per_s_user: float | None
    """1 / tpot_s."""
    tokens_per_s: float | None
    """Of all sequences held, together."""
    users_to_fill: float | None
    """Sequences that keep the pipeline full: tpot_s / interval_s; None where several are held already."""
    flops: int
    """Matrix FLOPs of the request."""
    mfu: float
    """flops / (total_s x peak of all wafers at `mfu_peak`)."""
    mfu_peak: str
    wafers: int
    energy_per_token_j: float
    """All wafers over total_s, divided by tokens read and written."""
    power_w: float
    """Mean power of all wafers."""
    wafer_s: Mapping[str, float]
    """Where the request's time goes: seconds by cause; they sum to total_s."""


@dataclass(frozen=True, slots=True, kw_only=True)
class ServingMetrics:
    """The answers for many requests."""

    requests: int
    served: int
    """The others can never be held: prompt and answer are over the positions the wafers hold."""
    duration_s: float
    """From the first arrival to the last token."""
    rate_per_s: float
    """Requests that arrived, over duration_s."""
    percentiles: Mapping[str, Mapping[str, float]]
    """Mean and percentiles of ttft_s, tpot_s and latency_s; empty if nothing was served."""
    tokens_per_s: float
    """Tokens written, over duration_s."""
    met_share: float
    """Share of requests within both limits of the objective."""
    goodput_per_s: float
    """Requests within both limits, over duration_s."""
    slo_ttft_s: float
    slo_tpot_s: float
    slo_share: float
    largest_rate_per_s: float | None
    """Largest rate at which `slo_share` of the requests are within both limits; 0: none; None: not looked for."""
    tried: tuple[tuple[float, float], ...]
    """Rates tried, and the share that was within both limits."""
    utilization: float
    """Share of duration_s in which tokens entered the pipeline."""
    utilization_over_time: tuple[tuple[float, float], ...]
    """(seconds since the first arrival, share) of equal stretches of time."""
    wafers: int
    slots: int
    """Sequences held at once."""
    capacity_tokens: int
    """Positions held at once."""
    power_w: float
    energy_per_token_j: float
    """All wafers over duration_s, divided by tokens read and written."""

    @property
    def total_s(self) -> float:
        """Time that was simulated."""
        return self.duration_s

    @property
    def wafer_s(self) -> Mapping[str, float]:
        """Seconds in which tokens entered the pipeline, and did not."""
        busy_s = self.utilization * self.duration_s
        return {"compute": busy_s, "idle": self.duration_s - busy_s}


Answers = Metrics | RequestMetrics | ServingMetrics
"""What a run that fits answers: a training step, a request, or many."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Verification:
    """How the graph's numbers compare with an independent float64 formulation."""

    ok: bool
    max_error: float
    """Largest absolute difference of any logit (or loss), fp32 graph against float64."""
    tolerance: float
    loss: float
    tokens: int
    layers: int
    worst: str
    """The tensor where the largest difference stands."""
    reduced: str = ""
    """What was made smaller to stay quick, in words; empty if nothing."""


@dataclass(frozen=True, slots=True, kw_only=True)
class SimulatorCost:
    """What the simulation itself took. Not part of the deterministic result."""

    events: int
    cpu_s: float
    peak_memory_bytes: int

    @property
    def events_per_s(self) -> float:
        """Simulated events per CPU second."""
        return self.events / self.cpu_s if self.cpu_s > 0 else 0.0


@dataclass(frozen=True, slots=True, kw_only=True)
class Provenance:
    """Enough to run it again."""

    version: str
    workload: Mapping[str, object]
    """The workload as resolved, every default filled in; plain data."""
    inputs_sha256: str
    """Of the canonical JSON of `workload`, `figures`, version, and the sums of files that were read."""
    figures: tuple[Figure, ...]
    """Every hardware number used."""
    defaults: tuple[Figure, ...]
    """Every workload default that was filled in."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Result:
    """Everything a run found."""

    name: str
    title: str
    """One sentence: what was asked."""
    status: Status
    why: str
    """For DOES_NOT_FIT: which limit, by how much, and what would fit. Empty when OK."""
    model: Mapping[str, object]
    """Shape and counts: name, layers, width, ..., parameters."""
    machine: Mapping[str, object]
    """name, systems, cores per wafer, clock_hz, peak_flops, sram_bytes, io_bytes_per_s ..."""
    batch: Mapping[str, int]
    """sequences (global), length, per_system."""
    metrics: Answers | None = None
    placement: Placement | ResidentPlacement | None = None
    job: tuple[JobCost, ...] = ()
    """What the job costs apart from its steps."""
    memory: tuple[MemoryUse, ...] = ()
    """The memory table of a core; also there when the point does not fit."""
    core_sram_bytes: int = 0
    """What the lines of the memory table have to stay within."""
    ops: tuple[OpTime, ...] = ()
    timeline: tuple[Interval, ...] = ()
    verification: Verification | None = None
    not_modelled: tuple[str, ...] = ()
    provenance: Provenance
    cost: SimulatorCost | None = None
    notes: tuple[str, ...] = field(default=())
