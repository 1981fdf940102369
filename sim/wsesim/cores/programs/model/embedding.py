"""Rows of a table by token id: the table's rows and features lie spread over the cores, and who has a row sends it.

       features -->                  1  ids: from the north-west corner to all cores, which routers copy on the way
      +------+------+------+         2  columns: the owner of a token's row sends it north, those above hand it on;
  |   | V0.. |      |      |            the first row keeps all tokens in order
vocab +------+------+------+         3  the first row sends all tokens back south; each row keeps its own
  |   | V3.. |      |      |
  v   +------+------+------+         tokens lie along y in the result, features along x
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from math import ceil

import numpy as np

from wsesim.cores import isa
from wsesim.cores.builder import Builder, CoreRole
from wsesim.cores.kit import flow
from wsesim.cores.kit.base import Grid, KernelProgram, Options, Prepared, Shape, gather, opening, scatter, sizes_of
from wsesim.cores.kit.durations import memory, vector_time
from wsesim.cores.kit.lines import COLLECT_COLORS, Collection
from wsesim.cores.kit.plans import COLUMN, Keep, Plan, Send, spread_2d
from wsesim.cores.kit.writer import KernelWriter, timed
from wsesim.cores.machine import CoreMachine
from wsesim.cores.operands import ELEMENT_BYTES, Color, Mem
from wsesim.cores.programs.model.feature import FeatureLayout
from wsesim.hardware import Wafer
from wsesim.kernels import collectives

NAME = "embedding"
# Counted from the program, a cycle for each scalar instruction that nothing waits for; no figures of a machine.
BEGIN_CYCLES = 5
"""Of the scalar instructions before the first token."""
TABLE_SPREAD = 0.02
"""Standard deviation of a fresh table, as in GPT-2."""


@dataclass(frozen=True, slots=True, kw_only=True)
class _Seat:
    """What a core knows of its place."""

    layout: FeatureLayout
    column: int
    row: int
    vocabulary: int
    colors: Sequence[Color] = ()

    @property
    def ids(self) -> Plan:
        """What it does with the ids."""
        return spread_2d(self.column, self.row, (self.layout.columns, self.layout.rows), 0)

    @property
    def along(self) -> Collection:
        """Its column of cores."""
        return Collection(place=self.row, cores=self.layout.rows, axis=COLUMN, colors=self.colors[1:])

    @property
    def rows_each(self) -> int:
        """Rows of the table on a core."""
        return ceil(self.vocabulary / self.layout.rows)

    @property
    def features(self) -> int:
        """Features of a core, as many as the first column has."""
        return self.layout.features_each


def _write(role: CoreRole, seat: _Seat) -> None:
    """Write what one core does."""
    layout = seat.layout
    ids = role.memory("ids", layout.tokens, isa.I32)
    table = role.memory("table", seat.rows_each * seat.features)
    y = role.memory("y", layout.tokens_each * seat.features)
    found = role.memory("found", layout.tokens * seat.features if seat.row == 0 else 0)
    for route in seat.ids.routes:
        role.route(seat.colors[route.color], route.source, *route.outputs)
    seat.along.route(role)
    with role.task("start", start=True):
        for step in seat.ids.steps:
            match step:
                case Send():
                    role.mov32(role.fabout(seat.colors[0], ids.length), ids)
                case Keep():
                    role.mov32(ids, role.fabin(seat.colors[0], ids.length))
        _find(KernelWriter(role, placed=True), seat, ids, table, found)
        _give_back(role, seat, found, y)
        role.halt()


def _find(core: KernelWriter, seat: _Seat, ids: Mem, table: Mem, found: Mem) -> None:
    """Send the rows of the table that tokens ask for north, in the order of the tokens; the first row keeps them."""
    role, each = core.role, seat.features
    first, receive, send = seat.row * seat.rows_each, *seat.along.inward
    with core.scalars(5) as (token, start, end, place, kept):
        role.set(start, first)
        role.set(end, first + seat.rows_each - 1)
        role.set(kept, 0)
        for turn in core.repeat(ids.length):
            role.load(token, ids.at(turn, 1))
            dest = found.at(kept, each) if seat.row == 0 else role.fabout(send, each)
            with flow.unless_less(role, token, start):
                farther = flow.jump_if_less(role, end, token)
                role.iadd(place, token, -first)
                role.imul(place, place, each)
                role.fmovs(dest, table.at(place, each))
                done = flow.jump(role)
                farther.land()
                if seat.row < seat.layout.rows - 1:
                    role.fmovs(dest, role.fabin(receive, each))
                done.land()
            role.iadd(kept, kept, each)


def _give_back(role: CoreRole, seat: _Seat, found: Mem, y: Mem) -> None:
    """Send all tokens south from the first row; keep the own ones, feature by feature."""
    tokens, each, color = seat.layout.tokens, seat.layout.tokens_each, seat.along.colors[2]
    first = min(tokens, seat.row * each)
    own = min(tokens, first + each) - first
    kept = _kept(seat.layout, y, own)
    if seat.row == 0:
        if seat.layout.rows > 1:
            role.fmovs(role.fabout(color, found.length), found)
        role.fmovs(kept, found.at(0, own * seat.features))
        return
    others = role.memory("others", 1)
    for count, dest in ((first, None), (own, kept), (tokens - first - own, None)):
        length = count * seat.features
        if length:
            role.fmovs(others.at(0, length, stride=0) if dest is None else dest, role.fabin(color, length))


def prepare(wafer: Wafer, grid: Grid, shape: Shape, options: Options, seed: int) -> Prepared:
    """Return the table spread over its cores, with random rows and random ids on the first core."""
    layout, vocabulary = _sizes(grid, shape)
    random = np.random.default_rng(seed)
    table = (TABLE_SPREAD * random.standard_normal((vocabulary, layout.features))).astype(np.float32)
    ids = random.integers(0, vocabulary, layout.tokens)
    builder = Builder(wafer, width=grid[0], height=grid[1])
    colors = [builder.color(f"color {number}") for number in range(1 + COLLECT_COLORS)]
    roles: dict[tuple[int, Plan], CoreRole] = {}
    for row in range(grid[1]):
        for column in range(grid[0]):
            seat = _Seat(layout=layout, column=column, row=row, vocabulary=vocabulary, colors=colors)
            if (row, seat.ids) not in roles:
                role = roles[row, seat.ids] = builder.role(f"core {column},{row}")
                _write(role, seat)
            builder.place(roles[row, seat.ids], [column], [row])
    machine = CoreMachine(builder)
    whole = np.zeros((grid[1] * seat.rows_each, grid[0] * layout.features_each))
    whole[:vocabulary, : layout.features] = table
    cut = whole.reshape(grid[1], seat.rows_each, grid[0], -1).transpose(0, 2, 1, 3)
    scatter(machine, "table", cut.reshape(grid[1], grid[0], -1))
    machine.write(roles[0, _Seat(layout=layout, column=0, row=0, vocabulary=vocabulary).ids], "ids", ids)
    return Prepared(
        machine=machine, read=lambda ran: layout.take(gather(ran, "y")), expected=table[ids].astype(np.float64),
        counts={"values": layout.tokens * layout.features},
    )  # fmt: skip


def closed(wafer: Wafer, grid: Grid, shape: Shape, options: Options) -> float:
    """Return the cycles if ids are spread evenly: the ids, a turn of the first row for each token, and all tokens back.

    Each of the rows that are *filled* has its share of the tokens. A token takes the first row a move from its own
    table, or one from the fabric. The first row waits once for what comes from far: of so many even draws the greatest
    is on average tokens / (tokens + 1) of the way off.
    """
    layout, vocabulary = _sizes(grid, shape)
    filled = ceil(vocabulary / ceil(vocabulary / layout.rows))
    core, each, tokens = wafer.core, layout.features_each, layout.tokens
    hops = layout.columns + layout.rows - 2
    ids = collectives.broadcast_cycles(wafer, wavelets=tokens, hops=hops) if hops else wafer.core.task_launch_cycles
    moved = memory(isa.F32, each)
    own = vector_time(wafer, isa.MOV, isa.F32, each, moved, moved).cycles
    own += 2 * core.dependent_cycles + core.branch_not_taken_cycles + core.branch_taken_cycles
    handed = core.vector_launch_cycles + each + core.branch_taken_cycles
    always = 2 * core.dependent_cycles + core.branch_not_taken_cycles + core.map_cycles
    turn = always + own / filled + handed * (1 - 1 / filled)
    steps = _keeping(wafer, layout)
    if layout.rows > 1:
        back = core.vector_launch_cycles + tokens * each + collectives.link_cycles(wafer.fabric, layout.rows - 1)
        steps = max(core.vector_launch_cycles + tokens * each + steps, back)
    farthest = (filled - 1) * tokens / (tokens + 1)
    return ids + BEGIN_CYCLES + tokens * turn + farthest * collectives.link_cycles(wafer.fabric, 1) + steps


def _keeping(wafer: Wafer, layout: FeatureLayout) -> float:
    """Return the cycles in which the first row takes its own tokens over into the result."""
    core, length = timed(wafer), layout.tokens_each * layout.features_each
    found, y = core.role.memory("found", length), core.role.memory("y", length)
    core.role.fmovs(_kept(layout, y, layout.tokens_each), found)
    return core.cycles - wafer.core.task_launch_cycles


def _kept(layout: FeatureLayout, y: Mem, tokens: int) -> Mem:
    """Return where values go that come token by token."""
    return y.grid(tokens, layout.features_each, row_stride=1, stride=layout.tokens_each)


def _sizes(grid: Grid, shape: Shape) -> tuple[FeatureLayout, int]:
    """Return how the result lies, and the rows of the table.

    Raises:
        InputError: the shape is not three sizes of 1 or more.
    """
    sizes_of(NAME, shape, "tokens, vocabulary and features", "16x100x32")
    return FeatureLayout(columns=grid[0], rows=grid[1], tokens=shape[0], features=shape[2]), shape[1]


def need(wafer: Wafer, grid: Grid, shape: Shape, options: Options) -> int:
    """Return the bytes of a core's rows of the table, and of what it finds there for all tokens, on the first row."""
    layout, vocabulary = _sizes(grid, shape)
    rows = ceil(vocabulary / layout.rows) + layout.tokens
    return rows * layout.features_each * ELEMENT_BYTES[isa.F32]


def values(wafer: Wafer, grid: Grid, shape: Shape, options: Options) -> int:
    """Return those of the table and of the result, and what the first row of cores finds."""
    tokens, vocabulary, features = shape
    return (vocabulary + 2 * tokens) * features + grid[0] * grid[1] * tokens


PROGRAM = KernelProgram(
    name=NAME,
    **opening(__doc__),
    shape_help="TOKENS x VOCABULARY x FEATURES: tokens in all, rows of the table, features of each",
    prepare=prepare,
    closed=closed,
    need=need,
    values=values,
)
