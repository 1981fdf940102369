"""Each row adds its vectors up on its first core; every core adds its own to what passes through.

o <--b-- o <--a-- o <--b-- o      a core receives on one color and sends on the other;
o <--b-- o <--a-- o <--b-- o      element by element, so all cores of a row work at the same time
"""

from __future__ import annotations

from wsesim.cores.kit.base import Grid, Options
from wsesim.cores.kit.plans import ROW, Layout, alike, by_parity, chain
from wsesim.cores.programs.collectives.collective import collective, first_column, row_sums
from wsesim.kernels import collectives


def layout(grid: Grid, options: Options) -> Layout:
    """Return the plans of all cores."""
    columns, rows = grid
    return Layout(
        colors=2, plan=lambda x, _: chain(x, columns, (0, 1), ROW), columns=by_parity(columns), rows=alike(rows)
    )


def work(grid: Grid, length: int, options: Options) -> dict[str, int]:
    """Return additions and wavelet hops."""
    links = grid[1] * (grid[0] - 1)
    return {"adds": links * length, "hops": links * length}


PROGRAM = collective(
    name="reduce-chain",
    doc=__doc__,
    layout=layout,
    take=first_column,
    expected=row_sums,
    summed=(1,),
    work=work,
    cycles=lambda wafer, grid, length, _: collectives.chain_cycles(wafer, wavelets=length, cores=grid[0]),
)
