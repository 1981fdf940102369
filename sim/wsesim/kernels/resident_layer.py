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
from wsesim.ops import find, resident_recipe_of


@dataclass(frozen=True, slots=True, kw_only=True)
class LayerShape:
    """What a layer's time depends on."""

    width: int
    attention_width: int
    """Queries of all heads side by side."""
    kv_width: int
    """Keys of all heads side by side; as many values."""
    ffn_width: int
    activation: str
    """Kind of op between the products of the feed-forward layer."""
    norm: str
    """Kind of op before attention and the feed-forward layer."""
    rotary: bool
    head_norm: bool = False
    """Whether queries and keys are normed by head (Qwen 3)."""

    @property
    def gated(self) -> bool:
        """Whether the feed-forward layer has a gate beside its way up."""
        return find(self.activation).gated

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
    sums = _sums(where, "norm", shape.norm, values=batch, along="y", turned=True)
    norm = _norm(where, "norm", shape.norm, elements=held, vectors=batch).then(*sums)
    residual = _elementwise(where, "residual", "residual", elements=held)
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
        sums = _sums(where, "head norm", "head_norm", values=2 * tokens, along="x")
        # The roots of a token's queries and keys are taken side by side, in two lanes.
        yield _norm(where, "head norm", "head_norm", elements=elements, vectors=tokens).then(*sums)
    if shape.rotary:
        yield _elementwise(where, "rotary", "rotary", elements=elements)


def _attend(where: Rectangle, shape: LayerShape, positions: int, batch: int) -> Iterator[Work]:
    """Yield scores, softmax and weighted sum; the cache has positions along y, features along x."""
    divides = resident_recipe_of("softmax").row_divides
    scored, features = batch * where.y.each(positions), batch * where.x.each(shape.attention_width)
    scores = _cached(where, shape, "scores", positions, scored=True).times(batch)
    yield scores.then(allreduce(where, "scores", values=scored, along="x", turned=True))
    yield _elementwise(where, "softmax", "softmax", elements=scored, cause="softmax").then(
        *_sums(where, "softmax", "softmax", values=batch, along="y", turned=True),
        scalars("softmax", batch * divides * where.wafer.core.divide_cycles, "softmax"),
    )
    summed = _cached(where, shape, "weighted sum", positions, scored=False).times(batch)
    yield summed.then(allreduce(where, "weighted sum", values=features, along="y"))


def _cached(where: Rectangle, shape: LayerShape, name: str, positions: int, *, scored: bool) -> Work:
    """Return a product with the cache of a sequence, by vectors over what the core has of the outputs.

    Where loops are scalar, scores are a dot product a position, element by element, and the weighted sum is a loop over
    positions with one vector over the features.
    """
    width = shape.attention_width
    if not where.loop_cycles:
        if scored:
            return matvec(where, name, inputs=width, outputs=positions, sums="x")
        return matvec(where, name, inputs=positions, outputs=width, sums="y")
    features, here = where.x.each(width), where.y.each(positions)
    dot = here * features * where.loop_cycles
    summed = here * where.loop_cycles + map_cycles(where, here, features)
    return Work(
        name=name,
        parts={"compute": dot if scored else summed},
        macs=positions * width,
        sram_bytes=3 * VALUE_BYTES * here * features * where.cores,
    )


def _elementwise(where: Rectangle, name: str, kind: str, *, elements: int, cause: str = "elementwise") -> Work:
    """Return what an op of *kind* does to each of the *elements* of a core."""
    recipe = resident_recipe_of(kind)
    return elementwise(
        where, name, elements=elements, ops=recipe.ops, exps=recipe.exps, divides=recipe.divides, cause=cause
    )  # fmt: skip


def _sums(
    where: Rectangle, name: str, kind: str, *, values: int, along: Axis, turned: bool = False
) -> tuple[Work, ...]:  # fmt: skip
    """Return the sums of an op of *kind*; only before the first may routes have to be turned."""
    count = resident_recipe_of(kind).row_sums
    return tuple(
        allreduce(where, name, values=values, along=along, turned=turned and not number) for number in range(count)
    )


def _norm(where: Rectangle, name: str, kind: str, *, elements: int, vectors: int) -> Work:
    """Return the norm of *vectors*, of which a core has *elements*, without its sums."""
    core, recipe = where.wafer.core, resident_recipe_of(kind)
    each = recipe.row_roots * core.sqrt_cycles + recipe.row_divides * core.divide_cycles
    return _elementwise(where, name, kind, elements=elements).then(scalars(name, vectors * each))


def _activation(where: Rectangle, shape: LayerShape, tokens: int) -> Work:
    return _elementwise(where, "activation", shape.activation, elements=tokens * where.x.each(shape.ffn_width))


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
    sums = _sums(where, "norm", shape.norm, values=here, along="x", turned=True)
    norm = _norm(where, "norm", shape.norm, elements=held, vectors=here).then(*sums)
    residual = _elementwise(where, "residual", "residual", elements=held)
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
    sums = _sums(where, "softmax", "softmax", values=here, along="x")
    softmax = _elementwise(where, "softmax", "softmax", elements=here * where.x.each(block), cause="softmax")
    yield softmax.then(*sums).times(times)
    yield mesh_gemm(where, "weighted sum", m=tokens, k=block, n=shape.kv_width).times(times)


def head(where: Rectangle, *, width: int, vocab: int, batch: int = 1) -> tuple[Work, ...]:
    """Return the product with the vocabulary and the search for its largest score, for the last token of each.

    Sequences follow each other: a core has room for the scores of one.
    """
    here = where.x.each(vocab)
    best = _sums(where, "largest score", "argmax", values=1, along="x")
    logits = matvec(where, "logits", inputs=width, outputs=vocab, sums="y")
    search = _elementwise(where, "largest score", "argmax", elements=here)
    scored = logits.then(allreduce(where, "logits", values=here, along="y"))
    return (scored.times(batch), search.then(*best).times(batch))


def embedding(where: Rectangle, *, width: int, tokens: int = 1) -> tuple[Work, ...]:
    """Return the way of the rows of the table of *tokens* a core to those that begin: each crosses the rectangle."""
    return (handover(where, "embedding", values=tokens * where.y.each(width)),)
