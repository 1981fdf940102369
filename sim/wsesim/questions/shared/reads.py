"""What answers depend on, kind by kind; a test changes every fact and figure and sees whether some answer moves."""

from __future__ import annotations

from wsesim.questions.base import Reads


def _names(words: str) -> frozenset[str]:
    return frozenset(words.split())


def _of(**groups: str) -> frozenset[str]:
    """Return dotted names from a group and its fields."""
    return frozenset(f"{group}.{field}" for group, fields in groups.items() for field in fields.split())


POWER = _of(
    energy="clock voltage fixed leakage clocked nameplate capped events_off idle_off servers sram issue hop",
    die="core_mm2 kib_mm2 defects_per_cm2 clustering spare_share seed",
    price="wafer_usd system_usd years used_share kwh_usd overhead",
)
"""Figures of power, area and price that every answer depends on."""
SHAPE = _names(
    "layers width heads kv_heads head_width ffn_width vocab max_length activation norm position block norm_order "
    "bias attention_bias project_bias head_bias head_norm head_layer_norm wide_norm tied token_types "
    "untied_norms embed_norm embed_width embed_scale residual_scale logits_scale logits_cap attention_cap sinks window "
    "full_every rotary_width latent_rank query_rank value_width"
)
"""Facts of a model that move every answer about it."""
HEAD = _names("causal task classes masked sentence_head head_activation")
"""Facts of what a model is trained to tell; `causal` decides which token a class is told from."""
ADAPTERS = _names("adapter_rank adapted")
"""Facts of what is learned beside frozen weights."""
EXPERTS = _names(
    "experts experts_per_token expert_imbalance router router_bias router_scale router_shift shared_width shared_gate "
    "dense_layers dense_width"
)
"""Facts of a mixture of experts."""
STREAMED = POWER | _of(
    energy="mac_fp16 mac_mixed mac_fp32 mac_bf16 accumulator io_bit",
    core="accumulator clock sram reserved fmac_fp16_per_cycle fmac_mixed_per_cycle fmac_fp32_per_cycle "
    "simd_fp32_per_cycle sram_read_bytes_per_cycle sram_write_bytes_per_cycle vector_launch_cycles",
    code="exp_cycles divide_cycles",
    fabric="wavelet link_wavelets_per_cycle hop_cycles ramp_cycles",
    silicon="link_slowdown",
    wafer="columns rows io io_channels",
    memoryx="capacity stream latency shard load",
    swarmx="fan_in link node hop",
    host="input feeds latency programming",
    cluster="max_systems systems",
)
"""Figures of the machine that a step with streamed weights depends on."""
RELEASE = _of(
    training="kernel_launch part_launches step log log_every step_jitter partial_sum attention_value token "
    "weight_launch_cycles strip_keys masked_skipped layers_in_flight master_bytes_per_parameter even_passes",
)
"""Figures of a training release that any step depends on."""
EVALUATION = Reads(
    model=SHAPE | HEAD | EXPERTS | ADAPTERS | {"sparsity", "position_offset"},
    hardware=STREAMED,
    software=RELEASE,
)
TRAINING = Reads(
    model=EVALUATION.model | {"token_budget"},
    hardware=STREAMED | _of(memoryx="update save"),
    software=RELEASE
    | _of(
        training="state_bytes_per_parameter optimizer_traffic_bytes_per_parameter checkpoint_bytes_per_parameter "
        "accumulate_traffic update_waits"
    ),
)
RESIDENT = POWER | _of(
    energy="mac_fp16 mac_mixed mac_bf16",
    core="clock sram reserved fmac_fp16_per_cycle fmac_mixed_per_cycle simd_fp16_per_cycle sram_read_bytes_per_cycle "
    "sram_write_bytes_per_cycle vector_launch_cycles task_launch_cycles colliding_cycles convert_per_cycle",
    code="exp_cycles divide_cycles sqrt_cycles routes_cycles",
    fabric="wavelet link_wavelets_per_cycle hop_cycles ramp_cycles waiting_words",
    silicon="scalar_slowdown",
    wafer="columns rows io",
    host="latency",
    cluster="max_systems systems",
)
"""Figures of the machine that any answer of resident weights depends on; `wafer.io` between wafers."""
ENGINE = _of(inference="element_loop_cycles round_cycles vector_setup_cycles exp_vector_ops reciprocal_vector_ops "
             "pads_vectors vectors_at_work")  # fmt: skip
"""Figures of an engine that any answer of resident weights depends on."""
READER = _of(inference="step_scalar_cycles align_scalar_cycles masked_skipped fills token")
READ_ON = _of(energy="io_bit", host="input", core="branch_taken_cycles branch_not_taken_cycles", code="count_cycles")
CACHE_ON = _of(host="upload upload_floor download")
"""What moves the cache of a request to hosts and back."""
_SHARED = SHAPE | EXPERTS | {"sparsity", "weight_format", "weight_packed"}
PREFILL = Reads(model=_SHARED | HEAD, hardware=RESIDENT | READ_ON | CACHE_ON, software=ENGINE | READER)
DECODE = Reads(model=_SHARED, hardware=RESIDENT | CACHE_ON, software=ENGINE | _of(inference="token_turn"))
GENERATE = Reads(model=_SHARED, hardware=PREFILL.hardware, software=PREFILL.software | DECODE.software)
SERVING = Reads(model=_SHARED, hardware=RESIDENT | READ_ON - {"energy.io_bit"}, software=GENERATE.software)
