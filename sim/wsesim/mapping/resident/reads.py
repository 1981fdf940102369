"""What a prompt and a token depend on, as data: facts of the model, figures of the machine and of the software.

Whatever is not named changes nothing, in any case; what is named changes something in some case, and a test perturbs
each. A figure that only decides whether something fits, or which placement is chosen, counts.
"""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True, slots=True, kw_only=True)
class ResidentReads:
    """Names without their section: `layers`, `core.clock`, `inference.fills`."""

    model: frozenset[str]
    """Fields of `Model`."""
    hardware: frozenset[str]
    software: frozenset[str]

    def __or__(self, other: ResidentReads) -> ResidentReads:
        """Return what either depends on."""
        return ResidentReads(
            model=self.model | other.model, hardware=self.hardware | other.hardware,
            software=self.software | other.software,
        )  # fmt: skip


_MODEL = frozenset({
    "layers", "width", "heads", "kv_heads", "head_width", "ffn_width", "vocab", "max_length", "activation", "norm",
    "position", "rotary_width", "head_norm", "block", "norm_order", "causal", "bias", "attention_bias", "tied",
    "token_types", "task", "sparsity", "experts", "experts_per_token", "expert_imbalance",
})  # fmt: skip
"""Of `sparsity` only whether there is any: then nothing is modelled. Of `causal` whether chunks may follow each other
and whether tokens can be written; the whole square of scores is computed either way."""
_HARDWARE = frozenset({
    "core.clock", "core.sram", "core.reserved", "core.fmac_fp16_per_cycle", "core.simd_fp16_per_cycle",
    "core.sram_read_bytes_per_cycle", "core.sram_write_bytes_per_cycle", "core.vector_launch_cycles",
    "core.task_launch_cycles", "core.colliding_cycles", "fabric.wavelet", "fabric.link_wavelets_per_cycle",
    "fabric.hop_cycles", "fabric.ramp_cycles", "fabric.waiting_words", "silicon.scalar_slowdown", "code.exp_cycles",
    "code.divide_cycles", "code.sqrt_cycles", "code.routes_cycles", "wafer.columns", "wafer.rows", "wafer.io",
    "host.latency",
})  # fmt: skip
"""`host.latency` and `wafer.io`: between wafers."""
_SOFTWARE = frozenset({
    "inference.element_loop_cycles", "inference.round_cycles", "inference.vector_setup_cycles",
    "inference.exp_vector_ops", "inference.reciprocal_vector_ops", "inference.vectors_at_work",
})  # fmt: skip

TOKEN_READS = ResidentReads(model=_MODEL, hardware=_HARDWARE, software=_SOFTWARE | {"inference.token_turn"})
"""Of a token that is written."""
PROMPT_READS = ResidentReads(
    model=_MODEL | {"classes", "masked", "sentence_head"},
    hardware=_HARDWARE | {"core.branch_taken_cycles", "core.branch_not_taken_cycles", "code.count_cycles"},
    software=_SOFTWARE | {"inference.step_scalar_cycles", "inference.align_scalar_cycles", "inference.fills"},
)
"""Of a prompt that is read."""
REQUEST_READS = ResidentReads(
    model=frozenset(),
    hardware=frozenset({"host.input", "wafer.idle_power", "wafer.active_power"}),
    software=frozenset({"inference.token"}),
)
"""Of the way of tokens from hosts, and of energy: what a request or a service reads beside."""
