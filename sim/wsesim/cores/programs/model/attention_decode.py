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

from collections.abc import Callable, Hashable, Sequence
from dataclasses import dataclass, replace
from itertools import product
from math import ceil, sqrt

import numpy as np

from wsesim.cores import isa
from wsesim.cores.builder import Builder, CoreRole
from wsesim.cores.kit import replay
from wsesim.cores.kit.base import (
    Array,
    Grid,
    KernelProgram,
    Options,
    Prepared,
    Shape,
    gather,
    opening,
    scatter,
    sizes_of,
)
from wsesim.cores.kit.lines import ALLREDUCE_COLORS, AllreduceLine
from wsesim.cores.kit.plans import COLUMN
from wsesim.cores.kit.room import check_roles
from wsesim.cores.kit.writer import KernelWriter, timed
from wsesim.cores.machine import CoreMachine
from wsesim.cores.operands import Color, Mem
from wsesim.cores.programs.collectives.collective import GROUP_HELP, group_of
from wsesim.cores.programs.model import heads, steps
from wsesim.cores.programs.model.attention import head_parts
from wsesim.cores.programs.model.feature import BANK, OTHER_BANK, FeatureLayout, draw, is_mixed, stored
from wsesim.cores.programs.model.heads import Heads
from wsesim.hardware import Wafer

NAME = "attention-decode"


@dataclass(frozen=True, slots=True, kw_only=True)
class _Seat:
    """What a core knows of its place."""

    heads: Heads
    column: int
    row: int
    positions: int
    """Of all rows."""
    options: Options
    colors: Sequence[Color] = ()

    @property
    def each(self) -> int:
        """Positions of a core; those too many are masked."""
        return heads.aligned(ceil(self.positions / self.rows))

    @property
    def rows(self) -> int:
        """Rows of cores."""
        return self.heads.layout.rows

    @property
    def across(self) -> AllreduceLine:
        """The columns of its heads."""
        return self.heads.line(self.column, self.options, self.colors[:ALLREDUCE_COLORS])

    @property
    def along(self) -> AllreduceLine:
        """Its column of cores."""
        return AllreduceLine(
            place=self.row, cores=self.rows, group=group_of(self.options, self.rows), axis=COLUMN,
            colors=self.colors[ALLREDUCE_COLORS:],
        )  # fmt: skip

    @property
    def features(self) -> int:
        """Features of a core, as many as the first column has."""
        return self.heads.layout.features_each

    @property
    def factor(self) -> int:
        """Type of what is multiplied."""
        return isa.F16 if is_mixed(self.options) else isa.F32

    @property
    def product(self) -> int:
        """Type of the multiply-accumulates."""
        return isa.MIXED if is_mixed(self.options) else isa.F32


def body(core: KernelWriter, seat: _Seat) -> None:
    """Write what one core does."""
    role, summed = core.role, seat.heads.summed
    scores = role.memory("scores", summed * seat.each, bank=BANK)
    y = role.memory("y", seat.features, bank=BANK)
    _score(core, seat, scores)
    core.allreduce(seat.across, isa.ADD, scores)
    role.fmuls(scores, scores, core.constant(1 / sqrt(seat.heads.width)))
    mask = role.memory("mask", seat.each, bank=OTHER_BANK)
    role.fadds(scores, scores, mask.grid(summed, seat.each, row_stride=0))
    _softmax(core, seat, scores)
    _weigh(core, seat, scores, y)
    core.allreduce(seat.along, isa.ADD, y)


def _score(core: KernelWriter, seat: _Seat, scores: Mem) -> None:
    role, each = core.role, seat.each
    query = role.memory("query", seat.features, seat.factor)
    keys = role.memory("keys", seat.features * each, seat.factor, bank=OTHER_BANK)
    role.fmovs(scores, core.constant(0.0))
    with core.scalars(2) as (value, place):
        role.set(place, 0)
        for run in core.each(seat.heads.runs(seat.column), seat.heads.kinds(seat.column)):
            sums = scores.at(run.head * each, each)
            for turn in core.repeat(run.count):
                role.load(value, query.at(run.first).at(turn, 1), cost=0)
                role.vector(isa.MAC, sums, sums, keys.at(place, each), value, kind=seat.product)
                role.iadd(place, place, each, cost=0)


def _softmax(core: KernelWriter, seat: _Seat, scores: Mem) -> None:
    """Leave in *scores* their softmax over all positions of all rows, head by head."""
    role, sums = core.role, core.role.memory("sums", seat.heads.summed, bank=OTHER_BANK)
    heads.gather_rows(core, isa.MAX, sums, scores)
    core.allreduce(seat.along, isa.MAX, sums)
    role.fsubs(scores, scores, heads.per_row(sums, scores))
    steps.exponentials(core, scores)
    heads.gather_rows(core, isa.ADD, sums, scores)
    core.allreduce(seat.along, isa.ADD, sums)
    steps.reciprocals(core, sums)
    role.fmuls(scores, scores, heads.per_row(sums, scores))


def _weigh(core: KernelWriter, seat: _Seat, scores: Mem, y: Mem) -> None:
    role, step = core.role, heads.aligned(seat.features)
    values = role.memory("values", seat.each * step, seat.factor, bank=OTHER_BANK)
    factors = scores
    if seat.factor == isa.F16:
        factors = role.memory("probabilities", scores.length, isa.F16)
        role.fmovs(factors, scores)
    role.fmovs(y, core.constant(0.0))
    with core.scalars(2) as (value, place):
        for run in core.each(seat.heads.runs(seat.column), seat.heads.kinds(seat.column)):
            role.set(place, 0)
            sums = y.at(run.first, run.count)
            for turn in core.repeat(seat.each):
                role.load(value, factors.at(run.head * seat.each).at(turn, 1), cost=0)
                role.vector(isa.MAC, sums, sums, values.at(run.first).at(place, run.count), value, kind=seat.product)
                role.iadd(place, place, step, cost=0)


def prepare(wafer: Wafer, grid: Grid, shape: Shape, options: Options, seed: int) -> Prepared:
    """Return the attention loaded onto its cores, with a random query, keys and values."""
    first = _seat(grid, shape, options)
    layout, random = first.heads.layout, np.random.default_rng(seed)
    query = draw(random, (1, layout.features), options)
    keys, values = (draw(random, (first.positions, layout.features), options) for _ in range(2))
    builder = Builder(wafer, width=grid[0], height=grid[1])
    colors = [builder.color(f"color {number}") for number in range(2 * ALLREDUCE_COLORS)]
    first = replace(first, colors=colors)
    columns = _alike(grid[0], lambda column: _across(replace(first, column=column)))
    rows = _alike(grid[1], lambda row: replace(first, row=row).along.plan)
    check_roles(len(columns) * len(rows))
    for across, down in product(columns, rows):
        role = _role(builder, replace(first, column=across[0], row=down[0]))
        builder.place(role, across, down)
    machine = CoreMachine(builder)
    scatter(machine, "query", layout.lay_features(query[0]))
    scatter(machine, "keys", _on_cores(keys, first).transpose(0, 2, 3, 1).reshape(grid[1], grid[0], -1))
    gap = heads.aligned(first.features) - first.features
    scatter(machine, "values", np.pad(_on_cores(values, first), ((0, 0),) * 3 + ((0, gap),)).transpose(0, 2, 1, 3)
            .reshape(grid[1], grid[0], -1))  # fmt: skip
    scatter(machine, "mask", _mask(first))
    found = layout.lay_features(_attended(query, keys, values, first))
    return Prepared(
        machine=machine, read=lambda ran: gather(ran, "y"), expected=found,
        counts={"macs": 2 * layout.features * first.positions},
    )  # fmt: skip


def closed(wafer: Wafer, grid: Grid, shape: Shape, options: Options) -> float:
    """Return the cycles: two AXPY passes, the softmax, and four allreduces."""
    return _written(wafer, grid, shape, options).cycles


def need(wafer: Wafer, grid: Grid, shape: Shape, options: Options) -> int:
    """Return the bytes of the variables of a core."""
    return _written(wafer, grid, shape, options).role.data_bytes


def _written(wafer: Wafer, grid: Grid, shape: Shape, options: Options) -> KernelWriter:
    core = timed(wafer)
    body(core, _seat(grid, shape, options))
    return core


def _alike(count: int, key: Callable[[int], Hashable]) -> list[list[int]]:
    """Return the numbers below *count*, those together that have the same key."""
    found: dict[Hashable, list[int]] = {}
    for number in range(count):
        found.setdefault(key(number), []).append(number)
    return list(found.values())


def _across(seat: _Seat) -> Hashable:
    """Return what tells a column's program from that of others."""
    return seat.across.plan, tuple(seat.heads.runs(seat.column))


def _role(builder: Builder, seat: _Seat) -> CoreRole:
    role = builder.role(f"core {seat.column},{seat.row}")
    seat.across.route(role)
    seat.along.route(role)
    with role.task("start", start=True):
        body(KernelWriter(role, placed=True), seat)
        role.halt()
    return role


def _on_cores(values: Array, seat: _Seat) -> Array:
    """Return [position, feature] as [row, position of the row, column, feature of the column]."""
    layout, used = seat.heads.layout, ceil(seat.positions / seat.rows)
    filled = np.zeros((layout.rows * used, layout.columns * layout.features_each))
    filled[: values.shape[0], : values.shape[1]] = values
    blocks = filled.reshape(layout.rows, used, layout.columns, layout.features_each)
    return np.pad(blocks, ((0, 0), (0, seat.each - used), (0, 0), (0, 0)))


def _mask(seat: _Seat) -> Array:
    used = ceil(seat.positions / seat.rows)
    place = np.arange(seat.each)
    real = (place < used) & (np.arange(seat.rows)[:, None] * used + place < seat.positions)
    shape = (seat.rows, seat.heads.layout.columns, seat.each)
    return np.broadcast_to(np.where(real, 0.0, heads.MASKED)[:, None], shape)


def _attended(query: Array, keys: Array, values: Array, seat: _Seat) -> Array:
    """Return [feature]: the attention as the cores compute it, rows of cores one after the other, then together."""
    used, mixed = ceil(seat.positions / seat.rows), np.empty(query.shape[1], np.float32)
    rows = [np.s_[row * used : (row + 1) * used] for row in range(seat.rows)]
    for head in range(seat.heads.heads):
        own = np.s_[head * seat.heads.width : (head + 1) * seat.heads.width]
        scores = _head_scores(query, keys, seat, head) * np.float32(1 / sqrt(seat.heads.width))
        grown = replay.exponential(scores - scores.max())
        sums = np.array([replay.running(np.append(np.float32(0), grown[row])) for row in rows])
        chances = stored(grown * (np.float32(1) / replay.line_sum(sums, seat.along.group)), seat.options)
        parts = np.zeros((seat.rows, seat.heads.width), np.float32)
        for number, row in enumerate(rows):
            for chance, value in zip(chances[row], values[row, own], strict=True):
                parts[number] = replay.mac(parts[number], value, chance)
        mixed[own] = replay.line_sum(parts, seat.along.group)
    return mixed


def _head_scores(query: Array, keys: Array, seat: _Seat, head: int) -> Array:
    """Return [position] as the columns of a head add it up."""
    line, first = seat.across, head // seat.heads.summed * seat.heads.columns
    parts = head_parts(query, keys, seat.heads, head, range(first, first + line.cores))
    return replay.line_sum(parts[:, 0], line.group)


def _seat(grid: Grid, shape: Shape, options: Options) -> _Seat:
    """Return the first core's place.

    Raises:
        InputError: the shape is not three sizes of 1 or more.
    """
    sizes_of(NAME, shape, "heads, features of a head and positions", "4x16x100")
    layout = FeatureLayout(columns=grid[0], rows=grid[1], tokens=grid[1], features=shape[0] * shape[1])
    return _Seat(heads=Heads(layout=layout, heads=shape[0]), column=0, row=0, positions=shape[2], options=options)


PROGRAM = KernelProgram(
    name=NAME,
    **opening(__doc__),
    shape_help="HEADS x FEATURES x POSITIONS: features of a head, positions cached in all",
    prepare=prepare,
    closed=closed,
    need=need,
    options={"precision": "fp32, or mixed: factors in fp16, sums in fp32 [fp32]", **GROUP_HELP},
)
