"""Each row adds its vectors up near its middle: from both ends to the centre, first in groups, then over them.

o --> C <-- o   o --> C <-- o   o --> C <-- o      level 1: in every group a chain from each end to its centre
      C ------------> R <------------ C            level 2: the same over centres; routers between pass it on

Each level has two colors. A centre tells by the color from which side a sum comes, and adds the western first.
"""

from __future__ import annotations

from wsesim.cores.kit.base import Array, KernelSetup
from wsesim.cores.kit.plans import ROW, Layout, alike, distinct
from wsesim.cores.kit.tree import root, tree
from wsesim.cores.programs.collectives.collective import GROUP_HELP, TYPE_HELP, collective, row_group, row_sums
from wsesim.kernels import collectives


def layout(setup: KernelSetup) -> Layout:
    """Return the plans of all cores."""
    (columns, rows), group = setup.grid, row_group(setup)
    return Layout(colors=4, plan=lambda x, _: tree(x, columns, group, ROW), columns=distinct(columns), rows=alike(rows))


def take(setup: KernelSetup, values: Array) -> Array:
    """Return the vectors of the roots of all rows."""
    return values[:, root(setup.columns, row_group(setup))]


PROGRAM = collective(
    name="reduce-tree", doc=__doc__, layout=layout, take=take, expected=row_sums, summed=(1,),
    cycles=lambda setup: collectives.tree_cycles(
        setup.wafer, wavelets=setup.shape[0], cores=setup.columns, group=row_group(setup)
    ),
    options={**TYPE_HELP, **GROUP_HELP},
)  # fmt: skip
