"""Which weights a model has, from its shape alone: the reference's own list, to which a graph is held.

Shares nothing with the builder of graphs: a bias too many, a width of another size or a head that is not tied are seen
here, where both formulations would read the same arrays.
"""

from __future__ import annotations

from collections.abc import Iterator
from math import prod

from wsesim.graph import Block, Graph
from wsesim.model import Model

Stated = dict[str, tuple[tuple[int, ...], bool]]
"""By name: shape, and whether it is the token table once more."""


def stated_weights(model: Model) -> dict[str, Stated]:
    """Return the weights of each block."""
    found = {"embed": _embed(model), "layer": _layer(model), "head": _head(model)}
    return {block: {name: (shape, name in _tied(model)) for name, shape in pairs} for block, pairs in found.items()}


def differences(model: Model, graph: Graph) -> Iterator[str]:
    """Yield in words whatever is another in *graph* than in *model*."""
    stated, blocks = stated_weights(model), {block.name: block for block in graph.blocks}
    if list(blocks) != list(stated):
        yield f"blocks are {', '.join(blocks)}, wanted {', '.join(stated)}"
        return
    if blocks["layer"].repeat != model.layers:
        yield f"{blocks['layer'].repeat} layers, wanted {model.layers}"
    for name, wanted in stated.items():
        yield from _differences(graph, blocks[name], wanted)
    shapes = {name: sum(prod(shape) for shape, tied in each.values() if not tied) for name, each in stated.items()}
    count = shapes["embed"] + model.layers * shapes["layer"] + shapes["head"]
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


def _tied(model: Model) -> tuple[str, ...]:
    return ("logits.weight",) if model.tied else ()


Pairs = Iterator[tuple[str, tuple[int, ...]]]


def _norm(model: Model, name: str) -> Pairs:
    yield f"{name}.scale", (model.width,)
    if model.norm == "layer_norm":
        yield f"{name}.bias", (model.width,)


def _affine(name: str, shape: tuple[int, ...], bias: bool) -> Pairs:
    yield f"{name}.weight", shape
    if bias:
        yield f"{name}.bias", (*shape[:-2], shape[-1])


def _embed(model: Model) -> Pairs:
    yield "tokens.weight", (model.vocab, model.width)
    if model.position == "learned":
        yield "positions.weight", (model.max_length, model.width)
    if model.token_types:
        yield "types.weight", (model.token_types, model.width)
    if model.norm_order == "post":
        yield from _norm(model, "embed.norm")


def _layer(model: Model) -> Pairs:
    for norm in ["norm"] if model.block == "parallel" else ["attention.norm", "ffn.norm"]:
        yield from _norm(model, norm)
    wide, narrow = model.heads * model.head_width, model.kv_heads * model.head_width
    yield from _affine("attention.qkv", (model.width, wide + narrow + narrow), model.attention_bias)
    yield from _affine("attention.project", (wide, model.width), model.attention_bias)
    if model.head_norm:
        yield "attention.query_norm.scale", (model.head_width,)
        yield "attention.key_norm.scale", (model.head_width,)
    each = (model.experts,) if model.experts else ()
    if model.experts:
        yield "ffn.router.weight", (model.width, model.experts)
    for name in ["ffn.up", "ffn.gate"] if model.activation == "swiglu" else ["ffn.up"]:
        yield from _affine(name, (*each, model.width, model.ffn_width), model.bias)
    yield from _affine("ffn.down", (*each, model.ffn_width, model.width), model.bias)


def _head(model: Model) -> Pairs:
    if model.norm_order == "pre":
        yield from _norm(model, "final.norm" if model.task == "mlm" else "head.norm")
    if model.task == "mlm":
        yield from _affine("head.dense", (model.width, model.width), True)
        yield from _norm(model, "head.norm")
    if model.task != "classify":
        yield "logits.weight", (model.vocab, model.width)
        if model.task == "mlm" or (model.block == "parallel" and not model.tied):
            yield "logits.bias", (model.vocab,)
    pooled = not model.causal if model.task == "classify" else model.task == "mlm" and model.sentence_head
    if pooled:
        yield from _affine("head.pool", (model.width, model.width), True)
    if pooled or model.task == "classify":
        yield from _affine("head.classes", (model.width, 2 if model.task == "mlm" else model.classes), pooled)
