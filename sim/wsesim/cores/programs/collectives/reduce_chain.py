"""Each row adds its vectors up on its first core; every core adds its own to what passes through.

o <--b-- o <--a-- o <--b-- o      a core receives on one color and sends on the other;
o <--b-- o <--a-- o <--b-- o      element by element, so all cores of a row work at the same time
"""

from __future__ import annotations

from wsesim.cores.kit.base import KernelSetup
from wsesim.cores.kit.plans import ROW, Layout, alike, by_parity, chain
from wsesim.cores.programs.collectives.collective import collective, first_column, row_sums
from wsesim.kernels import collectives


def layout(setup: KernelSetup) -> Layout:
    """Return the plans of all cores."""
    columns, rows = setup.grid
    return Layout(
        colors=2, plan=lambda x, _: chain(x, columns, (0, 1), ROW), columns=by_parity(columns), rows=alike(rows)
    )


PROGRAM = collective(
    name="reduce-chain", doc=__doc__, layout=layout, take=first_column, expected=row_sums, summed=(1,),
    cycles=lambda setup: collectives.chain_cycles(setup.wafer, wavelets=setup.shape[0], cores=setup.columns),
)  # fmt: skip
