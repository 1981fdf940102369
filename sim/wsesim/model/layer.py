"""A layer of a transformer: attention and feed-forward network, in the order that its norms stand in."""

from __future__ import annotations

from collections.abc import Callable

from wsesim.graph import Attribute, Block
from wsesim.model.builder import STREAM, BlockBuilder, norm_attrs
from wsesim.model.latent import latent_attention, rotary_attrs
from wsesim.model.spec import ModelSpec
from wsesim.ops import chosen, find

SQUARE = ("batch", "heads", "length", "keys")


def layer_block(b: BlockBuilder, model: ModelSpec) -> Block:
    """Return the ops of a layer, which *b* collects."""
    x = b.tensor("x", STREAM)
    if model.block == "parallel":
        return b.finish(_parallel(b, x, model))
    halves = {"attention": attention, "ffn": feed_forward}
    for name, half in halves.items():
        x = _half(b, name, half, x, model)
    return b.finish(x)


def _parallel(b: BlockBuilder, x: str, model: ModelSpec) -> str:
    """Both halves read one input, normed once for both or for each."""
    names = ("attention.norm", "ffn.norm") if model.untied_norms else ("norm",)
    normed = [b.norm(name, x, model) for name in names]
    both = b.op("mix", "residual", (attention(b, normed[0], model), feed_forward(b, normed[-1], model)), STREAM)
    return b.residual("residual", x, both, model)


def _half(
    b: BlockBuilder, name: str, half: Callable[[BlockBuilder, str, ModelSpec], str], x: str, model: ModelSpec
) -> str:
    """Return the stream with what a half adds: normed before, after the sum, around, or what it gives alone."""
    order = model.norm_order
    given = half(b, b.norm(f"{name}.norm", x, model) if order in ("pre", "both") else x, model)
    if order == "both":
        given = b.norm(f"{name}.after_norm", given, model)
    if order == "inner":
        given = b.norm(f"{name}.norm", given, model)
    summed = b.residual(f"{name}.residual", x, given, model)
    return b.norm(f"{name}.norm", summed, model) if order == "post" else summed


def attention(b: BlockBuilder, x: str, model: ModelSpec) -> str:
    """Return what attention gives of *x*."""
    if model.latent_rank:
        return latent_attention(b, x, model, _probabilities)
    qkv = b.linear("attention.qkv", x, ("width", "qkv"), bias=model.attention_bias)
    shared: dict[str, Attribute] = {"heads": model.heads, "kv_heads": model.kv_heads}
    qkv = _placed(b, _normed(b, qkv, shared, model), shared, model)
    cached: tuple[str, ...] = ()
    if b.form.cached:
        before = b.tensor("attention.cache", ("batch", "keys", "kv"), "cache")
        cached = (b.op("attention.extend", "extend", (qkv, before), ("batch", "keys", "kv")),)
    given: dict[str, Attribute] = {"scale": model.attention_scale} if model.attention_scale else {}
    given |= {"by_layer": True} if model.scale_by_layer else {}
    sight = _sight(model)
    scores = b.op("attention.scores", "scores", (qkv, *cached), SQUARE, **shared, **given, **sight)
    read = (_probabilities(b, scores, model), *(cached or (qkv,)))
    mixed = b.op("attention.sum", "weighted_sum", read, ("batch", "length", "attention"), **shared, **sight)
    return b.linear("attention.project", mixed, ("attention", "width"), bias=model.projects_with_bias)


def _sight(model: ModelSpec) -> dict[str, Attribute]:
    """Return what tells an op of scores that tokens see a few keys alone, in all layers or in most."""
    return {"window": model.window, "full_every": model.full_every} if model.window else {}


def _normed(b: BlockBuilder, qkv: str, shared: dict[str, Attribute], model: ModelSpec) -> str:
    """Norm queries and keys, each head of its own or all of a token together."""
    kinds = {"wide_norm": ("attention", "key"), "head_layer_norm": ("attention", "key"), "head_norm": ("head", "head")}
    kind = next((kind for kind in kinds if getattr(model, kind)), None)
    if kind is None:
        return qkv
    axes = kinds[kind]
    weights = [b.weight(f"attention.{part}", axis) for part, axis in zip(find(kind).weights, axes, strict=True)]
    return b.op(f"attention.{kind}", kind, (qkv, *weights), ("batch", "length", "qkv"), **norm_attrs(model), **shared)


def _placed(b: BlockBuilder, qkv: str, shared: dict[str, Attribute], model: ModelSpec) -> str:
    """Turn queries and keys by where they stand, if positions are rotary."""
    if model.position != "rotary":
        return qkv
    attrs = rotary_attrs(model) | {"turned": model.rotary_width or model.head_width}
    attrs |= {"still_every": model.still_every} if model.still_every else {}
    if model.rotary_window_base:
        attrs |= {"window_base": model.rotary_window_base, "full_every": model.full_every}
    return b.op("attention.rotary", "rotary", (qkv, *b.mask()), ("batch", "length", "qkv"), **attrs, **shared)


def _probabilities(b: BlockBuilder, scores: str, model: ModelSpec) -> str:
    """Return the shares of scores: within a bound, less by distance, and beside a sink, where the model has such."""
    sight = _sight(model)
    scores = b.capped("attention.cap", "cap_scores", scores, model.attention_cap, **sight)
    if model.position == "alibi":
        scores = b.op("attention.alibi", "alibi", (scores,), SQUARE, **sight)
    attrs: dict[str, Attribute] = {"causal": model.causal, **sight}
    if model.sinks:
        sinks = b.weight("attention.sink.bias", "heads")
        return b.op("attention.softmax", "sink_softmax", (scores, sinks, *b.mask()), SQUARE, **attrs)
    return b.op("attention.softmax", "softmax", (scores, *b.mask()), SQUARE, **attrs)


def feed_forward(b: BlockBuilder, x: str, model: ModelSpec) -> str:
    """Return what the feed-forward network, or a mixture of them, gives of *x*."""
    if b.name == "dense":
        return _network(b, "dense", x, "dense", model)
    if model.experts:
        return _mixture(b, x, model)
    return _network(b, "ffn", x, "ffn", model)


def _network(b: BlockBuilder, name: str, x: str, inner: str, model: ModelSpec) -> str:
    up = b.linear(f"{name}.up", x, ("width", inner), bias=model.bias)
    gate = b.linear(f"{name}.gate", x, ("width", inner), bias=model.bias) if model.gated else None
    return b.linear(f"{name}.down", _activated(b, name, up, gate, model), (inner, "width"), bias=model.bias)


def _mixture(b: BlockBuilder, x: str, model: ModelSpec) -> str:
    """A token goes to its experts, each a feed-forward network of its own, and what they make of it is summed.

    The router's softmax is over the chosen logits alone (Mixtral, Jiang et al. 2024, arXiv 2401.04088), or over all
    (OLMoE, Muennighoff et al. 2024, arXiv 2409.02060). A network that all tokens share stands beside.
    """
    chosen_axes = ("batch", "length", "chosen", "width")
    logits = b.linear("ffn.router", x, ("width", "experts"), bias=model.router_bias, density=1.0)
    gates = _gates(b, logits, model)
    sent = b.op("ffn.dispatch", "dispatch", (x, gates), chosen_axes)
    up = b.expert_linear("ffn.up", sent, gates, ("width", "ffn"), model)
    gate = b.expert_linear("ffn.gate", sent, gates, ("width", "ffn"), model) if model.gated else None
    down = b.expert_linear("ffn.down", _activated(b, "ffn", up, gate, model), gates, ("ffn", "width"), model)
    mixed = b.op("ffn.combine", "combine", (down, gates), STREAM)
    return b.op("ffn.both", "residual", (mixed, _shared(b, x, model)), STREAM) if model.shared_width else mixed


def _gates(b: BlockBuilder, logits: str, model: ModelSpec) -> str:
    """Return the shares of a token's experts: as plain routers give them, or as those of groups or with a shift."""
    axes = ("batch", "length", "experts")
    if model.router != "sigmoid" and not model.router_groups and not model.router_shift and model.router_scale == 1:
        return b.op("ffn.route", "route" if model.router == "chosen" else "route_all", (logits,), axes)
    shift = (b.weight("ffn.shift.bias", "experts", frozen=True),) if model.router_shift else ()
    groups: dict[str, Attribute] = {"groups": max(1, model.router_groups), "kept": max(1, model.router_groups_kept)}
    return b.op("ffn.route", "route_grouped", (logits, *shift), axes, router=model.router, scale=model.router_scale,
                **groups)  # fmt: skip


def _shared(b: BlockBuilder, x: str, model: ModelSpec) -> str:
    """Return what the network gives that every token goes through, weighed if the model does."""
    given = _network(b, "shared", x, "shared", model)
    if not model.shared_gate:
        return given
    logit = b.linear("shared.weight_of_token", x, ("width", "one"), bias=False, density=1.0)
    return b.op("shared.weigh", "weigh", (given, logit), STREAM)


def _activated(b: BlockBuilder, name: str, up: str, gate: str | None, model: ModelSpec) -> str:
    kind = chosen("activation", model.activation).name
    inputs = (up,) if gate is None else (gate, up)
    # Named by the function, whatever its form: gelu of gelu_tanh, silu of silu_gate.
    return b.op(f"{name}.{kind.partition('_')[0]}", kind, inputs, b.tensors[up].axes)
