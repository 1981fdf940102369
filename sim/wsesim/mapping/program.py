"""What the mapping hands to the system simulator: stages of one pass, and how often they occur."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from wsesim.answer import MemoryUse, OpTime
from wsesim.hardware import Cluster
from wsesim.software import Training


@dataclass(frozen=True, slots=True, kw_only=True)
class StepPlacement:
    """How a step was laid on the machine."""

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
class Stage:
    """One sweep over one block: what the wafer does between two blocks, `repeat` times in a row."""

    block: str
    phase: str
    """forward | backward."""
    repeat: int
    kernels: tuple[OpTime, ...]
    """The kernels of one copy, in order; `calls` and `seconds` are for the whole step."""
    compute_s: float
    """Time of the wafer for one copy when nothing is waited for."""
    weight_bytes: int
    """Streamed in for one copy."""
    gradient_bytes: int
    """Streamed out by one copy."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Program:
    """A training step, mapped: every system plays the stages `passes` times."""

    cluster: Cluster
    software: Training
    placement: StepPlacement
    stages: tuple[Stage, ...]
    """Of one pass, in the order they run."""
    memory: tuple[MemoryUse, ...]
    token_bytes: int
    """Tokens and labels of one pass on one system."""
    buffer_bytes: int
    """Room on the wafer for weights on their way in, and as much for gradients on their way out."""
    optimizer_bytes_per_weight_byte: float
    """Memory traffic of the optimizer in MemoryX per byte of streamed weight."""
    parameters: int
    model_flops: int
    """Matrix FLOPs of one step over all systems: forward and backward, no recompute."""
    causes: Mapping[str, float]
    """Seconds of one wafer's step by cause, from the closed forms; without waiting."""

    @property
    def stream_bytes_per_s(self) -> float:
        """The slowest of store, tree and wafer edge: what weights come in at, and gradients go out at."""
        cluster = self.cluster
        return min(cluster.memoryx.stream_bytes_per_s, cluster.swarmx.link_bytes_per_s, cluster.wafer.io_bytes_per_s)
