"""Each row adds its vectors up near its middle: from both ends to the centre, first in groups, then over them.

o --> C <-- o   o --> C <-- o   o --> C <-- o      level 1: in every group a chain from each end to its centre
      C ------------> R <------------ C            level 2: the same over centres; routers between pass it on

Each level has two colors. A centre tells by the color from which side a sum comes, and adds the western first.
"""

from __future__ import annotations

from wsesim.cores.kit.base import Array, Grid, Options
from wsesim.cores.kit.plans import ROW, Layout, alike, distinct
from wsesim.cores.kit.tree import root, tree
from wsesim.cores.programs.collectives.collective import GROUP_HELP, TYPE_HELP, collective, group_of, row_sums
from wsesim.kernels import collectives


def layout(grid: Grid, options: Options) -> Layout:
    """Return the plans of all cores."""
    columns, rows = grid
    group = group_of(options, columns)
    return Layout(colors=4, plan=lambda x, _: tree(x, columns, group, ROW), columns=distinct(columns), rows=alike(rows))


def take(values: Array, options: Options) -> Array:
    """Return the vectors of the roots of all rows."""
    columns = values.shape[1]
    return values[:, root(columns, group_of(options, columns))]


def work(grid: Grid, length: int, options: Options) -> dict[str, int]:
    """Return additions and wavelet hops."""
    columns, rows = grid
    centers = collectives.centers(columns, group_of(options, columns))
    hops = columns - len(centers) + centers[-1] - centers[0]
    return {"adds": rows * (columns - 1) * length, "hops": rows * hops * length}


PROGRAM = collective(
    name="reduce-tree",
    doc=__doc__,
    layout=layout,
    take=take,
    expected=row_sums,
    summed=(1,),
    work=work,
    cycles=lambda wafer, grid, length, options: collectives.tree_cycles(
        wafer, wavelets=length, cores=grid[0], group=group_of(options, grid[0])
    ),
    options={**TYPE_HELP, **GROUP_HELP},
)
