"""Attention of tokens that lie along y to one another: what one core does. `attention_prefill` has the picture."""

from __future__ import annotations

from dataclasses import dataclass
from math import sqrt

import numpy as np

from wsesim.cores import isa
from wsesim.cores.kit import replay
from wsesim.cores.kit.base import Array
from wsesim.cores.kit.core import KernelCore, KernelSetup
from wsesim.cores.kit.writer import KernelWriter
from wsesim.cores.operands import Mem
from wsesim.cores.programs.model import heads, steps
from wsesim.cores.programs.model.feature import BANK, OTHER_BANK, FeatureSeat, layout_of
from wsesim.cores.programs.model.heads import HeadPart, Heads


@dataclass(frozen=True, slots=True)
class HeadSeat:
    """A core among tokens x heads."""

    core: KernelCore
    heads: Heads

    @property
    def seat(self) -> FeatureSeat:
        """Its place in its row."""
        return FeatureSeat(self.core, self.heads.layout)

    @property
    def part(self) -> HeadPart:
        """What it has of the heads."""
        return self.heads.of(self.core)

    @property
    def tokens(self) -> int:
        """Tokens of a core."""
        return self.heads.layout.tokens_each

    @property
    def keys(self) -> int:
        """Tokens of all cores; those too many are masked."""
        return keys_of(self.heads)

    def add_up(self, scores: Mem) -> None:
        """Sum over the columns of its heads: the whole row, or a part in one group, to spare queues."""
        self.heads.line(self.core).allreduce(scores, group=group_of(self.heads))


def keys_of(of: Heads) -> int:
    """Return the keys of a token: one for each place of all rows, filled up."""
    return heads.aligned(of.layout.tokens_each * of.layout.rows)


def group_of(of: Heads) -> int:
    """Return how many columns of a head add up first."""
    return of.layout.group if of.segments == 1 else of.columns


def heads_of(setup: KernelSetup, *, count: int, width: int, tokens: int) -> Heads:
    """Return how so many heads of *width* features, and tokens, lie on the cores that are asked for."""
    return Heads(layout=layout_of(setup, tokens, count * width), heads=count)


def attend(seat: HeadSeat, q: Mem, k: Mem, v: Mem, y: Mem) -> None:
    """y = softmax(q k / sqrt(width of a head) + mask) v; all of them [feature, token]. Reserves the variable `mask`."""
    core, keys, part = seat.core, seat.keys, seat.part
    role, every = core.role, seat.tokens * keys
    scores = role.memory("scores", seat.heads.summed * every, bank=BANK)
    all_keys, all_values = _collected(seat, "keys", k), _collected(seat, "values", v)
    _score(seat, scores, q, all_keys)
    seat.add_up(scores)
    mask = role.memory("mask", every, bank=OTHER_BANK)
    share = core.constant(1 / sqrt(seat.heads.width))
    if not part.heads:
        return
    own = scores.at(part.head * every, part.heads * every)
    role.fmuls(own, own, share)
    for head in core.each(range(part.heads), [(0, part.heads)]):
        role.fadds(own.at(head * every, every), own.at(head * every, every), mask)
    softmax_rows(core, own, role.memory("row sums", part.heads * seat.tokens, bank=OTHER_BANK))
    _weigh(seat, y, scores, all_values)


def softmax_rows(core: KernelWriter, rows: Mem, sums: Mem) -> None:
    """Leave in *rows* the softmax of each of them; *sums* has a value per row."""
    heads.gather_rows(core, isa.MAX, sums, rows)
    core.role.fsubs(rows, rows, heads.per_row(sums, rows))
    steps.exponentials(core, rows)
    heads.gather_rows(core, isa.ADD, sums, rows)
    steps.reciprocals(core, sums)
    core.role.fmuls(rows, rows, heads.per_row(sums, rows))


def _collected(seat: HeadSeat, name: str, part: Mem) -> Mem:
    """Return what all cores of the column have in *part*, as [feature, key], each feature from the same bank on."""
    core, tokens, rows = seat.core, seat.tokens, seat.heads.layout.rows
    role, features = core.role, seat.part.count
    parts = role.memory(f"parts of {name}", rows * part.length)
    whole = role.memory(name, features * seat.keys, bank=OTHER_BANK)
    if not features:
        return whole
    core.column.collect(parts, part)
    with core.scalars(2) as (source, target):
        role.set(source, 0)
        role.set(target, 0)
        for _ in core.repeat(features):
            blocks = parts.at(source).grid(rows, tokens, row_stride=part.length)
            role.fmovs(whole.at(target, rows * tokens), blocks)
            role.iadd(source, source, tokens, cost=0)
            role.iadd(target, target, seat.keys, cost=0)
    return whole


def _score(seat: HeadSeat, scores: Mem, q: Mem, keys: Mem) -> None:
    """Add up q k over this core's features: for each feature and token an AXPY over all keys."""
    core, role, tokens, count = seat.core, seat.core.role, seat.tokens, seat.keys
    role.fmovs(scores, core.constant(0.0))
    with core.scalars(4) as (value, query, key, sums):
        role.set(query, 0)
        role.set(key, 0)
        for run in seat.part.write(core):
            of_head = scores.at(run.head * tokens * count, tokens * count)
            for _ in core.repeat(run.count):
                role.set(sums, 0)
                for _ in core.repeat(tokens):
                    role.load(value, q.at(query, 1), cost=0)
                    role.fmacs(of_head.at(sums, count), of_head.at(sums, count), keys.at(key, count), value)
                    role.iadd(query, query, 1, cost=0)
                    role.iadd(sums, sums, count, cost=0)
                role.iadd(key, key, count, cost=0)


def _weigh(seat: HeadSeat, y: Mem, chances: Mem, values: Mem) -> None:
    """Write y: for each feature and token a product over all keys, and its sum."""
    core, role, tokens, count = seat.core, seat.core.role, seat.tokens, seat.keys
    products, zero = role.memory("products", count), core.constant(0.0)
    with core.scalars(4) as (total, target, value, chance):
        role.set(target, 0)
        role.set(value, 0)
        for run in seat.part.write(core):
            of_head = chances.at(run.head * tokens * count, tokens * count)
            for _ in core.repeat(run.count):
                role.set(chance, 0)
                for _ in core.repeat(tokens):
                    role.fmuls(products, of_head.at(chance, count), values.at(value, count))
                    role.copy(total, zero)
                    role.fadds(total, total, products)
                    role.store(y.at(target, 1), total)
                    role.iadd(target, target, 1, cost=0)
                    role.iadd(chance, chance, count, cost=0)
                role.iadd(value, value, count, cost=0)


def mask_of(of: Heads, *, causal: bool) -> Array:
    """Return the mask as [row, column, element]: 0 where a key counts for a token, `MASKED` where not."""
    layout, each = of.layout, of.layout.tokens_each
    token = np.arange(layout.rows * each).reshape(layout.rows, 1, each, 1)
    key = np.arange(keys_of(of))
    hidden = (key >= layout.tokens) | ((key > token) if causal else False)
    hidden = np.broadcast_to(hidden, (layout.rows, 1, each, len(key)))
    flat = np.where(hidden, heads.MASKED, 0.0).reshape(layout.rows, 1, -1)
    return np.broadcast_to(flat, (layout.rows, layout.columns, flat.shape[-1]))


def attended(q: Array, k: Array, v: Array, of: Heads, *, causal: bool) -> Array:
    """Return [token, feature]: attention as the cores compute it."""
    mixed = np.empty_like(q)
    for head in range(of.heads):
        own = np.s_[:, head * of.width : (head + 1) * of.width]
        scores = head_scores(q, k, of, head, group_of(of)) * np.float32(1 / sqrt(of.width))
        if causal:
            scores = np.where(np.tri(*scores.shape) > 0, scores, np.float32(heads.MASKED))
        grown = replay.exponential(scores - scores.max(-1, keepdims=True))
        chances = grown * (np.float32(1) / replay.running(grown.T)[:, None])
        mixed[own] = replay.running(chance[:, None] * value for chance, value in zip(chances.T, v[own], strict=True))
    return mixed


def head_scores(q: Array, k: Array, of: Heads, head: int, group: int) -> Array:
    """Return [token, key] as the columns of a head add it up, in groups of so many."""
    segment, number = divmod(head, of.summed)
    parts = np.zeros((of.columns, len(q), len(k)), np.float32)
    for column, sums in enumerate(parts, start=segment * of.columns):
        part = of.part(column)
        run = part.run(number - part.head)
        for feature in of.layout.first(column) + run.first + np.arange(run.count):
            sums[:] = replay.mac(sums, q[:, feature, None], k[:, feature])
    return replay.line_sum(parts, group)
