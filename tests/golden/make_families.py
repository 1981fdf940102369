"""Make families/: tiny models of many families with random weights, and what torch and transformers compute with them.

    python make_families.py          all of them
    python make_families.py gemma2   some

Needs the packages `torch` and `transformers`, which the project itself does not use. NAME.json is the config as
transformers writes it, NAME.safetensors the weights under its names, NAME.expected.safetensors ids, logits and loss in
float64, NAME.gradients.safetensors the gradients of the loss, rounded to fp32.
"""

import sys
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

import torch  # type: ignore[import-not-found, unused-ignore]
import transformers as hf  # type: ignore[import-not-found, unused-ignore]
from safetensors.torch import load_file, save_file
from transformers.models.deepseek_v2.modeling_deepseek_v2 import (  # type: ignore[import-not-found, unused-ignore]
    DeepseekV2Moe,
)

FOLDER = Path(__file__).parent / "families"
VOCAB, POSITIONS, SEQUENCES, LENGTH, MASKED = 19, 16, 2, 6, 3
LONG: dict[str, Any] = {
    "vocab_size": VOCAB, "max_position_embeddings": POSITIONS, "hidden_size": 16, "num_hidden_layers": 1,
    "num_attention_heads": 4, "intermediate_size": 20, "pad_token_id": 1, "bos_token_id": 0, "eos_token_id": 0,
}  # fmt: skip
FEW: dict[str, Any] = {**LONG, "num_key_value_heads": 2}
EAGER = {"experts_implementation": "eager"}
NO_MOE = {"num_experts": 3, "num_experts_per_tok": 2, "moe_intermediate_size": 10}
LATENT: dict[str, Any] = {
    **EAGER, "kv_lora_rank": 6, "qk_nope_head_dim": 4, "qk_rope_head_dim": 4, "v_head_dim": 3, "num_experts_per_tok": 2,
    "moe_intermediate_size": 10, "n_shared_experts": 1, "num_key_value_heads": 4,
}  # fmt: skip
MIXED_SIGHT = ["sliding_attention", "full_attention"]
YARN = {"rope_type": "yarn", "rope_theta": 1e4, "factor": 4.0, "original_max_position_embeddings": 8}
MODELS: dict[str, tuple[str, str, dict[str, Any]]] = {
    "qwen2": ("Qwen2ForCausalLM", "Qwen2Config", FEW),
    "qwen2_moe": ("Qwen2MoeForCausalLM", "Qwen2MoeConfig", {**FEW, **NO_MOE, **EAGER,
                                                           "shared_expert_intermediate_size": 12}),
    "qwen3_moe": ("Qwen3MoeForCausalLM", "Qwen3MoeConfig", {**FEW, **NO_MOE, **EAGER, "head_dim": 4,
                                                           "norm_topk_prob": True}),
    "gpt_neox": ("GPTNeoXForCausalLM", "GPTNeoXConfig", {**LONG, "rotary_pct": 0.5}),
    "llama3": ("LlamaForCausalLM", "LlamaConfig", {**FEW, "rope_parameters": {
        "rope_type": "llama3", "rope_theta": 1e2, "factor": 4.0, "low_freq_factor": 1.0, "high_freq_factor": 3.0,
        "original_max_position_embeddings": 12}}),
    "phi": ("PhiForCausalLM", "PhiConfig", FEW),
    "phi3": ("Phi3ForCausalLM", "Phi3Config", FEW),
    "opt": ("OPTForCausalLM", "OPTConfig", {**LONG, "ffn_dim": 20, "word_embed_proj_dim": 8,
                                            "do_layer_norm_before": False}),
    "bloom": ("BloomForCausalLM", "BloomConfig", {"vocab_size": VOCAB, "hidden_size": 18, "n_layer": 1, "n_head": 6}),
    "mpt": ("MptForCausalLM", "MptConfig", {"vocab_size": VOCAB, "d_model": 16, "n_layers": 1, "n_heads": 4,
                                            "max_seq_len": POSITIONS}),
    "falcon": ("FalconForCausalLM", "FalconConfig", {**LONG, "num_kv_heads": 2, "new_decoder_architecture": True}),
    "falcon_one": ("FalconForCausalLM", "FalconConfig", LONG),
    "gemma2": ("Gemma2ForCausalLM", "Gemma2Config", {**FEW, "num_hidden_layers": 2, "head_dim": 4, "sliding_window": 3,
                                                    "query_pre_attn_scalar": 9, "attn_logit_softcapping": 2.0,
                                                    "final_logit_softcapping": 3.0}),
    "gemma3": ("Gemma3ForCausalLM", "Gemma3TextConfig", {
        **FEW, "num_hidden_layers": 2, "head_dim": 4, "sliding_window": 3, "query_pre_attn_scalar": 9,
        "layer_types": MIXED_SIGHT, "rope_parameters": {
            "sliding_attention": {"rope_type": "default", "rope_theta": 1e2},
            "full_attention": {"rope_type": "linear", "rope_theta": 1e4, "factor": 8.0}}}),
    "olmo": ("OlmoForCausalLM", "OlmoConfig", FEW),
    "olmo2": ("Olmo2ForCausalLM", "Olmo2Config", FEW),
    "gpt_oss": ("GptOssForCausalLM", "GptOssConfig", {**FEW, **EAGER, "num_hidden_layers": 2, "head_dim": 4,
                                                     "sliding_window": 3, "num_local_experts": 3,
                                                     "num_experts_per_tok": 2, "rope_parameters": {
                                                         **YARN, "rope_theta": 1e2, "truncate": False}}),
    "stablelm": ("StableLmForCausalLM", "StableLmConfig", {**FEW, "rope_parameters": {
        "rope_type": "default", "rope_theta": 1e4, "partial_rotary_factor": 0.5}}),
    "granite": ("GraniteForCausalLM", "GraniteConfig", {**FEW, "embedding_multiplier": 2.0, "attention_multiplier": 0.3,
                                                       "residual_multiplier": 0.4, "logits_scaling": 3.0}),
    "cohere": ("CohereForCausalLM", "CohereConfig", {**FEW, "logit_scale": 0.3}),
    "cohere_heads": ("CohereForCausalLM", "CohereConfig", {**FEW, "logit_scale": 0.3, "use_qk_norm": True}),
    "stablelm2": ("StableLmForCausalLM", "StableLmConfig", {
        **FEW, "qk_layernorm": True, "use_parallel_residual": True, "partial_rotary_factor": 0.5,
        "rope_parameters": {"rope_type": "default", "rope_theta": 1e4, "partial_rotary_factor": 0.5}}),
    "nemotron": ("NemotronForCausalLM", "NemotronConfig", {**FEW, "head_dim": 4}),
    "gpt_neo": ("GPTNeoForCausalLM", "GPTNeoConfig", {
        "vocab_size": VOCAB, "max_position_embeddings": POSITIONS, "hidden_size": 16, "num_layers": 1, "num_heads": 4,
        "intermediate_size": 20, "attention_types": [[["global"], 1]]}),
    "deepseek_v2": ("DeepseekV2ForCausalLM", "DeepseekV2Config", {
        **LONG, **LATENT, "q_lora_rank": 7, "n_routed_experts": 6, "n_group": 3, "topk_group": 2,
        "num_hidden_layers": 2, "topk_method": "group_limited_greedy", "first_k_dense_replace": 1,
        "routed_scaling_factor": 1.5,
        "rope_parameters": {**YARN, "mscale": 0.7, "mscale_all_dim": 0.9}}),
    "deepseek_v3": ("DeepseekV3ForCausalLM", "DeepseekV3Config", {
        **LONG, **LATENT, "q_lora_rank": None, "n_routed_experts": 8, "n_group": 4, "topk_group": 2,
        "num_hidden_layers": 2, "first_k_dense_replace": 1, "routed_scaling_factor": 2.5, "num_mtp_layers": 0,
        "num_experts_per_tok": 3, "rope_parameters": {**YARN, "mscale_all_dim": 1.0}}),
    # transformers has no class of it: it is a Llama with the experts of DeepSeek V2.
    "deepseek": ("LlamaForCausalLM", "LlamaConfig", {**FEW, "num_hidden_layers": 2}),
    "glm4_moe": ("Glm4MoeForCausalLM", "Glm4MoeConfig", {
        **FEW, **EAGER, "head_dim": 4, "n_routed_experts": 4, "num_experts_per_tok": 2, "moe_intermediate_size": 10,
        "num_hidden_layers": 2, "attention_bias": True, "use_qk_norm": True, "num_mtp_layers": 0,
        "routed_scaling_factor": 2.0}),
    "glm4_moe_lite": ("Glm4MoeLiteForCausalLM", "Glm4MoeLiteConfig", {
        **LONG, **LATENT, "q_lora_rank": 7, "n_routed_experts": 4, "num_hidden_layers": 2,
        "routed_scaling_factor": 1.8, "num_mtp_layers": 0}),
    "minicpm3": ("MiniCPM3ForCausalLM", "MiniCPM3Config", {
        **LONG, **{key: LATENT[key] for key in ("kv_lora_rank", "qk_nope_head_dim", "qk_rope_head_dim", "v_head_dim")},
        "num_key_value_heads": 4, "q_lora_rank": 7, "scale_emb": 3, "scale_depth": 1.4, "dim_model_base": 8}),
    "smollm3": ("SmolLM3ForCausalLM", "SmolLM3Config", {**FEW, "num_hidden_layers": 2, "no_rope_layer_interval": 2}),
    "cohere2": ("Cohere2ForCausalLM", "Cohere2Config", {
        **FEW, "num_hidden_layers": 2, "sliding_window": 3, "layer_types": MIXED_SIGHT}),
    "exaone4": ("Exaone4ForCausalLM", "Exaone4Config", {
        **FEW, "num_hidden_layers": 2, "sliding_window": 3, "sliding_window_pattern": 2, "layer_types": MIXED_SIGHT,
        "head_dim": 4}),
    "granitemoehybrid": ("GraniteMoeHybridForCausalLM", "GraniteMoeHybridConfig", {
        **FEW, "layer_types": ["attention"], "num_local_experts": 0, "num_experts_per_tok": 0,
        "shared_intermediate_size": 20, "position_embedding_type": "rope", "embedding_multiplier": 2.0,
        "mamba_n_heads": 4, "mamba_d_head": 8}),
    "ernie4_5_moe": ("Ernie4_5_MoeForCausalLM", "Ernie4_5_MoeConfig", {
        **FEW, **EAGER, "num_hidden_layers": 2, "moe_num_experts": 4, "moe_k": 2, "moe_intermediate_size": 10,
        "moe_num_shared_experts": 1, "moe_layer_start_index": 1, "head_dim": 4}),
    "openai_gpt": ("OpenAIGPTLMHeadModel", "OpenAIGPTConfig", {
        "vocab_size": VOCAB, "n_positions": POSITIONS, "n_embd": 16, "n_layer": 1, "n_head": 4}),
    "roberta": ("RobertaForMaskedLM", "RobertaConfig", {**LONG, "type_vocab_size": 1}),
    "distilbert": ("DistilBertForMaskedLM", "DistilBertConfig", {
        "vocab_size": VOCAB, "max_position_embeddings": POSITIONS, "dim": 16, "n_layers": 1, "n_heads": 4,
        "hidden_dim": 20}),
    "nomic_bert": ("NomicBertForMaskedLM", "NomicBertConfig", {
        key: size for key, size in LONG.items() if key not in ("bos_token_id", "eos_token_id")}),
    "esm": ("EsmForMaskedLM", "EsmConfig", {**LONG, "position_embedding_type": "rotary", "mask_token_id": 18,
                                            "token_dropout": False}),
}  # fmt: skip


def main() -> None:
    """Write every model and what it computes."""
    FOLDER.mkdir(exist_ok=True)
    for name, (kind, config, keys) in MODELS.items():
        if sys.argv[1:] and name not in sys.argv[1:]:
            continue
        made = {key: value for key, value in keys.items() if key != "experts_implementation"}
        model = getattr(hf, kind)._from_config(
            getattr(hf, config)(**made), attn_implementation="eager",
            **({"experts_implementation": "eager"} if "experts_implementation" in keys else {}),
        ).eval()  # fmt: skip
        if name == "deepseek":
            mix(model)
        randomise(model)
        save(model, name)
        wanted = expected(model.double())
        save_file({key: value.detach().contiguous() for key, value in wanted.items()},
                  FOLDER / f"{name}.expected.safetensors")  # fmt: skip
        wanted["loss"].backward()
        for parameter in model.parameters():
            parameter.data = parameter.grad if parameter.grad is not None else torch.zeros_like(parameter)
        save(model.float(), f"{name}.gradients", config=False)


MIXED = {"n_routed_experts": 4, "num_experts_per_tok": 2, "moe_intermediate_size": 10, "n_shared_experts": 2,
         "first_k_dense_replace": 1}  # fmt: skip


def mix(model: Any) -> None:
    """Give layers after the first experts as DeepSeek's, and the config what says so."""
    config = hf.DeepseekV2Config(**LONG, **MIXED, n_group=1, topk_group=1, topk_method="greedy")
    config._experts_implementation = "eager"
    for layer in model.model.layers[MIXED["first_k_dense_replace"] :]:
        layer.mlp = DeepseekV2Moe(config)
    model.config.update({**MIXED, "scoring_func": "softmax", "norm_topk_prob": False})


def by_expert(tensors: dict[str, Any]) -> dict[str, Any]:
    """Return *tensors* as DeepSeek's first files have them: each expert's matrices by themselves."""
    found = {key: tensor for key, tensor in tensors.items() if ".experts." not in key}
    for key in tensors.keys() - found.keys():
        for number, tensor in enumerate(tensors[key]):
            names = ("gate_proj", "up_proj") if key.endswith("gate_up_proj") else ("down_proj",)
            parts = tensor.chunk(len(names))
            found |= {f"{key.rpartition('.')[0]}.{number}.{name}.weight": part.contiguous()
                      for name, part in zip(names, parts, strict=True)}  # fmt: skip
    return found


def save(model: Any, name: str, *, config: bool = True) -> None:
    """Write the parameters of *model* under the names that transformers has for them in files, and its config."""
    with TemporaryDirectory() as folder:
        model.save_pretrained(folder)
        if config:
            text = (Path(folder) / "config.json").read_text()
            if name == "deepseek":
                text = text.replace('"llama"', '"deepseek"').replace('"Llama', '"Deepseek')
            (FOLDER / f"{name}.json").write_text(text)
        tensors = load_file(Path(folder) / "model.safetensors")
        tensors = by_expert(tensors) if name.partition(".")[0] == "deepseek" else tensors
        save_file({_published(key): tensor for key, tensor in tensors.items() if "*" not in key},
                  FOLDER / f"{name}.safetensors")  # fmt: skip


def _published(key: str) -> str:
    """Return the name that a tensor has in published files, where this version writes it otherwise."""
    return key.replace("LayerNorm.gamma", "LayerNorm.weight").replace("LayerNorm.beta", "LayerNorm.bias")


def randomise(model: Any) -> None:
    """Draw every parameter, biases and norms too, so large that each of them shows in the logits."""
    generator = torch.Generator().manual_seed(30)
    with torch.no_grad():
        for _, parameter in sorted(model.named_parameters()):
            parameter.normal_(0.0, 0.3, generator=generator)
        for name, buffer in model.named_buffers():
            if name.endswith("e_score_correction_bias"):
                buffer.normal_(0.0, 0.3, generator=generator)
    for module in model.modules():
        if type(module).__name__.endswith(("LayerNorm", "RMSNorm")) and getattr(module, "weight", None) is not None:
            module.weight.data += 0 if type(module).__name__.startswith("Gemma") else 1


def expected(model: Any) -> dict[str, Any]:
    """Return ids, logits and the loss made from them in float64."""
    # Neither padding nor the id of a mask.
    ids = torch.randint(2, VOCAB - 1, (SEQUENCES, LENGTH), generator=torch.Generator().manual_seed(31))
    second = (torch.arange(LENGTH) >= LENGTH // 2).long().expand(SEQUENCES, LENGTH)
    types = {"token_type_ids": second} if getattr(model.config, "type_vocab_size", 1) > 1 else {}
    logits = model(input_ids=ids, attention_mask=torch.ones_like(ids), **types).logits
    entropy = torch.nn.functional.cross_entropy
    if "MaskedLM" in type(model).__name__:
        logits = logits[:, :MASKED]
        loss = entropy(logits.flatten(0, 1).double(), ids[:, :MASKED].flatten())
    else:
        loss = entropy(logits[:, :-1].flatten(0, 1).double(), ids[:, 1:].flatten())
    return {"ids": ids, "logits": logits, "loss": loss.reshape(1)}


if __name__ == "__main__":
    main()
