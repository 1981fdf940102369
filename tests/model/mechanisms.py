"""Small models, one of each kind that published families are built as."""

from __future__ import annotations

from dataclasses import replace

from wsesim.model import ModelSpec

GPT2 = ModelSpec(
    name="gpt2", layers=2, width=24, heads=4, kv_heads=4, head_width=6, ffn_width=40, vocab=61, max_length=32
)  # fmt: skip
LLAMA = replace(
    GPT2, name="llama", kv_heads=2, norm="rms_norm", position="rotary", activation="swiglu", bias=False,
    attention_bias=False, tied=False,
)  # fmt: skip
ENCODER = replace(GPT2, causal=False, task="mlm", masked=4, sentence_head=False)
MECHANISMS = {
    "qwen2": replace(LLAMA, attention_bias=True, project_bias=False, window=5),
    "neox": replace(GPT2, position="rotary", rotary_width=2, block="parallel", untied_norms=True, tied=False),
    "phi": replace(GPT2, position="rotary", rotary_width=2, block="parallel", tied=False, head_bias=True, kv_heads=1),
    "opt": replace(GPT2, activation="relu", position_offset=2, norm_order="post", embed_norm=False, embed_width=12),
    "bloom": replace(
        GPT2, position="alibi", embed_norm=True, activation="gelu_tanh", heads=6, kv_heads=6, head_width=4
    ),
    "btlm": replace(
        GPT2, position="alibi", activation="swiglu", embed_scale=2.0, logits_scale=0.5, attention_scale=0.2
    ),
    "mpt": replace(GPT2, position="alibi", norm="layer_norm_scale", bias=False, attention_bias=False),
    "olmo": replace(LLAMA, norm="layer_norm_plain", activation="reglu"),
    "olmo2": replace(LLAMA, norm_order="inner", wide_norm=True),
    "command_r_plus": replace(LLAMA, norm="layer_norm_scale", block="parallel", head_layer_norm=True),
    "gemma2": replace(
        LLAMA, norm_order="both", activation="geglu_tanh", embed_scale=24**0.5, attention_cap=5.0, logits_cap=3.0,
        attention_scale=0.3, window=5, full_every=2, tied=True,
    ),
    "granite": replace(
        LLAMA, activation="geglu", logits_scale=0.5, residual_scale=0.7, weight_format="int4/8x1+zeros"
    ),
    "gpt_oss": replace(
        LLAMA, sinks=True, experts=4, experts_per_token=2, router_bias=True, bias=True, attention_bias=True,
        activation="swiglu_bounded", window=6, full_every=2,
    ),
    "qwen2_moe": replace(LLAMA, experts=4, experts_per_token=2, router="all", shared_width=16, shared_gate=True),
    "deepseek_v2": replace(
        LLAMA, kv_heads=4, rotary_width=2, rotary_pairs="interleaved", latent_rank=10, query_rank=8, value_width=5,
        experts=6, experts_per_token=2, router="all", router_groups=3, router_groups_kept=2, router_scale=1.5,
        shared_width=16, dense_layers=1, dense_width=44, layers=3, rotary_factor=4.0, rotary_trained=8,
    ),
    "deepseek_v3": replace(
        LLAMA, kv_heads=4, rotary_width=2, latent_rank=10, experts=8, experts_per_token=3, router="sigmoid",
        router_groups=4, router_groups_kept=2, router_scale=2.5, router_shift=True, shared_width=16, rotary_factor=2.0,
        rotary_trained=16, rotary_scale=1.1, rotary_fast=4.0, attention_scale=0.5, weight_format="e4m3/16x16",
        weight_packed="ffn",
    ),
    "llama3.1": replace(
        LLAMA, rotary_factor=4.0, rotary_scaling="llama3", rotary_trained=16, rotary_fast=3.0, rotary_base=100.0
    ),
    "yarn_smooth": replace(LLAMA, rotary_factor=8.0, rotary_scaling="yarn_smooth", rotary_trained=8, rotary_scale=1.2),
    "gemma3": replace(
        LLAMA, window=5, full_every=2, layers=3, rotary_window_base=100.0, rotary_factor=8.0, rotary_scaling="linear"
    ),
    "smollm3": replace(LLAMA, still_every=2, layers=3),
    "nemotron": replace(GPT2, activation="relu2", position="none", scale_by_layer=True),
    "silu": replace(GPT2, activation="silu", task="tag", classes=3),
    "states": replace(GPT2, task="embed"),
    "esm": replace(ENCODER, position="rotary", head_activation="silu"),
    "roberta": replace(ENCODER, position_offset=2, norm_order="post", token_types=1),
    "sentences": replace(ENCODER, task="embed", norm_order="post", sentence_head=True),
    "lora": replace(LLAMA, adapter_rank=4, adapter_scale=2.0, adapted="all"),
    "lora_classes": replace(GPT2, adapter_rank=3, task="classify", classes=3),
    "regression": replace(GPT2, task="classify", classes=1),
}  # fmt: skip
