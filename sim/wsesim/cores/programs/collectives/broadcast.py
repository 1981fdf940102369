"""The first core of each row sends its vector to all others of the row.

o ---> o ---> o ---> o      a router copies each wavelet to its core and passes it on in the same cycle;
o ---> o ---> o ---> o      one color, and a core does nothing but keep what arrives
"""

from __future__ import annotations

import numpy as np

from wsesim.cores.kit.base import KernelSetup
from wsesim.cores.kit.plans import ROW, Layout, alike, by_parity, spread
from wsesim.cores.programs.collectives.collective import collective
from wsesim.kernels import collectives


def layout(setup: KernelSetup) -> Layout:
    """Return the plans of all cores."""
    columns, rows = setup.grid
    return Layout(colors=1, plan=lambda x, _: spread(x, columns, 0, ROW), columns=by_parity(columns), rows=alike(rows))


PROGRAM = collective(
    name="broadcast", doc=__doc__, layout=layout, expected=lambda values: np.broadcast_to(values[:, :1], values.shape),
    cycles=lambda setup: collectives.broadcast_cycles(setup.wafer, wavelets=setup.shape[0], hops=setup.columns - 1),
)  # fmt: skip
