"""Attention of tokens that lie along y to one another: what one core does. `attention_prefill` has the picture."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, replace
from math import sqrt

import numpy as np

from wsesim.cores import isa
from wsesim.cores.builder import Builder
from wsesim.cores.kit import replay
from wsesim.cores.kit.base import Array, Options
from wsesim.cores.kit.lines import ALLREDUCE_COLORS, COLLECT_COLORS, AllreduceLine, Collection
from wsesim.cores.kit.plans import COLUMN
from wsesim.cores.kit.room import check_roles
from wsesim.cores.kit.writer import KernelWriter, timed
from wsesim.cores.operands import Color, Mem
from wsesim.cores.programs.model import heads, steps
from wsesim.cores.programs.model.feature import BANK, OTHER_BANK, FeatureSeat, seat_of
from wsesim.cores.programs.model.heads import Heads, HeadSlice
from wsesim.hardware import Wafer

COLORS = 2 * ALLREDUCE_COLORS + COLLECT_COLORS
"""Of a row of cores, of the columns of a head, and of a column of cores."""


@dataclass(frozen=True, slots=True, kw_only=True)
class HeadSeat:
    """What a core knows of its place among tokens x heads."""

    heads: Heads
    column: int
    row: int
    options: Options
    colors: Sequence[Color] = ()

    @property
    def seat(self) -> FeatureSeat:
        """Its place in its row."""
        return seat_of(self.heads.layout, self.column, self.options, self.colors[:ALLREDUCE_COLORS])

    @property
    def across(self) -> AllreduceLine:
        """The columns of its heads: the whole row, or a part with colors of its own, in one group to spare queues."""
        if self.heads.segments == 1:
            return self.seat.line
        colors = self.colors[ALLREDUCE_COLORS : 2 * ALLREDUCE_COLORS]
        return self.heads.line(self.column, {"group": str(self.heads.columns)}, colors)

    @property
    def along(self) -> Collection:
        """Its column of cores."""
        colors = self.colors[2 * ALLREDUCE_COLORS :]
        return Collection(place=self.row, cores=self.heads.layout.rows, axis=COLUMN, colors=colors)

    @property
    def tokens(self) -> int:
        """Tokens of a core."""
        return self.heads.layout.tokens_each

    @property
    def keys(self) -> int:
        """Tokens of all cores; those too many are masked."""
        return heads.aligned(self.tokens * self.heads.layout.rows)

    def runs(self, core: KernelWriter) -> Iterator[HeadSlice]:
        """Write what the body of a `for` writes for its features of each head."""
        return core.each(self.heads.runs(self.column), self.heads.kinds(self.column))

    def route(self, core: KernelWriter) -> None:
        """Write this core's routes."""
        self.across.route(core.role)
        self.along.route(core.role)


Body = Callable[[KernelWriter, HeadSeat], None]
"""Writes what one core does."""


def of_each_kind(place: HeadSeat) -> list[HeadSeat]:
    """Return the first core of every kind of column: those with as many features, of as many heads.

    How these divide over the heads changes nothing: each feature takes as long, and each head on top.
    """
    kinds: dict[tuple[int, int], HeadSeat] = {}
    for column in range(place.heads.layout.columns):
        kind = place.heads.layout.count(column), len(place.heads.of_column(column))
        kinds.setdefault(kind, replace(place, column=column))
    return list(kinds.values())


def write_cores(builder: Builder, first: HeadSeat, body: Body, *, rows: bool = False) -> None:
    """Write *body* on every core; with *rows* it also sums along whole rows, where heads sum along parts of them."""
    colors = [builder.color(f"color {number}") for number in range(COLORS)]
    layout = first.heads.layout
    check_roles(layout.rows * layout.columns)
    for row in range(layout.rows):
        for column in range(layout.columns):
            place = replace(first, column=column, row=row, colors=colors)
            role = builder.role(f"core {column},{row}")
            core = KernelWriter(role, placed=True)
            place.route(core)
            if rows and place.heads.segments > 1:
                place.seat.line.route(role)
            with role.task("start", start=True):
                body(core, place)
                role.halt()
            builder.place(role, [column], [row])


def timed_cores(wafer: Wafer, first: HeadSeat, body: Body) -> list[KernelWriter]:
    """Return what *body* takes on the first core of every kind of column."""
    cores = []
    for place in of_each_kind(first):
        cores.append(timed(wafer))
        body(cores[-1], place)
    return cores


def attend(core: KernelWriter, place: HeadSeat, q: Mem, k: Mem, v: Mem, y: Mem) -> None:
    """y = softmax(q k / sqrt(width of a head) + mask) v; all of them [feature, token]. Reserves the variable `mask`."""
    role, keys, own_heads = core.role, place.keys, place.heads.of_column(place.column)
    every = place.tokens * keys
    scores = role.memory("scores", place.heads.summed * every, bank=BANK)
    all_keys, all_values = _collected(core, place, "keys", k), _collected(core, place, "values", v)
    _score(core, place, scores, q, all_keys)
    core.allreduce(place.across, isa.ADD, scores)
    mask = role.memory("mask", every, bank=OTHER_BANK)
    share = core.constant(1 / sqrt(place.heads.width))
    if not own_heads:
        return
    first, count = place.heads.run(place.column, own_heads[0]).head, len(own_heads)
    own = scores.at(first * every, count * every)
    role.fmuls(own, own, share)
    for head in core.each(range(count), [(0, count)]):
        role.fadds(own.at(head * every, every), own.at(head * every, every), mask)
    softmax_rows(core, own, role.memory("row sums", count * place.tokens, bank=OTHER_BANK))
    _weigh(core, place, y, scores, all_values)


def softmax_rows(core: KernelWriter, rows: Mem, sums: Mem) -> None:
    """Leave in *rows* the softmax of each of them; *sums* has a value per row."""
    heads.gather_rows(core, isa.MAX, sums, rows)
    core.role.fsubs(rows, rows, heads.per_row(sums, rows))
    steps.exponentials(core, rows)
    heads.gather_rows(core, isa.ADD, sums, rows)
    steps.reciprocals(core, sums)
    core.role.fmuls(rows, rows, heads.per_row(sums, rows))


def _collected(core: KernelWriter, place: HeadSeat, name: str, part: Mem) -> Mem:
    """Return what all cores of the column have in *part*, as [feature, key], each feature from the same bank on."""
    role, tokens, rows = core.role, place.tokens, place.heads.layout.rows
    features = place.seat.features
    parts = role.memory(f"parts of {name}", rows * part.length)
    whole = role.memory(name, features * place.keys, bank=OTHER_BANK)
    if not features:
        return whole
    core.collect(place.along, parts, part)
    with core.scalars(2) as (source, target):
        role.set(source, 0)
        role.set(target, 0)
        for _ in core.repeat(features):
            blocks = parts.at(source).grid(rows, tokens, row_stride=part.length)
            role.fmovs(whole.at(target, rows * tokens), blocks)
            role.iadd(source, source, tokens, cost=0)
            role.iadd(target, target, place.keys, cost=0)
    return whole


def _score(core: KernelWriter, place: HeadSeat, scores: Mem, q: Mem, keys: Mem) -> None:
    """Add up q k over this core's features: for each feature and token an AXPY over all keys."""
    role, tokens, count = core.role, place.tokens, place.keys
    role.fmovs(scores, core.constant(0.0))
    with core.scalars(4) as (value, query, key, sums):
        role.set(query, 0)
        role.set(key, 0)
        for run in place.runs(core):
            of_head = scores.at(run.head * tokens * count, tokens * count)
            for _ in core.repeat(run.count):
                role.set(sums, 0)
                for _ in core.repeat(tokens):
                    role.load(value, q.at(query, 1), cost=0)
                    role.fmacs(of_head.at(sums, count), of_head.at(sums, count), keys.at(key, count), value)
                    role.iadd(query, query, 1, cost=0)
                    role.iadd(sums, sums, count, cost=0)
                role.iadd(key, key, count, cost=0)


def _weigh(core: KernelWriter, place: HeadSeat, y: Mem, chances: Mem, values: Mem) -> None:
    """Write y: for each feature and token a product over all keys, and its sum."""
    role, tokens, count = core.role, place.tokens, place.keys
    products, zero = role.memory("products", count), core.constant(0.0)
    with core.scalars(4) as (total, target, value, chance):
        role.set(target, 0)
        role.set(value, 0)
        for run in place.runs(core):
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


def mask_of(place: HeadSeat, *, causal: bool) -> Array:
    """Return the mask as [row, column, element]: 0 where a key counts for a token, `MASKED` where not."""
    layout, each = place.heads.layout, place.tokens
    token = np.arange(layout.rows * each).reshape(layout.rows, 1, each, 1)
    key = np.arange(place.keys)
    hidden = (key >= layout.tokens) | ((key > token) if causal else False)
    hidden = np.broadcast_to(hidden, (layout.rows, 1, each, place.keys))
    flat = np.where(hidden, heads.MASKED, 0.0).reshape(layout.rows, 1, -1)
    return np.broadcast_to(flat, (layout.rows, layout.columns, flat.shape[-1]))


def attended(q: Array, k: Array, v: Array, place: HeadSeat, *, causal: bool) -> Array:
    """Return [token, feature]: attention as the cores compute it, *place* being that of one of them."""
    mixed = np.empty_like(q)
    for head in range(place.heads.heads):
        own = np.s_[:, head * place.heads.width : (head + 1) * place.heads.width]
        scores = _head_scores(q, k, place, head) * np.float32(1 / sqrt(place.heads.width))
        if causal:
            scores = np.where(np.tri(*scores.shape) > 0, scores, np.float32(heads.MASKED))
        grown = replay.exponential(scores - scores.max(-1, keepdims=True))
        chances = grown * (np.float32(1) / replay.running(grown.T)[:, None])
        mixed[own] = replay.running(chance[:, None] * value for chance, value in zip(chances.T, v[own], strict=True))
    return mixed


def _head_scores(q: Array, k: Array, place: HeadSeat, head: int) -> Array:
    """Return [token, key] as the columns of a head add it up."""
    line, first = place.across, head // place.heads.summed * place.heads.columns
    return replay.line_sum(head_parts(q, k, place.heads, head, range(first, first + line.cores)), line.group)


def head_parts(q: Array, k: Array, where: Heads, head: int, columns: range) -> Array:
    """Return [column, token, key]: the scores of a head over the features of each of *columns*."""
    parts = np.zeros((len(columns), len(q), len(k)), np.float32)
    for number, column in enumerate(columns):
        run = where.run(column, head)
        for feature in where.layout.first(column) + run.first + np.arange(run.count):
            parts[number] = replay.mac(parts[number], q[:, feature, None], k[:, feature])
    return parts
