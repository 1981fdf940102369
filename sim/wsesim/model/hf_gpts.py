"""Families built as GPT-2 is, with layer norms and one way up: GPT-J, NeoX, OPT, BLOOM, MPT, Falcon, StarCoder, Phi.

Keys and defaults are those of transformers 5; where a family was published with code of its own, those of its code.
"""

from __future__ import annotations

from wsesim.model.hf_file import HfConfig
from wsesim.model.hf_parts import (
    SHORT,
    Fields,
    activation,
    epsilon,
    head_width,
    inner_width,
    kv_heads,
    note_clips,
    rotary,
    window,
)


def _gpt(config: HfConfig, fields: Fields, default: str = "gelu_new", active: str | None = None) -> Fields:
    """Return what GPT-2 and its nearest have alike."""
    return fields | {
        "kv_heads": fields["heads"],
        "head_width": head_width(config, fields, SHORT),
        "ffn_width": inner_width(config, ("n_inner",), 4 * fields["width"]),
        "activation": active or activation(config, gated=False, default=default, keys=("activation_function",)),
        "norm_epsilon": epsilon(config, 1e-5, "layer_norm_epsilon"),
        "tied": config.flag("tie_word_embeddings", default=True),
    }


def _scaled_scores(config: HfConfig) -> Fields:
    scaled = config.flag("scale_attn_weights", default=True)
    by_layer = config.flag("scale_attn_by_inverse_layer_idx", default=False)
    return {"scale_by_layer": by_layer, "attention_scale": 0.0 if scaled else 1.0}


def gpt2(config: HfConfig, fields: Fields) -> Fields:
    """Return a GPT-2."""
    return _gpt(config, fields) | _scaled_scores(config)


def gpt_bigcode(config: HfConfig, fields: Fields) -> Fields:
    """Return a StarCoder of the first kind: one head of keys and values."""
    found = _gpt(config, fields, "gelu_pytorch_tanh") | _scaled_scores(config)
    return found | ({"kv_heads": 1} if config.flag("multi_query", default=True) else {})


def gptj(config: HfConfig, fields: Fields) -> Fields:
    """Return a GPT-J or CodeGen: both halves read one norm, neighbours turn, the head has a bias."""
    config.require("tie_word_embeddings", False, "its head has a bias and a table of its own")
    return _gpt(config, fields) | {
        "rotary_width": config.integer("rotary_dim", 64), "rotary_pairs": "interleaved", "position": "rotary",
        "block": "parallel", "attention_bias": False, "tied": False, "head_bias": True,
    }  # fmt: skip


def openai_gpt(config: HfConfig, fields: Fields) -> Fields:
    """Return a GPT of the first kind: a norm of each sum, none at the end."""
    active = activation(config, gated=False, default="gelu_new", keys=("afn",))
    # What its files call gelu is the tanh form of it.
    active = "gelu_tanh" if config.value("afn", "gelu") == "gelu" else active
    return _gpt(config, fields, active=active) | {"norm_order": "post", "embed_norm": False}


def gpt_neo(config: HfConfig, fields: Fields) -> Fields:
    """Return a GPT-Neo: scores are not scaled, every other layer has a window."""
    kinds = str(config.value("attention_types", config.value("attention_layers", "")))
    found = _gpt(config, fields) | {"attention_bias": False, "project_bias": True, "attention_scale": 1.0}
    size = config.integer("window_size", 256)
    if "local" in kinds and size < fields["max_length"]:
        config.differ("attention_types", "is said in whole turns here: numbers are checked as if the last of each two "
                    "layers saw all keys")  # fmt: skip
        found |= {"window": size, "full_every": 2 if "global" in kinds else 0}
    return found


def mup_gpt2(config: HfConfig, fields: Fields) -> Fields:
    """Return a BTLM or a Jais: a GPT-2 with ALiBi, a gate, and the factors of maximal update parametrisation."""
    gated = config.value("activation_function", "gelu_new") == "swiglu"
    found = _gpt(config, fields, active="swiglu" if gated else None) | _scaled_scores(config)
    kind = config.choice("position_embedding_type", {"learned": "learned", "alibi": "alibi"}, "learned")
    if config.has("alibi_scaling"):
        config.differ("alibi_scaling", "changes slopes alone: they are those without it, costs are equal")
    scales = {
        "embed_scale": config.number(config.first(("mup_embeddings_scale", "embeddings_scale")), 1.0),
        "logits_scale": config.number(config.first(("mup_output_alpha", "output_alpha")), 1.0)
        * config.number(config.first(("mup_width_scale", "width_scale")), 1.0),
    }
    if config.flag(config.first(("mup_scale_qk_dot_by_d", "scale_qk_dot_by_d")), default=False):
        scales["attention_scale"] = 1 / found["head_width"]
    return found | scales | {"position": kind}


def gpt_neox(config: HfConfig, fields: Fields) -> Fields:
    """Return a GPT-NeoX or Pythia: both halves in parallel, each with its norm; a quarter of a head turns."""
    parallel = config.flag("use_parallel_residual", default=True)
    found = fields | {"kv_heads": fields["heads"], "head_width": head_width(config, fields)}
    return found | rotary(config, found, share=0.25) | {
        "ffn_width": inner_width(config, ("intermediate_size",)),
        "activation": activation(config, gated=False, default="gelu"), "norm_epsilon": epsilon(config, 1e-5),
        "attention_bias": config.flag("attention_bias", default=True),
        "block": "parallel" if parallel else "sequential", "untied_norms": parallel,
        "tied": config.flag("tie_word_embeddings", default=False),
    }  # fmt: skip


def phi(config: HfConfig, fields: Fields) -> Fields:
    """Return a Phi 1 or 2: both halves read one norm, biases everywhere, the head's too."""
    found = fields | {"kv_heads": kv_heads(config, fields["heads"]), "head_width": head_width(config, fields)}
    turned = {"rotary_width": config.integer("rotary_dim")} if config.has("rotary_dim") else {}
    return found | rotary(config, found, share=0.5) | turned | {
        "ffn_width": inner_width(config, ("intermediate_size",), 4 * fields["width"]),
        "norm_epsilon": epsilon(config, 1e-5),
        "activation": activation(config, gated=False, default="gelu_new"), "block": "parallel",
        "tied": config.flag("tie_word_embeddings", default=False), "head_bias": True,
    }  # fmt: skip


def starcoder2(config: HfConfig, fields: Fields) -> Fields:
    """Return a StarCoder 2: layer norms, one way up, rotary positions, few heads of keys and values."""
    bias = config.flag("use_bias", default=True)
    found = fields | {"kv_heads": kv_heads(config, 2), "head_width": head_width(config, fields)}
    return found | rotary(config, found) | window(config, fields) | {
        "ffn_width": inner_width(config, ("intermediate_size",)), "bias": bias, "attention_bias": bias,
        "activation": activation(config, gated=False, default="gelu_pytorch_tanh"),
        "norm_epsilon": epsilon(config, 1e-5, "norm_epsilon"), "tied": config.flag("tie_word_embeddings", default=True),
    }  # fmt: skip


def opt(config: HfConfig, fields: Fields) -> Fields:
    """Return an OPT: ReLU, a table of positions with two rows more, in one size norms after and a narrow table."""
    config.require("_remove_final_layer_norm", False, "a head without a norm before it has no mechanism here")
    before = config.flag("do_layer_norm_before", default=True)
    bias, narrow = config.flag("enable_bias", default=True), config.integer("word_embed_proj_dim", fields["width"])
    affine = config.flag("layer_norm_elementwise_affine", default=True)
    return fields | {
        "kv_heads": fields["heads"], "head_width": head_width(config, fields), "position_offset": 2, "bias": bias,
        "attention_bias": bias, "ffn_width": inner_width(config, ("ffn_dim",)), "norm_epsilon": 1e-5,
        "activation": activation(config, gated=False, default="relu", keys=("activation_function",)),
        "norm": "layer_norm" if affine else "layer_norm_plain", "norm_order": "pre" if before else "post",
        "embed_norm": False, "embed_width": 0 if narrow == fields["width"] else narrow,
        "tied": config.flag("tie_word_embeddings", default=True),
    }  # fmt: skip


def biogpt(config: HfConfig, fields: Fields) -> Fields:
    """Return a BioGPT: a GPT-2 whose table of positions has two rows more, and whose embedding is scaled."""
    scaled = config.flag("scale_embedding", default=True)
    return fields | {
        "kv_heads": fields["heads"], "head_width": head_width(config, fields), "position_offset": 2,
        "ffn_width": inner_width(config, ("intermediate_size",)), "norm_epsilon": epsilon(config, 1e-12),
        "activation": activation(config, gated=False, default="gelu"),
        "embed_scale": fields["width"] ** 0.5 if scaled else 1.0,
        "tied": config.flag("tie_word_embeddings", default=True),
    }  # fmt: skip


def bloom(config: HfConfig, fields: Fields) -> Fields:
    """Return a BLOOM: ALiBi, and a norm of what is embedded."""
    return fields | {
        "kv_heads": fields["heads"], "head_width": head_width(config, fields), "position": "alibi", "embed_norm": True,
        "ffn_width": config.integer(config.first(("n_inner", "ffn_hidden_size")), 4 * fields["width"]),
        "activation": "gelu_tanh", "norm_epsilon": epsilon(config, 1e-5, "layer_norm_epsilon"),
        "tied": config.flag("tie_word_embeddings", default=True),
    }  # fmt: skip


def mpt(config: HfConfig, fields: Fields) -> Fields:
    """Return an MPT: ALiBi unless told otherwise, and no bias anywhere, not even in norms."""
    at, kind = config.inner("attn_config"), str(config.value("norm_type", "low_precision_layernorm"))
    at.require("qk_ln", False, "layer norms of queries and keys have no mechanism here")
    at.require("prefix_lm", False, "a prefix that sees all of itself has no mechanism here")
    note_clips(at)
    bias = not config.flag("no_bias", default=True)
    groups = {"multihead_attention": fields["heads"], "multiquery_attention": 1, "grouped_query_attention": 0}
    shared = at.choice("attn_type", groups, "multihead_attention")
    ratio = config.number("expansion_ratio", 4.0)
    found = fields | {
        "kv_heads": shared or at.integer("kv_n_heads"), "head_width": head_width(config, fields), "bias": bias,
        "ffn_width": int(fields["width"] * ratio), "activation": "gelu", "attention_bias": bias,
        "norm": "rms_norm" if "rms" in kind else "layer_norm" if bias else "layer_norm_scale",
        "norm_epsilon": epsilon(config, 1e-5),
        "attention_scale": at.number("softmax_scale", 1.0) if at.has("softmax_scale") else 0.0,
        "logits_scale": _logit_scale(config, fields), "tied": config.flag("tie_word_embeddings", default=True),
    }  # fmt: skip
    if at.flag("alibi", default=True):
        return found | {"position": "alibi"}
    if at.flag("rope", default=False):
        return found | rotary(at, found)
    return found | {"position": "learned" if config.flag("learned_pos_emb", default=True) else "none"}


def _logit_scale(config: HfConfig, fields: Fields) -> float:
    if config.value("logit_scale", None) == "inv_sqrt_d_model":
        return float(fields["width"] ** -0.5)
    return config.number("logit_scale", 1.0)


def dbrx(config: HfConfig, fields: Fields) -> Fields:
    """Return a DBRX: layer norms without bias, rotary positions, many small experts."""
    at, fed = config.inner("attn_config"), config.inner("ffn_config")
    note_clips(at)
    found = fields | {"kv_heads": at.integer("kv_n_heads", 1), "head_width": head_width(config, fields)}
    return found | rotary(at, found) | {
        "ffn_width": fed.integer("ffn_hidden_size", 3584), "activation": "swiglu", "norm": "layer_norm_scale",
        "norm_epsilon": 1e-5, "bias": False, "attention_bias": False, "experts": fed.integer("moe_num_experts", 4),
        "experts_per_token": fed.integer("moe_top_k", 1), "tied": config.flag("tie_word_embeddings", default=False),
    }  # fmt: skip


def falcon(config: HfConfig, fields: Fields) -> Fields:
    """Return a Falcon: both halves in parallel, with one norm or two, and one head of keys and values or few."""
    bias, late = config.flag("bias", default=False), config.flag("new_decoder_architecture", default=False)
    one = config.flag("multi_query", default=True) and not late
    parallel = config.flag("parallel_attn", default=True) or late
    norms = config.integer("num_ln_in_parallel_attn", 2 if late else 1)
    found = fields | {
        "kv_heads": 1 if one else kv_heads(config, fields["heads"]), "head_width": head_width(config, fields),
        "ffn_width": inner_width(config, ("ffn_hidden_size",), 4 * fields["width"]), "bias": bias,
        "attention_bias": bias, "activation": activation(config, gated=False, default="gelu", keys=("activation",)),
        "norm_epsilon": epsilon(config, 1e-5, "layer_norm_epsilon"), "block": "parallel" if parallel else "sequential",
        "untied_norms": parallel and late and norms == 2, "tied": config.flag("tie_word_embeddings", default=True),
    }  # fmt: skip
    if not config.flag("alibi", default=False):
        return found | rotary(config, found)
    config.differ("alibi", "slopes are taken after scores are scaled, where Falcon takes them before: costs are equal")
    return found | {"position": "alibi"}
