"""What others call the keys and values of a file: what is meant is often not what has the most letters in common."""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping

from wsesim.errors import nearest

_KEYS: Mapping[str, str] = {
    "model": "model_name_or_path model_id model_type pretrained_model_name_or_path served_model_name",
    "model.width": "hidden_size d_model n_embd embed_dim hidden_dim model_dim embedding_size n_embed dim",
    "model.layers": "num_hidden_layers num_layers n_layer n_layers depth num_blocks encoder_layers decoder_layers",
    "model.heads": "num_attention_heads num_heads n_head n_heads attention_heads",
    "model.kv_heads": "num_key_value_heads n_kv_heads num_kv_heads num_query_groups num_kv_groups",
    "model.head_width": "head_dim d_head d_kv kv_channels head_size",
    "model.ffn_width": "intermediate_size filter_size d_ff n_inner ffn_hidden_size ffn_dim mlp_dim hidden_dim_ff",
    "model.vocab": "vocab_size n_vocab padded_vocab_size num_embeddings",
    "model.max_length": "max_position_embeddings n_positions n_ctx max_seq_len context_length block_size",
    "model.activation": "hidden_act nonlinearity activation_function",
    "model.norm": "norm_type normalization",
    "model.position": "position_embedding_type",
    "model.rotary_base": "rope_theta rotary_emb_base",
    "model.rotary_width": "rotary_dim",
    "model.tied": "tie_word_embeddings share_embedding_weights tie_embeddings",
    "model.window": "sliding_window attention_sliding_window_length",
    "model.experts": "num_experts num_local_experts n_routed_experts moe_num_experts",
    "model.experts_per_token": "num_experts_per_tok moe_top_k moe_router_topk",
    "model.sparsity": "sparsity_level pruning",
    "model.adapter_rank": "lora_rank lora_r lora_dim",
    "model.config": "hf_config config_file",
    "model.zoo": "params_file",
    "batch.sequences": "batch_size global_batch_size train_batch_size batchsize bs gbs per_device_train_batch_size",
    "batch.length": "max_sequence_length seq_len seq_length sequence_length msl max_seq_length seqlen max_seq_len",
    "batch.micro_batch": "micro_batch_size mbs microbatch microbatch_size train_micro_batch_size_per_gpu",
    "cluster.systems": "num_csx num_systems n_systems num_devices num_nodes nnodes world_size num_wafers num_gpus",
    "cluster.machine": "device hardware_name accelerator gpu gpu_type platform target_device backend",
    "precision": "dtype torch_dtype fp16_type mixed_precision data_type fp16 bf16 amp half",
    "recompute": "activation_checkpointing gradient_checkpointing recompute_granularity recompute_activations",
    "token_budget": "max_tokens_to_train train_tokens num_tokens total_tokens",
    "job.checkpoint_every": "checkpoint_steps save_steps save_interval ckpt_interval",
    "job.evaluate_every": "eval_steps eval_interval eval_frequency",
    "learning.learning_rate": "lr base_lr max_lr",
    "learning.warmup": "warmup_steps lr_warmup_iters num_warmup_steps",
    "learning.clip": "max_grad_norm clip_grad gradient_clipping max_gradient_norm grad_clip",
    "learning.schedule": "lr_scheduler lr_scheduler_type lr_decay_style",
    "inference.prompt": "prompt_length prompt_len input_length input_len prompt_tokens isl input_tokens",
    "inference.generate": "output_length output_len max_new_tokens max_tokens generation_length osl output_tokens",
    "inference.batch": "batch_size bs users num_users max_num_seqs max_batch_size max_running_requests",
    "inference.chunk": "max_num_batched_tokens chunked_prefill_size enable_chunked_prefill chunk_size",
    "inference.draft_tokens": "num_speculative_tokens speculative_num_draft_tokens",
    "inference.readers": "prefill_workers num_prefill_instances",
    "serving.rate": "qps request_rate requests_per_second rps",
    "serving.requests": "num_requests num_prompts",
    "serving.prompt": "prompt_length prompt_len input_length input_len prompt_tokens isl input_tokens random_input_len",
    "serving.output": "output_length output_len max_new_tokens max_tokens generation_length osl output_tokens "
    "random_output_len",
    "serving.longest": "max_model_len max_seq_len context_length max_context_len max_total_tokens",
    "serving.trace": "dataset dataset_path trace_file",
    "serving.slo_ttft": "ttft goodput_ttft slo_prefill",
    "serving.slo_tpot": "tpot itl slo_itl goodput_tpot",
}
"""By the key here, what others call it; a word may be several, of different sections."""
_ELSEWHERE = {
    word: tuple(key for key, words in _KEYS.items() if word in words.split())
    for word in " ".join(_KEYS.values()).split()
}
_TOLD = (
    ("no time depends on it: leave it out",
     "dropout attention_dropout hidden_dropout dropout_rate temperature top_p top_k tokenizer tokenizer_name shuffle "
     "num_workers initializer_range layer_norm_eps rms_norm_eps adam_beta1 adam_beta2 adam_eps eos_token_id "
     "bos_token_id pad_token_id logging_steps log_interval"),
    ("in training each of cluster.systems takes a share of the batch, in inference a copy lies on inference.wafers: "
     "nothing else is split",
     "tensor_parallel_size tensor_model_parallel_size pipeline_parallel_size pipeline_model_parallel_size tp pp dp "
     "fsdp data_parallel_size expert_parallel_size expert_model_parallel_size context_parallel_size zero_stage "
     "zero_optimization sequence_parallel"),
    ("a step's batch.sequences pass in parts of batch.micro_batch",
     "gradient_accumulation_steps grad_accum grad_accum_steps accumulate_grad_batches"),
    ("what memory weights and programs leave holds the cache, in 16 bits; inference.batch says of how many sequences",
     "gpu_memory_utilization mem_fraction_static kv_cache_free_gpu_mem_fraction swap_space kv_cache_dtype"),
    ("quantized weights come with a model: model.config names a config.json that has quantization_config",
     "quantization quantization_config load_in_8bit load_in_4bit quantize"),
    ("what is kept of a parameter is software.training.state_bytes_per_parameter; a job of the Model Zoo names its own",
     "optimizer optimizer_type optim"),
    ("a run is as long as its token_budget, in tokens", "num_train_epochs epochs num_epochs max_steps train_iters "
     "num_steps total_steps"),
)  # fmt: skip
"""What is said of words that no key stands for."""
_SAID = {word: said for said, words in _TOLD for word in words.split()}
_VALUES = {
    "bfloat16": "bf16", "brain": "bf16", "cbfloat16": "cb16", "cbfloat": "cb16", "cbf16": "cb16", "float16": "mixed",
    "half": "mixed", "amp": "mixed", "float32": "fp32", "float": "fp32", "single": "fp32", "tf32": "fp32",
    "layernorm": "layer_norm", "rmsnorm": "rms_norm", "rope": "rotary", "absolute": "learned", "silu_glu": "swiglu",
    "train": "training", "eval": "evaluation", "serve": "serving", "prefilling": "prefill",
    "decoding": "decode", "generation": "generate", "inference": "generate", "pretraining": "training",
    "finetuning": "training", "fine-tuning": "training", "mixed-precision": "mixed", "16": "mixed", "32": "fp32",
    "16-mixed": "mixed", "bf16-true": "bf16", "chat": "generate", "benchmark": "serving",
    "wse": "cs-1", "wse1": "cs-1", "wse2": "cs-2", "wse3": "cs-3", "wse-1": "cs-1", "wse-2": "cs-2", "wse-3": "cs-3",
    "condor-galaxy": "cg-1", "condor-galaxy-1": "cg-1", "finetune": "training", "bf16-mixed": "bf16",
}  # fmt: skip
"""By what others write as a value, what is written here."""


_FEWER_BITS = re.compile(r"(u?int|fp|float|nf|w|e)[2-8].*|gptq|awq|mxfp4|gguf")
"""Formats of fewer than 16 bits."""


_GPUS = re.compile(r"[abhgvlrt]\d{1,4}.*|mi\d{3}.*|tpu.*|.*gpu.*|gaudi.*")


def key_hint(word: str, known: Iterable[str], section: str = "") -> str:
    """Return what is meant by a key of a *section*, as others call it or as it is called in another section.

    Else the nearest of *known*: `, did you mean 'x'?`; empty where nothing is near.
    """
    names, bare = tuple(known), re.sub(r"[^a-z0-9_]", "", word.rpartition(".")[2].lower().replace("-", "_"))
    meant = _ELSEWHERE.get(bare, ())
    if not meant and not section:
        meant = tuple(key for key in _KEYS if key.rpartition(".")[2] == bare)
        meant = meant or tuple(name for name in names if name.rpartition(".")[2] == bare)
    for here in meant:
        holder, _, tail = here.rpartition(".")
        if here in names or (holder == section and tail in names):
            return f", did you mean {(here if here in names else tail)!r}?"
    if meant:
        return f"; here it is {meant[0]}"
    return f"; {_SAID[bare]}" if bare in _SAID else nearest(word, names)


def value_hint(word: str, known: Iterable[str]) -> str:
    """Return `, did you mean 'x'?` for a value as others write it, or the nearest of *known*; else an empty text."""
    names, bare = tuple(known), word.lower().rpartition("torch.")[2].replace("_", "-")
    here = _VALUES.get(bare)
    if here in names:
        return f", did you mean {here!r}?"
    if "fp16" in names and _FEWER_BITS.fullmatch(bare):
        return f"; {_SAID['quantization']}"
    if "cs-2" in names and _GPUS.fullmatch(bare):
        return "; GPUs stand beside an answer: wsesim run --gpu NAME"
    return nearest(word, names)
