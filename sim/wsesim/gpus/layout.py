"""How a model lies on GPUs, and what the program does that runs it."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

from wsesim.errors import SpecError, require_positive

Sharding = Literal["none", "optimizer", "all"]
"""What data-parallel GPUs keep only a part of: nothing; optimizer states (ZeRO-1); weights and gradients too (FSDP)."""
Recompute = Literal["none", "attention", "all"]
"""What the backward pass computes again: nothing; the inside of attention (selective); each layer."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Parallel:
    """Degrees of parallelism, and what is kept.

    Raises:
        SpecError: on construction, for degrees that are not positive.
    """

    tensor: int = 1
    pipeline: int = 1
    interleave: int = 1
    """Pieces of the model that each stage of the pipeline holds."""
    context: int = 1
    """GPUs among which the tokens of a sequence are divided."""
    expert: int = 1
    """GPUs of a stage among which experts are divided."""
    data: int = 1
    micro_batch: int = 1
    """Sequences of a pass and data-parallel GPU."""
    sharding: Sharding = "optimizer"
    recompute: Recompute = "none"
    sequence_parallel: bool = True
    """Whether tensor-parallel GPUs divide the tokens where they do not divide widths."""

    def __post_init__(self) -> None:
        """Check that degrees are positive."""
        require_positive(
            tensor=self.tensor, pipeline=self.pipeline, interleave=self.interleave, context=self.context,
            expert=self.expert, data=self.data, micro_batch=self.micro_batch,
        )  # fmt: skip
        among = self.tensor * self.data * self.context
        if self.expert > 1 and among % self.expert:
            raise SpecError("expert", f"= {self.expert} does not divide tensor x data x context = {among}")

    @property
    def gpus(self) -> int:
        """GPUs that it takes."""
        return self.tensor * self.pipeline * self.context * self.data

    @property
    def degrees(self) -> str:
        """The degrees in words."""
        degrees = (
            ("tensor", self.tensor), ("pipeline", self.pipeline), ("interleaved", self.interleave),
            ("context", self.context), ("expert", self.expert), ("data", self.data),
        )  # fmt: skip
        return " x ".join(f"{name} {degree}" for name, degree in degrees if degree > 1) or "one GPU"

    @property
    def words(self) -> str:
        """The layout of a step in words."""
        kept = {"none": "nothing sharded", "optimizer": "optimizer sharded", "all": "all sharded"}[self.sharding]
        again = {"none": "no recompute", "attention": "attention recomputed", "all": "layers recomputed"}
        return f"{self.degrees}, micro-batch {self.micro_batch}, {kept}, {again[self.recompute]}"


@dataclass(frozen=True, slots=True, kw_only=True)
class GpuProgram:
    """What a training program does, where programs differ."""

    attention: Literal["stored", "first", "fused", "pipelined"] = "pipelined"
    """stored: scores pass through memory; first: they stay in the chip (FlashAttention 1); fused: with better shares of
    work, still with instructions of the A100 (FlashAttention 2); pipelined: exponentials beside products, with the
    chip's own instructions (FlashAttention 3, cuDNN)."""
    overlaps: bool = True
    """Whether weights and gradients, and what stages and parts of a sequence send, pass beside products."""
    gradient_bytes: int = 2
    """Of a gradient as it is summed over micro-batches and reduced."""


NOW = GpuProgram()
"""What programs of 2025 do."""
THEN = GpuProgram(attention="stored", overlaps=False, gradient_bytes=4)
"""What programs did before FlashAttention and overlapped collectives."""
