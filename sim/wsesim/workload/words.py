"""What others call the keys and values of a file: what is meant is often not what has the most letters in common."""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping

from wsesim.errors import nearest

_KEYS: Mapping[str, str] = {
    "model.width": "hidden_size d_model n_embd embed_dim hidden_dim model_dim",
    "model.layers": "num_hidden_layers num_layers n_layer n_layers depth num_blocks",
    "model.heads": "num_attention_heads num_heads n_head n_heads attention_heads",
    "model.kv_heads": "num_key_value_heads n_kv_heads num_kv_heads num_query_groups num_kv_groups",
    "model.head_width": "head_dim d_head d_kv",
    "model.ffn_width": "intermediate_size filter_size d_ff n_inner ffn_hidden_size ffn_dim mlp_dim hidden_dim_ff",
    "model.vocab": "vocab_size n_vocab padded_vocab_size",
    "model.max_length": "max_position_embeddings n_positions n_ctx max_seq_len context_length block_size",
    "model.activation": "hidden_act nonlinearity activation_function",
    "model.norm": "norm_type normalization",
    "model.position": "position_embedding_type",
    "model.rotary_base": "rope_theta",
    "model.rotary_width": "rotary_dim",
    "model.tied": "tie_word_embeddings share_embedding_weights tie_embeddings",
    "model.experts": "num_experts num_local_experts n_routed_experts moe_num_experts",
    "model.experts_per_token": "num_experts_per_tok moe_top_k",
    "batch.sequences": "batch_size global_batch_size train_batch_size batchsize bs gbs per_device_train_batch_size",
    "batch.length": "max_sequence_length seq_len seq_length sequence_length msl max_seq_length seqlen max_seq_len",
    "batch.micro_batch": "micro_batch_size mbs microbatch microbatch_size",
    "cluster.systems": "num_csx num_systems n_systems num_devices num_nodes world_size num_wafers num_gpus",
    "cluster.machine": "device hardware_name accelerator",
    "precision": "dtype torch_dtype fp16_type mixed_precision data_type",
    "recompute": "activation_checkpointing gradient_checkpointing",
    "token_budget": "max_tokens_to_train train_tokens num_tokens",
    "inference.prompt": "prompt_length prompt_len input_length input_len prompt_tokens isl input_tokens",
    "inference.generate": "output_length output_len max_new_tokens max_tokens generation_length osl output_tokens",
    "inference.batch": "batch_size bs users num_users",
    "serving.rate": "qps request_rate requests_per_second rps",
    "serving.requests": "num_requests num_prompts",
    "serving.prompt": "prompt_length prompt_len input_length input_len prompt_tokens isl input_tokens",
    "serving.output": "output_length output_len max_new_tokens max_tokens generation_length osl output_tokens",
    "serving.longest": "max_model_len max_seq_len context_length max_context_len",
    "serving.trace": "dataset dataset_path",
}
"""By the key here, what others call it; a word may be several, of different sections."""
_ELSEWHERE = {
    word: tuple(key for key, words in _KEYS.items() if word in words.split())
    for word in " ".join(_KEYS.values()).split()
}
_WITHOUT_EFFECT = frozenset(
    {"dropout", "attention_dropout", "hidden_dropout", "dropout_rate", "temperature", "top_p", "top_k"}
)
"""What others ask for, and no time depends on."""
_VALUES = {
    "bfloat16": "bf16", "brain": "bf16", "cbfloat16": "cb16", "cbfloat": "cb16", "cbf16": "cb16", "float16": "mixed",
    "half": "mixed", "amp": "mixed", "float32": "fp32", "float": "fp32", "single": "fp32", "tf32": "fp32",
    "layernorm": "layer_norm", "rmsnorm": "rms_norm", "rope": "rotary", "absolute": "learned", "silu_glu": "swiglu",
    "train": "training", "eval": "evaluation", "serve": "serving", "prefilling": "prefill",
    "decoding": "decode", "generation": "generate", "inference": "generate", "pretraining": "training",
    "finetuning": "training", "fine-tuning": "training", "finetune": "training", "bf16-mixed": "bf16",
}  # fmt: skip
"""By what others write as a value, what is written here."""


def key_hint(word: str, known: Iterable[str], section: str = "") -> str:
    """Return what is meant by a key of a *section*, as others call it or as it is called in another section.

    Else the nearest of *known*: `, did you mean 'x'?`; empty where nothing is near.
    """
    names, bare = tuple(known), re.sub(r"[^a-z0-9_]", "", word.rpartition(".")[2].lower().replace("-", "_"))
    meant = _ELSEWHERE.get(bare, ())
    if not meant and not section:
        meant = tuple(key for key in _KEYS if key.rpartition(".")[2] == bare)
    for here in meant:
        holder, _, tail = here.rpartition(".")
        if here in names or (holder == section and tail in names):
            return f", did you mean {(here if here in names else tail)!r}?"
    if meant:
        return f"; here it is {meant[0]}"
    return "; no time depends on it: leave it out" if bare in _WITHOUT_EFFECT else nearest(word, names)


def value_hint(word: str, known: Iterable[str]) -> str:
    """Return `, did you mean 'x'?` for a value as others write it, or the nearest of *known*; else an empty text."""
    names = tuple(known)
    here = _VALUES.get(word.lower())
    return f", did you mean {here!r}?" if here in names else nearest(word, names)
