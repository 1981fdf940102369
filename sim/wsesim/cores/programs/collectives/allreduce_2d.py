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

from wsesim.cores.programs.base import Array, Grid, Options
from wsesim.cores.programs.collectives.collective import all_cores, collective
from wsesim.cores.programs.collectives.plans import COLUMN, ROW, Layout, Plan, by_parity, chain, spread_2d
from wsesim.kernels import collectives


def layout(grid: Grid, options: Options) -> Layout:
    """Return the plans of all cores."""
    columns, rows = grid

    def plan(x: int, y: int) -> Plan:
        along = chain(x, columns, (0, 1), ROW)
        up = chain(y, rows, (2, 3), COLUMN) if x == 0 else Plan()
        return along.then(up).then(spread_2d(x, y, grid, 4))

    return Layout(colors=5, plan=plan, columns=by_parity(columns), rows=by_parity(rows))


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
    rows_alike=False,
)
