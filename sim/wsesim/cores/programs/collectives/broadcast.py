"""The first core of each row sends its vector to all others of the row.

o ---> o ---> o ---> o      a router copies each wavelet to its core and passes it on in the same cycle;
o ---> o ---> o ---> o      one color, and a core does nothing but keep what arrives
"""

from __future__ import annotations

import numpy as np

from wsesim.cores.kit.base import Grid, Options
from wsesim.cores.kit.plans import ROW, Layout, alike, by_parity, spread
from wsesim.cores.programs.collectives.collective import all_cores, collective
from wsesim.kernels import collectives


def layout(grid: Grid, options: Options) -> Layout:
    """Return the plans of all cores."""
    columns, rows = grid
    return Layout(colors=1, plan=lambda x, _: spread(x, columns, 0, ROW), columns=by_parity(columns), rows=alike(rows))


PROGRAM = collective(
    name="broadcast",
    doc=__doc__,
    layout=layout,
    take=all_cores,
    expected=lambda values: np.broadcast_to(values[:, :1], values.shape),
    summed=(),
    work=lambda grid, length, _: {"adds": 0, "hops": grid[1] * (grid[0] - 1) * length},
    cycles=lambda wafer, grid, length, _: collectives.broadcast_cycles(wafer, wavelets=length, hops=grid[0] - 1),
)
