"""Attention with a latent vector where tokens are written: the matrix of keys and values is applied to what meets them.

    plain       query . (latent W_key, shared key)            shares . (latent W_value)
    absorbed    (query W_key^T, turned query) . (latent, shared key)      (shares . latent) W_value

A query is summed over the features of its head, along the line it lies on, and lies as the latent vectors do; what is
summed of these lies across, and its value is summed along that line (DeepSeek-V2, arXiv 2405.04434, section 2.1.2).
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import replace

import numpy as np

from wsesim.graph import Block, Graph, Op
from wsesim.numerics.arrays import Array
from wsesim.numerics.attention import score_scale
from wsesim.numerics.functions import Setting
from wsesim.numerics.mapped.attention import HeadsOnLines, by_head
from wsesim.numerics.mapped.lines import Lines, as_mapped, clipped, macs

_ABSORBED = {"latent_scores": "absorbed_scores", "latent_sum": "absorbed_sum"}


def absorbed(graph: Graph) -> Graph:
    """Return *graph* with keys and values never made of latent vectors; one without such vectors as it is.

    It has the same weights and gives the same tensors. Its scores and sums are computed where they are mapped, and
    nowhere else.
    """
    return replace(graph, blocks=tuple(replace(block, ops=tuple(_ops(block))) for block in graph.blocks))


def _ops(block: Block) -> Iterator[Op]:
    made = {op.inputs[1] for op in block.ops if op.kind in _ABSORBED}
    sources = {op.outputs[0]: op.inputs for op in block.ops if op.outputs[0] in made}
    for op in block.ops:
        if op.kind in _ABSORBED:
            first, second, *others = op.inputs
            yield replace(op, kind=_ABSORBED[op.kind], inputs=(first, *sources[second], *others))
        elif op.outputs[0] not in made:
            yield op


@as_mapped("absorbed_scores")
def absorbed_scores(lines: Lines, op: Op, inputs: Sequence[Array], setting: Setting) -> tuple[Array]:
    """Return (query W_key^T, turned query) @ (latent, shared key)^T / sqrt(head): [batch, heads, length, keys]."""
    query, latent, weight, shared = inputs
    share, turned = query.dtype.type(score_scale(op, setting)), shared.shape[-1]
    asking = HeadsOnLines(lines, op, query, setting.dims["head"])
    matrices = _by_head(op, weight, asking.head - turned)[0]
    met = np.concatenate(
        [part for head in range(asking.heads) for part in _met(lines, asking, head, matrices[head], turned)], axis=-1
    )  # fmt: skip
    meeting = HeadsOnLines(lines, op, met, latent.shape[-1] + turned)
    key = np.concatenate([latent, shared], axis=-1)
    return (by_head(meeting, lambda head: meeting.along(head, meeting.query(head) * share, key)),)


def _met(lines: Lines, asking: HeadsOnLines, head: int, matrix: Array, turned: int) -> tuple[Array, Array]:
    """Return what of a head meets latent vectors, a sum over its features that do not turn, and what has turned."""
    query = asking.query(head)
    own = clipped(asking.columns(head), 0, asking.head - turned)
    return lines.gathered([macs(query[..., part], matrix.T[part]) for part in own]), query[..., -turned:]


@as_mapped("absorbed_sum")
def absorbed_sum(lines: Lines, op: Op, inputs: Sequence[Array], setting: Setting) -> tuple[Array]:
    """Return (probabilities @ latent) W_value, heads side by side: [batch, length, heads * value]."""
    probabilities, latent, weight = inputs
    size, heads = setting.dims["value"], probabilities.shape[1]
    summed = [lines.over_keys(probabilities[:, head], latent) for head in range(heads)]
    across = HeadsOnLines(lines.crossed, op, np.concatenate(summed, axis=-1), latent.shape[-1])
    matrices = _by_head(op, weight, weight.shape[-1] // heads - size)[1]
    mixed = [across.along(head, summed[head], matrices[head].T) for head in range(heads)]
    return (np.concatenate(mixed, axis=-1),)


def _by_head(op: Op, weight: Array, still: int) -> tuple[list[Array], list[Array]]:
    """Return of each head the matrices [latent, still] that make its keys, and [latent, value], its values."""
    heads = np.split(weight, int(op.attrs["heads"]), axis=-1)
    return [each[:, :still] for each in heads], [each[:, still:] for each in heads]
