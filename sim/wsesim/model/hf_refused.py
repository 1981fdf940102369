"""What a config.json may ask for that has no mechanism here, by what it is; and keys that change nothing."""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping

from wsesim.model.hf_file import HfConfig, shown
from wsesim.model.hf_mixed import STATES as _STATES


def _words(text: str) -> frozenset[str]:
    return frozenset(text.split())


_TWO = "an encoder beside a decoder that looks at it has no mechanism here"
_PATCHES = "patches of images, or frames of sound, in place of tokens have no mechanism here"
_RELATIVE = "scores by learned relative positions have no mechanism here"
_SPARSE = "keys that are chosen one by one (sparse attention with an indexer) have no mechanism here"
_BY_STEPS = "texts that are filled in by steps, anywhere in them (diffusion), have no mechanism here"
_OF_SOUND = "several streams of tokens beside each other, as of sound, have no mechanism here"
_UNLIKE = "layers of different kinds in one model (dense ones among those with experts) have no mechanism here"
MECHANISMS: Mapping[str, str] = {
    **dict.fromkeys(
        ("t5", "mt5", "umt5", "longt5", "switch_transformers", "bart", "mbart", "pegasus", "marian", "m2m_100",
         "blenderbot", "blenderbot-small", "led", "prophetnet", "fsmt", "nllb-moe", "bigbird_pegasus", "plbart",
         "encoder-decoder", "t5gemma", "whisper", "speech_to_text", "seamless_m4t", "moonshine", "speecht5", "udop",
         "vision-encoder-decoder", "speech-encoder-decoder", "pix2struct", "rag", "xlm-prophetnet"), _TWO),
    **dict.fromkeys(
        ("mamba", "mamba2", "falcon_mamba", "rwkv", "rwkv5", "rwkv6", "rwkv7", "retnet", "xlstm", "recurrent_gemma",
         "jamba", "zamba", "zamba2", "bamba", "nemotron_h", "qwen3_5", "qwen3_5_text", "qwen3_5_moe",
         "qwen3_5_moe_text", "olmo_hybrid", "bailing_hybrid", "falcon_h1", "lfm2", "lfm2_moe",
         "qwen3_next", "minimax", "minimax_text_01", "minimax_m1", "kimi_linear", "hyena", "stripedhyena", "plamo2",
         "mega", "bailing_moe_linear", "lfm2_vl", "rwkv6qwen2"), _STATES),
    **dict.fromkeys(
        ("vit", "vit_mae", "deit", "beit", "swin", "swinv2", "dinov2", "dinov3_vit", "clip", "clip_vision_model",
         "siglip", "siglip2", "blip", "blip-2", "convnext", "resnet", "detr", "sam", "wav2vec2", "hubert", "wavlm",
         "data2vec-audio", "data2vec-vision", "encodec", "musicgen", "vits", "videomae", "layoutlmv2", "layoutlmv3",
         "table-transformer", "conditional_detr", "deformable_detr", "rt_detr", "yolos", "owlvit", "owlv2",
         "grounding-dino", "sam2", "segformer", "maskformer", "mask2former", "mobilevit", "mobilenet_v2",
         "efficientnet", "convnextv2", "dpt", "depth_anything", "chinese_clip", "altclip", "clap", "vivit", "vjepa2",
         "timesformer", "wav2vec2-bert", "wav2vec2-conformer", "unispeech", "sew", "perceiver", "patchtst",
         "patchtsmixer", "informer", "autoformer", "time_series_transformer", "timesfm", "mimi", "dac", "fuyu", "blt"),
        _PATCHES),
    **dict.fromkeys(
        ("deberta", "deberta-v2", "xlnet", "transfo-xl", "mpnet", "funnel", "big_bird", "nezha"), _RELATIVE),
    **dict.fromkeys(("deepseek_v32", "deepseek_v4", "glm_moe_dsa"), _SPARSE),
    **dict.fromkeys(("llada", "llada_moe", "LLaDA", "dream", "Dream"), _BY_STEPS),
    **dict.fromkeys(("csm", "moshi", "bark", "dia", "chameleon", "emu3", "janus"), _OF_SOUND),
    "diffllama": "a softmax less another of its own (differential attention) has no mechanism here",
    "jetmoe": "heads of queries that tokens are sent to, as to experts, have no mechanism here",
    "yuan": "a convolution over tokens before attention has no mechanism here",
    "doge": "scores shifted by what values say have no mechanism here",
    **dict.fromkeys(("layoutlm", "luke", "canine", "xmod", "ernie", "splinter"),
                    "what these read beside tokens (places on a page, entities, characters, languages, tasks) has no "
                    "mechanism here"),
    **dict.fromkeys(("grok-1", "Grok-1"), "layers of Grok, whose code is its own, have no mechanism here"),
    "longcat_flash": "two halves of attention in a layer, beside experts, have no mechanism here",
    **dict.fromkeys(("bailing_moe", "bailing_moe_v2", "arctic", "moonshot", "afmoe"), _UNLIKE),
    **dict.fromkeys(("llama4", "llama4_text"), "attention within chunks has no mechanism here"),
    **dict.fromkeys(("mllama", "mllama_text_model", "idefics", "git", "blip_text_model"),
                    "layers that look at an image beside the text have no mechanism here"),
    **dict.fromkeys(("gemma3n", "gemma3n_text", "gemma4", "gemma4_text"),
                    "several streams beside each other, or embeddings for each layer, have no mechanism here"),
    **dict.fromkeys(("nemotron-nas", "deci", "openelm", "gpt_neox_japanese", "minimax_m2", "step3", "mimo"),
                    "layers, or their experts, of a form of their own have no mechanism here"),
    **dict.fromkeys(("xglm", "ctrl", "xlm", "flaubert"), "positions by sines that are added have no mechanism here"),
    **dict.fromkeys(("electra", "mobilebert", "convbert", "squeezebert", "rembert", "ibert"),
                    "a body that is narrower, or otherwise made, than a BERT's has no mechanism here"),
    "phi3small": "attention to blocks of keys has no mechanism here",
    "apertus": "an activation with parameters (xIELU) has no mechanism here",
    **dict.fromkeys(("hunyuan_v1_dense", "hunyuan_v1", "hunyuan_v1_moe"),
                    "heads that are normed after they turn have no mechanism here"),
    "persimmon": "layer norms of queries and keys by head have no mechanism here",
    "bitnet": "weights of fewer than 16 bits have no mechanism here",
    "albert": "layers that share one set of weights have no mechanism here",
    "modernbert": "windows that look both ways have no mechanism here",
    **dict.fromkeys(("longformer", "nystromformer", "reformer", "fnet"),
                    "attention to a part of the text, chosen otherwise than by a window back, has no mechanism here"),
}  # fmt: skip
"""By model type, what it is built on that has no mechanism."""
_KEYS: Mapping[str, tuple[tuple[object, ...], str]] = {
    "is_encoder_decoder": ((False,), _TWO),
    "add_cross_attention": ((False,), _TWO),
    "index_topk": ((), _SPARSE),
    "mlp_only_layers": (([],), _UNLIKE),
    "decoder_sparse_step": ((1,), _UNLIKE),
    "moe_layer_freq": ((1,), _UNLIKE),
    "interleave_moe_layer_step": ((1,), _UNLIKE),
    "attn_layer_period": ((1,), _STATES),
    "attention_chunk_size": ((), "attention within chunks has no mechanism here"),
    "use_bidirectional_attention": ((False,), "windows that look both ways have no mechanism here"),
    "is_folding_model": ((False,), "a head that folds a protein has no mechanism here"),
    "share_layers": ((False,), "layers that share one set of weights have no mechanism here"),
    "num_hidden_groups": ((), "layers that share one set of weights have no mechanism here"),
    "apply_residual_connection_post_layernorm": (
        (False,),
        "a stream that goes on from what was normed has no mechanism here",
    ),
}
"""By key, the values that ask for nothing (null and its absence always do), and what others ask for."""
_KEYS_OF_FEW: Mapping[str, tuple[tuple[object, ...], str]] = {
    **dict.fromkeys(
        ("use_qk_norm", "qk_layernorm"),
        ((False,), "layer norms of queries and keys by head have no mechanism in this model type"),
    ),
    "mamba_d_state": ((), _STATES),
    "ssm_state_size": ((), _STATES),
    "kv_lora_rank": ((), "keys and values from a latent vector have no mechanism in this model type"),
    "first_k_dense_replace": ((0,), _UNLIKE),
    "n_group": ((1,), "experts picked by groups have no mechanism in this model type"),
    "n_shared_experts": ((0,), "experts that all tokens share have no mechanism in this model type"),
    "num_nextn_predict_layers": ((0,), "a head that predicts more than the next token has no mechanism here"),
}
"""Keys that ask for what some families have: refused where the family does not look at them."""
HARMLESS = _words(
    """
    _name_or_path name_or_path transformers_version _transformers_version torch_dtype dtype architectures model_type
    auto_map tokenizer_class processor_class bos_token_id eos_token_id pad_token_id sep_token_id cls_token_id
    unk_token_id mask_token_id decoder_start_token_id forced_eos_token_id prefix finetuning_task language id2label
    label2id problem_type task_specific_params use_cache initializer_range initializer_factor init_std init_config
    init_device embedding_fraction layerdrop dropout attention_dropout activation_dropout hidden_dropout
    hidden_dropout_prob attention_probs_dropout_prob classifier_dropout classifier_dropout_prob seq_classif_dropout
    qa_dropout resid_pdrop embd_pdrop attn_pdrop emb_pdrop resid_dropout embd_dropout token_dropout
    embedding_dropout ffn_dropout residual_dropout summary_activation summary_first_dropout summary_proj_to_labels
    summary_type summary_use_proj gradient_checkpointing output_attentions output_hidden_states output_past
    return_dict torchscript use_bfloat16 pretraining_tp slow_but_exact masked_softmax_fusion bias_dropout_fusion
    offset_alibi skip_bias_add skip_bias_add_qkv attention_softmax_in_fp32 softmax_precision
    scale_attention_softmax_in_fp32 reorder_and_upcast_attn chunk_size_feed_forward pruned_heads
    remove_invalid_values max_length min_length do_sample num_beams num_beam_groups diversity_penalty temperature
    top_k top_p typical_p repetition_penalty length_penalty no_repeat_ngram_size encoder_no_repeat_ngram_size
    bad_words_ids num_return_sequences output_scores return_dict_in_generate forced_bos_token_id
    exponential_decay_length_penalty suppress_tokens begin_suppress_tokens early_stopping tf_legacy_loss
    attn_implementation _attn_implementation _attn_implementation_autoset use_flash_attn use_flash_attention
    use_flash_attention_2 flash_attn use_dynamic_ntk use_logn_attn use_cache_quantization use_cache_kernel
    softmax_in_fp32 bf16 fp16 fp32 inference_runner validate_runner_input router_aux_loss_coef output_router_logits
    router_jitter_noise router_z_loss_coef max_window_layers use_sliding_window n_ctx
    gradient_checkpointing_kwargs is_decoder seed verbose pad_token special_tokens_map vocab_list is_folding_model
    esmfold_config sinusoidal_pos_embds tokenizer tie_encoder_decoder cross_attention_hidden_size
    original_max_position_embeddings initial_context_length rope_local_base_freq swiglu_limit cache_implementation
    position_embedding_type logits_to_keep num_logits_to_keep mlp_dim_mult gelu_fused block_list num_kv_heads
    num_key_value_heads embed_dropout swiglu_alpha learned_pos_emb _sliding_window_pattern
    model_max_length seq_length training_precision quantization_config boi_token_index
    eoi_token_index image_token_index mm_tokens_per_image vision_config use_parallel_embedding
    embedding_sharding_dim aux_loss_alpha seq_aux ep_size moe_implementation use_mems_eval use_mems_train
    memory_attention multi_query_attention original_rope bias_dropout
    use_mrope tokenizer_name image_token_id video_token_id vision_token_id vision_start_token_id vision_end_token_id
    vision_feature_layer vision_feature_select_strategy projector_hidden_act multimodal_projector_bias
    spatial_merge_size is_llama_config transformers.js_config max_batch_size max_sequence_length pad_key_length
    pre_allocate_kv_cache interpolate_factor _num_labels audio_config llm_config language_config sliding_window_size
    input_jitter_noise _from_model_config fp32_residual_connection apply_query_key_layer_scaling use_rmsnorm
    num_image_tokens
    experts_per_token moe_capacity moe_gate moe_use_aux_free moe_norm_min init_method normalization_function
    """
)
"""Keys that change neither what is computed of a text nor what it costs, or are looked at elsewhere."""
FEW = 6


def refuse_unmodelled(config: HfConfig) -> None:
    """Refuse by name what has no mechanism.

    Raises:
        InputError: at the key that asks for it.
    """
    kind = config.value("model_type", "")
    if "Grok" in shown(config.value("architectures", [])):  # Grok 2 says the model type of another model
        kind = "grok-1"
    if isinstance(kind, str) and kind in MECHANISMS:
        config.fail("model_type", f"= {shown(config.data['model_type'])}: {MECHANISMS[kind]}")
    _refuse(config, _KEYS)


def refuse_of_others(config: HfConfig) -> None:
    """Refuse by name what other families have and this one, which was read, does not look at.

    Raises:
        InputError: at the key that asks for it.
    """
    _refuse(config, {key: asks for key, asks in _KEYS_OF_FEW.items() if key not in config.asked})


def _refuse(config: HfConfig, keys: Mapping[str, tuple[tuple[object, ...], str]]) -> None:
    for key, (idle, why) in keys.items():
        found = config.value(key, None)
        if found is not None and not any(type(found) is type(one) and found == one for one in idle):
            config.fail(key, f"= {shown(found)}: {why}")


def refuse_types(config: HfConfig) -> None:
    """Refuse numbers of 8 bits or less as the type of all weights, which says no scale.

    Raises:
        InputError: at the key that asks for them.
    """
    for key in ("dtype", "torch_dtype"):
        if config.has(key) and re.search(r"(float|int)[48]", str(config.data[key])):
            config.fail(
                key,
                f"= {shown(config.data[key])} has no mechanism without a quantization_config, which says what scales "
                "there are: cores multiply numbers of 16 or 32 bits",
            )


def note_unread(config: HfConfig, harmless: Iterable[str] = HARMLESS, *, within: str = "") -> None:
    """Name the keys that nothing looked at and that are not *harmless*, known to change nothing; null asks for nothing.

    Args:
        within: what stands before the keys, if they are those of an object inside.
    """
    idle = {*harmless, *config.asked}
    unread = [key for key in config.data if not (key in idle or config.data[key] is None)]
    if unread:
        names = ", ".join(shown(within + key) for key in sorted(unread)[:FEW])
        more = f" and {len(unread) - FEW} more" if len(unread) > FEW else ""
        config.notes.append(
            f"config.json: {names}{more} {'is' if len(unread) == 1 else 'are'} not read: figures are those without"
        )
