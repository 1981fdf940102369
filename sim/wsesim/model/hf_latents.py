"""Families whose keys and values are made of a latent vector, DeepSeek V2 and V3, Kimi K2, MiniCPM 3; and those that
have DeepSeek's experts alone, with dense layers before them: DeepSeek's first, GLM 4.5, dots.
"""

from __future__ import annotations

from math import log

from wsesim.model.hf_file import HfConfig, shown
from wsesim.model.hf_llamas import ernie, llama, minicpm
from wsesim.model.hf_parts import Fields, mixture, normed_shares, rotary, scaling_of

ROUTERS = {"softmax": "all", "sigmoid": "sigmoid"}


def deepseek_v2(config: HfConfig, fields: Fields) -> Fields:
    """Return a DeepSeek V2: shares by a softmax over all experts, of the best groups where it says so."""
    methods = {"greedy": False, "group_limited_greedy": True, "noaux_tc": True}
    grouped = config.choice("topk_method", methods, "greedy")
    shares = normed_shares(config, default=False)
    return _deepseek(config, fields, score="softmax", grouped=grouped, shift=False) | shares


def deepseek_v3(config: HfConfig, fields: Fields) -> Fields:
    """Return a DeepSeek V3, R1 or Kimi K2: shares by sigmoids over their sum, experts chosen with a shift."""
    _left_out(config)
    methods = {"greedy": False, "group_limited_greedy": False, "noaux_tc": True}
    shift = config.choice("topk_method", methods, "noaux_tc")
    return _deepseek(config, fields, score="sigmoid", grouped=True, shift=shift)


def deepseek(config: HfConfig, fields: Fields) -> Fields:
    """Return a DeepSeek of the first kind with experts: a Llama, its shares by a softmax over all."""
    found = llama(config, fields) | {"project_bias": config.flag("attention_bias", default=False)}
    shares = normed_shares(config, default=False)
    return found | _experts(config, found, score="softmax", grouped=False, shift=False) | shares


def glm4_moe(config: HfConfig, fields: Fields) -> Fields:
    """Return a GLM 4.5: half of a head turns, heads are normed in its large size, experts are those of DeepSeek V3."""
    _left_out(config)
    found = llama(config, fields, kv=8, head=128, share=0.5, eps=1e-5) | {"project_bias": False}
    found |= {"head_norm": config.flag("use_qk_norm", default=False)}
    return found | _experts(config, found, score="sigmoid", grouped=True, shift=True)


def dots1(config: HfConfig, fields: Fields) -> Fields:
    """Return a dots.llm1: heads are normed, experts are those of DeepSeek V3."""
    config.require("norm_topk_prob", True, _ONE_SUM)
    config.asked.update(("sliding_window", "max_window_layers", "layer_types", "use_sliding_window"))
    found = llama(config, fields) | {"head_norm": True}
    return found | _experts(config, found, score="sigmoid", grouped=True, shift=True)


def minicpm3(config: HfConfig, fields: Fields) -> Fields:
    """Return a MiniCPM 3: a MiniCPM with a latent vector."""
    value = fields["width"] // fields["heads"]
    made = _latent(config, fields, still=64, turned=32, rank=256, value=value)
    return minicpm(config, fields) | made | {"rotary_pairs": "halves"}


def ernie_moe(config: HfConfig, fields: Fields) -> Fields:
    """Return an ERNIE 4.5 with experts: shares by a softmax over the chosen, which are chosen with a shift."""
    _left_out(config)
    config.require("use_bias", False, "biases of experts have no mechanism in this model type")
    config.require("moe_layer_interval", 1, "dense layers among those with experts have no mechanism here")
    if config.value("moe_layer_end_index", -1) not in (-1, fields["layers"] - 1):
        config.fail("moe_layer_end_index", "must be the last layer: dense layers after those with experts have no "
                    "mechanism here")  # fmt: skip
    found, inner = ernie(config, fields), config.integer("moe_intermediate_size", 1536)
    first = config.integer("moe_layer_start_index", 1, least=0)
    return found | mixture(config, experts=64, each=6, keys=("moe_num_experts",)) | {
        "dense_layers": first, "dense_width": found["ffn_width"] if first else 0, "ffn_width": inner,
        "shared_width": inner * config.integer("moe_num_shared_experts", 2, least=0), "router_shift": True,
    }  # fmt: skip


_ONE_SUM = "shares by sigmoids that are not brought to one sum have no mechanism here"


def _left_out(config: HfConfig) -> None:
    """Say that layers that predict more than the next token are left out; refuse shares that are not of one sum."""
    config.require("norm_topk_prob", True, _ONE_SUM)
    if config.integer("num_nextn_predict_layers", 0, least=0) or config.integer("num_mtp_layers", 0, least=0):
        key = config.first(("num_nextn_predict_layers", "num_mtp_layers"))
        config.note(key, "is left out: layers that predict more than the next token are not built, counted or timed")


def _deepseek(config: HfConfig, fields: Fields, *, score: str, grouped: bool, shift: bool) -> Fields:
    wide = config.integer("qk_nope_head_dim", 128) + config.integer("qk_rope_head_dim", 64)
    found = llama(config, fields, kv=fields["heads"], head=wide, eps=1e-6) | _latent(config, fields)
    return found | _experts(config, found, score=score, grouped=grouped, shift=shift)


def _experts(config: HfConfig, found: Fields, *, score: str, grouped: bool, shift: bool) -> Fields:
    """Return experts, what shares them out, the network beside them and the dense layers before them."""
    scored = config.choice("scoring_func", ROUTERS, score)
    if scored != ROUTERS[score]:
        config.fail("scoring_func", f"= {shown(config.data['scoring_func'])}: routers of this type score by {score}")
    config.asked.update(("n_group", "topk_group"))
    inner = config.integer("moe_intermediate_size", 2048)
    beside = config.integer("n_shared_experts", 0, least=0)
    return mixture(config, experts=256, each=8) | _dense(config, found) | {
        "ffn_width": inner, "shared_width": inner * beside, "router": scored, "router_shift": shift,
        "router_scale": config.number("routed_scaling_factor", 1.0), **(_groups(config) if grouped else {}),
    }  # fmt: skip


def _latent(
    config: HfConfig, fields: Fields, *, still: int = 128, turned: int = 64, rank: int = 512, value: int = 128
) -> Fields:
    """Return sizes of queries, of the latent vector, of the key that turns, and how it does."""
    still, turned = config.integer("qk_nope_head_dim", still), config.integer("qk_rope_head_dim", turned)
    config.asked.update(("num_key_value_heads", "head_dim", "qk_head_dim"))
    angles = rotary(config, {**fields, "head_width": turned})
    neighbours = config.flag("rope_interleave", default=True)
    return angles | {
        "kv_heads": fields["heads"], "head_width": still + turned, "rotary_width": turned,
        "latent_rank": config.integer("kv_lora_rank", rank), "value_width": config.integer("v_head_dim", value),
        "query_rank": config.integer("q_lora_rank") if config.has("q_lora_rank") else 0,
        "rotary_pairs": "interleaved" if neighbours else "halves", "attention_scale": _scale(config, still + turned),
    }  # fmt: skip


def _scale(config: HfConfig, head: int) -> float:
    """Return what scores are multiplied by: more where the model was stretched, as `mscale_all_dim` says."""
    place, kind = scaling_of(config)
    if kind == "default" or not place.value("mscale_all_dim", 0):
        return 0.0
    grown = 0.1 * place.number("mscale_all_dim", 1.0) * log(max(1.0, place.number("factor", 1.0))) + 1
    return float(head**-0.5 * grown**2)


def _groups(config: HfConfig) -> Fields:
    groups = config.integer("n_group", 1)
    return {"router_groups": groups, "router_groups_kept": config.integer("topk_group", 1)} if groups > 1 else {}


def _dense(config: HfConfig, found: Fields) -> Fields:
    """Return how many of the first layers have one network, and how wide it is."""
    kinds = config.value("mlp_layer_types", [])
    layers = config.integer("first_k_dense_replace", 0, least=0)
    if kinds:
        dense = [kind == "dense" for kind in kinds] if isinstance(kinds, list) else [False]
        layers = dense.index(False) if False in dense else len(dense)
        if kinds != ["dense"] * layers + ["sparse"] * (found["layers"] - layers):
            config.fail("mlp_layer_types", "must be dense layers, then sparse ones, as many as there are: others have "
                        "no mechanism here")  # fmt: skip
    return {"dense_layers": layers, "dense_width": found["ffn_width"]} if layers else {}
