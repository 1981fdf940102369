"""A second opinion: the same transformers written once more, in float64, straight from the shape of the model.

Shares no code with the graph or its ops. It works on one sequence and one head at a time, keeps queries, keys and
values apart, turns rotary pairs as complex numbers, and finds erf by Taylor series around exact values. What it shares
are the names and layouts of weights and of token inputs.

Sources: Radford et al. 2019 (GPT-2), Wang and Komatsuzaki 2021 (GPT-J), Touvron et al. 2023 (Llama), Devlin et al. 2018
(BERT), each as `transformers` implements it.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field

import numpy as np

from wsesim.model import ModelSpec
from wsesim.numerics.arrays import Array, Ids
from wsesim.numerics.reference_attention import Float64s, attention
from wsesim.numerics.weights import Weights

_VOCAB_STEP = 4096
"""Rows of the head's table turned to float64 at a time: the whole of it would be twice as large as the fp32 one."""


@dataclass(frozen=True, slots=True, kw_only=True)
class ReferenceStep:
    """One stage of the model: the embedding, a layer, or the head."""

    block: str
    """embed | layer | head."""
    copy: int
    hidden: Float64s | None = None
    """[sequences, length, width]; the head has none."""
    logits: Mapping[str, Float64s] = field(default_factory=dict)
    """By `tokens` (over the vocabulary), `classes`, and `states` (of a model without a head)."""
    losses: Mapping[str, float] = field(default_factory=dict)
    """Mean cross-entropy of each of `logits` that has labels."""


def walk_reference(model: ModelSpec, weights: Weights, tokens: Mapping[str, Ids]) -> Iterator[ReferenceStep]:
    """Yield the embedding, each layer and the head of *model* for *tokens*, as `token_inputs` names them."""
    x = _embed(model, weights.load("embed", 0), tokens)
    yield ReferenceStep(block="embed", copy=0, hidden=x)
    for copy in range(model.dense_layers):
        x = _layer(model, weights.load("dense", copy), x, copy)
        yield ReferenceStep(block="dense", copy=copy, hidden=x)
    for copy in range(model.layers - model.dense_layers):
        x = _layer(model, weights.load("layer", copy), x, copy)
        yield ReferenceStep(block="layer", copy=copy, hidden=x)
    logits = _head(model, weights.load("head", 0), x)
    labels = {"tokens": "labels", "classes": "labels" if model.task == "tag" else "classes"}
    losses = {name: _loss(model, logits[name], tokens[labels[name]]) for name in logits if name in labels}
    yield ReferenceStep(block="head", copy=0, logits=logits, losses=losses)


class _Read:
    """Weights of one copy, each turned to float64 when asked for and not kept."""

    def __init__(self, arrays: Mapping[str, Array], adapter_scale: float = 1.0) -> None:
        self.arrays, self.adapter_scale = arrays, adapter_scale

    def __call__(self, name: str) -> Float64s:
        return self.arrays[name].astype(np.float64)

    def affine(self, name: str, x: Float64s) -> Float64s:
        """x W + b, with a bias of zero where the model has none."""
        product: Float64s = np.tensordot(x, self(f"{name}.weight"), axes=1)
        if f"{name}.bias" in self.arrays:
            product += self(f"{name}.bias")
        if f"{name}.adapter.up.weight" in self.arrays:
            low = np.tensordot(x, self(f"{name}.adapter.down.weight"), axes=1)
            product += self.adapter_scale * np.tensordot(low, self(f"{name}.adapter.up.weight"), axes=1)
        return product

    def norm(self, model: ModelSpec, name: str, x: Float64s) -> Float64s:
        centred = model.norm != "rms_norm"
        mean = np.mean(x, axis=-1) if centred else np.zeros(x.shape[:-1])
        square = np.var(x, axis=-1) if centred else np.mean(x**2, axis=-1)
        normed: Float64s = (x - mean[..., None]) / np.sqrt(square + model.norm_epsilon)[..., None]
        if model.norm != "layer_norm_plain":
            normed *= self(f"{name}.scale")
        if model.norm == "layer_norm":
            normed += self(f"{name}.bias")
        return normed


def _embed(model: ModelSpec, arrays: Mapping[str, Array], tokens: Mapping[str, Ids]) -> Float64s:
    length = tokens["ids"].shape[1]
    x: Float64s = arrays["tokens.weight"][tokens["ids"]].astype(np.float64) * model.embed_scale
    if model.embed_width:
        x = x @ arrays["embed.widen.weight"].astype(np.float64)
    if model.position == "learned":
        x += arrays["positions.weight"][np.newaxis, model.position_offset : model.position_offset + length]
    if model.token_types:
        x += arrays["types.weight"][tokens["types"]]
    normed = model.norm_order == "post" if model.embed_norm is None else model.embed_norm
    return _Read(arrays).norm(model, "embed.norm", x) if normed else x


def _layer(model: ModelSpec, arrays: Mapping[str, Array], x: Float64s, copy: int) -> Float64s:
    read, factor = _Read(arrays, model.adapter_scale), model.residual_scale
    if model.block == "parallel":
        first, second = ("attention.norm", "ffn.norm") if model.untied_norms else ("norm", "norm")
        attended = attention(model, read, read.norm(model, first, x), copy)
        return x + factor * (attended + _feed_forward(model, read, read.norm(model, second, x)))
    x = _joined(model, read, "attention", x, lambda seen: attention(model, read, seen, copy))
    return _joined(model, read, "ffn", x, lambda seen: _feed_forward(model, read, seen))


def _joined(model: ModelSpec, read: _Read, name: str, x: Float64s, half: Callable[[Float64s], Float64s]) -> Float64s:
    """Return the stream after a half of a layer, its norms where the model has them."""
    if model.norm_order == "post":
        return read.norm(model, f"{name}.norm", x + model.residual_scale * half(x))
    if model.norm_order == "inner":
        return x + model.residual_scale * read.norm(model, f"{name}.norm", half(x))
    given = half(read.norm(model, f"{name}.norm", x))
    if model.norm_order == "both":
        given = read.norm(model, f"{name}.after_norm", given)
    return x + model.residual_scale * given


def _feed_forward(model: ModelSpec, read: _Read, x: Float64s) -> Float64s:
    if "dense.up.weight" in read.arrays:
        return _network(model, read, x, "dense")
    return _mixture(model, read, x) if model.experts else _network(model, read, x)


def _network(model: ModelSpec, read: _Read, x: Float64s, name: str = "ffn") -> Float64s:
    up = read.affine(f"{name}.up", x)
    if model.activation in _GATED:
        return read.affine(f"{name}.down", _GATED[model.activation](read.affine(f"{name}.gate", x), up))
    return read.affine(f"{name}.down", _ACTIVATIONS[model.activation](up))


def _mixture(model: ModelSpec, read: _Read, x: Float64s) -> Float64s:
    """One expert after another, each over the tokens that rank it high enough (Jiang et al. 2024, section 2.1)."""
    mixed = np.zeros_like(x)
    rows, out = x.reshape(-1, model.width), mixed.reshape(-1, model.width)
    shift = read("ffn.shift.bias") if model.router_shift else np.zeros(model.experts)
    wishes = [_wishes(model, row, shift) for row in read.affine("ffn.router", rows)]
    for number in range(model.experts):
        expert = _Read({name: array[number] for name, array in read.arrays.items() if _is_of_experts(name)})
        own = [token for token, wish in enumerate(wishes) if number in wish]
        share = np.array([wishes[token][number] for token in own])
        if own:
            out[own] += share[:, None] * _network(model, expert, rows[own])
    return mixed + _shared(model, read, x) if model.shared_width else mixed


def _shared(model: ModelSpec, read: _Read, x: Float64s) -> Float64s:
    given = _network(model, read, x, "shared")
    return given * _sigmoid(read.affine("shared.weight_of_token", x)) if model.shared_gate else given


def _is_of_experts(name: str) -> bool:
    return name.startswith(("ffn.up.", "ffn.gate.", "ffn.down."))


def _wishes(model: ModelSpec, logits: Float64s, shift: Float64s) -> dict[int, float]:
    """Return the experts a token goes to and their shares; of equal ranks the earlier expert's counts."""
    numbers, sigmoid = range(len(logits)), model.router == "sigmoid"
    powers = [1 / (1 + math.exp(-logit)) if sigmoid else math.exp(logit - logits.max()) for logit in logits]
    ranks = [power / (1 if sigmoid else math.fsum(powers)) + shift[number] for number, power in enumerate(powers)]
    open_ = _open_experts(model, ranks)
    best = sorted(open_, key=lambda number: (-ranks[number], number))[: model.experts_per_token]
    total = math.fsum(powers[number] for number in (numbers if model.router == "all" else best))
    return {number: model.router_scale * powers[number] / total for number in best}


def _open_experts(model: ModelSpec, ranks: list[float]) -> list[int]:
    """Return the experts of the groups that a token may go to: those whose best are best, of two with a sigmoid."""
    size = len(ranks) // max(1, model.router_groups)
    groups = [range(start, start + size) for start in range(0, len(ranks), size)]
    looked = 2 if model.router == "sigmoid" else 1
    worth = [math.fsum(sorted((ranks[number] for number in group), reverse=True)[:looked]) for group in groups]
    order = sorted(range(len(groups)), key=lambda at: (-worth[at], at))[: max(1, model.router_groups_kept)]
    return [number for at in order for number in groups[at]]


def _head(model: ModelSpec, arrays: Mapping[str, Array], x: Float64s) -> dict[str, Float64s]:
    read = _Read(arrays)
    if model.norm_order != "post":
        x = read.norm(model, "final.norm" if model.task == "mlm" else "head.norm", x)
    if model.task == "lm":
        return {"tokens": _over_vocabulary(model, arrays, x)}
    if model.task == "tag":
        return {"classes": read.affine("head.classes", x)}
    if model.task == "embed":
        return {"states": _pooled(read, x) if model.sentence_head and not model.causal else x}
    if model.task == "classify":
        return {"classes": read.affine("head.classes", x[:, -1] if model.causal else _pooled(read, x))}
    active = _ACTIVATIONS[model.head_activation]
    guess = read.norm(model, "head.norm", active(read.affine("head.dense", x[:, : model.masked])))
    logits = {"tokens": _over_vocabulary(model, arrays, guess)}
    return logits | {"classes": read.affine("head.classes", _pooled(read, x))} if model.sentence_head else logits


def _pooled(read: _Read, x: Float64s) -> Float64s:
    return np.tanh(read.affine("head.pool", x[:, 0]))


def _over_vocabulary(model: ModelSpec, arrays: Mapping[str, Array], x: Float64s) -> Float64s:
    table, bias = arrays["logits.weight"], arrays.get("logits.bias")
    rows = x.reshape(-1, x.shape[-1])
    if model.embed_width:
        rows = rows @ arrays["head.narrow.weight"].astype(np.float64)
    logits = np.empty((len(rows), len(table)))
    for start in range(0, len(table), _VOCAB_STEP):
        part = slice(start, start + _VOCAB_STEP)
        logits[:, part] = np.inner(rows, table[part].astype(np.float64))
    if bias is not None:
        logits += bias
    logits *= model.logits_scale
    if model.logits_cap:
        logits = model.logits_cap * np.tanh(logits / model.logits_cap)
    return logits.reshape(*x.shape[:-1], len(table))


def _loss(model: ModelSpec, logits: Float64s, labels: Ids) -> float:
    """Mean negative log-probability of the labels, one position at a time."""
    if model.task == "lm":
        logits, labels = logits[:, :-1], labels[:, 1:]
    rows = zip(logits.reshape(-1, logits.shape[-1]), labels.ravel(), strict=True)
    losses = [math.log(np.exp(row - row.max()).sum()) + row.max() - row[label] for row, label in rows]
    return math.fsum(losses) / len(losses)


_PIECE = 2**13
"""Numbers of which the error function is made at once, so that they stay in cache."""
_STEPS = 64
_GRID = np.arange(6 * _STEPS + 1) / _STEPS
_EXACT = np.array([math.erf(point) for point in _GRID])


def _erf(x: Float64s) -> Float64s:
    """Taylor series of degree 7 around the nearest multiple of 1/64; erf is 1 beyond 6. Error under 4e-16.

    Source: the n-th derivative is 2 / sqrt(pi) (-1)^(n-1) H_(n-1)(x) exp(-x²), with Hermite polynomials H.
    """
    size = np.minimum(np.abs(x), 6.0)
    nearest = np.rint(size * _STEPS).astype(np.intp)
    at = _GRID[nearest]
    step = size - at
    hermite_before, hermite = np.zeros_like(at), np.ones_like(at)
    power, series = step.copy(), np.zeros_like(at)
    for n in range(1, 8):
        series += hermite * power
        hermite_before, hermite = hermite, 2 * at * hermite - 2 * (n - 1) * hermite_before
        power *= -step / (n + 1)
    result: Float64s = np.copysign(_EXACT[nearest] + 2 / math.sqrt(math.pi) * np.exp(-at * at) * series, x)
    return result


def _gelu(x: Float64s) -> Float64s:
    flat = x.reshape(-1)
    pieces = np.split(flat, range(_PIECE, flat.size, _PIECE))
    return np.concatenate([piece * (1 + _erf(piece / math.sqrt(2))) / 2 for piece in pieces]).reshape(x.shape)


def _gelu_tanh(x: Float64s) -> Float64s:
    result: Float64s = x / 2 * (1 + np.tanh(math.sqrt(2 / math.pi) * (x + 0.044715 * x**3)))
    return result


_ACTIVATIONS: Mapping[str, Callable[[Float64s], Float64s]] = {
    "gelu": _gelu,
    "gelu_tanh": _gelu_tanh,
    "relu": lambda x: (x + np.abs(x)) / 2,
    "relu2": lambda x: x * np.maximum(x, 0),
    "silu": lambda x: x * _sigmoid(x),
}
_GATED: Mapping[str, Callable[[Float64s, Float64s], Float64s]] = {
    "swiglu": lambda gate, up: gate * _sigmoid(gate) * up,
    "swiglu_bounded": lambda gate, up: _bounded(gate.clip(max=7), up.clip(-7, 7)),
    "geglu": lambda gate, up: _gelu(gate) * up,
    "geglu_tanh": lambda gate, up: _gelu_tanh(gate) * up,
    "reglu": lambda gate, up: np.where(gate > 0, gate * up, 0),
}


def _bounded(gate: Float64s, up: Float64s) -> Float64s:
    return gate * _sigmoid(1.702 * gate) * (1 + up)


def _sigmoid(x: Float64s) -> Float64s:
    share: Float64s = (1 + np.tanh(x / 2)) / 2
    return share
