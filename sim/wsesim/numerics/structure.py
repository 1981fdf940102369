"""Which weights a model has, from its shape alone: the reference's own list, to which a graph is held.

Shares nothing with the builder of graphs: a bias too many, a width of another size or a head that is not tied are seen
here, where both formulations would read the same arrays.
"""

from __future__ import annotations

from collections.abc import Iterator
from math import prod

from wsesim.graph import Block, Graph
from wsesim.model import ModelSpec

Stated = dict[str, tuple[tuple[int, ...], bool]]
"""By name: shape, and whether it is the token table once more."""


def stated_weights(model: ModelSpec) -> dict[str, Stated]:
    """Return the weights of each block."""
    found = {"embed": _embed(model), **_layers(model), "head": _head(model)}
    return {block: {name: (shape, name in _tied(model)) for name, shape in pairs} for block, pairs in found.items()}


def differences(model: ModelSpec, graph: Graph) -> Iterator[str]:
    """Yield in words whatever is another in *graph* than in *model*."""
    stated, blocks = stated_weights(model), {block.name: block for block in graph.blocks}
    if list(blocks) != list(stated):
        yield f"blocks are {', '.join(blocks)}, wanted {', '.join(stated)}"
        return
    depths = {"dense": model.dense_layers, "layer": model.layers - model.dense_layers}
    for block in blocks.keys() & depths.keys():
        if blocks[block].repeat != depths[block]:
            yield f"{blocks[block].repeat} layers in {block}, wanted {depths[block]}"
    for name, wanted in stated.items():
        yield from _differences(graph, blocks[name], wanted)
    shapes = {name: sum(prod(shape) for shape, tied in each.values() if not tied) for name, each in stated.items()}
    count = sum(depths.get(name, 1) * size for name, size in shapes.items())
    if graph.parameters() != count:
        yield f"{graph.parameters():,} parameters, wanted {count:,}"


def _differences(graph: Graph, block: Block, wanted: Stated) -> Iterator[str]:
    has = {
        weight.name: (graph.shape(weight), weight.of == "tokens.weight" != weight.name) for weight in block.weights()
    }
    for name in sorted(has.keys() | wanted.keys()):
        if name not in wanted:
            yield f"{block.name}: {name} is one too many"
        elif name not in has:
            yield f"{block.name}: {name} is missing"
        elif has[name] != wanted[name]:
            yield f"{block.name}: {name} is {_said(*has[name])}, wanted {_said(*wanted[name])}"


def _said(shape: tuple[int, ...], tied: bool) -> str:
    return " x ".join(map(str, shape)) + (", tied" if tied else "")


def _tied(model: ModelSpec) -> tuple[str, ...]:
    return ("logits.weight",) if model.tied else ()


Pairs = Iterator[tuple[str, tuple[int, ...]]]


def _norm(model: ModelSpec, name: str) -> Pairs:
    if model.norm != "layer_norm_plain":
        yield f"{name}.scale", (model.width,)
    if model.norm == "layer_norm":
        yield f"{name}.bias", (model.width,)


def _affine(name: str, shape: tuple[int, ...], bias: bool) -> Pairs:
    yield f"{name}.weight", shape
    if bias:
        yield f"{name}.bias", (*shape[:-2], shape[-1])


def _embed(model: ModelSpec) -> Pairs:
    yield "tokens.weight", (model.vocab, model.embed_width or model.width)
    if model.embed_width:
        yield "embed.widen.weight", (model.embed_width, model.width)
    if model.position == "learned":
        yield "positions.weight", (model.position_offset + model.max_length, model.width)
    if model.token_types:
        yield "types.weight", (model.token_types, model.width)
    if model.norm_order == "post" if model.embed_norm is None else model.embed_norm:
        yield from _norm(model, "embed.norm")


def _layers(model: ModelSpec) -> dict[str, Pairs]:
    if not model.dense_layers:
        return {"layer": _layer(model)}
    return {"dense": _layer(model, dense=True), "layer": _layer(model)}


def _layer(model: ModelSpec, *, dense: bool = False) -> Pairs:
    one = model.block == "parallel" and not model.untied_norms
    for norm in ["norm"] if one else ["attention.norm", "ffn.norm"]:
        yield from _norm(model, norm)
    if model.norm_order == "both":
        yield from _norm(model, "attention.after_norm")
        yield from _norm(model, "ffn.after_norm")
    yield from _attention(model)
    if dense:
        yield from _network(model, "dense", (), model.dense_width)
        return
    each = (model.experts,) if model.experts else ()
    if model.experts:
        yield from _affine("ffn.router", (model.width, model.experts), model.router_bias)
    if model.router_shift:
        yield "ffn.shift.bias", (model.experts,)
    yield from _network(model, "ffn", each, model.ffn_width)
    if model.shared_width:
        yield from _network(model, "shared", (), model.shared_width)
    if model.shared_gate:
        yield "shared.weight_of_token.weight", (model.width, 1)


def _latent(model: ModelSpec) -> Pairs:
    narrow, width = model.query_rank, model.width
    value = model.value_width or model.head_width
    if narrow:
        yield from _affine("attention.narrow", (width, narrow), model.attention_bias)
        yield "attention.narrow_norm.scale", (narrow,)
    yield f"attention.{'widen' if narrow else 'query'}.weight", (narrow or width, model.heads * model.head_width)
    yield from _affine("attention.latent", (width, model.latent_rank), model.attention_bias)
    yield from _affine("attention.shared_key", (width, model.rotary_width), model.attention_bias)
    yield "attention.latent_norm.scale", (model.latent_rank,)
    each = model.head_width - model.rotary_width + value
    yield "attention.expand.weight", (model.latent_rank, model.heads * each)
    also = model.attention_bias if model.project_bias is None else model.project_bias
    yield from _affine("attention.project", (model.heads * value, width), also)


def _attention(model: ModelSpec) -> Pairs:
    if model.latent_rank:
        yield from _latent(model)
        return
    wide, narrow = model.heads * model.head_width, model.kv_heads * model.head_width
    also = model.attention_bias if model.project_bias is None else model.project_bias
    yield from _affine("attention.qkv", (model.width, wide + narrow + narrow), model.attention_bias)
    yield from _affine("attention.project", (wide, model.width), also)
    if model.adapter_rank:
        yield from _adapter("attention.qkv", model.width, model.adapter_rank, wide + narrow + narrow)
        yield from _adapter("attention.project", wide, model.adapter_rank, model.width)
    if model.head_norm or model.wide_norm:
        yield "attention.query_norm.scale", (wide if model.wide_norm else model.head_width,)
        yield "attention.key_norm.scale", (narrow if model.wide_norm else model.head_width,)
    if model.head_layer_norm:
        yield "attention.query_norms.scale", (wide,)
        yield "attention.key_norms.scale", (narrow,)
    if model.sinks:
        yield "attention.sink.bias", (model.heads,)


def _adapter(name: str, inputs: int, rank: int, outputs: int) -> Pairs:
    yield f"{name}.adapter.down.weight", (inputs, rank)
    yield f"{name}.adapter.up.weight", (rank, outputs)


def _network(model: ModelSpec, name: str, each: tuple[int, ...], inner: int) -> Pairs:
    gated = model.activation in ("swiglu", "swiglu_bounded", "geglu", "geglu_tanh", "reglu")
    for part in ["up", "gate"] if gated else ["up"]:
        yield from _affine(f"{name}.{part}", (*each, model.width, inner), model.bias)
    yield from _affine(f"{name}.down", (*each, inner, model.width), model.bias)
    if model.adapter_rank and model.adapted == "all" and name == "ffn":
        for part in ["up", "gate"] if gated else ["up"]:
            yield from _adapter(f"ffn.{part}", model.width, model.adapter_rank, inner)
        yield from _adapter("ffn.down", inner, model.adapter_rank, model.width)


def _head(model: ModelSpec) -> Pairs:
    if model.norm_order != "post":
        yield from _norm(model, "final.norm" if model.task == "mlm" else "head.norm")
    if model.task == "mlm":
        yield from _affine("head.dense", (model.width, model.width), True)
        yield from _norm(model, "head.norm")
    if model.task in ("lm", "mlm"):
        yield "logits.weight", (model.vocab, model.embed_width or model.width)
        if model.task == "mlm" or model.head_bias:
            yield "logits.bias", (model.vocab,)
        if model.embed_width:
            yield "head.narrow.weight", (model.width, model.embed_width)
    pooled = not model.causal and model.task != "tag" and (model.task == "classify" or model.sentence_head)
    if pooled:
        yield from _affine("head.pool", (model.width, model.width), True)
    if model.task in ("classify", "tag") or (pooled and model.task == "mlm"):
        classes = 2 if model.task == "mlm" else model.classes
        yield from _affine("head.classes", (model.width, classes), pooled or model.task == "tag")
