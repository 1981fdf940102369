"""A resident transformer layer as a list of ops: decoding one token of each sequence, or a chunk of a prompt.

Decode, with what the sum runs along (each product's outputs are the next one's inputs, so the axis alternates):

    norm y | q,k,v y | scores x | max y | sum y | values y | output x | norm y | up,gate y | down x
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from math import ceil

from wsesim.kernels.resident import (
    VALUE_BYTES,
    Square,
    Work,
    allreduce,
    elementwise,
    handover,
    map_cycles,
    matvec,
    mesh_gemm,
    scalars,
)

NORM_OPS = 4
"""Square, scale, weight, and what is left of the sum on the core."""
ROTARY_OPS = 3
"""Two products with cosines and sines, a sum; over queries and keys."""
SOFTMAX_OPS = 4
"""Scale, maximum, subtract, sum on the core; the division follows once all is summed."""
ARGMAX_OPS = 1
"""A comparison."""


@dataclass(frozen=True, slots=True, kw_only=True)
class LayerShape:
    """What a layer's time depends on."""

    width: int
    attention_width: int
    """Queries of all heads side by side."""
    kv_width: int
    """Keys of all heads side by side; as many values."""
    ffn_width: int
    gated: bool
    """Whether the feed-forward layer has a gate beside its way up."""
    rotary: bool
    head_norm: bool = False
    """Whether queries and keys are normed by head (Qwen 3)."""

    @property
    def qkv_width(self) -> int:
        """Queries, keys and values side by side."""
        return self.attention_width + 2 * self.kv_width

    @property
    def up_width(self) -> int:
        """What the feed-forward layer's first product gives."""
        return self.ffn_width * (2 if self.gated else 1)

    @property
    def query_groups(self) -> int:
        """Queries that share a key: multiplied one after the other."""
        return ceil(self.attention_width / self.kv_width)

    @property
    def weights(self) -> int:
        """Weights of the products."""
        return self.width * (self.qkv_width + self.attention_width + self.up_width + self.ffn_width)


def decode_layer(square: Square, shape: LayerShape, *, positions: int, batch: int = 1) -> tuple[Work, ...]:
    """Return the ops for one token of each of *batch* sequences, each with *positions* cached."""
    return tuple(_decode_ops(square, shape, positions, batch))


def _decode_ops(square: Square, shape: LayerShape, positions: int, batch: int) -> Iterator[Work]:
    def total(name: str, outputs: int, *, turned: bool = False) -> Work:
        return allreduce(square, name, values=batch * square.each(outputs), turned=turned)

    def product(name: str, inputs: int, outputs: int, *, turned: bool = False) -> Work:
        return matvec(square, name, inputs=inputs, outputs=outputs, batch=batch).then(
            total(name, outputs, turned=turned)
        )

    held = batch * square.each(shape.width)
    norm = _norm(square, "norm", held).then(allreduce(square, "norm", values=batch, turned=True))
    residual = elementwise(square, "residual", elements=held, ops=1)
    yield norm
    yield product("queries, keys, values", shape.width, shape.qkv_width)
    yield from _positioned(square, shape, batch)
    yield from _attend(square, shape, positions, batch)
    yield product("attention output", shape.attention_width, shape.width, turned=True)
    yield residual
    yield norm
    yield product("up and gate" if shape.gated else "up", shape.width, shape.up_width)
    yield _activation(square, shape, batch)
    yield product("down", shape.ffn_width, shape.width, turned=True)
    yield residual


def _positioned(square: Square, shape: LayerShape, batch: int) -> Iterator[Work]:
    turned_values = batch * (square.each(shape.attention_width) + square.each(shape.kv_width))
    if shape.head_norm:
        sums = allreduce(square, "head norm", values=2 * batch)
        yield _norm(square, "head norm", turned_values).then(sums)
    if shape.rotary:
        yield elementwise(square, "rotary", elements=turned_values, ops=ROTARY_OPS)


def _attend(square: Square, shape: LayerShape, positions: int, batch: int) -> Iterator[Work]:
    """Yield scores, softmax and weighted sum; the cache has positions along y, features along x."""
    here = square.each(positions)
    scores = _cached(square, shape, "scores", positions, batch, scored=True)
    yield scores.then(allreduce(square, "scores", values=batch * here, turned=True))
    yield elementwise(
        square, "softmax", elements=batch * here, ops=SOFTMAX_OPS, exps=1, divides=0, cause="softmax"
    ).then(
        allreduce(square, "softmax", values=batch, turned=True),
        allreduce(square, "softmax", values=batch),
        scalars("softmax", batch * square.wafer.core.divide_cycles, "softmax"),
    )
    summed = _cached(square, shape, "weighted sum", positions, batch, scored=False)
    yield summed.then(allreduce(square, "weighted sum", values=batch * square.each(shape.attention_width)))


def _cached(square: Square, shape: LayerShape, name: str, positions: int, batch: int, *, scored: bool) -> Work:
    """Return a product with the cache, by vectors over what the core has of the outputs.

    Where loops are scalar, scores are a dot product a position, element by element, and the weighted sum is a loop over
    positions with one vector over the features.
    """
    features, here = square.each(shape.attention_width), square.each(positions)
    if not square.loop_cycles:
        sizes = (shape.attention_width, positions) if scored else (positions, shape.attention_width)
        return matvec(square, name, inputs=sizes[0], outputs=sizes[1], batch=batch)
    dot = here * features * square.loop_cycles
    summed = here * square.loop_cycles + map_cycles(square, here, features)
    return Work(
        name=name,
        parts={"compute": batch * (dot if scored else summed)},
        macs=batch * positions * shape.attention_width,
        sram_bytes=3 * VALUE_BYTES * batch * here * features * square.cores,
    )


def _norm(square: Square, name: str, elements: int) -> Work:
    core = square.wafer.core
    return elementwise(square, name, elements=elements, ops=NORM_OPS).then(
        scalars(name, core.sqrt_cycles + core.divide_cycles)
    )


def _activation(square: Square, shape: LayerShape, tokens: int) -> Work:
    """Return SiLU and its product with the gate, or GELU taken as long."""
    elements = tokens * square.each(shape.ffn_width)
    return elementwise(square, "activation", elements=elements, ops=3, exps=1, divides=1)


def prefill_layer(
    square: Square, shape: LayerShape, *, tokens: int, start: int = 0, block: int | None = None
) -> tuple[Work, ...]:
    """Return the ops for a chunk of *tokens* of one prompt whose first *start* positions are cached.

    Keys pass in blocks (by default as long as the chunk), whole ones, masked or not; what a block adds to the sums so
    far is scaled at once.
    """
    return tuple(_prefill_ops(square, shape, tokens, start, block or tokens))


def _prefill_ops(square: Square, shape: LayerShape, tokens: int, start: int, block: int) -> Iterator[Work]:
    def product(name: str, inputs: int, outputs: int) -> Work:
        return mesh_gemm(square, name, m=tokens, k=inputs, n=outputs)

    here = square.each(tokens)
    held = here * square.each(shape.width)
    norm = _norm(square, "norm", held).then(allreduce(square, "norm", values=here, turned=True))
    residual = elementwise(square, "residual", elements=held, ops=1)
    turned_values = here * (square.each(shape.attention_width) + square.each(shape.kv_width))
    yield norm
    yield product("queries, keys, values", shape.width, shape.qkv_width)
    if shape.head_norm:
        sums = allreduce(square, "head norm", values=2 * here)
        yield _norm(square, "head norm", turned_values).then(sums)
    if shape.rotary:
        yield elementwise(square, "rotary", elements=turned_values, ops=ROTARY_OPS)
    yield from _attend_blocks(square, shape, tokens, block, ceil((start + tokens) / block))
    yield product("attention output", shape.attention_width, shape.width)
    yield residual
    yield norm
    yield product("up and gate" if shape.gated else "up", shape.width, shape.up_width)
    yield _activation(square, shape, here)
    yield product("down", shape.ffn_width, shape.width)
    yield residual


def _attend_blocks(square: Square, shape: LayerShape, tokens: int, block: int, blocks: int) -> Iterator[Work]:
    """Yield scores, softmax and weighted sum of all blocks of keys; queries that share a key one after the other."""
    here, times = square.each(tokens), blocks * shape.query_groups
    yield mesh_gemm(square, "scores", m=tokens, k=shape.kv_width, n=block).times(times)
    sums = allreduce(square, "softmax", values=here)
    scores = here * square.each(block)
    softmax = elementwise(square, "softmax", elements=scores, ops=SOFTMAX_OPS, exps=1, cause="softmax")
    yield softmax.then(sums, sums).times(times)
    yield mesh_gemm(square, "weighted sum", m=tokens, k=block, n=shape.kv_width).times(times)


def head(square: Square, *, width: int, vocab: int, batch: int = 1) -> tuple[Work, ...]:
    """Return the product with the vocabulary and the search for its largest score, for the last token of each."""
    here = square.each(vocab)
    best = allreduce(square, "largest score", values=batch)
    logits = matvec(square, "logits", inputs=width, outputs=vocab, batch=batch)
    search = elementwise(square, "largest score", elements=batch * here, ops=ARGMAX_OPS)
    return (logits.then(allreduce(square, "logits", values=batch * here)), search.then(best, best))


def embedding(square: Square, *, width: int, tokens: int = 1) -> tuple[Work, ...]:
    """Return the way of the tokens' rows of the table to the cores that begin with them: each crosses the square."""
    return (handover(square, "embedding", values=tokens * square.each(width)),)
