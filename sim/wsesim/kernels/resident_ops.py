"""What an op of a model costs with weights in SRAM: a token of each of a batch is written, or a chunk of a prompt read.

                     a token is written                       a chunk of a prompt is read
product              vector times matrix, sum along a line    MeshGEMM: tiles travel along both axes
its bias, vectors    on what a core holds of the batch        on what a core holds of the tokens
sums of a norm       along the axis of the stream             along rows
keys and values      cached: positions along y                pass in blocks, whole ones, masked or not
... of a latent      never made: their matrix is applied to   made of all that is cached, for each chunk
                     a token's queries and sums (absorbed)
"""

from __future__ import annotations

from dataclasses import dataclass, replace

from wsesim.errors import SpecError, require_positive
from wsesim.kernels import collectives
from wsesim.kernels.base import Cost
from wsesim.kernels.counts import least, up
from wsesim.kernels.resident import (
    VALUE_BYTES,
    Along,
    Rectangle,
    allreduce,
    elementwise,
    handover,
    map_cycles,
    matvec,
    scalars,
)
from wsesim.kernels.resident_mesh import mesh_gemm
from wsesim.kernels.resident_model import ResidentOp
from wsesim.kernels.unpacking import unpacking


@dataclass(frozen=True, slots=True, kw_only=True)
class TokenStep:
    """A token of each of a batch of sequences is written."""

    positions: int
    """Cached of each."""
    batch: int = 1

    def __post_init__(self) -> None:
        require_positive(positions=self.positions, batch=self.batch)

    def within(self, window: int) -> TokenStep:
        """Return the step in a layer whose tokens see no more keys than *window*; 0: all."""
        return replace(self, positions=least(self.positions, window)) if window else self

    @property
    def alone(self) -> TokenStep:
        """The same without what is cached: what ops see that do not meet it."""
        return TokenStep(positions=1, batch=self.batch)


@dataclass(frozen=True, slots=True, kw_only=True)
class ChunkStep:
    """A chunk of one prompt is read."""

    tokens: int
    start: int = 0
    """Positions cached before it."""
    block: int
    """Keys that pass at a time."""

    def __post_init__(self) -> None:
        require_positive(tokens=self.tokens, block=self.block)
        if self.start < 0:
            raise SpecError("start", f"must not be negative, got {self.start}")

    def within(self, window: int) -> ChunkStep:
        """Return the step in a layer whose tokens see no more keys than *window*; 0: all."""
        return replace(self, start=least(self.start, window - 1)) if window else self

    @property
    def alone(self) -> ChunkStep:
        """The same without what is cached: what ops see that do not meet it."""
        return ChunkStep(tokens=self.tokens, block=1)

    @property
    def blocks(self) -> int:
        """Blocks of keys that pass: those up to the chunk's end."""
        blocks: int = up(self.start + self.tokens, self.block)
        return blocks

    def done(self, skipped: float) -> float:
        """Return the same where so large a share of what a causal mask takes away is left out."""
        if not skipped:
            return self.blocks
        return self.blocks - skipped * (self.blocks - (self.start + (self.tokens + 1) / 2) / self.block)


SCORED = ("scores", "latent_scores")
"""Kinds of products with keys; others within attention are with values."""


def resident_cost(op: ResidentOp, where: Rectangle, step: TokenStep | ChunkStep) -> Cost:
    """Return the cost of *op* on a rectangle in a step."""
    if isinstance(step, TokenStep):
        return WRITTEN_KERNELS[op.kernel](op, where, step)
    return READ_KERNELS[op.kernel](op, where, step)


def _written_product(op: ResidentOp, where: Rectangle, step: TokenStep) -> Cost:
    if not op.inputs:
        return _with_cache(op, where, step)
    if op.by_sequence:
        each = replace(op, by_sequence=False, copies=1)
        return _written_product(each, where, replace(step, batch=1)).times(step.batch * op.copies)
    times, batch = op.loads(step.batch)
    across = where.across(op.along)
    product = matvec(where, inputs=op.inputs, outputs=op.joined, batch=batch, sums=op.along).then(
        allreduce(where, values=batch * across.each(op.joined), along=op.along, turned=op.turned)
    )
    return (
        _counted(op, step.batch, product.times(times * op.share))
        + _unpacked(op, where, op.along, times)
        + _bias(op, where, times * batch * across.each(op.parts[0]))
    )


def _unpacked(op: ResidentOp, where: Rectangle, along: Along, times: float) -> Cost:
    """Return what it takes to unpack a product's matrix, once for all tokens of a step, of so many experts."""
    if op.packing is None:
        return Cost()
    rows, length = where.line(along).each(op.inputs), where.across(along).each(op.joined)
    return unpacking(where, op.packing, rows=rows, length=length).times(times * op.share)


def _counted(op: ResidentOp, tokens: int, cost: Cost) -> Cost:
    """Return the cost with the multiply-accumulates of the tokens that experts have, not of the room for them."""
    if op.experts is None:
        return cost
    return replace(cost, macs=tokens * op.copies * op.experts.chosen * op.inputs * op.parts[0])


def _bias(op: ResidentOp, where: Rectangle, elements: int) -> Cost:
    return elementwise(where, elements=elements, ops=op.recipe.ops) if op.biased else Cost()


def _with_cache(op: ResidentOp, where: Rectangle, step: TokenStep) -> Cost:
    """Return scores, or the weighted sum, with the cache of each sequence in turn, and the sums of all."""
    across = where.across(op.along)
    outputs = across.each(step.positions if op.kind in SCORED else op.absorbed or op.queries)
    return (
        _cached(op, where, step.positions)
        .times(step.batch)
        .then(allreduce(where, values=step.batch * outputs, along=op.along, turned=op.turned))
    )


def _cached(op: ResidentOp, where: Rectangle, positions: int) -> Cost:
    """Return a product with the cache of a sequence, by vectors over what the core has of the outputs.

    Where loops are scalar, scores are a dot product a position, element by element, and the weighted sum is a loop over
    positions with one vector over the features.
    """
    scored, met = op.kind in SCORED, op.absorbed or op.queries
    sizes = (met, positions) if scored else (positions, met)
    loop = where.software.element_loop_cycles
    if not loop:
        return matvec(where, inputs=sizes[0], outputs=sizes[1], sums=op.along)
    inputs, outputs = where.line(op.along).each(sizes[0]), where.across(op.along).each(sizes[1])
    features, here = (inputs, outputs) if scored else (outputs, inputs)
    dot = here * features * max(loop, 1 / where.wafer.core.fmac_fp16_per_cycle)
    summed = here * loop + map_cycles(where, here, features)
    return Cost(
        serial={"compute": dot if scored else summed},
        macs=positions * met,
        sram_bytes=3 * VALUE_BYTES * here * features * where.cores,
    )


def _written_vectors(op: ResidentOp, where: Rectangle, step: TokenStep) -> Cost:
    if op.by_sequence:
        each = replace(op, by_sequence=False, copies=1)
        return _written_vectors(each, where, replace(step, batch=1)).times(step.batch * op.copies)
    times, batch = op.loads(step.batch)
    parts = (step.positions,) if op.of_scores else op.parts
    return _vectors(op, where, times * batch, parts, along=op.along, turned=op.turned)


def _vectors(
    op: ResidentOp, where: Rectangle, rows: int, parts: tuple[int, ...], *, along: Along, turned: bool,
    divided: bool = True,
) -> Cost:  # fmt: skip
    """Return work on what a core holds of *rows* vectors, each in *parts*, with their sums along a line.

    Roots and quotients of a row's parts are taken side by side, in two lanes.
    """
    recipe, code = op.recipe, where.wafer.code
    cause = "softmax" if op.of_scores else "elementwise"
    elements = rows * sum(where.line(along).each(part) for part in parts)
    found = elementwise(
        where, elements=elements, ops=recipe.ops, exps=recipe.exps, divides=recipe.divides, cause=cause
    )  # fmt: skip
    each = recipe.row_roots * code.sqrt_cycles + recipe.row_divides * code.divide_cycles * divided
    sums = [
        allreduce(where, values=rows * len(parts), along=along, turned=turned and not number)
        for number in range(recipe.row_sums)
    ]
    return found.then(scalars(rows * each, cause), *sums)


def _written_row(op: ResidentOp, where: Rectangle, step: TokenStep) -> Cost:
    """Return the way of a row of a table to those that begin: it crosses the rectangle."""
    return handover(where, values=step.batch * where.y.each(op.parts[0]))


def _read_row(op: ResidentOp, where: Rectangle, step: ChunkStep) -> Cost:
    return handover(where, values=where.y.each(step.tokens) * where.y.each(op.parts[0]))


def _read_product(op: ResidentOp, where: Rectangle, step: ChunkStep) -> Cost:
    if not op.inputs:
        k, n = (op.keys, step.block) if op.kind in SCORED else (step.block, op.keys)
        return mesh_gemm(where, m=step.tokens, k=k, n=n).times(_blocks(op, where, step) * op.query_groups)
    times, tokens = op.loads(step.start + step.tokens if op.of_keys else step.tokens)
    product = mesh_gemm(where, m=tokens, k=op.inputs, n=op.joined).times(times * op.share)
    elements = times * where.y.each(tokens) * where.x.each(op.parts[0])
    return _counted(op, step.tokens, product) + _unpacked(op, where, "y", times) + _bias(op, where, elements)


def _blocks(op: ResidentOp, where: Rectangle, step: ChunkStep) -> float:
    """Return the blocks of keys that are worked on."""
    return step.done(where.software.masked_skipped if op.causal else 0.0)


def _read_vectors(op: ResidentOp, where: Rectangle, step: ChunkStep) -> Cost:
    """Return work on the rows of tokens that a core holds.

    A norm finds the routes of the product before it. Within attention the routes of sums and of shifts both stay:
    assumed. What a block of keys adds is scaled at once, so a softmax divides nothing by row.
    """
    times, tokens = op.loads(step.tokens)
    rows = times * where.y.each(tokens)
    if op.of_scores:
        block = _vectors(op, where, rows, (step.block,), along="x", turned=False, divided=False)
        return block.times(_blocks(op, where, step) * op.query_groups)
    return _vectors(op, where, rows, op.parts, along="x", turned=not op.keys)


def _written_exchange(op: ResidentOp, where: Rectangle, step: TokenStep) -> Cost:
    """Return what tokens at experts need beside a move: every expert lies on all cores, where the token is."""
    return _written_vectors(op, where, step)


def _read_exchange(op: ResidentOp, where: Rectangle, step: ChunkStep) -> Cost:
    """Return the way of tokens along columns to the rows where those of their expert lie, or back."""
    times, tokens = op.loads(step.tokens)
    values = times * where.y.each(tokens) * where.x.each(op.parts[0])
    wavelets, wafer = where.wavelets(values), where.wafer
    crossing = up(collectives.ACROSS_MIDDLE * where.rows * wavelets, 1)
    moved = Cost(
        serial={"exchange": collectives.broadcast_cycles(wafer, wavelets=crossing, hops=where.rows - 1)},
        # the mean way of a value is a third of the column
        fabric_bytes=wavelets * wafer.fabric.wavelet_bytes * where.cores * where.rows / 3,
    )
    return _read_vectors(op, where, step) + moved


WRITTEN_KERNELS = {
    "matvec": _written_product, "elementwise": _written_vectors, "handover": _written_row,
    "exchange": _written_exchange,
}  # fmt: skip
READ_KERNELS = {
    "matvec": _read_product, "elementwise": _read_vectors, "handover": _read_row, "exchange": _read_exchange,
}  # fmt: skip
