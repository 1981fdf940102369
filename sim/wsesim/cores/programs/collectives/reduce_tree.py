"""Each row adds its vectors up near its middle: from both ends to the centre, first in groups, then over them.

o --> C <-- o   o --> C <-- o   o --> C <-- o      level 1: in every group a chain from each end to its centre
      C ------------> R <------------ C            level 2: the same over centres; routers between pass it on

Each level has two colors. A centre tells by the color from which side a sum comes, and adds the western first.
"""

from __future__ import annotations

from wsesim.cores.programs.base import Array, Grid, Options
from wsesim.cores.programs.collectives.collective import GROUP_HELP, TYPE_HELP, collective, group_of, row_sums
from wsesim.cores.programs.collectives.plans import ROW, Layout, LineAxis, Plan, Route, alike, chain, distinct
from wsesim.kernels import collectives

Colors = tuple[int, int]


def layout(grid: Grid, options: Options) -> Layout:
    """Return the plans of all cores."""
    columns, rows = grid
    group = group_of(options, columns)
    return Layout(colors=4, plan=lambda x, _: tree(x, columns, group, ROW), columns=distinct(columns), rows=alike(rows))


def tree(place: int, cores: int, group: int, axis: LineAxis) -> Plan:
    """Return the plan of core *place* of a line in groups."""
    centers = collectives.centers(cores, group)
    number = place // group
    size = min(group, cores - number * group)
    plan = to_center(place - number * group, size, (0, 1), axis)
    if place == centers[number]:
        return plan.then(to_center(number, len(centers), (2, 3), axis))
    return plan.then(_between(place, centers, (2, 3), axis))


def to_center(place: int, cores: int, colors: Colors, axis: LineAxis) -> Plan:
    """Return the plan of core *place* of two chains, from both ends of a line to its centre."""
    center = cores // 2
    before = chain(center - place, center + 1, colors, axis.turned) if place <= center else Plan()
    after = chain(place - center, cores - center, colors, axis, begin=1) if place >= center else Plan()
    return before.then(after)


def _between(place: int, centers: tuple[int, ...], colors: Colors, axis: LineAxis) -> Plan:
    """Return the plan of a core that is no centre: it lets pass what goes from centre to centre over it."""
    before = sum(center < place for center in centers)
    if before in (0, len(centers)):
        return Plan()
    middle = len(centers) // 2
    if before <= middle:
        return Plan((Route(colors[(middle - before + 1) % 2], axis.toward, (axis.away,)),))
    return Plan((Route(colors[(before - middle + 1) % 2], axis.away, (axis.toward,)),))


def root(cores: int, group: int) -> int:
    """Return the core of a line on which the sum ends up."""
    centers = collectives.centers(cores, group)
    return centers[len(centers) // 2]


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
