"""The ends of a model: what is embedded, and the head of its task."""

from __future__ import annotations

from wsesim.graph import Attribute, Block
from wsesim.model.builder import STREAM, BlockBuilder
from wsesim.model.spec import ModelSpec
from wsesim.ops import chosen


def embed_block(b: BlockBuilder, model: ModelSpec) -> Block:
    """Return the embedding of tokens, positions and types, which *b* collects."""
    width = "embedded" if model.embed_width else "width"
    ids = b.tensor("ids", ("batch", "length"), "tokens")
    table = b.weight("tokens.weight", "vocab", width, of="tokens.weight")
    x = b.op("embed.tokens", "embedding", (ids, table), ("batch", "length", width))
    x = b.scaled("embed.scale", x, model.embed_scale)
    if model.embed_width:
        x = b.linear("embed.widen", x, ("embedded", "width"), bias=False, density=1.0)
    if model.position == "learned":
        table = b.weight("positions.weight", "positions", "width")
        offset: dict[str, Attribute] = {"offset": model.position_offset} if model.position_offset else {}
        x = b.op("embed.position", "position", (x, table, *b.mask()), STREAM, **offset)
    if model.token_types:
        types = b.tensor("types", ("batch", "length"), "tokens")
        typed = b.op("embed.types", "embedding", (types, b.weight("types.weight", "types", "width")), STREAM)
        x = b.op("embed.sum", "residual", (x, typed), STREAM)
    return b.finish(b.norm("embed.norm", x, model) if model.norms_embedding else x)


def head_block(b: BlockBuilder, model: ModelSpec) -> Block:
    """Return the head, which *b* collects; one without a task ends in hidden states."""
    x = b.tensor("x", STREAM)
    if model.norm_order != "post":
        x = b.norm("final.norm" if model.task == "mlm" else "head.norm", x, model)
    if model.task == "mlm":
        return b.finish(*_masked(b, x, model))
    if model.task == "classify":
        return b.finish(_classified(b, x, model))
    if model.task == "tag":
        return b.finish(_token_loss(b, b.linear("head.classes", x, ("width", "classes"), bias=True), model))
    if model.task == "embed":
        return b.finish(*_states(b, x, model))
    return b.finish(_logits_loss(b, x, model))


def _states(b: BlockBuilder, x: str, model: ModelSpec) -> tuple[str, ...]:
    """Return hidden states, and the first token pooled, as encoders with `sentence_head` do."""
    if model.sentence_head and not model.causal:
        return (_pooled(b, x),)
    return (x,)


def _masked(b: BlockBuilder, x: str, model: ModelSpec) -> list[str]:
    masked = b.op("head.masked", "select", (x,), ("batch", "masked", "width"), positions="masked")
    dense = b.linear("head.dense", masked, ("width", "width"), bias=True)
    kind = chosen("activation", model.head_activation).name
    x_masked = b.norm("head.norm", b.op(f"head.{kind}", kind, (dense,), ("batch", "masked", "width")), model)
    losses = [_logits_loss(b, x_masked, model)]
    if model.sentence_head:
        losses.append(_class_loss(b, b.linear("head.classes", _pooled(b, x), ("width", "two"), bias=True)))
    return losses


def _classified(b: BlockBuilder, x: str, model: ModelSpec) -> str:
    if not model.causal:
        return _class_loss(b, b.linear("head.classes", _pooled(b, x), ("width", "classes"), bias=True))
    last = b.op("head.last", "select", (x, *b.mask()), ("batch", "width"), positions="last")
    return _class_loss(b, b.linear("head.classes", last, ("width", "classes"), bias=False))


def _pooled(b: BlockBuilder, x: str) -> str:
    first = b.op("head.first", "select", (x, *b.mask()), ("batch", "width"), positions="first")
    pool = b.linear("head.pool", first, ("width", "width"), bias=True)
    return b.op("head.tanh", "tanh", (pool,), ("batch", "width"))


def _logits_loss(b: BlockBuilder, x: str, model: ModelSpec) -> str:
    axes, width = b.tensors[x].axes[:-1], "width"
    if model.embed_width:
        x, width = b.linear("head.narrow", x, ("width", "embedded"), bias=False, density=1.0), "embedded"
    of = "tokens.weight" if model.tied else None
    parts = [x, b.weight("logits.weight", "vocab", width, of=of)]
    if model.head_bias or model.task == "mlm":
        parts.append(b.weight("logits.bias", "vocab"))
    logits = b.op("head.logits", "linear", tuple(parts), (*axes, "vocab"), transposed=True)
    logits = b.scaled("head.scale", logits, model.logits_scale)
    return _token_loss(b, b.capped("head.cap", "cap", logits, model.logits_cap), model)


def _token_loss(b: BlockBuilder, logits: str, model: ModelSpec) -> str:
    if not b.form.loss:
        return logits
    labels = b.tensor("labels", b.tensors[logits].axes[:-1], "tokens")
    return b.op("head.loss", "cross_entropy", (logits, labels), ("one",), shift=model.task == "lm")


def _class_loss(b: BlockBuilder, logits: str) -> str:
    if not b.form.loss:
        return logits
    return b.op("head.class_loss", "cross_entropy", (logits, b.tensor("classes", ("batch",), "tokens")), ("one",))
