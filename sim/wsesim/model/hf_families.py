"""Model types of Hugging Face: how each is read, what its classes and sizes are called."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field

from wsesim.model import hf_encoders as encoders
from wsesim.model import hf_gpts as gpts
from wsesim.model import hf_latents as latents
from wsesim.model import hf_llamas as llamas
from wsesim.model import hf_mixed as mixed
from wsesim.model.hf_file import HfConfig
from wsesim.model.hf_parts import LONG, SHORT, Fields


@dataclass(frozen=True, slots=True)
class HfFamily:
    """How a model type is read."""

    read: Callable[[HfConfig, Fields], Fields]
    prefix: str
    """What its classes are called, before what they are for."""
    usual: tuple[str, ...] = LONG
    """Its keys of sizes."""
    defaults: Mapping[str, int] = field(default_factory=dict)
    """Sizes that its published files leave out."""
    pools: bool = False
    """Whether its body pools the first token."""
    sentences: bool = False
    """Whether it is pre-trained on sentences, too."""


def _gemma(read: Callable[[HfConfig, Fields], Fields], prefix: str) -> HfFamily:
    return HfFamily(read, prefix, defaults={"layers": 26, "width": 2304, "heads": 8, "vocab": 262208,
                                            "max_length": 131072, "ffn_width": 9216})  # fmt: skip


_LLAMA = HfFamily(llamas.llama, "Llama")
_MPT = ("n_layers", "d_model", "n_heads", "max_seq_len")
_FALCON = HfFamily(gpts.falcon, "Falcon", defaults={"max_length": 2048, "vocab": 65024})
FAMILIES: Mapping[str, HfFamily] = {
    "gpt2": HfFamily(gpts.gpt2, "GPT2", SHORT), "gptj": HfFamily(gpts.gptj, "GPTJ", SHORT), "llama": _LLAMA,
    "mixtral": HfFamily(llamas.mixtral, "Mixtral"), "bert": HfFamily(encoders.bert, "Bert", pools=True, sentences=True),
    "mistral": HfFamily(llamas.mistral, "Mistral"), "ministral": HfFamily(llamas.mistral, "Ministral"),
    "qwen": HfFamily(llamas.qwen, "QWen"), "qwen2": HfFamily(llamas.qwen2, "Qwen2"),
    "qwen2_moe": HfFamily(llamas.qwen2_moe, "Qwen2Moe"), "qwen3": HfFamily(llamas.qwen3, "Qwen3"),
    "qwen3_moe": HfFamily(llamas.qwen3_moe, "Qwen3Moe"), "phi3": HfFamily(llamas.phi3, "Phi3"),
    "phi": HfFamily(gpts.phi, "Phi", defaults={"max_length": 2048}),
    "gemma": HfFamily(llamas.gemma, "Gemma", defaults={"vocab": 256000, "max_length": 8192}),
    "gemma2": HfFamily(llamas.gemma2, "Gemma2", defaults={"vocab": 256000, "max_length": 8192}),
    "gemma3_text": _gemma(llamas.gemma3, "Gemma3"), "olmo": HfFamily(llamas.olmo, "OLMo"),
    "olmo2": HfFamily(llamas.olmo2, "Olmo2"), "olmo3": HfFamily(llamas.olmo2, "Olmo3"),
    "olmoe": HfFamily(llamas.olmoe, "Olmoe"), "stablelm": HfFamily(llamas.stablelm, "StableLm"),
    "granite": HfFamily(llamas.granite, "Granite"), "granitemoe": HfFamily(llamas.granitemoe, "GraniteMoe"),
    "minicpm": HfFamily(llamas.minicpm, "MiniCPM"), "cohere": HfFamily(llamas.cohere, "Cohere"),
    "nemotron": HfFamily(llamas.nemotron, "Nemotron"), "gpt_oss": HfFamily(llamas.gpt_oss, "GptOss"),
    "glm": HfFamily(llamas.glm, "Glm"), "glm4": HfFamily(llamas.glm, "Glm4"),
    "seed_oss": HfFamily(llamas.seed_oss, "SeedOss"), "ernie4_5": HfFamily(llamas.ernie, "Ernie4_5"),
    "arcee": HfFamily(llamas.arcee, "Arcee"), "phimoe": HfFamily(llamas.phimoe, "PhiMoE"),
    "deepseek_v2": HfFamily(latents.deepseek_v2, "DeepseekV2"), "kimi_k2": HfFamily(latents.deepseek_v3, "DeepseekV3"),
    "deepseek_v3": HfFamily(latents.deepseek_v3, "DeepseekV3"), "minicpm3": HfFamily(latents.minicpm3, "MiniCPM3"),
    "glm4_moe_lite": HfFamily(latents.deepseek_v3, "Glm4MoeLite"), "dots1": HfFamily(latents.dots1, "Dots1"),
    "glm4_moe": HfFamily(latents.glm4_moe, "Glm4Moe"), "deepseek": HfFamily(latents.deepseek, "Deepseek"),
    "baichuan": HfFamily(llamas.baichuan, "Baichuan", defaults={"max_length": 4096}),
    "orion": HfFamily(llamas.orion, "Orion"), "stablelm_epoch": HfFamily(llamas.stablelm, "StableLMEpoch"),
    "granitemoeshared": HfFamily(llamas.granitemoe, "GraniteMoeShared"),
    "helium": HfFamily(llamas.llama, "Helium"), "smollm3": HfFamily(mixed.smollm3, "SmolLM3"),
    "cohere2": HfFamily(mixed.cohere2, "Cohere2"), "exaone4": HfFamily(mixed.exaone4, "Exaone4"),
    "ministral3": HfFamily(mixed.ministral3, "Ministral3"),
    "granitemoehybrid": HfFamily(mixed.granite_hybrid, "GraniteMoeHybrid"),
    "ernie4_5_moe": HfFamily(latents.ernie_moe, "Ernie4_5_Moe"),
    "internlm3": HfFamily(llamas.internlm3, "InternLM3"),
    **dict.fromkeys(("qwen2_vl", "qwen2_vl_text"), HfFamily(llamas.qwen2, "Qwen2VL")),
    **dict.fromkeys(("qwen2_5_vl", "qwen2_5_vl_text"), HfFamily(llamas.qwen2, "Qwen2_5_VL")),
    "qwen3_vl_text": HfFamily(llamas.qwen3, "Qwen3VL"), "glm4v_text": HfFamily(llamas.glm, "Glm4v"),
    "qwen2_5_omni_text": HfFamily(llamas.qwen2, "Qwen2_5Omni"),
    "qwen3_omni_moe_text": HfFamily(llamas.qwen3_moe, "Qwen3OmniMoe"),
    "data2vec-text": HfFamily(encoders.roberta, "Data2VecText", pools=True),
    "qwen3_vl_moe_text": HfFamily(llamas.qwen3_moe, "Qwen3VLMoe"),
    "phi-msft": HfFamily(gpts.phi, "Phi", SHORT),
    "mixformer-sequential": HfFamily(gpts.phi, "MixFormerSequential", SHORT),
    "biogpt": HfFamily(gpts.biogpt, "BioGpt"), "internlm": HfFamily(llamas.internlm2, "InternLM"),
    "internlm2": HfFamily(llamas.internlm2, "InternLM2"),
    "chatglm": HfFamily(llamas.chatglm, "ChatGLM", ("num_layers", *LONG[1:3], "padded_vocab_size", "seq_length")),
    "exaone": HfFamily(llamas.llama, "Exaone", ("num_layers", *LONG[1:])),
    **dict.fromkeys(("yi", "Yi", "xverse", "skywork", "aquila", "arcee_llama", "code_llama"), _LLAMA),
    "gpt_bigcode": HfFamily(gpts.gpt_bigcode, "GPTBigCode", SHORT), "codegen": HfFamily(gpts.gptj, "CodeGen", SHORT),
    "openai-gpt": HfFamily(gpts.openai_gpt, "OpenAIGPT", SHORT),
    "nomic_bert": HfFamily(encoders.nomic_bert, "NomicBert", SHORT, {"max_length": 8192}),
    "gpt_neo": HfFamily(gpts.gpt_neo, "GPTNeo", ("num_layers", "hidden_size", "num_heads", *LONG[3:])),
    "gpt_neox": HfFamily(gpts.gpt_neox, "GPTNeoX"), "starcoder2": HfFamily(gpts.starcoder2, "Starcoder2"),
    "opt": HfFamily(gpts.opt, "OPT"),
    "dbrx": HfFamily(gpts.dbrx, "Dbrx", _MPT),
    "bloom": HfFamily(gpts.bloom, "Bloom", ("n_layer", "hidden_size", "n_head", "seq_length"), {"max_length": 2048}),
    "mpt": HfFamily(gpts.mpt, "MPT", _MPT, {"max_length": 2048}),
    "btlm": HfFamily(gpts.mup_gpt2, "BTLM", SHORT), "jais": HfFamily(gpts.mup_gpt2, "JAIS", SHORT),
    "falcon": _FALCON, "RefinedWeb": _FALCON, "RefinedWebModel": _FALCON,
    "roberta": HfFamily(encoders.roberta, "Roberta", pools=True),
    "xlm-roberta": HfFamily(encoders.roberta, "XLMRoberta", pools=True),
    "camembert": HfFamily(encoders.roberta, "Camembert", pools=True), "esm": HfFamily(encoders.esm, "Esm", pools=True),
    "distilbert": HfFamily(encoders.distilbert, "DistilBert", ("n_layers", "dim", "n_heads", *LONG[3:])),
}  # fmt: skip
"""By model type."""
