"""All cores get the sum of all vectors: rows to the first column, that up to the corner, then a broadcast back.

R <--- o <--- o      R ---> o ---> o      a chain along every row, on two colors;
^                    |      |      |      a chain up the first column, on two more;
o <--- o <--- o      v      v      v      a broadcast from the corner R, on a fifth
^                    o      o      o
o <--- o <--- o      v      v      v
                     o      o      o
"""

from __future__ import annotations

import numpy as np

from wsesim.cores.builder import Builder
from wsesim.cores.kit.base import Array, Grid, Options
from wsesim.cores.kit.plans import (
    COLUMN,
    ROW,
    Layout,
    Plan,
    Wait,
    alike,
    by_parity,
    chain,
    spread_2d,
)
from wsesim.cores.machine import CoreMachine
from wsesim.cores.programs.collectives.collective import Fold, all_cores, collective
from wsesim.hardware import Wafer
from wsesim.kernels import collectives

ROWS = 2
"""Rows that stand for all. The first core of the second stands for those below it, too: it has their sum, and waits for
as long as that takes to come up."""


def layout(grid: Grid, options: Options, *, wait: int = 0) -> Layout:
    """Return the plans of all cores; the last of the first column waits before it sends."""
    columns, rows = grid

    def plan(x: int, y: int) -> Plan:
        along = chain(x, columns, (0, 1), ROW)
        if x == 0 and y == rows - 1 and wait:
            along = along.then(Plan((), (Wait(wait),)))
        up = chain(y, rows, (2, 3), COLUMN) if x == 0 else Plan()
        return along.then(up).then(spread_2d(x, y, grid, 4))

    return Layout(colors=5, plan=plan, columns=by_parity(columns), rows=by_parity(rows))


def folded_layout(wafer: Wafer, grid: Grid, length: int, kind: int) -> Layout:
    """Return the plans of the rows that stand for all: all rows add up alike, so that the column begins at one time."""
    columns, rows = grid
    if rows <= ROWS:
        return layout(grid, {})
    took, took_by_few = (_up(wafer, cores, length, kind) for cores in (rows, ROWS))
    return layout((columns, ROWS), {}, wait=took - took_by_few)


def _up(wafer: Wafer, rows: int, length: int, kind: int) -> int:
    """Return the cycles of a chain up a column by itself."""
    builder = Builder(wafer, width=1, height=rows)
    plans = Layout(
        colors=2, plan=lambda _, y: chain(y, rows, (0, 1), COLUMN), columns=alike(1), rows=by_parity(rows)
    )  # fmt: skip
    plans.write(builder, length, kind)
    return CoreMachine(builder).run().cycles


def expected(values: Array) -> Array:
    """Return the sum of all vectors, on all cores."""
    return np.broadcast_to(values.sum((0, 1)), values.shape)


def work(grid: Grid, length: int, options: Options) -> dict[str, int]:
    """Return additions and wavelet hops."""
    links = grid[0] * grid[1] - 1
    return {"adds": links * length, "hops": 2 * links * length}


PROGRAM = collective(
    name="allreduce-2d",
    doc=__doc__,
    layout=layout,
    take=all_cores,
    expected=expected,
    summed=(0, 1),
    work=work,
    cycles=lambda wafer, grid, length, _: collectives.grid_allreduce_cycles(
        wafer, wavelets=length, columns=grid[0], rows=grid[1]
    ),
    fold=Fold(rows=ROWS, layout=folded_layout),
)
