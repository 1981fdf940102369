"""Model and batch → forward graph: embedding, one layer (repeated), head and loss."""

from __future__ import annotations

from dataclasses import dataclass, field

from wsesim.errors import SpecError
from wsesim.graph import Attribute, Block, Graph, Op, Tensor
from wsesim.model.spec import Model
from wsesim.ops import chosen, find

STREAM = ("batch", "length", "width")


@dataclass(frozen=True, slots=True)
class _Form:
    """What is built of a model."""

    dtype: str
    padded: bool
    """Whether a mask says which tokens count."""
    cached: bool
    """Whether keys and values of tokens before come from a cache."""
    loss: bool
    """Whether it ends in losses, or in logits."""


@dataclass(slots=True)
class _Builder:
    """Collects tensors and ops of one block; `x` names flow from call to call."""

    name: str
    form: _Form
    repeat: int = 1
    inputs: tuple[str, ...] = ()
    density: float = 1.0
    """Of the weights of linear layers."""
    room: float = 1.0
    """Of tokens at their experts."""
    tensors: dict[str, Tensor] = field(default_factory=dict)
    ops: list[Op] = field(default_factory=list)

    def tensor(
        self, name: str, axes: tuple[str, ...], role: str = "activation", of: str | None = None, density: float = 1.0
    ) -> str:
        dtype = {"tokens": "int32", "loss": "fp32"}.get(role, self.form.dtype)
        room = self.room if "chosen" in axes else 1.0
        self.tensors[name] = Tensor(name=name, axes=axes, role=role, dtype=dtype, of=of, density=density, room=room)
        return name

    def mask(self) -> tuple[str, ...]:
        """Return what an op reads beside, where not all tokens count."""
        return (self.tensor("mask", ("batch", "keys"), "tokens"),) if self.form.padded else ()

    def weight(self, name: str, *axes: str, of: str | None = None, density: float = 1.0) -> str:
        return self.tensor(name, axes, "weight", of, density)

    def op(self, name: str, kind: str, inputs: tuple[str, ...], axes: tuple[str, ...], **attrs: Attribute) -> str:
        role = "loss" if find(kind).is_loss else "activation"
        output = self.tensor(f"{name}.out", axes, role)
        self.ops.append(Op(name=name, kind=kind, inputs=inputs, outputs=(output,), attrs=attrs))
        return output

    def linear(self, name: str, x: str, axes: tuple[str, str], *, bias: bool, density: float | None = None) -> str:
        density = self.density if density is None else density
        parts = [x, self.weight(f"{name}.weight", *axes, density=density)]
        if bias:
            parts.append(self.weight(f"{name}.bias", axes[1]))
        return self.op(name, "linear", tuple(parts), (*self.tensors[x].axes[:-1], axes[1]))

    def expert_linear(self, name: str, x: str, gates: str, axes: tuple[str, str], model: Model) -> str:
        parts = [x, self.weight(f"{name}.weight", "experts", *axes, density=self.density), gates]
        if model.bias:
            parts.append(self.weight(f"{name}.bias", "experts", axes[1]))
        return self.op(name, "expert_linear", tuple(parts), (*self.tensors[x].axes[:-1], axes[1]))

    def norm(self, name: str, x: str, model: Model) -> str:
        kind = chosen("norm", model.norm)
        weights = (self.weight(f"{name}.{part}", "width") for part in kind.weights)
        return self.op(name, kind.name, (x, *weights), self.tensors[x].axes, epsilon=model.norm_epsilon)

    def finish(self, *outputs: str) -> Block:
        return Block(
            name=self.name, repeat=self.repeat, tensors=self.tensors, ops=tuple(self.ops), inputs=self.inputs,
            outputs=outputs,
        )  # fmt: skip


def build_graph(
    model: Model, *, sequences: int, length: int, precision: str = "mixed", padded: bool = False,
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
    form = _Form(precision if precision in ("fp32", "bf16", "cb16") else "fp16", padded, keys is not None, loss)
    dims = {
        "batch": sequences, "length": length, "keys": keys or length, "width": model.width, "heads": model.heads,
        "head": model.head_width, "qkv": model.qkv_width, "attention": model.attention_width,
        "ffn": model.ffn_width, "vocab": model.vocab, "positions": model.max_length, "classes": model.classes,
        "types": max(1, model.token_types), "one": 1, "two": 2, "masked": min(model.masked, length),
    }  # fmt: skip
    if form.cached:
        dims["kv"] = 2 * model.kv_heads * model.head_width
    if model.experts:
        dims |= {"experts": model.experts, "chosen": model.experts_per_token}
    blocks = (_embed(model, form), _layer(model, form), _head(model, form))
    return Graph(name=model.name, dims=dims, blocks=blocks)


def _check_keys(model: Model, length: int, keys: int | None) -> None:
    if keys is not None and not model.causal:
        raise SpecError("keys", "of a cache are for causal models: here a token sees those after it")
    if keys is not None and keys < length:
        raise SpecError("keys", f"must be at least length = {length}, got {keys}")


def parameters(model: Model) -> int:
    """Return how many numbers training adjusts, a tied table counted once, the task's head included."""
    return build_graph(model, sequences=1, length=1).parameters()


def _embed(model: Model, form: _Form) -> Block:
    b = _Builder("embed", form)
    ids = b.tensor("ids", ("batch", "length"), "tokens")
    table = b.weight("tokens.weight", "vocab", "width", of="tokens.weight")
    x = b.op("embed.tokens", "embedding", (ids, table), STREAM)
    if model.position == "learned":
        x = b.op(
            "embed.position", "position", (x, b.weight("positions.weight", "positions", "width"), *b.mask()), STREAM
        )
    if model.token_types:
        types = b.tensor("types", ("batch", "length"), "tokens")
        typed = b.op("embed.types", "embedding", (types, b.weight("types.weight", "types", "width")), STREAM)
        x = b.op("embed.sum", "residual", (x, typed), STREAM)
    if model.norm_order == "post":
        x = b.norm("embed.norm", x, model)
    return b.finish(x)


def _layer(model: Model, form: _Form) -> Block:
    b = _Builder("layer", form, repeat=model.layers, inputs=("x",), density=1 - model.sparsity,
                 room=model.expert_imbalance)  # fmt: skip
    x = b.tensor("x", STREAM)
    if model.block == "parallel":
        normed = b.norm("norm", x, model)
        both = b.op("mix", "residual", (_attention(b, normed, model), _ffn(b, normed, model)), STREAM)
        return b.finish(b.op("residual", "residual", (x, both), STREAM))
    if model.norm_order == "post":
        summed = b.op("attention.residual", "residual", (x, _attention(b, x, model)), STREAM)
        x = b.norm("attention.norm", summed, model)
        return b.finish(b.norm("ffn.norm", b.op("ffn.residual", "residual", (x, _ffn(b, x, model)), STREAM), model))
    attended = _attention(b, b.norm("attention.norm", x, model), model)
    x = b.op("attention.residual", "residual", (x, attended), STREAM)
    fed = _ffn(b, b.norm("ffn.norm", x, model), model)
    return b.finish(b.op("ffn.residual", "residual", (x, fed), STREAM))


def _attention(b: _Builder, x: str, model: Model) -> str:
    qkv = b.linear("attention.qkv", x, ("width", "qkv"), bias=model.attention_bias)
    shared: dict[str, Attribute] = {"heads": model.heads, "kv_heads": model.kv_heads}
    if model.head_norm:
        weights = (b.weight(f"attention.{part}", "head") for part in find("head_norm").weights)
        qkv = b.op("attention.head_norm", "head_norm", (qkv, *weights), ("batch", "length", "qkv"),
                   epsilon=model.norm_epsilon, **shared)  # fmt: skip
    if model.position == "rotary":
        turned = model.rotary_width or model.head_width
        qkv = b.op("attention.rotary", "rotary", (qkv, *b.mask()), ("batch", "length", "qkv"), base=model.rotary_base,
                   turned=turned, interleaved=model.rotary_pairs == "interleaved", **shared)  # fmt: skip
    square = ("batch", "heads", "length", "keys")
    cached: tuple[str, ...] = ()
    if b.form.cached:
        before = b.tensor("attention.cache", ("batch", "keys", "kv"), "cache")
        cached = (b.op("attention.extend", "extend", (qkv, before), ("batch", "keys", "kv")),)
    scores = b.op("attention.scores", "scores", (qkv, *cached), square, **shared)
    probabilities = b.op("attention.softmax", "softmax", (scores, *b.mask()), square, causal=model.causal)
    mixed = b.op(
        "attention.sum",
        "weighted_sum",
        (probabilities, *(cached or (qkv,))),
        ("batch", "length", "attention"),
        **shared,
    )
    return b.linear("attention.project", mixed, ("attention", "width"), bias=model.attention_bias)


def _ffn(b: _Builder, x: str, model: Model) -> str:
    if model.experts:
        return _experts(b, x, model)
    up = b.linear("ffn.up", x, ("width", "ffn"), bias=model.bias)
    gate = b.linear("ffn.gate", x, ("width", "ffn"), bias=model.bias) if model.gated else None
    return b.linear("ffn.down", _activated(b, up, gate, model), ("ffn", "width"), bias=model.bias)


def _experts(b: _Builder, x: str, model: Model) -> str:
    """A token goes to its experts, each a feed-forward network of its own, and what they make of it is summed.

    The router's softmax is over the chosen logits alone, as Mixtral's (Jiang et al. 2024, arXiv 2401.04088).
    """
    chosen = ("batch", "length", "chosen", "width")
    logits = b.linear("ffn.router", x, ("width", "experts"), bias=False, density=1.0)
    gates = b.op("ffn.route", "route", (logits,), ("batch", "length", "experts"))
    sent = b.op("ffn.dispatch", "dispatch", (x, gates), chosen)
    up = b.expert_linear("ffn.up", sent, gates, ("width", "ffn"), model)
    gate = b.expert_linear("ffn.gate", sent, gates, ("width", "ffn"), model) if model.gated else None
    down = b.expert_linear("ffn.down", _activated(b, up, gate, model), gates, ("ffn", "width"), model)
    return b.op("ffn.combine", "combine", (down, gates), STREAM)


def _activated(b: _Builder, up: str, gate: str | None, model: Model) -> str:
    kind = chosen("activation", model.activation).name
    inputs = (up,) if gate is None else (gate, up)
    # Named by the function, whatever its form: gelu of gelu_tanh, silu of silu_gate.
    return b.op(f"ffn.{kind.partition('_')[0]}", kind, inputs, b.tensors[up].axes)


def _head(model: Model, form: _Form) -> Block:
    b = _Builder("head", form, inputs=("x",))
    x = b.tensor("x", STREAM)
    if model.norm_order == "pre":
        x = b.norm("final.norm" if model.task == "mlm" else "head.norm", x, model)
    if model.task == "classify" and not model.causal:
        return b.finish(_pooled_loss(b, x, classes="classes"))
    if model.task == "mlm":
        masked = b.op("head.masked", "select", (x,), ("batch", "masked", "width"), positions="masked")
        dense = b.linear("head.dense", masked, ("width", "width"), bias=True)
        x_masked = b.norm("head.norm", b.op("head.gelu", "gelu", (dense,), ("batch", "masked", "width")), model)
        losses = [_logits_loss(b, x_masked, model)]
        if model.sentence_head:
            losses.append(_pooled_loss(b, x, classes="two"))
        return b.finish(*losses)
    if model.task == "classify":
        last = b.op("head.last", "select", (x, *b.mask()), ("batch", "width"), positions="last")
        return b.finish(_class_loss(b, b.linear("head.classes", last, ("width", "classes"), bias=False)))
    return b.finish(_logits_loss(b, x, model))


def _logits_loss(b: _Builder, x: str, model: Model) -> str:
    axes = b.tensors[x].axes[:-1]
    of = "tokens.weight" if model.tied else None
    parts = [x, b.weight("logits.weight", "vocab", "width", of=of)]
    if (not model.tied and model.block == "parallel") or model.task == "mlm":
        parts.append(b.weight("logits.bias", "vocab"))
    logits = b.op("head.logits", "linear", tuple(parts), (*axes, "vocab"), transposed=True)
    if not b.form.loss:
        return logits
    labels = b.tensor("labels", axes, "tokens")
    return b.op("head.loss", "cross_entropy", (logits, labels), ("one",), shift=model.task == "lm")


def _pooled_loss(b: _Builder, x: str, *, classes: str) -> str:
    first = b.op("head.first", "select", (x, *b.mask()), ("batch", "width"), positions="first")
    pool = b.linear("head.pool", first, ("width", "width"), bias=True)
    pooled = b.op("head.tanh", "tanh", (pool,), ("batch", "width"))
    return _class_loss(b, b.linear("head.classes", pooled, ("width", classes), bias=True))


def _class_loss(b: _Builder, logits: str) -> str:
    if not b.form.loss:
        return logits
    return b.op("head.class_loss", "cross_entropy", (logits, b.tensor("classes", ("batch",), "tokens")), ("one",))
