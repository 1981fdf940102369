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
    Axis,
    Rectangle,
    Work,
    allreduce,
    elementwise,
    handover,
    map_cycles,
    matvec,
    scalars,
)
from wsesim.kernels.resident_mesh import mesh_gemm

# Counts of vector instructions, which the forms only sum up.
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


def decode_layer(where: Rectangle, shape: LayerShape, *, positions: int, batch: int = 1) -> tuple[Work, ...]:
    """Return the ops for one token of each of *batch* sequences, each with *positions* cached."""
    return tuple(_decode_ops(where, shape, positions, batch))


def _decode_ops(where: Rectangle, shape: LayerShape, positions: int, batch: int) -> Iterator[Work]:
    def product(name: str, inputs: int, outputs: int, *, sums: Axis, turned: bool = False) -> Work:
        values = batch * where.across(sums).each(outputs)
        return matvec(where, name, inputs=inputs, outputs=outputs, batch=batch, sums=sums).then(
            allreduce(where, name, values=values, along=sums, turned=turned)
        )

    held = batch * where.y.each(shape.width)
    sums = allreduce(where, "norm", values=batch, along="y", turned=True)
    norm = _norm(where, "norm", elements=held, vectors=batch).then(sums)
    residual = elementwise(where, "residual", elements=held, ops=1)
    yield norm
    yield product("queries, keys, values", shape.width, shape.qkv_width, sums="y")
    yield from _positioned(where, shape, batch)
    yield from _attend(where, shape, positions, batch)
    yield product("attention output", shape.attention_width, shape.width, sums="x", turned=True)
    yield residual
    yield norm
    yield product("up and gate" if shape.gated else "up", shape.width, shape.up_width, sums="y")
    yield _activation(where, shape, batch)
    yield product("down", shape.ffn_width, shape.width, sums="x", turned=True)
    yield residual


def _positioned(where: Rectangle, shape: LayerShape, tokens: int) -> Iterator[Work]:
    """Yield what is done to queries and keys of *tokens* a core, whose features lie along x."""
    elements = tokens * (where.x.each(shape.attention_width) + where.x.each(shape.kv_width))
    if shape.head_norm:
        sums = allreduce(where, "head norm", values=2 * tokens, along="x")
        # The roots of a token's queries and keys are taken side by side, in two lanes.
        yield _norm(where, "head norm", elements=elements, vectors=tokens).then(sums)
    if shape.rotary:
        yield elementwise(where, "rotary", elements=elements, ops=ROTARY_OPS)


def _attend(where: Rectangle, shape: LayerShape, positions: int, batch: int) -> Iterator[Work]:
    """Yield scores, softmax and weighted sum; the cache has positions along y, features along x."""
    scored, features = batch * where.y.each(positions), batch * where.x.each(shape.attention_width)
    scores = _cached(where, shape, "scores", positions, scored=True).times(batch)
    yield scores.then(allreduce(where, "scores", values=scored, along="x", turned=True))
    yield elementwise(where, "softmax", elements=scored, ops=SOFTMAX_OPS, exps=1, divides=0, cause="softmax").then(
        allreduce(where, "softmax", values=batch, along="y", turned=True),
        allreduce(where, "softmax", values=batch, along="y"),
        scalars("softmax", batch * where.wafer.code.divide_cycles, "softmax"),
    )
    summed = _cached(where, shape, "weighted sum", positions, scored=False).times(batch)
    yield summed.then(allreduce(where, "weighted sum", values=features, along="y"))


def _cached(where: Rectangle, shape: LayerShape, name: str, positions: int, *, scored: bool) -> Work:
    """Return a product with the cache of a sequence, by vectors over what the core has of the outputs.

    Where loops are scalar, scores are a dot product a position, element by element, and the weighted sum is a loop over
    positions with one vector over the features.
    """
    width = shape.attention_width
    loop_cycles = where.software.element_loop_cycles
    if not loop_cycles:
        if scored:
            return matvec(where, name, inputs=width, outputs=positions, sums="x")
        return matvec(where, name, inputs=positions, outputs=width, sums="y")
    features, here = where.x.each(width), where.y.each(positions)
    dot = here * features * loop_cycles
    summed = here * loop_cycles + map_cycles(where, here, features)
    return Work(
        name=name,
        parts={"compute": dot if scored else summed},
        macs=positions * width,
        sram_bytes=3 * VALUE_BYTES * here * features * where.cores,
    )


def _norm(where: Rectangle, name: str, *, elements: int, vectors: int) -> Work:
    """Return the norm of *vectors*, of which a core has *elements*; each has a root and a reciprocal."""
    code = where.wafer.code
    return elementwise(where, name, elements=elements, ops=NORM_OPS).then(
        scalars(name, vectors * (code.sqrt_cycles + code.divide_cycles))
    )


def _activation(where: Rectangle, shape: LayerShape, tokens: int) -> Work:
    """Return SiLU and its product with the gate, or GELU taken as long."""
    elements = tokens * where.x.each(shape.ffn_width)
    return elementwise(where, "activation", elements=elements, ops=3, exps=1, divides=1)


def prefill_layer(
    where: Rectangle, shape: LayerShape, *, tokens: int, start: int = 0, block: int | None = None
) -> tuple[Work, ...]:
    """Return the ops for a chunk of *tokens* of one prompt whose first *start* positions are cached.

    Keys pass in blocks (by default as long as the chunk), whole ones, masked or not; what a block adds to the sums so
    far is scaled at once.
    """
    return tuple(_prefill_ops(where, shape, tokens, start, block or tokens))


def _prefill_ops(where: Rectangle, shape: LayerShape, tokens: int, start: int, block: int) -> Iterator[Work]:
    def product(name: str, inputs: int, outputs: int) -> Work:
        return mesh_gemm(where, name, m=tokens, k=inputs, n=outputs)

    here = where.y.each(tokens)
    held = here * where.x.each(shape.width)
    sums = allreduce(where, "norm", values=here, along="x", turned=True)
    norm = _norm(where, "norm", elements=held, vectors=here).then(sums)
    residual = elementwise(where, "residual", elements=held, ops=1)
    yield norm
    yield product("queries, keys, values", shape.width, shape.qkv_width)
    yield from _positioned(where, shape, here)
    yield from _attend_blocks(where, shape, tokens, block, ceil((start + tokens) / block))
    yield product("attention output", shape.attention_width, shape.width)
    yield residual
    yield norm
    yield product("up and gate" if shape.gated else "up", shape.width, shape.up_width)
    yield _activation(where, shape, here)
    yield product("down", shape.ffn_width, shape.width)
    yield residual


def _attend_blocks(where: Rectangle, shape: LayerShape, tokens: int, block: int, blocks: int) -> Iterator[Work]:
    """Yield scores, softmax and weighted sum of all blocks of keys; queries that share a key one after the other."""
    here, times = where.y.each(tokens), blocks * shape.query_groups
    yield mesh_gemm(where, "scores", m=tokens, k=shape.kv_width, n=block).times(times)
    sums = allreduce(where, "softmax", values=here, along="x")
    scores = here * where.x.each(block)
    softmax = elementwise(where, "softmax", elements=scores, ops=SOFTMAX_OPS, exps=1, cause="softmax")
    yield softmax.then(sums, sums).times(times)
    yield mesh_gemm(where, "weighted sum", m=tokens, k=block, n=shape.kv_width).times(times)


def head(where: Rectangle, *, width: int, vocab: int, batch: int = 1) -> tuple[Work, ...]:
    """Return the product with the vocabulary and the search for its largest score, for the last token of each.

    Sequences follow each other: a core has room for the scores of one.
    """
    here = where.x.each(vocab)
    best = allreduce(where, "largest score", values=1, along="x")
    logits = matvec(where, "logits", inputs=width, outputs=vocab, sums="y")
    search = elementwise(where, "largest score", elements=here, ops=ARGMAX_OPS)
    scored = logits.then(allreduce(where, "logits", values=here, along="y"))
    return (scored.times(batch), search.then(best, best).times(batch))


def embedding(where: Rectangle, *, width: int, tokens: int = 1) -> tuple[Work, ...]:
    """Return the way of the rows of the table of *tokens* a core to those that begin: each crosses the rectangle."""
    return (handover(where, "embedding", values=tokens * where.y.each(width)),)
