"""Model and batch → forward graph: embedding, one layer (repeated), head and loss."""

from __future__ import annotations

from wsesim.errors import SpecError
from wsesim.graph import Graph
from wsesim.model.builder import BlockBuilder, Form
from wsesim.model.head import embed_block, head_block
from wsesim.model.layer import layer_block
from wsesim.model.spec import ModelSpec

WITH_CLASSES = ("classify", "tag")
"""Tasks whose head is new, and so learned, where all else is frozen."""


def build_graph(
    model: ModelSpec, *, sequences: int, length: int, precision: str = "mixed", padded: bool = False,
    keys: int | None = None, loss: bool = True,
) -> Graph:  # fmt: skip
    """Return the forward graph of *model* for `sequences` x `length` tokens.

    Args:
        model: what is built.
        sequences: of a batch.
        length: tokens of a sequence that are computed.
        precision: fp32 | fp16 | mixed | bf16 | cb16: of what is kept; fp16 and mixed keep fp16.
        padded: whether a tensor `mask` [batch, keys] says which tokens count (1) and which fill up (0).
        keys: tokens of a sequence so far, these included; those before are in the cache of each layer,
            `attention.cache` [batch, keys, kv]. None: these are all, and there is no cache.
        loss: whether it ends in losses; else in logits, and reads no labels.

    Raises:
        SpecError: the tokens are more than the model's position table holds, or fewer than those computed; or a model
            whose tokens see those after them has a cache.
    """
    _check_keys(model, length, keys)
    if model.position == "learned" and (keys or length) > model.max_length:
        raise SpecError("length", f"= {keys or length} is over the model's {model.max_length} positions")
    form = Form(precision if precision in ("fp32", "bf16", "cb16") else "fp16", padded, keys is not None, loss)
    dims = {
        "batch": sequences, "length": length, "keys": keys or length, "width": model.width, "heads": model.heads,
        "head": model.head_width, "qkv": model.qkv_width, "attention": model.attention_width,
        "ffn": model.ffn_width, "vocab": model.vocab, "classes": model.classes,
        "positions": model.max_length + model.position_offset, "types": max(1, model.token_types), "one": 1, "two": 2,
        "masked": min(model.masked, length),
    }  # fmt: skip
    if form.cached and not model.latent_rank:
        dims["kv"] = 2 * model.kv_heads * model.head_width
    if model.latent_rank:
        dims |= _latent_dims(model)
    dims |= {name: size for name, size in (
        ("embedded", model.embed_width), ("experts", model.experts), ("shared", model.shared_width),
        ("key", model.kv_heads * model.head_width * (model.wide_norm or model.head_layer_norm)),
        ("rank", model.adapter_rank), ("dense", model.dense_width),
    ) if size}  # fmt: skip
    if model.experts:
        dims["chosen"] = model.experts_per_token
    frozen = model.adapter_rank > 0
    layers = [
        BlockBuilder(
            name, form, repeat=repeat, inputs=("x",), density=1 - model.sparsity, room=model.expert_imbalance,
            packed=model.weight_format, packs=model.packs, adapts=model.adapts, adapter_scale=model.adapter_scale,
            frozen=frozen,
        )
        for name, repeat in (("dense", model.dense_layers), ("layer", model.layers - model.dense_layers)) if repeat
    ]  # fmt: skip
    head = BlockBuilder("head", form, inputs=("x",), frozen=frozen and model.task not in WITH_CLASSES)
    blocks = (
        embed_block(BlockBuilder("embed", form, frozen=frozen), model), *(layer_block(each, model) for each in layers),
        head_block(head, model),
    )  # fmt: skip
    return Graph(name=model.name, dims=dims, blocks=blocks)


def _latent_dims(model: ModelSpec) -> dict[str, int]:
    """Return the axes of attention with a latent vector."""
    value = model.value_width or model.head_width
    found = {
        "latent": model.latent_rank, "turned": model.rotary_width, "queries": model.heads * model.head_width,
        "value": value, "made": model.heads * (model.head_width - model.rotary_width + value),
    }  # fmt: skip
    return found | ({"narrow": model.query_rank} if model.query_rank else {})


def _check_keys(model: ModelSpec, length: int, keys: int | None) -> None:
    if keys is not None and not model.causal:
        raise SpecError("keys", "of a cache are for causal models: here a token sees those after it")
    if keys is not None and keys < length:
        raise SpecError("keys", f"must be at least length = {length}, got {keys}")


def parameters(model: ModelSpec) -> int:
    """Return how many numbers training adjusts, a tied table counted once, the task's head included."""
    return build_graph(model, sequences=1, length=1).parameters()
