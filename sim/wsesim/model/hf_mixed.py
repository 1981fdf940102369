"""Families some of whose layers are otherwise: windows in most, positions in most, states in some.

Keys and defaults are those of transformers 5.
"""

from __future__ import annotations

from wsesim.model.hf_file import HfConfig, shown
from wsesim.model.hf_llamas import cohere, granite, granitemoe, llama, mistral
from wsesim.model.hf_parts import Fields, turn_of, window

STATES = "layers of state spaces or recurrence in place of attention have no mechanism here"


def smollm3(config: HfConfig, fields: Fields) -> Fields:
    """Return a SmolLM 3: a Llama that turns nothing in every fourth layer."""
    config.require("use_sliding_window", False, "no published file asks for windows")
    config.asked.update(("layer_types", "sliding_window"))
    found = llama(config, fields, kv=4, base=2e6, tied=True)
    turns = config.value("no_rope_layers", [])
    every = config.integer("no_rope_layer_interval", 4)
    if turns:
        still = [number + 1 for number, turn in enumerate(turns) if not turn] if isinstance(turns, list) else []
        every = still[0] if still else 0
        if not isinstance(turns, list) or still != ([*range(every, fields["layers"] + 1, every)] if every else []):
            config.fail("no_rope_layers", "is in no even turn, which has no mechanism here")
    return found | _still(every, fields)


def cohere2(config: HfConfig, fields: Fields) -> Fields:
    """Return a Cohere Command R7B or A: a Cohere with windows; layers without one turn nothing."""
    config.asked.update(("layer_switch", "order_of_interleaved_layers", "rotary_pct", "use_gated_activation"))
    config.require("use_parallel_block", True, "no published file asks for another block")
    every = turn_of(config, fields, config.integer("sliding_window_pattern", 4))
    found = cohere(config, fields)
    return found | window(config, fields, default=4096, every=every) | _still(every, fields)


def exaone4(config: HfConfig, fields: Fields) -> Fields:
    """Return an EXAONE 4: heads are normed, and what a half gives; in its large size layers without a window turn
    nothing."""
    found = llama(config, fields, eps=1e-5) | {"norm_order": "inner", "head_norm": True}
    if "sliding_window" in config.data and not config.has("sliding_window"):
        config.asked.update(("sliding_window_pattern", "layer_types"))
        return found
    pattern = config.value("sliding_window_pattern", 4)
    every = len(pattern) if isinstance(pattern, str) else config.integer("sliding_window_pattern", 4)
    every = turn_of(config, fields, every)
    return found | window(config, fields, default=4096, every=every) | _still(every, fields)


def _still(every: int, fields: Fields) -> Fields:
    return {"still_every": every} if 0 < every <= fields["layers"] else {}


def ministral3(config: HfConfig, fields: Fields) -> Fields:
    """Return a Ministral 3: a Mistral that was stretched."""
    if config.inner("rope_parameters").has("llama_4_scaling_beta"):
        config.differ("rope_parameters", "has llama_4_scaling_beta, by which queries grow beyond the positions of "
                    "training: it is not followed, costs are equal")  # fmt: skip
    return mistral(config, fields)


def granite_hybrid(config: HfConfig, fields: Fields) -> Fields:
    """Return a Granite 4 all of whose layers are attention, with one network that its files call shared."""
    kinds = config.value("layer_types", [])
    if not kinds or not isinstance(kinds, list) or not {*map(str, kinds)} <= {"attention", "full_attention"}:
        config.fail("layer_types" if kinds else "model_type", f"= {shown(kinds or 'granitemoehybrid')}: {STATES}")
    for key in config.data:
        if key.startswith("mamba_"):
            config.asked.add(key)
    config.asked.update(("layer_types", "num_experts_per_tok", "shared_intermediate_size", "time_step_limit"))
    config.choice("position_embedding_type", {"rope": 1, "nope": 0}, "nope")
    placed = {} if config.value("position_embedding_type", "nope") == "rope" else {"position": "none"}
    if config.value("num_local_experts", 8):
        beside = {"shared_width": config.integer("shared_intermediate_size", 1024)}
        return granitemoe(config, fields) | beside | placed
    return granite(config, fields) | {"ffn_width": config.integer("shared_intermediate_size", 1024)} | placed
