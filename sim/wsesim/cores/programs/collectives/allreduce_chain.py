"""All cores of a row get the sum of its vectors: a chain to the first core, then a broadcast from there.

o <--b-- o <--a-- o <--b-- o      the chain, on two colors
o ---c-> o ---c-> o ---c-> o      the broadcast, on a third
"""

from __future__ import annotations

from wsesim.cores.kit.base import KernelSetup
from wsesim.cores.kit.plans import ROW, Layout, Plan, alike, by_parity, chain, spread
from wsesim.cores.programs.collectives.collective import collective, row_sums_everywhere
from wsesim.kernels import collectives


def layout(setup: KernelSetup) -> Layout:
    """Return the plans of all cores."""
    columns, rows = setup.grid

    def plan(x: int, _: int) -> Plan:
        return chain(x, columns, (0, 1), ROW).then(spread(x, columns, 2, ROW))

    return Layout(colors=3, plan=plan, columns=by_parity(columns), rows=alike(rows))


PROGRAM = collective(
    name="allreduce-chain", doc=__doc__, layout=layout, expected=row_sums_everywhere, summed=(1,),
    cycles=lambda setup: collectives.chain_allreduce_cycles(
        setup.wafer, wavelets=setup.shape[0], cores=setup.columns
    ),
)  # fmt: skip
