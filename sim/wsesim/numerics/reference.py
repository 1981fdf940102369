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
from numpy.typing import NDArray

from wsesim.model import Model
from wsesim.numerics.arrays import Array, Ids
from wsesim.numerics.weights import Weights

Float64s = NDArray[np.float64]

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
    """By `tokens` (over the vocabulary) and `classes` (over sequences' classes)."""
    losses: Mapping[str, float] = field(default_factory=dict)
    """Mean cross-entropy of each of `logits`."""


def walk_reference(model: Model, weights: Weights, tokens: Mapping[str, Ids]) -> Iterator[ReferenceStep]:
    """Yield the embedding, each layer and the head of *model* for *tokens*, as `token_inputs` names them."""
    x = _embed(model, weights.load("embed", 0), tokens)
    yield ReferenceStep(block="embed", copy=0, hidden=x)
    for copy in range(model.layers):
        x = _layer(model, weights.load("layer", copy), x)
        yield ReferenceStep(block="layer", copy=copy, hidden=x)
    logits = _head(model, weights.load("head", 0), x)
    labels = {"tokens": "labels", "classes": "classes"}
    losses = {name: _loss(model, values, tokens[labels[name]]) for name, values in logits.items()}
    yield ReferenceStep(block="head", copy=0, logits=logits, losses=losses)


class _Read:
    """Weights of one copy, each turned to float64 when asked for and not kept."""

    def __init__(self, arrays: Mapping[str, Array]) -> None:
        self.arrays = arrays

    def __call__(self, name: str) -> Float64s:
        return self.arrays[name].astype(np.float64)

    def affine(self, name: str, x: Float64s) -> Float64s:
        """x W + b, with a bias of zero where the model has none."""
        product: Float64s = np.tensordot(x, self(f"{name}.weight"), axes=1)
        if f"{name}.bias" in self.arrays:
            product += self(f"{name}.bias")
        return product

    def norm(self, model: Model, name: str, x: Float64s) -> Float64s:
        mean = np.mean(x, axis=-1) if model.norm == "layer_norm" else np.zeros(x.shape[:-1])
        square = np.mean(x**2, axis=-1) if model.norm == "rms_norm" else np.var(x, axis=-1)
        normed: Float64s = (x - mean[..., None]) / np.sqrt(square + model.norm_epsilon)[..., None]
        normed *= self(f"{name}.scale")
        if model.norm == "layer_norm":
            normed += self(f"{name}.bias")
        return normed


def _embed(model: Model, arrays: Mapping[str, Array], tokens: Mapping[str, Ids]) -> Float64s:
    length = tokens["ids"].shape[1]
    x = arrays["tokens.weight"][tokens["ids"]].astype(np.float64)
    if model.position == "learned":
        x += arrays["positions.weight"][np.newaxis, :length]
    if model.token_types:
        x += arrays["types.weight"][tokens["types"]]
    return _Read(arrays).norm(model, "embed.norm", x) if model.norm_order == "post" else x


def _layer(model: Model, arrays: Mapping[str, Array], x: Float64s) -> Float64s:
    read = _Read(arrays)
    if model.block == "parallel":
        seen = read.norm(model, "norm", x)
        return x + _attention(model, read, seen) + _feed_forward(model, read, seen)
    if model.norm_order == "post":
        x = read.norm(model, "attention.norm", x + _attention(model, read, x))
        return read.norm(model, "ffn.norm", x + _feed_forward(model, read, x))
    x = x + _attention(model, read, read.norm(model, "attention.norm", x))
    return x + _feed_forward(model, read, read.norm(model, "ffn.norm", x))


def _attention(model: Model, read: _Read, x: Float64s) -> Float64s:
    size, group = model.head_width, model.heads // model.kv_heads
    bounds = [model.heads * size, (model.heads + model.kv_heads) * size]
    queries, keys, values = np.split(read.affine("attention.qkv", x), bounds, axis=-1)
    mixed = np.empty_like(queries)
    for row in range(len(x)):
        for head in range(model.heads):
            own = slice(head * size, (head + 1) * size)
            shared = slice(head // group * size, (head // group + 1) * size)
            query = _turned(model, _head_normed(model, read, "query", queries[row, :, own]))
            key = _turned(model, _head_normed(model, read, "key", keys[row, :, shared]))
            mixed[row, :, own] = _one_head(query, key, values[row, :, shared], causal=model.causal)
    return read.affine("attention.project", mixed)


def _head_normed(model: Model, read: _Read, which: str, x: Float64s) -> Float64s:
    """Bring each row of [length, head] to the length of its scale, if the model norms by head."""
    if not model.head_norm:
        return x
    lengths = [math.sqrt(math.fsum(row * row) / len(row) + model.norm_epsilon) for row in x]
    normed: Float64s = x / np.array(lengths)[:, None] * read(f"attention.{which}_norm.scale")
    return normed


def _one_head(query: Float64s, key: Float64s, value: Float64s, *, causal: bool) -> Float64s:
    """Attention of one head over one sequence; all arguments are [length, head]."""
    weight = np.exp(_centred(np.inner(query, key) / math.sqrt(query.shape[1]), causal=causal))
    if causal:
        weight = np.tril(weight)
    mixed: Float64s = (weight @ value) / weight.sum(axis=1)[:, None]
    return mixed


def _centred(scores: Float64s, *, causal: bool) -> Float64s:
    """Take from each row the largest score its query may see, so that no exponential that counts overflows."""
    seen = np.maximum.accumulate(scores, axis=1).diagonal() if causal else scores.max(axis=1)
    return np.minimum(scores - seen[:, None], 0)


def _turned(model: Model, x: Float64s) -> Float64s:
    """Rotate the pairs of [length, head] in the complex plane, if the model has rotary positions."""
    if model.position != "rotary":
        return x
    turned = model.rotary_width or model.head_width
    pairs, rest = x[:, :turned], x[:, turned:]
    frequency = np.array([model.rotary_base ** (-2 * i / turned) for i in range(turned // 2)])
    angle = np.outer(np.arange(len(x)), frequency)
    if model.rotary_pairs == "interleaved":
        spun = np.ascontiguousarray(pairs).view(np.complex128) * np.exp(1j * angle)
        return np.hstack([spun.view(np.float64), rest])
    spun = (pairs[:, : turned // 2] + 1j * pairs[:, turned // 2 :]) * np.exp(1j * angle)
    return np.hstack([spun.real, spun.imag, rest])


def _feed_forward(model: Model, read: _Read, x: Float64s) -> Float64s:
    return _mixture(model, read, x) if model.experts else _network(model, read, x)


def _network(model: Model, read: _Read, x: Float64s) -> Float64s:
    up = read.affine("ffn.up", x)
    if model.activation == "swiglu":
        gate = read.affine("ffn.gate", x)
        return read.affine("ffn.down", up * gate * 0.5 * (1 + np.tanh(gate / 2)))
    return read.affine("ffn.down", _ACTIVATIONS[model.activation](up))


def _mixture(model: Model, read: _Read, x: Float64s) -> Float64s:
    """One expert after another, each over the tokens that rank it high enough (Jiang et al. 2024, section 2.1)."""
    mixed = np.zeros_like(x)
    rows, out = x.reshape(-1, model.width), mixed.reshape(-1, model.width)
    wishes = [_wishes(row, model.experts_per_token) for row in rows @ read("ffn.router.weight")]
    for number in range(model.experts):
        expert = _Read({name: array[number] for name, array in read.arrays.items() if _is_of_experts(name)})
        own = [token for token, wish in enumerate(wishes) if number in wish]
        share = np.array([wishes[token][number] for token in own])
        if own:
            out[own] += share[:, None] * _network(model, expert, rows[own])
    return mixed


def _is_of_experts(name: str) -> bool:
    return name.startswith(("ffn.up.", "ffn.gate.", "ffn.down."))


def _wishes(logits: Float64s, count: int) -> dict[int, float]:
    """Return the experts a token goes to and their shares; of equal logits the earlier expert's counts."""
    best = sorted(range(len(logits)), key=lambda number: (-logits[number], number))[:count]
    powers = [math.exp(logits[number] - logits[best[0]]) for number in best]
    return {number: power / math.fsum(powers) for number, power in zip(best, powers, strict=True)}


def _head(model: Model, arrays: Mapping[str, Array], x: Float64s) -> dict[str, Float64s]:
    read = _Read(arrays)
    if model.norm_order == "pre":
        x = read.norm(model, "final.norm" if model.task == "mlm" else "head.norm", x)
    if model.task == "lm":
        return {"tokens": _over_vocabulary(arrays, x)}
    if model.task == "classify":
        return {"classes": read.affine("head.classes", x[:, -1]) if model.causal else _pooled(read, x)}
    guess = read.norm(model, "head.norm", _gelu(read.affine("head.dense", x[:, : model.masked])))
    logits = {"tokens": _over_vocabulary(arrays, guess)}
    return logits | {"classes": _pooled(read, x)} if model.sentence_head else logits


def _pooled(read: _Read, x: Float64s) -> Float64s:
    return read.affine("head.classes", np.tanh(read.affine("head.pool", x[:, 0])))


def _over_vocabulary(arrays: Mapping[str, Array], x: Float64s) -> Float64s:
    table, bias = arrays["logits.weight"], arrays.get("logits.bias")
    rows = x.reshape(-1, x.shape[-1])
    logits = np.empty((len(rows), len(table)))
    for start in range(0, len(table), _VOCAB_STEP):
        part = slice(start, start + _VOCAB_STEP)
        logits[:, part] = np.inner(rows, table[part].astype(np.float64))
    if bias is not None:
        logits += bias
    return logits.reshape(*x.shape[:-1], len(table))


def _loss(model: Model, logits: Float64s, labels: Ids) -> float:
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
}
