"""Modules of a graph by what checkpoints of each family call them.

Source: the `transformers` implementations of each.
"""

from __future__ import annotations

from wsesim.numerics.naming import Stored


def _same(*modules: str) -> Stored:
    return Stored(modules)


def _out_in(*modules: str) -> Stored:
    return Stored(modules, out_in=True)


def _beside(module: str, place: int) -> Stored:
    """Return a latent vector's matrix, or that of the key that turns: they stand side by side."""
    return Stored((module,), out_in=True, beside=("latent", "turned"), place=place)


GPT2 = {
    "tokens": _same("{base}wte"),
    "positions": _same("{base}wpe"),
    "attention.norm": _same("{layer}ln_1"),
    "attention.qkv": _same("{layer}attn.c_attn"),
    "attention.project": _same("{layer}attn.c_proj"),
    "ffn.norm": _same("{layer}ln_2"),
    "ffn.up": _same("{layer}mlp.c_fc"),
    "ffn.down": _same("{layer}mlp.c_proj"),
    "head.norm": _same("{base}ln_f"),
    "head.classes": _out_in("score"),
    "logits": _same("lm_head"),
}
GPT_BIGCODE = GPT2 | {
    "attention.qkv": _out_in("{layer}attn.c_attn"),
    "attention.project": _out_in("{layer}attn.c_proj"),
    "ffn.up": _out_in("{layer}mlp.c_fc"),
    "ffn.down": _out_in("{layer}mlp.c_proj"),
}
GPT = GPT2 | {
    "tokens": _same("{base}tokens_embed"),
    "positions": _same("{base}positions_embed"),
    "attention.norm": _same("{layer}ln_1"),
    "ffn.norm": _same("{layer}ln_2"),
}
GPTJ = {
    "tokens": _same("{base}wte"),
    "norm": _same("{layer}ln_1"),
    "attention.qkv": _out_in("{layer}attn.q_proj", "{layer}attn.k_proj", "{layer}attn.v_proj"),
    "attention.project": _out_in("{layer}attn.out_proj"),
    "ffn.up": _out_in("{layer}mlp.fc_in"),
    "ffn.down": _out_in("{layer}mlp.fc_out"),
    "head.norm": _same("{base}ln_f"),
    "head.classes": _out_in("score"),
    "logits": _same("lm_head"),
}
LLAMA = {
    "tokens": _same("{base}embed_tokens"),
    "norm": _same("{layer}input_layernorm"),
    "attention.norm": _same("{layer}input_layernorm"),
    "attention.qkv": _out_in("{layer}self_attn.q_proj", "{layer}self_attn.k_proj", "{layer}self_attn.v_proj"),
    "attention.query_norm": _same("{layer}self_attn.q_norm"),
    "attention.key_norm": _same("{layer}self_attn.k_norm"),
    "attention.query_norms": Stored(("{layer}self_attn.q_norm",), rows=True),
    "attention.key_norms": Stored(("{layer}self_attn.k_norm",), rows=True),
    "attention.project": _out_in("{layer}self_attn.o_proj"),
    "ffn.norm": _same("{layer}post_attention_layernorm"),
    "ffn.gate": _out_in("{layer}mlp.gate_proj"),
    "ffn.up": _out_in("{layer}mlp.up_proj"),
    "ffn.down": _out_in("{layer}mlp.down_proj"),
    "head.norm": _same("{base}norm"),
    "head.classes": _out_in("score"),
    "logits": _same("{outer}lm_head"),
}
STABLELM2 = LLAMA | {
    "attention.query_norms": _same("{layer}self_attn.q_layernorm.norms.{head}"),
    "attention.key_norms": _same("{layer}self_attn.k_layernorm.norms.{head}"),
}
MIXTRAL = LLAMA | {
    "ffn.router": _out_in("{layer}block_sparse_moe.gate"),
    "ffn.gate": _out_in("{layer}block_sparse_moe.experts.{expert}.w1"),
    "ffn.up": _out_in("{layer}block_sparse_moe.experts.{expert}.w3"),
    "ffn.down": _out_in("{layer}block_sparse_moe.experts.{expert}.w2"),
}
DEEPSEEK = LLAMA | {
    "attention.narrow": _out_in("{layer}self_attn.q_a_proj"),
    "attention.narrow_norm": _same("{layer}self_attn.q_a_layernorm"),
    "attention.widen": _out_in("{layer}self_attn.q_b_proj"),
    "attention.query": _out_in("{layer}self_attn.q_proj"),
    "attention.latent": _beside("{layer}self_attn.kv_a_proj_with_mqa", 0),
    "attention.shared_key": _beside("{layer}self_attn.kv_a_proj_with_mqa", 1),
    "attention.latent_norm": _same("{layer}self_attn.kv_a_layernorm"),
    "attention.expand": _out_in("{layer}self_attn.kv_b_proj"),
    **{f"dense.{part}": _out_in(f"{{layer}}mlp.{part}_proj") for part in ("gate", "up", "down")},
    "ffn.router": _out_in("{layer}mlp.gate"),
    "ffn.shift.bias": Stored(("{layer}mlp.gate.e_score_correction_bias",), whole=True),
    **{f"ffn.{part}": _out_in(f"{{layer}}mlp.experts.{{expert}}.{part}_proj") for part in ("gate", "up", "down")},
    **{f"shared.{part}": _out_in(f"{{layer}}mlp.shared_experts.{part}_proj") for part in ("gate", "up", "down")},
}
MINICPM3 = DEEPSEEK | {f"ffn.{part}": LLAMA[f"ffn.{part}"] for part in ("gate", "up", "down")}
ERNIE_MOE = DEEPSEEK | {
    "ffn.shift.bias": Stored(("{layer}mlp.moe_statics.e_score_correction_bias",), lone=True, whole=True)
}
GRANITE4 = LLAMA | {
    "ffn.gate": Stored(("{layer}shared_mlp.input_linear",), out_in=True, share=(0, 2)),
    "ffn.up": Stored(("{layer}shared_mlp.input_linear",), out_in=True, share=(1, 2)),
    "ffn.down": _out_in("{layer}shared_mlp.output_linear"),
}
GRANITE_MOE = GRANITE4 | {
    "ffn.router": _out_in("{layer}block_sparse_moe.router.layer"),
    "ffn.gate": Stored(("{layer}block_sparse_moe.input_linear",), out_in=True, share=(0, 2)),
    "ffn.up": Stored(("{layer}block_sparse_moe.input_linear",), out_in=True, share=(1, 2)),
    "ffn.down": _out_in("{layer}block_sparse_moe.output_linear"),
    **{f"shared.{part}": GRANITE4[f"ffn.{part}"] for part in ("gate", "up", "down")},
}
BERT = {
    "tokens": _same("{base}embeddings.word_embeddings"),
    "positions": _same("{base}embeddings.position_embeddings"),
    "types": _same("{base}embeddings.token_type_embeddings"),
    "embed.norm": _same("{base}embeddings.LayerNorm"),
    "attention.qkv": _out_in(
        "{layer}attention.self.query", "{layer}attention.self.key", "{layer}attention.self.value"
    ),
    "attention.project": _out_in("{layer}attention.output.dense"),
    "attention.norm": _same("{layer}attention.output.LayerNorm"),
    "ffn.up": _out_in("{layer}intermediate.dense"),
    "ffn.down": _out_in("{layer}output.dense"),
    "ffn.norm": _same("{layer}output.LayerNorm"),
    "head.pool": _out_in("{base}pooler.dense"),
}  # fmt: skip
BERT_PRETRAINING = BERT | {
    "head.dense": _out_in("cls.predictions.transform.dense"),
    "head.norm": _same("cls.predictions.transform.LayerNorm"),
    "head.classes": _out_in("cls.seq_relationship"),
    "logits": _same("cls.predictions.decoder"),
    "logits.bias": _same("cls.predictions"),
}
BERT_CLASSIFIER = BERT | {"head.classes": _out_in("classifier")}
BERT_ANSWERS = BERT | {"head.classes": _out_in("qa_outputs")}
ROBERTA_CLASSIFIER = BERT | {
    "head.pool": _out_in("classifier.dense"), "head.classes": _out_in("classifier.out_proj"),
}  # fmt: skip

PHI3 = LLAMA | {
    "attention.qkv": _out_in("{layer}self_attn.qkv_proj"),
    "ffn.gate": Stored(("{layer}mlp.gate_up_proj",), out_in=True, share=(0, 2)),
    "ffn.up": Stored(("{layer}mlp.gate_up_proj",), out_in=True, share=(1, 2)),
}
GLM4 = PHI3 | {
    "attention.qkv": LLAMA["attention.qkv"],
    "attention.after_norm": _same("{layer}post_self_attn_layernorm"),
    "ffn.after_norm": _same("{layer}post_mlp_layernorm"),
}
GEMMA2 = LLAMA | {
    "attention.after_norm": _same("{layer}post_attention_layernorm"),
    "ffn.norm": _same("{layer}pre_feedforward_layernorm"),
    "ffn.after_norm": _same("{layer}post_feedforward_layernorm"),
}
OLMO2 = LLAMA | {
    "attention.norm": _same("{layer}post_attention_layernorm"),
    "ffn.norm": _same("{layer}post_feedforward_layernorm"),
}
PHI = LLAMA | {
    "norm": _same("{layer}input_layernorm"),
    "attention.project": _out_in("{layer}self_attn.dense"),
    "ffn.up": _out_in("{layer}mlp.fc1"),
    "ffn.down": _out_in("{layer}mlp.fc2"),
    "head.norm": _same("{base}final_layernorm"),
}
QWEN_MOE = LLAMA | {
    "ffn.router": _out_in("{layer}mlp.gate"),
    "ffn.gate": _out_in("{layer}mlp.experts.{expert}.gate_proj"),
    "ffn.up": _out_in("{layer}mlp.experts.{expert}.up_proj"),
    "ffn.down": _out_in("{layer}mlp.experts.{expert}.down_proj"),
    "shared.gate": _out_in("{layer}mlp.shared_expert.gate_proj"),
    "shared.up": _out_in("{layer}mlp.shared_expert.up_proj"),
    "shared.down": _out_in("{layer}mlp.shared_expert.down_proj"),
    "shared.weight_of_token": _out_in("{layer}mlp.shared_expert_gate"),
}
_EXPERTS = "{layer}mlp.experts."
GPT_OSS = LLAMA | {
    "attention.sink.bias": Stored(("{layer}self_attn.sinks",), whole=True),
    "ffn.router": _out_in("{layer}mlp.router"),
    **{
        f"ffn.{name}.{part}": Stored((f"{_EXPERTS}gate_up_proj{end}",), share=(at, 2), in_turn=True, whole=True)
        for at, name in enumerate(("gate", "up")) for part, end in (("weight", ""), ("bias", "_bias"))
    },
    "ffn.down.weight": Stored((f"{_EXPERTS}down_proj",), whole=True),
    "ffn.down.bias": Stored((f"{_EXPERTS}down_proj_bias",), whole=True),
}  # fmt: skip
NEOX = {
    "tokens": _same("{base}embed_in"),
    "attention.norm": _same("{layer}input_layernorm"),
    "attention.qkv": Stored(("{layer}attention.query_key_value",), out_in=True, grouped=True),
    "attention.project": _out_in("{layer}attention.dense"),
    "ffn.norm": _same("{layer}post_attention_layernorm"),
    "ffn.up": _out_in("{layer}mlp.dense_h_to_4h"),
    "ffn.down": _out_in("{layer}mlp.dense_4h_to_h"),
    "head.norm": _same("{base}final_layer_norm"),
    "logits": _same("embed_out"),
}
BLOOM = {
    "tokens": _same("{base}word_embeddings"),
    "embed.norm": _same("{base}word_embeddings_layernorm"),
    "norm": _same("{layer}input_layernorm"),
    "attention.norm": _same("{layer}input_layernorm"),
    "attention.qkv": Stored(("{layer}self_attention.query_key_value",), out_in=True, grouped=True),
    "attention.project": _out_in("{layer}self_attention.dense"),
    "ffn.norm": _same("{layer}post_attention_layernorm"),
    "ffn.up": _out_in("{layer}mlp.dense_h_to_4h"),
    "ffn.down": _out_in("{layer}mlp.dense_4h_to_h"),
    "head.norm": _same("{base}ln_f"),
    "head.classes": _out_in("score"),
    "logits": _same("lm_head"),
}
FALCON = BLOOM | {"attention.norm": _same("{layer}ln_attn"), "ffn.norm": _same("{layer}ln_mlp")}
MPT = {
    "tokens": _same("{base}wte"),
    "attention.norm": _same("{layer}norm_1"),
    "attention.qkv": _out_in("{layer}attn.Wqkv"),
    "attention.project": _out_in("{layer}attn.out_proj"),
    "ffn.norm": _same("{layer}norm_2"),
    "ffn.up": _out_in("{layer}ffn.up_proj"),
    "ffn.down": _out_in("{layer}ffn.down_proj"),
    "head.norm": _same("{base}norm_f"),
    "logits": _same("lm_head"),
}
GPT_NEO = {
    "tokens": _same("{base}wte"),
    "positions": _same("{base}wpe"),
    "attention.norm": _same("{layer}ln_1"),
    "attention.qkv": _out_in(*(f"{{layer}}attn.attention.{which}_proj" for which in "qkv")),
    "attention.project": _out_in("{layer}attn.attention.out_proj"),
    "ffn.norm": _same("{layer}ln_2"),
    "ffn.up": _out_in("{layer}mlp.c_fc"),
    "ffn.down": _out_in("{layer}mlp.c_proj"),
    "head.norm": _same("{base}ln_f"),
    "logits": _same("lm_head"),
}
OPT = {
    "tokens": _same("{base}embed_tokens"),
    "positions": _same("{base}embed_positions"),
    "embed.widen": _out_in("{base}project_in"),
    "attention.norm": _same("{layer}self_attn_layer_norm"),
    "attention.qkv": _out_in(*(f"{{layer}}self_attn.{which}_proj" for which in "qkv")),
    "attention.project": _out_in("{layer}self_attn.out_proj"),
    "ffn.norm": _same("{layer}final_layer_norm"),
    "ffn.up": _out_in("{layer}fc1"),
    "ffn.down": _out_in("{layer}fc2"),
    "head.norm": _same("{base}final_layer_norm"),
    "head.narrow": _out_in("{base}project_out"),
    "logits": _same("lm_head"),
}
ROBERTA = BERT | {
    "head.dense": _out_in("lm_head.dense"),
    "head.norm": _same("lm_head.layer_norm"),
    "logits": _same("lm_head.decoder"),
    "logits.bias": _same("lm_head"),
}
ESM = ROBERTA | {
    "embed.norm": _same("{base}embeddings.layer_norm"),
    "attention.norm": _same("{layer}attention.LayerNorm"),
    "ffn.norm": _same("{layer}LayerNorm"),
    "final.norm": _same("{base}encoder.emb_layer_norm_after"),
}
ESM_BODY = ESM | {"head.norm": ESM["final.norm"], "head.classes": _out_in("classifier")}
ESM_CLASSIFIER = ESM_BODY | {part: ROBERTA_CLASSIFIER[part] for part in ("head.pool", "head.classes")}
NOMIC = {
    "tokens": _same("{base}embeddings.word_embeddings"),
    "types": _same("{base}embeddings.token_type_embeddings"),
    "embed.norm": _same("{base}emb_ln"),
    "attention.qkv": _out_in("{layer}attn.Wqkv"),
    "attention.project": _out_in("{layer}attn.out_proj"),
    "attention.norm": _same("{layer}norm1"),
    "ffn.up": _out_in("{layer}mlp.fc11"),
    "ffn.gate": _out_in("{layer}mlp.fc12"),
    "ffn.down": _out_in("{layer}mlp.fc2"),
    "ffn.norm": _same("{layer}norm2"),
    "head.pool": _out_in("{base}pooler.dense"),
    "head.classes": _out_in("classifier"),
    "head.dense": _out_in("cls.predictions.transform.dense"),
    "head.norm": _same("cls.predictions.transform.layer_norm"),
    "logits": _same("cls.predictions.decoder"),
    "logits.bias": _same("cls.predictions"),
}
DISTILBERT = {
    "tokens": _same("{base}embeddings.word_embeddings"),
    "positions": _same("{base}embeddings.position_embeddings"),
    "embed.norm": _same("{base}embeddings.LayerNorm"),
    "attention.qkv": _out_in(*(f"{{layer}}attention.{which}_lin" for which in "qkv")),
    "attention.project": _out_in("{layer}attention.out_lin"),
    "attention.norm": _same("{layer}sa_layer_norm"),
    "ffn.up": _out_in("{layer}ffn.lin1"),
    "ffn.down": _out_in("{layer}ffn.lin2"),
    "ffn.norm": _same("{layer}output_layer_norm"),
    "head.pool": _out_in("pre_classifier"),
    "head.classes": _out_in("classifier"),
    "head.dense": _out_in("vocab_transform"),
    "head.norm": _same("vocab_layer_norm"),
    "logits": _same("vocab_projector"),
}
DISTILBERT_ANSWERS = DISTILBERT | {"head.classes": _out_in("qa_outputs")}
