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
from wsesim.cores.kit.base import KernelSetup
from wsesim.cores.kit.plans import COLUMN, ROW, Layout, Plan, Wait, alike, by_parity, chain, spread_2d
from wsesim.cores.machine import CoreMachine
from wsesim.cores.programs.collectives.collective import collective, kind_of
from wsesim.kernels import collectives

ROWS = 2
"""Rows that stand for all. The first core of the second stands for those below it, too: it has their sum, and waits for
as long as that takes to come up."""


def layout(setup: KernelSetup) -> Layout:
    """Return the plans of all cores; of a part the last of the first column waits before it sends."""
    columns, rows = setup.grid
    wait = _up(setup, rows + setup.rows_left) - _up(setup, rows) if setup.rows_left else 0

    def plan(x: int, y: int) -> Plan:
        along = chain(x, columns, (0, 1), ROW)
        if x == 0 and y == rows - 1 and wait:
            along = along.then(Plan((), (Wait(wait),)))
        up = chain(y, rows, (2, 3), COLUMN) if x == 0 else Plan()
        return along.then(up).then(spread_2d(x, y, setup.grid, 4))

    return Layout(colors=5, plan=plan, columns=by_parity(columns), rows=by_parity(rows))


def _up(setup: KernelSetup, rows: int) -> int:
    """Return the cycles of a chain up a column by itself: all rows add up alike, so that it begins at one time."""
    builder = Builder(setup.wafer, width=1, height=rows)
    plans = Layout(
        colors=2, plan=lambda _, y: chain(y, rows, (0, 1), COLUMN), columns=alike(1), rows=by_parity(rows)
    )  # fmt: skip
    plans.write(builder, setup.shape[0], kind_of(setup.options))
    return CoreMachine(builder).run().cycles


PROGRAM = collective(
    name="allreduce-2d", doc=__doc__, layout=layout, summed=(0, 1), rows=ROWS,
    expected=lambda values: np.broadcast_to(values.sum((0, 1)), values.shape),
    cycles=lambda setup: collectives.grid_allreduce_cycles(
        setup.wafer, wavelets=setup.shape[0], columns=setup.columns, rows=setup.rows
    ),
)  # fmt: skip
