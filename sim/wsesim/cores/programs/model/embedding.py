"""Rows of a table by token id: the table's rows and features lie spread over the cores, and who has a row sends it.

       features -->                  1  ids: from the north-west corner to all cores, which routers copy on the way
      +------+------+------+         2  columns: the owner of a token's row sends it north, those above hand it on;
  |   | V0.. |      |      |            the first row keeps all tokens in order
vocab +------+------+------+         3  the first row sends all tokens back south; each row keeps its own
  |   | V3.. |      |      |
  v   +------+------+------+         tokens lie along y in the result, features along x
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from math import ceil

import numpy as np

from wsesim.cores import isa
from wsesim.cores.builder import Builder, CoreRole
from wsesim.cores.kit import flow
from wsesim.cores.kit.base import Array, KernelSetup
from wsesim.cores.kit.durations import memory, vector_time
from wsesim.cores.kit.lines import COLLECT_COLORS, Collection
from wsesim.cores.kit.plans import COLUMN, Plan, spread_2d, write_routes, write_steps
from wsesim.cores.kit.writer import KernelWriter, timed
from wsesim.cores.kit.written import kernel
from wsesim.cores.operands import ELEMENT_BYTES, Color, Mem
from wsesim.cores.programs.model.feature import FeatureLayout, layout_of
from wsesim.hardware import Wafer
from wsesim.kernels import collectives

# Counted from the program, a cycle for each scalar instruction that nothing waits for; no figures of a machine.
BEGIN_CYCLES = 5
"""Of the scalar instructions before the first token."""
TABLE_SPREAD = 0.02
"""Standard deviation of a fresh table, as in GPT-2."""


@dataclass(frozen=True, slots=True, kw_only=True)
class _Table:
    """A table whose rows are asked for, on a rectangle of cores."""

    layout: FeatureLayout
    vocabulary: int

    @classmethod
    def of(cls, setup: KernelSetup) -> _Table:
        """Return the table that is asked for."""
        tokens, vocabulary, features = setup.shape
        return cls(layout=layout_of(setup, tokens, features), vocabulary=vocabulary)

    @property
    def rows_each(self) -> int:
        """Rows of the table on a core."""
        return ceil(self.vocabulary / self.layout.rows)

    @property
    def need(self) -> int:
        """Bytes of a core's rows of the table, and of what it finds there for all tokens, on the first row."""
        return (self.rows_each + self.layout.tokens) * self.layout.features_each * ELEMENT_BYTES[isa.F32]

    @property
    def values(self) -> int:
        """Those of the table and of the result, and what the first row of cores finds."""
        layout = self.layout
        return (self.vocabulary + 2 * layout.tokens) * layout.features + layout.rows * layout.columns * layout.tokens


@dataclass(frozen=True, slots=True, kw_only=True)
class _Seat:
    """What a core knows of its place."""

    table: _Table
    column: int
    row: int
    colors: Sequence[Color] = ()

    @property
    def layout(self) -> FeatureLayout:
        """How the result lies."""
        return self.table.layout

    @property
    def ids(self) -> Plan:
        """What it does with the ids."""
        return spread_2d(self.column, self.row, (self.layout.columns, self.layout.rows), 0)

    @property
    def along(self) -> Collection:
        """Its column of cores."""
        return Collection(place=self.row, cores=self.layout.rows, axis=COLUMN, colors=self.colors[1:])

    @property
    def features(self) -> int:
        """Features of a core, as many as the first column has."""
        return self.layout.features_each


def _write(role: CoreRole, seat: _Seat) -> None:
    """Write what one core does."""
    layout, corner = seat.layout, seat.column == seat.row == 0
    ids = role.memory("ids" if corner else "ids received", layout.tokens, isa.I32)
    table = role.memory("table", seat.table.rows_each * seat.features)
    y = role.memory("y", layout.tokens_each * seat.features)
    found = role.memory("found", layout.tokens * seat.features if seat.row == 0 else 0)
    write_routes(role, seat.colors, seat.ids)
    seat.along.route(role)
    with role.task("start", start=True):
        write_steps(role, seat.colors, seat.ids, ids)
        _find(KernelWriter(role, placed=True), seat, ids, table, found)
        _give_back(role, seat, found, y)
        role.halt()


def _find(core: KernelWriter, seat: _Seat, ids: Mem, table: Mem, found: Mem) -> None:
    """Send the rows of the table that tokens ask for north, in the order of the tokens; the first row keeps them."""
    role, each = core.role, seat.features
    first, receive, send = seat.row * seat.table.rows_each, *seat.along.inward
    with core.scalars(5) as (token, start, end, place, kept):
        role.set(start, first)
        role.set(end, first + seat.table.rows_each - 1)
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


def operands(table: _Table, random: np.random.Generator) -> Mapping[str, Array]:
    """Return random rows of the table, and random ids."""
    rows = TABLE_SPREAD * random.standard_normal((table.vocabulary, table.layout.features))
    return {"rows": rows.astype(np.float32), "ids": random.integers(0, table.vocabulary, table.layout.tokens)}


def write(table: _Table, builder: Builder) -> None:
    """Write the programs of all cores."""
    colors = [builder.color(f"color {number}") for number in range(1 + COLLECT_COLORS)]
    roles: dict[tuple[int, Plan], CoreRole] = {}
    for row in range(builder.height):
        for column in range(builder.width):
            seat = _Seat(table=table, column=column, row=row, colors=colors)
            if (row, seat.ids) not in roles:
                role = roles[row, seat.ids] = builder.role(f"core {column},{row}")
                _write(role, seat)
            builder.place(roles[row, seat.ids], [column], [row])


def lay(table: _Table, rows: Array, ids: Array) -> Mapping[str, Array]:
    """Return the table spread over the cores, and the ids, which the first core is given."""
    layout, grid = table.layout, (table.layout.rows, table.layout.columns)
    whole = np.zeros((layout.rows * table.rows_each, layout.columns * layout.features_each))
    whole[: len(rows), : layout.features] = rows
    cut = whole.reshape(layout.rows, table.rows_each, layout.columns, -1).transpose(0, 2, 1, 3)
    return {"table": cut.reshape(*grid, -1), "ids": np.broadcast_to(ids, (*grid, len(ids)))}


def closed(wafer: Wafer, table: _Table) -> float:
    """Return the cycles if ids are spread evenly: the ids, a turn of the first row for each token, and all tokens back.

    Each of the rows that are *filled* has its share of the tokens. A token takes the first row a move from its own
    table, or one from the fabric. The first row waits once for what comes from far: of so many even draws the greatest
    is on average tokens / (tokens + 1) of the way off.
    """
    layout, filled = table.layout, ceil(table.vocabulary / table.rows_each)
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


PROGRAM = kernel(
    name="embedding", doc=__doc__, asked=_Table.of, operands=operands, write=write, lay=lay, closed=closed,
    meaning=lambda table, rows, ids: rows[ids].astype(np.float64),
    take=lambda table, found: table.layout.take(found), need=lambda table: table.need,
    shape_help="TOKENS x VOCABULARY x FEATURES: tokens in all, rows of the table, features of each",
    example="16x100x32", takes="tokens, vocabulary and features", values=lambda table: table.values,
)  # fmt: skip
