"""Attention of one query to cached keys and values: scores, softmax, weighted sum.

         features, head by head -->         the query lies along x and is the same on all rows; every core has
        +-------+-------+-------+           the keys and values of its features (x) and positions (y)
   q    | q     | q     | q     |
        +=======+=======+=======+           1  each core: an AXPY over its positions for each of its features
cached  | K V   | K V   | K V   |           2  columns of a head: allreduce of the scores along the row
posi-   +-------+-------+-------+           3  softmax over y: allreduce of the greatest, then of the sum
tions   | K V   | K V   | K V   |           4  each core: an AXPY over its features for each of its positions
  |     +-------+-------+-------+           5  columns: allreduce of the weighted sum
  v     | K V   | K V   | K V   |
        +-------+-------+-------+           The layout of WaferLLM's decode (OSDI 2025).
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from math import ceil, sqrt

import numpy as np

from wsesim.cores import isa
from wsesim.cores.kit import replay
from wsesim.cores.kit.base import Array
from wsesim.cores.kit.core import KernelCore, KernelSetup
from wsesim.cores.kit.written import kernel
from wsesim.cores.operands import Mem
from wsesim.cores.programs.collectives.collective import GROUP_HELP, group_of
from wsesim.cores.programs.model import heads, steps
from wsesim.cores.programs.model.attention import head_scores, heads_of
from wsesim.cores.programs.model.feature import BANK, OTHER_BANK, FeatureLayout, single
from wsesim.cores.programs.model.heads import Heads


@dataclass(frozen=True, slots=True)
class _Cache:
    """A query's heads, and the positions that are cached."""

    heads: Heads
    positions: int
    """Of all rows."""

    @property
    def layout(self) -> FeatureLayout:
        """How features lie."""
        return self.heads.layout

    @property
    def used(self) -> int:
        """Positions of a core."""
        return ceil(self.positions / self.layout.rows)

    @property
    def each(self) -> int:
        """The same, filled up; those too many are masked."""
        return heads.aligned(self.used)

    @property
    def across(self) -> int:
        """Columns of a head that add up first."""
        return group_of(self.layout.options, self.heads.columns)

    @property
    def along(self) -> int:
        """Cores of a column that add up first."""
        return group_of(self.layout.options, self.layout.rows)

    @property
    def factor(self) -> int:
        """Type of what is multiplied."""
        return isa.F16 if self.layout.mixed else isa.F32

    @property
    def product(self) -> int:
        """Type of the multiply-accumulates."""
        return isa.MIXED if self.layout.mixed else isa.F32

    def draw(self, random: np.random.Generator, count: int) -> Array:
        """Return normal values [count, feature], exact as they are stored."""
        return single(self.layout.stored(single(random.standard_normal((count, self.layout.features)))))


def asked(setup: KernelSetup) -> _Cache:
    """Return what is cached, and how it lies."""
    count, width, positions = setup.shape
    return _Cache(heads_of(setup, count=count, width=width, tokens=setup.rows), positions)


def operands(cache: _Cache, random: np.random.Generator) -> Mapping[str, Array]:
    """Return a random query, and keys and values, [position, feature]."""
    query = cache.draw(random, 1)
    return {"query": query, "keys": cache.draw(random, cache.positions), "values": cache.draw(random, cache.positions)}


def body(core: KernelCore) -> None:
    """Write what one core does."""
    role, cache = core.role, asked(core.setup)
    summed = cache.heads.summed
    scores = role.memory("scores", summed * cache.each, bank=BANK)
    y = role.memory("y", cache.layout.features_each, bank=BANK)
    _score(core, cache, scores)
    cache.heads.line(core).allreduce(scores, group=cache.across)
    role.fmuls(scores, scores, core.constant(1 / sqrt(cache.heads.width)))
    mask = role.memory("mask", cache.each, bank=OTHER_BANK)
    role.fadds(scores, scores, mask.grid(summed, cache.each, row_stride=0))
    _softmax(core, cache, scores)
    _weigh(core, cache, scores, y)
    core.column.allreduce(y, group=cache.along)


def _score(core: KernelCore, cache: _Cache, scores: Mem) -> None:
    role, each, features = core.role, cache.each, cache.layout.features_each
    query = role.memory("query", features, cache.factor)
    keys = role.memory("keys", features * each, cache.factor, bank=OTHER_BANK)
    role.fmovs(scores, core.constant(0.0))
    with core.scalars(2) as (value, place):
        role.set(place, 0)
        for run in cache.heads.of(core).write(core):
            sums = scores.at(run.head * each, each)
            for turn in core.repeat(run.count):
                role.load(value, query.at(run.first).at(turn, 1), cost=0)
                role.vector(isa.MAC, sums, sums, keys.at(place, each), value, kind=cache.product)
                role.iadd(place, place, each, cost=0)


def _softmax(core: KernelCore, cache: _Cache, scores: Mem) -> None:
    """Leave in *scores* their softmax over all positions of all rows, head by head."""
    role, sums = core.role, core.role.memory("sums", cache.heads.summed, bank=OTHER_BANK)
    heads.gather_rows(core, isa.MAX, sums, scores)
    core.column.allreduce(sums, isa.MAX, group=cache.along)
    role.fsubs(scores, scores, heads.per_row(sums, scores))
    steps.exponentials(core, scores)
    heads.gather_rows(core, isa.ADD, sums, scores)
    core.column.allreduce(sums, group=cache.along)
    steps.reciprocals(core, sums)
    role.fmuls(scores, scores, heads.per_row(sums, scores))


def _weigh(core: KernelCore, cache: _Cache, scores: Mem, y: Mem) -> None:
    role, step = core.role, heads.aligned(cache.layout.features_each)
    values = role.memory("values", cache.each * step, cache.factor, bank=OTHER_BANK)
    factors = scores
    if cache.layout.mixed:
        factors = role.memory("probabilities", scores.length, isa.F16)
        role.fmovs(factors, scores)
    role.fmovs(y, core.constant(0.0))
    with core.scalars(2) as (value, place):
        for run in cache.heads.of(core).write(core):
            role.set(place, 0)
            sums = y.at(run.first, run.count)
            for turn in core.repeat(cache.each):
                role.load(value, factors.at(run.head * cache.each).at(turn, 1), cost=0)
                role.vector(isa.MAC, sums, sums, values.at(run.first).at(place, run.count), value, kind=cache.product)
                role.iadd(place, place, step, cost=0)


def lay(cache: _Cache, query: Array, keys: Array, values: Array) -> Mapping[str, Array]:
    """Return what each variable begins with, as [row, column, element]."""
    layout, shape = cache.layout, (cache.layout.rows, cache.layout.columns, -1)
    gap = heads.aligned(layout.features_each) - layout.features_each
    lined = np.pad(_on_cores(values, cache), ((0, 0),) * 3 + ((0, gap),))
    return {
        "query": layout.lay_features(query[0]), "mask": _mask(cache),
        "keys": _on_cores(keys, cache).transpose(0, 2, 3, 1).reshape(shape),
        "values": lined.transpose(0, 2, 1, 3).reshape(shape),
    }  # fmt: skip


def _on_cores(values: Array, cache: _Cache) -> Array:
    """Return [position, feature] as [row, position of the row, column, feature of the column]."""
    layout, used = cache.layout, cache.used
    filled = np.zeros((layout.rows * used, layout.columns * layout.features_each))
    filled[: values.shape[0], : values.shape[1]] = values
    blocks = filled.reshape(layout.rows, used, layout.columns, layout.features_each)
    return np.pad(blocks, ((0, 0), (0, cache.each - used), (0, 0), (0, 0)))


def _mask(cache: _Cache) -> Array:
    rows, place = cache.layout.rows, np.arange(cache.each)
    real = (place < cache.used) & (np.arange(rows)[:, None] * cache.used + place < cache.positions)
    return np.broadcast_to(np.where(real, 0.0, heads.MASKED)[:, None], (rows, cache.layout.columns, cache.each))


def meaning(cache: _Cache, query: Array, keys: Array, values: Array) -> Array:
    """Return the attention as the cores compute it, rows of cores one after the other, then together."""
    layout, used, width, mixed = cache.layout, cache.used, cache.heads.width, np.empty(query.shape[1], np.float32)
    rows = [np.s_[row * used : (row + 1) * used] for row in range(layout.rows)]
    for head in range(cache.heads.heads):
        own = np.s_[head * width : (head + 1) * width]
        scores = head_scores(query, keys, cache.heads, head, cache.across)[0] * np.float32(1 / sqrt(width))
        grown = replay.exponential(scores - scores.max())
        sums = np.array([replay.running(np.append(np.float32(0), grown[row])) for row in rows])
        chances = layout.stored(grown * (np.float32(1) / replay.line_sum(sums, cache.along)))
        parts = np.zeros((layout.rows, width), np.float32)
        for number, row in enumerate(rows):
            for chance, value in zip(chances[row], values[row, own], strict=True):
                parts[number] = replay.mac(parts[number], value, chance)
        mixed[own] = replay.line_sum(parts, cache.along)
    return layout.lay_features(mixed)


PROGRAM = kernel(
    name="attention-decode", doc=__doc__, asked=asked, operands=operands, body=body, lay=lay, meaning=meaning,
    shape_help="HEADS x FEATURES x POSITIONS: features of a head, positions cached in all", example="4x16x100",
    takes="heads, features of a head and positions",
    options={"precision": "fp32, or mixed: factors in fp16, sums in fp32 [fp32]", **GROUP_HELP},
)  # fmt: skip
