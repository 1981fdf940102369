"""What each key of a Model Zoo file is here: a row a key.

Names, defaults and families are those of the Model Zoo's model configurations (release 2.4).
"""

from __future__ import annotations

import dataclasses
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from wsesim.ops import option_named, options


def _names(words: str) -> frozenset[str]:
    return frozenset(words.split())


@dataclass(frozen=True, slots=True)
class To:
    """A key that is a field of the model here; *words* says what its values are called, where that differs."""

    field: str
    words: Mapping[Any, Any] = dataclasses.field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Only:
    """A key of which only some values are modelled; any other is refused by the name of its mechanism."""

    values: tuple[Any, ...]
    mechanism: str


@dataclass(frozen=True, slots=True)
class Apart:
    """A key that costs something which is not counted, unless it has one of these values."""

    values: tuple[Any, ...]
    why: str


MODEL: Mapping[str, To | Only | Apart] = {
    "hidden_size": To("width"),
    "num_hidden_layers": To("layers"),
    "num_heads": To("heads"),
    "filter_size": To("ffn_width"),
    "vocab_size": To("vocab"),
    "max_position_embeddings": To("max_length"),
    "position_embedding_type": To("position", {name: name for name in ("learned", "rotary", "alibi", "none")}),
    "rotary_dim": To("rotary_width"),
    "rope_theta": To("rotary_base"),
    "norm_type": To(
        "norm", {"layernorm": "layer_norm", "rmsnorm": "rms_norm", "biasless-layernorm": "layer_norm_scale"}
    ),
    "norm_first_sandwich": To("norm_order", {True: "both", False: "pre"}),
    "use_untied_layer_norm": To("untied_norms"),
    "embedding_layer_norm": To("embed_norm"),
    "embeddings_scale": To("embed_scale"),
    "output_logits_scale": To("logits_scale"),
    "layer_norm_epsilon": To("norm_epsilon"),
    "share_embedding_weights": To("tied"),
    "use_projection_bias_in_attention": To("attention_bias"),
    "use_ffn_bias_in_attention": To("project_bias"),
    "use_ffn_bias": To("bias"),
    "use_bias_in_output": To("head_bias"),
    "attention_logit_softcapping": To("attention_cap"),
    "final_logit_softcapping": To("logits_cap"),
    "sliding_window_every_other_decoder_layer": To("full_every", {True: 2, False: 0}),
    "disable_nsp": To("sentence_head", {True: False, False: True}),
    "num_segments": To("token_types"),
    "norm_first": To("norm_order", {True: "pre", False: "post"}),
    "alibi_trainable_slopes": Only((False,), "slopes of ALiBi that are learned"),
    "attention_vertical_column_spacing": Only((), "attention over columns of tokens"),
    "attention_chunk_size": Only((), "attention in chunks"),
    "disable_attention": Only((False,), "layers without attention"),
    "fixed_sparse_attention": Only((), "sparse attention"),
    "attention_style": Only((), "attention through a projection of the sequence (Linformer)"),
    "num_memory_tokens_per_chunk": Only((0,), "tokens of memory"),
    "scale_qk_dot_by_layer_idx": Apart((False,), "the scale of attention by layer"),
}
"""Keys of `model` that decide what it costs; words not named here pass as they are and are checked like any others."""
ACTIVATIONS = {**option_named("activation", gated=False), **{name: name for name in options("activation")}}
"""What the Model Zoo calls activations: those with a gate as we do."""
NOT_MODELLED = {
    "relative": "positions by learned buckets of distances (T5)",
    "fixed": "sines that are added to the embeddings",
}
"""Values of `position_embedding_type` that have no mechanism here, and what each would be."""

_DECODER = {
    "vocab_size": 50257, "max_position_embeddings": 1024, "position_embedding_type": "learned", "filter_size": 3072,
    "nonlinearity": "gelu", "norm_type": "layernorm", "share_embedding_weights": True, "use_ffn_bias": True,
    "use_projection_bias_in_attention": True, "use_ffn_bias_in_attention": True,
}  # fmt: skip
_PARALLEL = {**_DECODER, "position_embedding_type": "rotary", "use_ffn_bias": False}
_ENCODER = {**_DECODER, "vocab_size": 30522, "max_position_embeddings": 512, "disable_nsp": False}


@dataclass(frozen=True, slots=True)
class ZooFamily:
    """Models that share a configuration class: its defaults, and fields here that no key decides."""

    defaults: Mapping[str, Any]
    fields: Mapping[str, Any]


_CAUSAL = ZooFamily(_DECODER, {"causal": True, "task": "lm"})
_BESIDE = ZooFamily(_PARALLEL, {"causal": True, "task": "lm", "block": "parallel", "rotary_pairs": "interleaved"})
_BERT = ZooFamily(_ENCODER, {"causal": False, "norm_order": "post"})
FAMILIES: Mapping[str, ZooFamily] = {
    **dict.fromkeys(
        ("gpt2", "gpt3", "bloom", "btlm", "gemma2", "jais", "llama", "LlamaModel", "mistral", "mixtral", "mpt", "opt",
         "santacoder", "starcoder", "qwen2", "phi3"), _CAUSAL,
    ),
    **dict.fromkeys(("gptj", "falcon", "gpt-neox", "gpt_neox"), _BESIDE),
    **dict.fromkeys(("bert", "roberta"), ZooFamily(_ENCODER, {**_BERT.fields, "task": "mlm"})),
    "esm2": ZooFamily({**_ENCODER, "disable_nsp": True}, {"causal": False, "norm_order": "pre", "task": "mlm"}),
    "bert/classifier": ZooFamily(_ENCODER, {**_BERT.fields, "task": "classify"}),
    **dict.fromkeys(
        ("bert/token_classifier", "bert/extractive_summarization", "bert/qa"),
        ZooFamily(_ENCODER, {**_BERT.fields, "task": "tag"}),
    ),
}  # fmt: skip
"""Families by `model.name`."""
MECHANISMS: Mapping[str, str] = {
    **dict.fromkeys(("t5", "transformer"), "a decoder that attends to an encoder"),
    "pretrained": "a shape that stands in another file",
    "dpr": "two encoders that are told apart by pairs",
    "dpo": "two models, one of which only judges pairs (DPO)",
    **dict.fromkeys(
        ("llava", "multimodal_simple", "mllama", "dino", "vision_transformer", "vit", "ViTModel"), "patches of images"
    ),
    **dict.fromkeys(("dit",), "diffusion of images"),
    **dict.fromkeys(("fc_mnist", "mnist", "unet", "resnet", "regnet"), "layers that no transformer has"),
    **dict.fromkeys(("mamba", "jamba"), "state that is carried from token to token (Mamba)"),
}
"""Families that are refused, and what they would take."""
BY_KEYS: tuple[tuple[frozenset[str], str], ...] = (
    (frozenset({"src_vocab_size", "d_model", "d_kv", "encoder_num_hidden_layers"}), "transformer"),
    (frozenset({"pretrain_params_path"}), "pretrained"),
    (frozenset({"q_encoder", "ctx_encoder"}), "dpr"),
    (frozenset({"policy_model"}), "dpo"),
    (frozenset({"image_model_list", "image_size", "patch_size", "num_channels", "input_shape"}), "vit"),
    (frozenset({"max_cls_tokens", "use_cls_bias", "num_cls_classes"}), "bert/extractive_summarization"),
    (frozenset({"num_classes", "encoder_output_dropout_rate", "include_padding_in_loss"}), "bert/token_classifier"),
    (frozenset({"num_labels", "problem_type", "task_dropout"}), "bert/classifier"),
    (frozenset({"disable_nsp", "encoder_nonlinearity", "mlm_loss_weight", "use_segment_embedding"}), "bert"),
    (frozenset({"residual_dropout_rate", "use_untied_layer_norm"}), "gptj"),
    (frozenset({"hidden_size"}), "gpt2"),
)
"""Family of a model that has no name, as in the old form: the first of which it has a key."""

FREE = _names("""
attention_type attention_kernel attention_softmax_fp32 alibi_implementation boundary_casting
compute_eval_metrics dropout_seed embedding_initializer initializer initializer_range output_layer_initializer
ffn_initializer ffn_output_layer_initializer default_initializer attention_initializer loss_scaling loss_weight
mlm_loss_scaling mlm_loss_weight weight_initialization_seed
lr_adjustment_groups mup_base_hidden_size mup_base_filter_size scale_qk_dot_by_d attention_logits_alpha
output_logits_alpha scale_output_logits_by_d pos_scaling_factor pos_scaling_type
pos_scaling_extra_args fold_rope_consts position_embedding_offset pad_token_id mask_token_id
mask_padding_in_positional_embed embedding_pad_token_id problem_type label_smoothing pooler_nonlinearity
mlm_nonlinearity use_final_layer_norm use_ffn_bias_in_mlm use_output_bias_in_mlm use_position_embedding
use_segment_embedding tf_summary enable_vts allow_multireplica use_cache future_implementations
enable_gpu_optimizations freeze_ffn_bias_in_glu max_tokens start_token temperature top_k top_p loop_dim stop_sequences
include_padding_in_loss use_vsl document_separator_token label_vocab_file
dropout_rate embedding_dropout_rate attention_dropout_rate residual_dropout_rate embd_pdrop task_dropout
cls_dropout_rate encoder_output_dropout_rate token_dropout num_relative_attention_buckets use_cls_bias max_cls_tokens
""")
"""Keys of `model` that change neither shapes nor costs here; dropout is a mask beside much larger sums."""
ELSEWHERE = _names("""
attention_sliding_window_length attention_sink_tokens
name model_name nonlinearity encoder_nonlinearity attention_module extra_attention_params attention_inner_dim num_labels
lora_params moe moe_params mixed_precision fp16_type use_bfloat16
precision_opt_level num_classes num_cls_classes
""")
"""Keys of `model` that are read together with others."""

FORMATS = {"float16": "mixed", "bfloat16": "bf16", "cbfloat16": "cb16"}
"""Values of `fp16_type`; all sum in 32 bits."""
MOMENTS = {
    "adam": 2, "adamw": 2, "adamax": 2, "nadam": 2, "radam": 2, "lamb": 2, "adadelta": 2, "asgd": 2, "adagrad": 1,
    "rmsprop": 1, "rprop": 2, "lion": 1, "sgd": 0, "adafactor": 0,
}  # fmt: skip
"""What an optimizer keeps of each parameter beside the weight and its master copy; Adafactor's rows and columns are as
good as nothing."""
