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

from wsesim.cores.kit.base import KernelSetup
from wsesim.cores.kit.plans import Layout, by_parity, spread_2d
from wsesim.cores.programs.collectives.collective import collective
from wsesim.kernels import collectives


def layout(setup: KernelSetup) -> Layout:
    """Return the plans of all cores."""
    columns, rows = map(by_parity, setup.grid)
    return Layout(colors=1, plan=lambda x, y: spread_2d(x, y, setup.grid, 0), columns=columns, rows=rows)


PROGRAM = collective(
    name="broadcast-2d", doc=__doc__, layout=layout, rows=2,
    expected=lambda values: np.broadcast_to(values[:1, :1], values.shape),
    cycles=lambda setup: collectives.broadcast_cycles(setup.wafer, wavelets=setup.shape[0], hops=sum(setup.grid) - 2),
)  # fmt: skip
