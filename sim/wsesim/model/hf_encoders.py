"""Families of encoders: BERT and those built on it."""

from __future__ import annotations

from wsesim.model.hf_file import HfConfig
from wsesim.model.hf_parts import (
    Fields,
    activation,
    epsilon,
    head_width,
    inner_width,
    rotary,
)

_GATES = {"swiglu": "silu", "silu": "silu", "geglu": "gelu", "gelu": "gelu"}
"""By what files of Nomic's call it, the activation of the gate and of the head."""


def nomic_bert(config: HfConfig, fields: Fields) -> Fields:
    """Return a Nomic BERT: a BERT whose heads turn, with a gate and without biases."""
    for key in ("prenorm", "parallel_block", "use_rms_norm"):
        config.require(key, False, "no published file asks for it")
    config.asked.update(("rotary_emb_fraction", "rotary_scaling_factor", "pad_vocab_size_multiple"))
    found = fields | {"kv_heads": fields["heads"], "head_width": head_width(config, fields)}
    share = config.number("rotary_emb_fraction", 1.0)
    bias = config.flag("mlp_fc1_bias", default=False)
    config.require("mlp_fc2_bias", bias, "one bias of two in a network has no mechanism here")
    active = config.choice(config.first(("activation_function", "hidden_act")), _GATES, "swiglu")
    return found | rotary(config, found, base=1000.0, share=share) | {
        "ffn_width": inner_width(config, ("n_inner", "intermediate_size"), 4 * fields["width"]), "bias": bias,
        "activation": {"silu": "swiglu", "gelu": "geglu"}[active], "head_activation": active,
        "attention_bias": config.flag("qkv_proj_bias", default=False), "causal": False, "norm_order": "post",
        "rotary_pairs": "interleaved" if config.flag("rotary_emb_interleaved", default=False) else "halves",
        "token_types": config.integer("type_vocab_size", 2), "norm_epsilon": epsilon(config, 1e-12),
        "tied": config.flag("tie_word_embeddings", default=True),
    }  # fmt: skip


def bert(config: HfConfig, fields: Fields) -> Fields:
    """Return a BERT: an encoder with norms after each half."""
    config.require("is_decoder", False, "a BERT that writes has no mechanism here")
    if config.value("position_embedding_type", "absolute") == "alibi":
        config.fail("position_embedding_type", '= "alibi": distances in scores of an encoder have no mechanism here')
    config.require("position_embedding_type", "absolute", "scores by learned relative positions have no mechanism here")
    active = activation(config, gated=False, default="gelu")
    return fields | {
        "kv_heads": fields["heads"], "head_width": head_width(config, fields), "norm_order": "post", "causal": False,
        "ffn_width": inner_width(config, ("intermediate_size",)), "activation": active, "head_activation": active,
        "norm_epsilon": epsilon(config, 1e-12),
        "token_types": config.integer("type_vocab_size", *_types(config)),
        "tied": config.flag("tie_word_embeddings", default=True),
    }  # fmt: skip


def roberta(config: HfConfig, fields: Fields) -> Fields:
    """Return a RoBERTa: a BERT whose first position follows the row of padding, and that is not asked for sentences."""
    return _after_padding(config, fields, bert(config, fields) | {"head_activation": "gelu"})


def distilbert(config: HfConfig, fields: Fields) -> Fields:
    """Return a DistilBERT: a BERT without types of tokens."""
    active = activation(config, gated=False, default="gelu", keys=("activation",))
    return fields | {
        "kv_heads": fields["heads"], "head_width": head_width(config, fields), "norm_order": "post", "causal": False,
        "ffn_width": inner_width(config, ("hidden_dim",)), "norm_epsilon": 1e-12, "activation": active,
        "head_activation": active,
        "tied": config.flag("tie_word_embeddings", default=True),
    }  # fmt: skip


def esm(config: HfConfig, fields: Fields) -> Fields:
    """Return an ESM: an encoder of proteins with norms before each half."""
    places = config.choice("position_embedding_type", {"absolute": "learned", "rotary": "rotary"}, "absolute")
    found = fields | {
        "kv_heads": fields["heads"], "head_width": head_width(config, fields), "causal": False,
        "ffn_width": inner_width(config, ("intermediate_size",)), "norm_epsilon": epsilon(config, 1e-12),
        "activation": activation(config, gated=False, default="gelu"),
        "embed_norm": config.flag("emb_layer_norm_before", default=False),
        "tied": config.flag("tie_word_embeddings", default=True),
    }  # fmt: skip
    config.note("model_type", "is esm: its head for contacts, which training does not ask, is left out")
    return _after_padding(config, fields, found) if places == "learned" else found | rotary(config, found)


def _types(config: HfConfig) -> list[int]:
    """Return the rows of the table of types where a file leaves them out, which a BERT's does not."""
    return [] if config.data.get("model_type") == "bert" else [2]


def _after_padding(config: HfConfig, fields: Fields, found: Fields) -> Fields:
    offset = config.integer("pad_token_id", 1, least=0) + 1
    if fields["max_length"] <= offset:
        config.fail("max_position_embeddings", f"= {fields['max_length']} leaves no row after the {offset} of padding")
    return found | {"position_offset": offset, "max_length": fields["max_length"] - offset}
