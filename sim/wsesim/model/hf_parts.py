"""What configs of many families say alike: sizes by any of their names, positions, windows, experts, scales."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from math import log, sqrt
from typing import Any

from wsesim.model.hf_file import HfConfig, shown
from wsesim.ops import option_named

Fields = dict[str, Any]
NAMES: Mapping[str, tuple[str, ...]] = {
    "layers": ("num_hidden_layers", "n_layer", "n_layers", "num_layers"),
    "width": ("hidden_size", "n_embd", "d_model", "n_embed", "dim"),
    "heads": ("num_attention_heads", "n_head", "n_heads", "num_heads"),
    "vocab": ("vocab_size", "padded_vocab_size"),
    "max_length": ("max_position_embeddings", "n_positions", "max_seq_len", "seq_length", "max_sequence_length"),
    "ffn_width": ("intermediate_size", "n_inner", "ffn_dim", "hidden_dim", "ffn_hidden_size"),
}
"""By field of `ModelSpec`, the keys of all families; each family has a first of its own."""
EPSILON = ("rms_norm_eps", "layer_norm_eps", "layer_norm_epsilon", "norm_epsilon", "norm_eps", "layernorm_epsilon")
LONG = ("num_hidden_layers", "hidden_size", "num_attention_heads", "vocab_size", "max_position_embeddings")
SHORT = ("n_layer", "n_embd", "n_head", "vocab_size", "n_positions")


def key_of(config: HfConfig, name: str, usual: Sequence[str]) -> str:
    """Return the key that says a size: the family's *usual* one, or another that stands there."""
    mine = [key for key in usual if key in NAMES[name]]
    return config.first([*mine, *(key for key in NAMES[name] if key not in mine)])


def sizes(config: HfConfig, usual: Sequence[str], defaults: Mapping[str, int]) -> Fields:
    """Return layers, width, heads, words and positions."""
    found = {}
    for name in ("layers", "width", "heads", "vocab", "max_length"):
        key = key_of(config, name, usual)
        found[name] = config.integer(key, *([defaults[name]] if name in defaults else []))
        for other in NAMES[name] if name in ("layers", "width", "heads") else ():
            if config.has(other) and config.data[other] != config.data[key]:
                config.fail(other, f"= {shown(config.data[other])} but {key} = {found[name]}, which means the same")
    return found


def inner_width(config: HfConfig, usual: Sequence[str], default: int | None = None) -> int:
    """Return the inner size of the feed-forward network."""
    key = key_of(config, "ffn_width", usual)
    return config.integer(key, *([] if default is None else [default]))


def kv_heads(config: HfConfig, default: int) -> int:
    """Return how many heads keys and values have."""
    key = config.first(("num_key_value_heads", "num_kv_heads", "n_head_kv", "multi_query_group_num"))
    return config.integer(key, default)


def head_width(config: HfConfig, fields: Fields, usual: Sequence[str] = LONG) -> int:
    """Return a head's size: as stated, or the width's share."""
    key = config.first(("head_dim", "kv_channels"))
    if config.has(key):
        return config.integer(key)
    width, heads = fields["width"], fields["heads"]
    if width % heads:
        names = (key_of(config, name, usual) for name in ("heads", "width"))
        heads_key, width_key = names
        config.fail(heads_key, f"= {heads} does not divide {width_key} = {width}")
    return int(width // heads)


def epsilon(config: HfConfig, default: float, *keys: str) -> float:
    """Return what a norm adds under its root."""
    return config.number(config.first((*keys, *EPSILON)), default)


def activation(config: HfConfig, *, gated: bool, default: str, keys: Sequence[str] = ("hidden_act",)) -> str:
    """Return the activation by what transformers calls it."""
    key = config.first((*keys, "hidden_act", "activation_function", "hidden_activation", "activation"))
    return config.choice(key, option_named("activation", gated=gated), default)


def rotary(config: HfConfig, fields: Fields, *, base: float = 1e4, share: float = 1.0) -> Fields:
    """Return base and width of what turns, and how a model was stretched."""
    found = {"position": "rotary", "rotary_base": base, **_stretched(config, fields)}
    inside = _rope(config, "rope_parameters")
    held = config if config.has("rope_theta") or not inside.has("rope_theta") else inside
    found["rotary_base"] = held.number(held.first(("rope_theta", "rotary_emb_base")), base)
    key, width = "partial_rotary_factor", fields["head_width"]
    for place in (inside, config):
        key = place.first(("partial_rotary_factor", "rotary_pct", "rotary_percent", "rope_pct"))
        share = place.number(key, share)
        if share > 1:
            place.fail(key, f"must be at most 1, got {share:g}")
    turned = int(width * share)
    if share < 1 and (turned < 2 or turned % 2):
        config.fail(key, f"= {share:g} of a head of {width} turns {turned} numbers, and must turn an even number")
    return found | {"rotary_width": turned if share < 1 else 0}


def scaling_of(config: HfConfig) -> tuple[HfConfig, object]:
    """Return the object that says how angles are scaled, and the kind of scaling; "default": they are not."""
    for key in ("rope_parameters", "rope_scaling"):
        place = _rope(config, key)
        kind = place.value("rope_type", place.value("type", "default"))
        if kind not in ("default", "mrope"):
            return place, kind
    return place, "default"


def _stretched(config: HfConfig, fields: Fields) -> Fields:
    """Return how angles are divided; of scaling that is not followed, say so."""
    place, kind = scaling_of(config)
    if kind == "default":
        return {}
    if isinstance(kind, str) and kind in _STRETCHED and place.has("factor"):
        trained = place.integer("original_max_position_embeddings", fields["max_length"])
        return {"rotary_factor": place.number("factor", 1.0), **_STRETCHED[kind](place, trained)}
    if kind == "dynamic":
        beyond = f"beyond {fields['max_length']:,} positions alone, which are all that are known"
        config.note(place.within[-1], f'asks for "dynamic" scaling: it changes angles {beyond}')
        return {}
    factors = place.value("short_factor", None)
    if kind == "longrope" and isinstance(factors, list) and all(factor == 1 for factor in factors):
        return _longer(config, place, fields)
    config.differ(place.within[-1], f"asks for {shown(kind)} scaling: angles are those without it, costs are equal")
    return {}


def _yarn(place: HfConfig, trained: int) -> Fields:
    smooth = not place.flag("truncate", default=True)
    return {
        "rotary_scaling": "yarn_smooth" if smooth else "yarn", "rotary_trained": trained,
        "rotary_fast": place.number("beta_fast", 32.0), "rotary_slow": place.number("beta_slow", 1.0),
        "rotary_scale": place.number("attention_factor", _grown(place, place.number("factor", 1.0))),
    }  # fmt: skip


def _llama3(place: HfConfig, trained: int) -> Fields:
    slow, fast = place.number("low_freq_factor", 1.0), place.number("high_freq_factor", 4.0)
    if fast <= slow:
        place.fail("high_freq_factor", f"= {fast:g} must be above low_freq_factor = {slow:g}")
    return {"rotary_scaling": "llama3", "rotary_trained": trained, "rotary_fast": fast, "rotary_slow": slow}


def _linear(place: HfConfig, trained: int) -> Fields:
    return {"rotary_scaling": "linear"}


_STRETCHED: Mapping[str, Callable[[HfConfig, int], Fields]] = {"yarn": _yarn, "llama3": _llama3, "linear": _linear}
"""By kind of scaling, how angles are divided."""


def _longer(config: HfConfig, place: HfConfig, fields: Fields) -> Fields:
    """Return what LongRoPE makes of positions that were trained on: numbers grow, angles stay (Ding et al. 2024)."""
    key = "original_max_position_embeddings"
    trained = (place if place.has(key) else config).integer(key, fields["max_length"])
    factor = place.number("factor", fields["max_length"] / trained)
    if trained < 2:
        config.fail(key, f"= {trained}: a model was trained on more than one position")
    config.differ(
        place.within[-1], f'asks for "longrope" scaling: angles beyond {trained:,} positions are those without'
    )
    grown = sqrt(1 + log(factor) / log(trained)) if factor > 1 else 1.0
    return {"rotary_scale": place.number("attention_factor", grown)}


def _grown(place: HfConfig, factor: float) -> float:
    """Return what turned numbers are multiplied by where nothing says it (Peng et al. 2023, section 3.4)."""
    each, all_of = (place.value(key, 0) and place.number(key, 1.0) for key in ("mscale", "mscale_all_dim"))
    grown = 0.1 * log(max(1.0, factor))
    return float((each * grown + 1) / (all_of * grown + 1) if each and all_of else grown + 1)


def _rope(config: HfConfig, key: str) -> HfConfig:
    """Return the object at *key*; of several, by kind of layer, that of layers that see all."""
    found = config.inner(key)
    kinds = [name for name in ("full_attention", "sliding_attention") if isinstance(found.data.get(name), dict)]
    if kinds:
        return found.inner(kinds[0])
    return found


def window(config: HfConfig, fields: Fields, *, default: int | None = None, every: int = 0) -> Fields:
    """Return the window of keys that a token sees, and how often a layer has none; *every*: where nothing says."""
    size = config.integer("sliding_window", default) if config.has("sliding_window") or default else 0
    kinds = config.value("layer_types", [])
    if not isinstance(kinds, list) or any(not isinstance(kind, str) for kind in kinds):
        config.fail("layer_types", f"must be a list of words, got {shown(kinds)}")
    if kinds and len(kinds) != fields["layers"]:
        config.fail("layer_types", f"names {len(kinds)} layers, the model has {fields['layers']}")
    for kind in kinds:
        if kind not in ("full_attention", "sliding_attention"):
            config.fail("layer_types", f"has {shown(kind)}: layers that are no attention have no mechanism here")
    if kinds and "sliding_attention" not in kinds:
        return {}
    if not size or size >= fields["max_length"]:
        return {}
    return {"window": size, "full_every": _turn(config, kinds) if kinds else every, **_window_base(config)}


def _window_base(config: HfConfig) -> Fields:
    """Return the base of layers with a window, where a file gives them one of their own."""
    inside, key = config.inner("rope_parameters").inner("sliding_attention"), "rope_theta"
    if not inside.has(key):
        inside, key = config, "rope_local_base_freq"
    return {"rotary_window_base": inside.number(key, 1e4)} if inside.has(key) else {}


def turn_of(config: HfConfig, fields: Fields, default: int) -> int:
    """Return of how many layers the last has no window, whether that binds or not; *default*: where nothing says."""
    kinds = config.value("layer_types", [])
    if not kinds or not isinstance(kinds, list):
        return default
    return _turn(config, kinds)


def _turn(config: HfConfig, kinds: Sequence[str]) -> int:
    """Return of how many layers the last has no window."""
    full = [number + 1 for number, kind in enumerate(kinds) if kind == "full_attention"]
    every = full[0] if full else 0
    if full != ([number for number in range(1, len(kinds) + 1) if number % every == 0] if every else []):
        config.differ(
            "layer_types", f"is in no even turn: numbers are checked as if every {every}th layer saw all keys"
        )
    return every


def mixture(config: HfConfig, *, experts: int, each: int, keys: Sequence[str] = ()) -> Fields:
    """Return how many experts there are and how many compute a token."""
    many = config.first((*keys, "num_experts", "num_local_experts", "n_routed_experts"))
    few = config.first(("num_experts_per_tok", "num_experts_per_token", "experts_per_token", "moe_topk", "moe_k"))
    return {"experts": config.integer(many, experts), "experts_per_token": config.integer(few, each)}


def normed_shares(config: HfConfig, *, default: bool) -> Fields:
    """Return which logits share out a token among its experts."""
    return {"router": "chosen" if config.flag("norm_topk_prob", default=default) else "all"}


def note_clips(config: HfConfig) -> None:
    """Say that bounds of queries, keys and values are not followed, if there are any."""
    if config.has("clip_qkv"):
        config.differ("clip_qkv", "is not followed: numbers are checked without it, and its two bounds are not counted")
