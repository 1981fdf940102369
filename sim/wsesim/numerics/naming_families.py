"""Naming schemes of checkpoints, by family, and which one a file follows."""

from __future__ import annotations

from collections.abc import Collection
from typing import Any

from wsesim.numerics import naming_tables as tables
from wsesim.numerics.naming import Family

_UNDER_MODEL: dict[str, Any] = {
    "bases": ("model.", "language_model.model.", "model.language_model.", ""), "layers": "{base}layers.",
}  # fmt: skip
_UNDER_TRANSFORMER: dict[str, Any] = {"bases": ("transformer.", ""), "layers": "{base}h."}
_UNDER_ENCODER = "{base}encoder.layer."

_GPT2: dict[str, Any] = {"markers": ("{base}wte.weight", "{layer}attn.c_attn.weight"), **_UNDER_TRANSFORMER}

FAMILIES = (
    Family(
        name="GPT-2", stored=tables.GPT2, **_GPT2,
        of_few_keys=Family(name="GPT-BigCode", stored=tables.GPT_BIGCODE, **_GPT2),
    ),
    Family(
        name="GPT", stored=tables.GPT, markers=("{base}tokens_embed.weight", "{layer}attn.c_attn.weight"),
        **_UNDER_TRANSFORMER,
    ),
    Family(
        name="GPT-J", bases=("transformer.", ""), layers="{base}h.", stored=tables.GPTJ,
        markers=("{base}wte.weight", "{layer}attn.q_proj.weight"),
    ),
    Family(
        name="GPT-Neo", stored=tables.GPT_NEO, markers=("{base}wte.weight", "{layer}attn.attention.q_proj.weight"),
        **_UNDER_TRANSFORMER,
    ),
    Family(
        name="Falcon", stored=tables.FALCON, markers=("{base}word_embeddings.weight", "{layer}ln_mlp.weight"),
        **_UNDER_TRANSFORMER,
    ),
    Family(
        name="BLOOM", stored=tables.BLOOM,
        markers=("{base}word_embeddings.weight", "{layer}self_attention.query_key_value.weight"), **_UNDER_TRANSFORMER,
    ),
    Family(
        name="MPT", bases=("transformer.", ""), layers="{base}blocks.", stored=tables.MPT,
        markers=("{base}wte.weight", "{layer}attn.Wqkv.weight"),
    ),
    Family(
        name="GPT-NeoX", bases=("gpt_neox.", ""), layers="{base}layers.", stored=tables.NEOX,
        markers=("{base}embed_in.weight", "{layer}attention.query_key_value.weight"),
    ),
    Family(
        name="OPT", bases=("model.decoder.", "decoder.", ""), layers="{base}layers.", stored=tables.OPT,
        markers=("{base}embed_tokens.weight", "{layer}self_attn_layer_norm.weight"),
    ),
    Family(name="DeepSeek", stored=tables.DEEPSEEK, looks=(0, 1, 2, 3), **_UNDER_MODEL,
           markers=("{layer}mlp.experts.0.gate_proj.weight", "{layer}self_attn.kv_a_proj_with_mqa.weight")),
    Family(name="MiniCPM 3", stored=tables.MINICPM3, **_UNDER_MODEL,
           markers=("{base}embed_tokens.weight", "{layer}self_attn.kv_a_proj_with_mqa.weight")),
    Family(name="ERNIE 4.5 mixture", stored=tables.ERNIE_MOE, looks=(0, 1, 2, 3), **_UNDER_MODEL,
           markers=("{layer}mlp.moe_statics.e_score_correction_bias",)),
    Family(name="Granite 4", stored=tables.GRANITE4, **_UNDER_MODEL,
           markers=("{base}embed_tokens.weight", "{layer}shared_mlp.input_linear.weight")),
    Family(name="dense layers before a mixture", stored=tables.DEEPSEEK, looks=(1, 2, 3), **_UNDER_MODEL,
           markers=("{base}layers.0.mlp.gate_proj.weight", "{layer}mlp.experts.0.gate_proj.weight")),
    Family(name="Granite mixture", stored=tables.GRANITE_MOE, **_UNDER_MODEL,
           markers=("{base}embed_tokens.weight", "{layer}block_sparse_moe.input_linear.weight")),
    Family(name="GLM 4", stored=tables.GLM4, **_UNDER_MODEL,
           markers=("{base}embed_tokens.weight", "{layer}mlp.gate_up_proj.weight", "{layer}self_attn.q_proj.weight")),
    Family(name="Phi 3", stored=tables.PHI3, markers=("{base}embed_tokens.weight", "{layer}self_attn.qkv_proj.weight"),
           **_UNDER_MODEL),
    Family(name="Phi", stored=tables.PHI, markers=("{base}embed_tokens.weight", "{layer}mlp.fc1.weight"),
           **_UNDER_MODEL),
    Family(name="gpt-oss", stored=tables.GPT_OSS, markers=("{base}embed_tokens.weight", "{layer}mlp.router.weight"),
           **_UNDER_MODEL),
    Family(name="Qwen mixture", stored=tables.QWEN_MOE, markers=("{base}embed_tokens.weight", "{layer}mlp.gate.weight"),
           **_UNDER_MODEL),
    Family(name="Gemma 2", stored=tables.GEMMA2, **_UNDER_MODEL,
           markers=("{base}embed_tokens.weight", "{layer}pre_feedforward_layernorm.weight")),
    Family(name="OLMo 2", stored=tables.OLMO2, **_UNDER_MODEL,
           markers=("{base}embed_tokens.weight", "{layer}post_feedforward_layernorm.weight")),
    Family(
        name="Mixtral", stored=tables.MIXTRAL, **_UNDER_MODEL,
        markers=("{base}embed_tokens.weight", "{layer}block_sparse_moe.gate.weight"),
    ),
    Family(name="StableLM 2", stored=tables.STABLELM2, **_UNDER_MODEL,
           markers=("{base}embed_tokens.weight", "{layer}self_attn.q_layernorm.norms.0.weight")),
    Family(
        name="Llama", stored=tables.LLAMA, **_UNDER_MODEL,
        markers=("{base}embed_tokens.weight", "{layer}self_attn.q_proj.weight"),
    ),
    Family(
        name="ESM that tells classes", bases=("esm.",), layers=_UNDER_ENCODER, stored=tables.ESM_CLASSIFIER,
        markers=("{layer}attention.LayerNorm.weight", "classifier.out_proj.weight"),
    ),
    Family(
        name="ESM", bases=("esm.",), layers=_UNDER_ENCODER, stored=tables.ESM,
        markers=("{layer}attention.LayerNorm.weight", "lm_head.layer_norm.weight"),
    ),
    Family(
        name="ESM without a head", bases=("esm.", ""), layers=_UNDER_ENCODER, stored=tables.ESM_BODY,
        markers=("{layer}attention.LayerNorm.weight", "{layer}attention.self.query.weight"),
    ),
    Family(
        name="RoBERTa", bases=("roberta.",), layers=_UNDER_ENCODER, stored=tables.ROBERTA,
        markers=("{layer}attention.self.query.weight", "lm_head.bias"),
    ),
    Family(
        name="RoBERTa that tells classes", bases=("roberta.",), layers=_UNDER_ENCODER,
        stored=tables.ROBERTA_CLASSIFIER,
        markers=("{layer}attention.self.query.weight", "classifier.out_proj.weight"),
    ),
    Family(
        name="Nomic BERT", bases=("nomic_bert.", "bert.", ""), layers="{base}encoder.layers.", stored=tables.NOMIC,
        markers=("{base}emb_ln.weight", "{layer}attn.Wqkv.weight"),
    ),
    Family(
        name="DistilBERT that finds answers", bases=("distilbert.",), layers="{base}transformer.layer.",
        stored=tables.DISTILBERT_ANSWERS, markers=("{layer}attention.q_lin.weight", "qa_outputs.weight"),
    ),
    Family(
        name="DistilBERT", bases=("distilbert.", ""), layers="{base}transformer.layer.", stored=tables.DISTILBERT,
        markers=("{layer}attention.q_lin.weight",),
    ),
    Family(
        name="BERT for pre-training", bases=("bert.",), layers="{base}encoder.layer.", stored=tables.BERT_PRETRAINING,
        markers=("{layer}attention.self.query.weight", "cls.predictions.bias"),
    ),
    Family(
        name="BERT that finds answers", bases=("bert.", "roberta."), layers=_UNDER_ENCODER, stored=tables.BERT_ANSWERS,
        markers=("{layer}attention.self.query.weight", "qa_outputs.weight"),
    ),
    Family(
        name="BERT", bases=("bert.", "roberta.", ""), layers="{base}encoder.layer.", stored=tables.BERT_CLASSIFIER,
        markers=("{layer}attention.self.query.weight",),
    ),
)  # fmt: skip


def family_of(names: Collection[str]) -> tuple[Family, str] | None:
    """Return the scheme that *names* follow and its prefix, or None."""
    for family in FAMILIES:
        base = family.base_in(names)
        if base is not None:
            return family, base
    return None
