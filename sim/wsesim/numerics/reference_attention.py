"""The reference's attention: one sequence and one head at a time, rotary pairs turned as complex numbers."""

from __future__ import annotations

import math
from collections.abc import Iterator
from typing import Protocol

import numpy as np
from numpy.typing import NDArray

from wsesim.model import ModelSpec

Float64s = NDArray[np.float64]


class ReferenceWeights(Protocol):
    """Weights of a layer by name, in float64."""

    def __call__(self, name: str) -> Float64s:
        """Return a weight."""

    def affine(self, name: str, x: Float64s) -> Float64s:
        """Return x W + b."""


def attention(model: ModelSpec, read: ReferenceWeights, x: Float64s, copy: int) -> Float64s:
    """Return what attention of the layer *copy* gives of x [sequences, length, width]."""
    if model.latent_rank:
        return _latent_attention(model, read, x)
    size, group = model.head_width, model.heads // model.kv_heads
    bounds = [model.heads * size, (model.heads + model.kv_heads) * size]
    queries, keys, values = np.split(read.affine("attention.qkv", x), bounds, axis=-1)
    if model.wide_norm:
        queries, keys = (_normed(model, read, which, each) for which, each in (("query", queries), ("key", keys)))
    sinks = read("attention.sink.bias") if model.sinks else np.full(model.heads, -np.inf)
    mixed = np.empty_like(queries)
    for row in range(len(x)):
        for head in range(model.heads):
            own = slice(head * size, (head + 1) * size)
            shared = slice(head // group * size, (head // group + 1) * size)
            query = _head_normed(model, read, "query", queries[row, :, own], own)
            key = _head_normed(model, read, "key", keys[row, :, shared], shared)
            if not model.still_every or copy % model.still_every != model.still_every - 1:
                near = model.rotary_window_base > 0 and not _sees_all(model, copy)
                query, key = _turned(model, query, near=near), _turned(model, key, near=near)
            seen = _seen(model, len(query), copy)
            scores = _scores(model, query, key, head, copy)
            mixed[row, :, own] = _mixed(scores, seen, values[row, :, shared], sinks[head])
    return read.affine("attention.project", mixed)


def _latent_attention(model: ModelSpec, read: ReferenceWeights, x: Float64s) -> Float64s:
    """Return the same where keys and values are made of a latent vector.

    Written as it is absorbed: a query is made one of latent vectors, and a value is made of their sum. Norms of latent
    vectors add 1e-6 whatever the others add (DeepSeek's code gives them no number of its own).
    """
    still = model.head_width - model.rotary_width
    if model.query_rank:
        narrow = _rms(1e-6, read.affine("attention.narrow", x), read("attention.narrow_norm.scale"))
    queries = read.affine("attention.widen", narrow) if model.query_rank else read.affine("attention.query", x)
    latents = _rms(1e-6, read.affine("attention.latent", x), read("attention.latent_norm.scale"))
    keys = read.affine("attention.shared_key", x)
    by_head = read("attention.expand.weight").reshape(model.latent_rank, model.heads, -1)
    mixed, scale = [], model.attention_scale or model.head_width**-0.5
    for row in range(len(x)):
        key, heads = _turned(model, keys[row]), []
        for head, query in enumerate(np.split(queries[row], model.heads, axis=-1)):
            absorbed = query[:, :still] @ by_head[:, head, :still].T
            scores = scale * (np.inner(absorbed, latents[row]) + np.inner(_turned(model, query[:, still:]), key))
            seen = np.tril(np.ones(scores.shape, dtype=bool))
            heads.append(_mixed(scores, seen, latents[row], -np.inf) @ by_head[:, head, still:])
        mixed.append(np.hstack(heads))
    return read.affine("attention.project", np.stack(mixed))


def _head_normed(model: ModelSpec, read: ReferenceWeights, which: str, x: Float64s, head: slice) -> Float64s:
    """Norm what a head has of each token, where heads are; *head*: where it stands among all."""
    if model.head_layer_norm:
        return _rms(model.norm_epsilon, x - x.mean(axis=1)[:, None], read(f"attention.{which}_norms.scale")[head])
    return _normed(model, read, which, x) if model.head_norm else x


def _normed(model: ModelSpec, read: ReferenceWeights, which: str, x: Float64s) -> Float64s:
    """Bring each row to the length of its scale."""
    return _rms(model.norm_epsilon, x, read(f"attention.{which}_norm.scale"))


def _rms(epsilon: float, x: Float64s, scale: Float64s) -> Float64s:
    rows = x.reshape(-1, x.shape[-1])
    lengths = [math.sqrt(math.fsum(row * row) / len(row) + epsilon) for row in rows]
    normed: Float64s = rows / np.array(lengths)[:, None] * scale
    return normed.reshape(x.shape)


def _scores(model: ModelSpec, query: Float64s, key: Float64s, head: int, copy: int) -> Float64s:
    """Return the scores of one head of a layer, [length, length]; queries and keys are [length, head]."""
    scores: Float64s = np.inner(query, key) * (model.attention_scale or query.shape[1] ** -0.5)
    if model.scale_by_layer:
        scores = scores / (1 + copy)
    if model.attention_cap:
        scores = model.attention_cap * np.tanh(scores / model.attention_cap)
    if model.position == "alibi":
        at = np.arange(len(query))
        scores = scores - list(_slopes(model.heads))[head] * abs(at[:, None] - at)
    return scores


def _slopes(heads: int) -> Iterator[float]:
    """Yield the slope of each head, as Press et al. 2022 publish them: a geometric series, and every other between."""
    power = 1 << (heads.bit_length() - 1)
    yield from (2 ** (-8 * (number + 1) / power) for number in range(power))
    yield from (2 ** (-8 * (2 * number + 1) / (2 * power)) for number in range(heads - power))


def _seen(model: ModelSpec, length: int, copy: int) -> NDArray[np.bool_]:
    """Return which keys a query sees."""
    seen = np.ones((length, length), dtype=bool)
    if model.causal:
        seen = np.tril(seen)
    if model.window and not _sees_all(model, copy):
        seen = np.triu(seen, 1 - model.window)
    return seen


def _sees_all(model: ModelSpec, copy: int) -> bool:
    """Return whether a layer has no window, where others have."""
    return model.full_every > 0 and copy % model.full_every == model.full_every - 1


def _mixed(scores: Float64s, seen: NDArray[np.bool_], value: Float64s, sink: float) -> Float64s:
    """Return the values by their shares, of which the sink has one; the largest score seen is taken off before."""
    largest = np.maximum(np.where(seen, scores, -np.inf).max(axis=1), sink)
    weight = np.where(seen, np.exp(np.minimum(scores - largest[:, None], 0)), 0)
    mixed: Float64s = (weight @ value) / (weight.sum(axis=1) + np.exp(sink - largest))[:, None]
    return mixed


def _turned(model: ModelSpec, x: Float64s, *, near: bool = False) -> Float64s:
    """Rotate the pairs of [length, head] in the complex plane, if the model has rotary positions.

    Layers with a window may have a base of their own (*near*).
    """
    if model.position != "rotary":
        return x
    turned = model.rotary_width or model.head_width
    pairs, rest = x[:, :turned], x[:, turned:]
    frequency = np.array([
        model.rotary_window_base ** (-2 * i / turned) if near else _frequency(model, i, turned)
        for i in range(turned // 2)
    ])  # fmt: skip
    spin = (1.0 if near else model.rotary_scale) * np.exp(1j * np.outer(np.arange(len(x)), frequency))
    if model.rotary_pairs == "interleaved":
        neighbours = np.ascontiguousarray(pairs).view(np.complex128) * spin
        return np.hstack([neighbours.view(np.float64), rest])
    halves = (pairs[:, : turned // 2] + 1j * pairs[:, turned // 2 :]) * spin
    return np.hstack([halves.real, halves.imag, rest])


def _frequency(model: ModelSpec, pair: int, turned: int) -> float:
    """Return the angle of a pair, lessened where the model was stretched."""
    angle = float(model.rotary_base ** (-2 * pair / turned))
    if not model.rotary_factor:
        return angle
    share = {"linear": _all_of_it, "llama3": _by_wavelength}.get(model.rotary_scaling, _by_pair)(model, pair, turned)
    return angle * (1 - share + share / model.rotary_factor)


def _all_of_it(model: ModelSpec, pair: int, turned: int) -> float:
    return 1.0


def _by_wavelength(model: ModelSpec, pair: int, turned: int) -> float:
    """Return the share that is divided as the code of Llama 3.1 has it: by positions that a whole turn takes."""
    turn = 2 * math.pi * float(model.rotary_base ** (2 * pair / turned))
    if turn < model.rotary_trained / model.rotary_fast:
        return 0.0
    if turn > model.rotary_trained / model.rotary_slow:
        return 1.0
    return 1 - (model.rotary_trained / turn - model.rotary_slow) / (model.rotary_fast - model.rotary_slow)


def _by_pair(model: ModelSpec, pair: int, turned: int) -> float:
    """Return the share that is divided by YaRN: Peng et al. 2023, section 3.2 and A.2."""

    def where(turns: float) -> float:
        return math.log(model.rotary_trained / (2 * math.pi * turns)) / math.log(model.rotary_base) * turned / 2

    begin, end = where(model.rotary_fast), where(model.rotary_slow)
    if model.rotary_scaling == "yarn":
        begin, end = math.floor(begin), math.ceil(end)
    begin, end = max(0, begin), min(turned - 1, end)
    return min(1.0, max(0.0, (pair - begin) / ((end - begin) or 0.001)))
