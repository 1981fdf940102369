"""All cores of a row get the sum of its vectors: a chain to the first core, then a broadcast from there.

o <--b-- o <--a-- o <--b-- o      the chain, on two colors
o ---c-> o ---c-> o ---c-> o      the broadcast, on a third
"""

from __future__ import annotations

from wsesim.cores.kit.base import Grid, Options
from wsesim.cores.kit.plans import ROW, Layout, Plan, alike, by_parity, chain, spread
from wsesim.cores.programs.collectives.collective import all_cores, collective, row_sums_everywhere
from wsesim.kernels import collectives


def layout(grid: Grid, options: Options) -> Layout:
    """Return the plans of all cores."""
    columns, rows = grid

    def plan(x: int, _: int) -> Plan:
        return chain(x, columns, (0, 1), ROW).then(spread(x, columns, 2, ROW))

    return Layout(colors=3, plan=plan, columns=by_parity(columns), rows=alike(rows))


def work(grid: Grid, length: int, options: Options) -> dict[str, int]:
    """Return additions and wavelet hops."""
    links = grid[1] * (grid[0] - 1)
    return {"adds": links * length, "hops": 2 * links * length}


PROGRAM = collective(
    name="allreduce-chain",
    doc=__doc__,
    layout=layout,
    take=all_cores,
    expected=row_sums_everywhere,
    summed=(1,),
    work=work,
    cycles=lambda wafer, grid, length, _: collectives.chain_allreduce_cycles(wafer, wavelets=length, cores=grid[0]),
)
