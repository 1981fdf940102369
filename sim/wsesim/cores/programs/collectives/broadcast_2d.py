"""The core in the north-west corner sends its vector to all others.

o ---> o ---> o      one color: along the first row, and from each of its routers down the column;
|      |      |      the farthest core is columns + rows - 2 hops away
v      v      v
o      o      o
|      |      |
v      v      v
o      o      o
"""

from __future__ import annotations

import numpy as np

from wsesim.cores.kit.base import Grid, Options
from wsesim.cores.kit.plans import Layout, Plan, by_parity, spread_2d
from wsesim.cores.programs.collectives.collective import TYPE_HELP, Fold, all_cores, collective
from wsesim.kernels import collectives


def layout(grid: Grid, options: Options) -> Layout:
    """Return the plans of all cores."""

    def plan(x: int, y: int) -> Plan:
        return spread_2d(x, y, grid, 0)

    return Layout(colors=1, plan=plan, columns=by_parity(grid[0]), rows=by_parity(grid[1]))


PROGRAM = collective(
    name="broadcast-2d",
    doc=__doc__,
    layout=layout,
    take=all_cores,
    expected=lambda values: np.broadcast_to(values[:1, :1], values.shape),
    summed=(),
    work=lambda grid, length, _: {"adds": 0, "hops": (grid[0] * grid[1] - 1) * length},
    cycles=lambda wafer, grid, length, _: collectives.broadcast_cycles(wafer, wavelets=length, hops=sum(grid) - 2),
    options=TYPE_HELP,
    fold=Fold(rows=2, layout=lambda wafer, grid, *_: layout((grid[0], min(2, grid[1])), {})),
)
