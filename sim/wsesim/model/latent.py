"""Multi-head latent attention (DeepSeek-V2, arXiv 2405.04434): keys and values are made of a vector that is cached.

stream -> (narrow -> norm ->) queries, of which the end of each head turns
       -> latent vector -> norm -> keys and values of all heads
       -> a key that turns, the same for all heads
"""

from __future__ import annotations

from collections.abc import Callable

from wsesim.graph import Attribute
from wsesim.model.builder import BlockBuilder, norm_attrs
from wsesim.model.spec import ModelSpec

EPSILON = 1e-6
"""What norms of latent vectors add under their root, whatever the others do: that of all published code (DeepSeek V2
and V3, MiniCPM 3, GLM 4.7 Flash)."""
Shares = Callable[[BlockBuilder, str, ModelSpec], str]


def latent_attention(b: BlockBuilder, x: str, model: ModelSpec, shares: Shares) -> str:
    """Return what attention gives of *x*; *shares* makes the shares of scores."""
    narrow = b.linear("attention.narrow", x, ("width", "narrow"), bias=model.attention_bias) if model.query_rank else ""
    query = "" if narrow else b.linear("attention.query", x, ("width", "queries"), bias=False)
    latent = b.linear("attention.latent", x, ("width", "latent"), bias=model.attention_bias)
    key = b.linear("attention.shared_key", x, ("width", "turned"), bias=model.attention_bias)
    if narrow:
        narrow = _normed(b, "attention.narrow_norm", narrow, "narrow", model)
        query = b.linear("attention.widen", narrow, ("narrow", "queries"), bias=False)
    latent = _normed(b, "attention.latent_norm", latent, "latent", model)
    query = _turned(b, "attention.rotary", query, model.head_width, model)
    key = _turned(b, "attention.key_rotary", key, model.rotary_width, model)
    if b.form.cached:
        latent = _extended(b, "attention", latent, "latent")
        key = _extended(b, "attention.key", key, "turned")
    made = b.linear("attention.expand", latent, ("latent", "made"), bias=False)
    return _mixed(b, query, made, key, model, shares)


def _mixed(b: BlockBuilder, query: str, made: str, key: str, model: ModelSpec, shares: Shares) -> str:
    of_heads: dict[str, Attribute] = {"heads": model.heads, "kv_heads": model.heads}
    scaled: dict[str, Attribute] = {"scale": model.attention_scale} if model.attention_scale else {}
    square = ("batch", "heads", "length", "keys")
    scores = b.op("attention.scores", "latent_scores", (query, made, key), square, **of_heads, **scaled)
    read = (shares(b, scores, model), made)
    axes = ("batch", "length", "attention")
    mixed = b.op("attention.sum", "latent_sum", read, axes, inner="value", **of_heads)
    return b.linear("attention.project", mixed, ("attention", "width"), bias=model.projects_with_bias)


def _normed(b: BlockBuilder, name: str, x: str, axis: str, model: ModelSpec) -> str:
    attrs = norm_attrs(model) | {"epsilon": EPSILON}
    return b.op(name, "rms_norm", (x, b.weight(f"{name}.scale", axis)), b.tensors[x].axes, **attrs)


def _turned(b: BlockBuilder, name: str, x: str, size: int, model: ModelSpec) -> str:
    """Turn the last numbers of each *size* of *x* by where they stand."""
    attrs = rotary_attrs(model) | {"turned": model.rotary_width, "size": size}
    return b.op(name, "rotary_tail", (x, *b.mask()), b.tensors[x].axes, **attrs)


def _extended(b: BlockBuilder, name: str, x: str, axis: str) -> str:
    before = b.tensor(f"{name}.cache", ("batch", "keys", axis), "cache")
    return b.op(f"{name}.extend", "extend", (x, before), ("batch", "keys", axis))


def rotary_attrs(model: ModelSpec) -> dict[str, Attribute]:
    """Return by which angles numbers turn."""
    found: dict[str, Attribute] = {"base": model.rotary_base, "interleaved": model.rotary_pairs == "interleaved"}
    if model.rotary_factor:
        found |= {"factor": model.rotary_factor, "scaling": model.rotary_scaling, "trained": model.rotary_trained,
                  "fast": model.rotary_fast, "slow": model.rotary_slow}  # fmt: skip
    return found | ({"times": model.rotary_scale} if model.rotary_scale != 1 else {})
