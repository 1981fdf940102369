"""Families built as Llama is: a root mean square norm before each half, rotary positions, a gate; and what they add.

Keys and defaults are those of transformers 5; where a family was published with code of its own, those of its code.
"""

from __future__ import annotations

from math import sqrt

from wsesim.model.hf_file import HfConfig
from wsesim.model.hf_parts import (
    Fields,
    activation,
    epsilon,
    head_width,
    inner_width,
    kv_heads,
    mixture,
    normed_shares,
    note_clips,
    rotary,
    window,
)


def llama(
    config: HfConfig, fields: Fields, *, kv: int | None = None, head: int | None = None, base: float = 1e4,
    share: float = 1.0, eps: float = 1e-6, tied: bool = False, active: str | None = None,
) -> Fields:  # fmt: skip
    """Return a Llama; what others leave out of their files is given."""
    found = fields | {"kv_heads": kv_heads(config, kv or fields["heads"])}
    found["head_width"] = config.integer("head_dim", head) if head else head_width(config, fields)
    return found | {
        "ffn_width": inner_width(config, ("intermediate_size",)),
        "activation": active or activation(config, gated=True, default="silu"),
        "norm": "rms_norm",
        "norm_epsilon": epsilon(config, eps),
        "attention_bias": config.flag("attention_bias", default=False),
        "bias": config.flag("mlp_bias", default=False),
        "tied": config.flag("tie_word_embeddings", default=tied),
        **rotary(config, found, base=base, share=share),
    }


def mistral(config: HfConfig, fields: Fields) -> Fields:
    """Return a Mistral: a Llama, with a window unless it is null."""
    missing = "sliding_window" not in config.data and not config.has("layer_types")
    return llama(config, fields, kv=8) | window(config, fields, default=4096 if missing else None)


def mixtral(config: HfConfig, fields: Fields) -> Fields:
    """Return a Mixtral: a Mistral with experts."""
    return llama(config, fields, kv=8, eps=1e-5, base=1e6) | window(config, fields) | mixture(config, experts=8, each=2)


def qwen2(config: HfConfig, fields: Fields) -> Fields:
    """Return a Qwen 2: a bias of queries, keys and values alone; the first layers see all, if any has a window."""
    found = llama(config, fields, kv=None) | {"attention_bias": True, "project_bias": False}
    return found | _late_windows(config, fields)


def _late_windows(config: HfConfig, fields: Fields) -> Fields:
    used = config.flag("use_sliding_window", default=False)
    first = config.integer("max_window_layers", fields["layers"], least=0)
    config.asked.update(("sliding_window", "layer_types"))
    if not used or (first >= fields["layers"] and not config.has("layer_types")):
        return {}
    if first and not config.has("layer_types"):
        config.differ("max_window_layers", f"= {first}: numbers are checked as if all layers had the window")
    return window(config, fields, default=4096)


def qwen2_moe(config: HfConfig, fields: Fields) -> Fields:
    """Return a Qwen 2 with experts, and a network beside them that is weighed."""
    found = llama(config, fields) | {"attention_bias": config.flag("qkv_bias", default=True), "project_bias": False}
    return found | _late_windows(config, fields) | mixture(config, experts=60, each=4) | {
        "ffn_width": config.integer("moe_intermediate_size", 1408), **normed_shares(config, default=False),
        "shared_width": config.integer("shared_expert_intermediate_size", 5632), "shared_gate": True,
    }  # fmt: skip


def qwen3(config: HfConfig, fields: Fields) -> Fields:
    """Return a Qwen 3: heads are normed."""
    return llama(config, fields, head=128) | {"head_norm": True} | _late_windows(config, fields)


def qwen3_moe(config: HfConfig, fields: Fields) -> Fields:
    """Return a Qwen 3 with experts."""
    config.require("use_qk_norm", True, "heads of this model type are normed")
    config.require("qkv_bias", False, "no published file asks for it")
    config.require("shared_expert_intermediate_size", 0, "experts that all tokens share are of qwen2_moe")
    wide = config.has("head_dim")
    found = llama(config, fields, kv=4, head=None if wide else head_width(config, fields)) | {"head_norm": True}
    return found | _late_windows(config, fields) | mixture(config, experts=128, each=8) | {
        "ffn_width": config.integer("moe_intermediate_size", 768), **normed_shares(config, default=False),
    }  # fmt: skip


def qwen(config: HfConfig, fields: Fields) -> Fields:
    """Return a Qwen of the first kind: half of its intermediate_size is the gate."""
    both = inner_width(config, ("intermediate_size",))
    if both % 2:
        config.fail("intermediate_size", f"= {both} must be even: half of it is the gate")
    config.require("no_bias", True, "its code has biases of queries, keys and values alone")
    found = llama(config, fields | {"head_width": head_width(config, fields)})
    return found | {"ffn_width": both // 2, "attention_bias": True, "project_bias": False}


def phi3(config: HfConfig, fields: Fields) -> Fields:
    """Return a Phi 3: a Llama that stores queries, keys and values, and gate and way up, in one matrix each."""
    return llama(config, fields, eps=1e-5) | window(config, fields)


def internlm2(config: HfConfig, fields: Fields) -> Fields:
    """Return an InternLM: a Llama with one flag for all biases of attention."""
    return llama(config, fields) | {"attention_bias": config.flag("bias", default=True)}


def internlm3(config: HfConfig, fields: Fields) -> Fields:
    """Return an InternLM 3: a Llama with one flag for biases of queries, keys and values, and one for all others."""
    bias, more = config.flag("qkv_bias", default=False), config.flag("bias", default=False)
    return llama(config, fields) | {"attention_bias": bias, "project_bias": more, "bias": more}


def olmo(config: HfConfig, fields: Fields) -> Fields:
    """Return an OLMo: layer norms without weights."""
    note_clips(config)
    return llama(config, fields) | {"norm": "layer_norm_plain", "norm_epsilon": 1e-5}


def olmo2(config: HfConfig, fields: Fields) -> Fields:
    """Return an OLMo 2 or 3: what a half gives is normed, and queries and keys over all heads."""
    found = llama(config, fields, eps=1e-5) | {"norm_order": "inner", "wide_norm": True}
    seen = window(config, fields, every=4)
    # layers with a window turn as they did before a model was stretched
    own = {"rotary_window_base": found["rotary_base"]} if seen and "rotary_factor" in found else {}
    return found | own | seen


def olmoe(config: HfConfig, fields: Fields) -> Fields:
    """Return an OLMoE: experts, and queries and keys normed over all heads."""
    note_clips(config)
    found = llama(config, fields, eps=1e-5) | {"wide_norm": True} | mixture(config, experts=64, each=8)
    return found | normed_shares(config, default=False)


def stablelm(config: HfConfig, fields: Fields) -> Fields:
    """Return a StableLM: layer norms, a quarter of a head turns."""
    found = llama(config, fields, share=0.25, eps=1e-5) | {"norm": "layer_norm"}
    found |= {"attention_bias": config.flag("use_qkv_bias", default=False), "project_bias": False}
    found |= {"head_layer_norm": config.flag("qk_layernorm", default=False)}
    return found | ({"block": "parallel"} if config.flag("use_parallel_residual", default=False) else {})


def gemma(config: HfConfig, fields: Fields, *, base: float = 1e4) -> Fields:
    """Return a Gemma: a gate by the tanh form of GELU, whatever its older files call it; scales that are one more."""
    few = None if config.data["model_type"] == "gemma" else 4
    found = llama(config, fields, kv=few, head=256, base=base, tied=True, active="geglu_tanh")
    config.asked.update(("hidden_act", "hidden_activation"))
    return found | {"embed_scale": sqrt(fields["width"]), "stored_less": 1.0}


def gemma2(config: HfConfig, fields: Fields) -> Fields:
    """Return a Gemma 2: four norms a layer, bounds of scores and logits, a window in every other layer."""
    asked = config.number("query_pre_attn_scalar", 256.0)
    return gemma(config, fields) | window(config, fields, default=4096, every=2) | {
        "norm_order": "both", "attention_scale": asked**-0.5,
        "attention_cap": _cap(config, "attn_logit_softcapping", 50.0),
        "logits_cap": _cap(config, "final_logit_softcapping", 30.0),
    }  # fmt: skip


def gemma3(config: HfConfig, fields: Fields) -> Fields:
    """Return the text model of a Gemma 3: heads are normed, no bounds, a window in five of six layers."""
    every = config.integer(config.first(("sliding_window_pattern", "_sliding_window_pattern")), 6)
    asked = config.number("query_pre_attn_scalar", 256.0)
    seen = {"rotary_window_base": 1e4} | window(config, fields, default=4096, every=every)
    return gemma(config, fields, base=1e6) | (seen if "window" in seen else {}) | {
        "norm_order": "both", "attention_scale": asked**-0.5, "head_norm": True,
        "attention_cap": _cap(config, "attn_logit_softcapping", 0.0),
        "logits_cap": _cap(config, "final_logit_softcapping", 0.0),
    }  # fmt: skip


def _cap(config: HfConfig, key: str, default: float) -> float:
    """Return a bound; null says that there is none, and nothing that it is as published."""
    if key in config.data and not config.has(key):
        return 0.0
    return config.number(key, default) if config.has(key) else default


def granite(config: HfConfig, fields: Fields) -> Fields:
    """Return a Granite: a Llama with factors."""
    return llama(config, fields) | {
        "embed_scale": config.number("embedding_multiplier", 1.0),
        "residual_scale": config.number("residual_multiplier", 1.0),
        "attention_scale": config.number("attention_multiplier", 1.0),
        "logits_scale": 1 / config.number("logits_scaling", 1.0),
    }


def granitemoe(config: HfConfig, fields: Fields) -> Fields:
    """Return a Granite with experts, and in one form a network beside them."""
    shared = config.data["model_type"] == "granitemoeshared"
    beside = {"shared_width": config.integer("shared_intermediate_size", 1024)} if shared else {}
    return granite(config, fields) | mixture(config, experts=8, each=2) | beside


def minicpm(config: HfConfig, fields: Fields) -> Fields:
    """Return a MiniCPM: a Llama with factors that its depth and width say."""
    found = llama(config, fields, tied=True)
    return found | {
        "embed_scale": config.number("scale_emb", 1.0),
        "residual_scale": config.number("scale_depth", sqrt(fields["layers"])) / sqrt(fields["layers"]),
        "logits_scale": config.number("dim_model_base", fields["width"]) / fields["width"],
    }


def cohere(config: HfConfig, fields: Fields) -> Fields:
    """Return a Cohere Command: both halves read one layer norm that has no bias."""
    return llama(config, fields, eps=1e-5, tied=True) | {
        "norm": "layer_norm_scale", "block": "parallel", "rotary_pairs": "interleaved",
        "head_layer_norm": config.flag("use_qk_norm", default=False),
        "logits_scale": config.number("logit_scale", 0.0625),
    }  # fmt: skip


def nemotron(config: HfConfig, fields: Fields) -> Fields:
    """Return a Nemotron: layer norms, a squared ReLU and no gate, half of a head turns."""
    squared = activation(config, gated=False, default="relu2")
    return llama(config, fields, share=0.5, eps=1e-5, active=squared) | {"norm": "layer_norm", "stored_less": 1.0}


def gpt_oss(config: HfConfig, fields: Fields) -> Fields:
    """Return a gpt-oss: sinks, biases, experts with bounds, a window in every other layer."""
    found = llama(config, fields, kv=8, head=64, eps=1e-5, base=1.5e5, active="swiglu_bounded")
    config.asked.add("hidden_act")
    found |= {"bias": True, "attention_bias": config.flag("attention_bias", default=True)}
    found |= window(config, fields, default=128, every=2)
    return found | mixture(config, experts=128, each=4) | {"sinks": True, "router_bias": True}


def glm(config: HfConfig, fields: Fields) -> Fields:
    """Return a GLM 4: half of a head turns, in pairs of neighbours; the later one has four norms."""
    found = llama(config, fields, kv=2, head=128, share=0.5, eps=1.5625e-7)
    found |= {"rotary_pairs": "interleaved", "project_bias": False}
    return found | ({"norm_order": "both"} if config.data["model_type"] in ("glm4", "glm4v_text") else {})


def seed_oss(config: HfConfig, fields: Fields) -> Fields:
    """Return a Seed-OSS: a Llama with a flag for each bias of attention."""
    out = config.flag("attention_out_bias", default=False)
    return llama(config, fields, head=128) | {
        "attention_bias": config.flag("attention_bias", default=True), "project_bias": out,
    }  # fmt: skip


def ernie(config: HfConfig, fields: Fields) -> Fields:
    """Return a dense ERNIE 4.5: a Llama whose neighbours turn, with one flag for all biases."""
    bias = config.flag("use_bias", default=False)
    found = llama(config, fields, head=128, eps=1e-5, base=5e5, tied=True)
    return found | {"rotary_pairs": "interleaved", "bias": bias, "attention_bias": bias}


def arcee(config: HfConfig, fields: Fields) -> Fields:
    """Return an Arcee: a Llama with a squared ReLU and no gate."""
    return llama(config, fields, eps=1e-5, active=activation(config, gated=False, default="relu2"))


def phimoe(config: HfConfig, fields: Fields) -> Fields:
    """Return a Phi 3.5 with experts: layer norms, biases of attention and of the head."""
    config.differ("model_type", "is phimoe: shares of experts are a softmax over the chosen, where it masks one by one")
    found = llama(config, fields, kv=8, eps=1e-5) | window(config, fields) | mixture(config, experts=16, each=2)
    return found | {"norm": "layer_norm", "head_bias": config.flag("lm_head_bias", default=False)}


def baichuan(config: HfConfig, fields: Fields) -> Fields:
    """Return a Baichuan: a Llama, the larger of which has ALiBi and says no positions."""
    return llama(config, fields) | ({} if config.has("max_position_embeddings") else {"position": "alibi"})


def orion(config: HfConfig, fields: Fields) -> Fields:
    """Return an Orion: a Llama with layer norms."""
    return llama(config, fields, eps=1e-5) | {"norm": "layer_norm"}


def chatglm(config: HfConfig, fields: Fields) -> Fields:
    """Return a ChatGLM 2 or 3, or a GLM 4 of its code: half of a head turns, in pairs of neighbours."""
    config.require("rmsnorm", True, "layer norms stand in no published file")
    config.require("post_layer_norm", True, "a head without a norm before it has no mechanism here")
    if config.has("rope_ratio"):
        config.differ("rope_ratio", "changes angles alone: they are those without it, costs are equal")
    several = config.flag("multi_query_attention", default=False)
    found = fields | {"head_width": head_width(config, fields)}
    return found | rotary(config, found, share=0.5) | {
        "kv_heads": kv_heads(config, 1) if several else fields["heads"], "rotary_pairs": "interleaved",
        "ffn_width": inner_width(config, ("ffn_hidden_size",)), "activation": "swiglu", "norm": "rms_norm",
        "norm_epsilon": epsilon(config, 1e-5), "attention_bias": config.flag("add_qkv_bias", default=False),
        "project_bias": config.flag("add_bias_linear", default=False),
        "bias": config.flag("add_bias_linear", default=False),
        "tied": config.flag("tie_word_embeddings", default=False),
    }  # fmt: skip
