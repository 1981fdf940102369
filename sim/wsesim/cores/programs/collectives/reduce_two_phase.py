"""Each row adds its vectors up on its first core: in groups first, then over the heads of the groups.

o <--a-- o <--b-- o    o <--b-- o <--a-- o      phase 1: a chain in every group, all at the same time
head             last  head             last    phase 2: a chain over heads; routers between pass it through
o <--------b---------- o

To the last head nothing comes in phase 2: it passes on the sum of its group as it adds it up, and the sum waits where
phase 1 is not over. Measured rows (`red1d`) say so: with 256, 32 and 8 groups they take as long as that, and 61 to 68
cycles, while a head that waited for its whole sum would add what the way to the next head takes. The descriptors of
each vector instruction are set before it.

Phase 2 takes a color on which, in phase 1, routers stand between their neighbours and their own cores. A core that
has sent its sum therefore sends a control wavelet behind it: the switch of its own router moves on, and so does
that of the next, where the wavelet ends. One group of all cores is a plain chain.
"""

from __future__ import annotations

from wsesim.cores.kit.base import KernelSetup
from wsesim.cores.kit.plans import ROW, Add, Layout, Plan, Route, Send, Turn, alike, chain, distinct
from wsesim.cores.programs.collectives.collective import (
    GROUP_HELP,
    TYPE_HELP,
    collective,
    first_column,
    row_group,
    row_sums,
)
from wsesim.kernels import collectives

COLORS = (0, 1)


def layout(setup: KernelSetup) -> Layout:
    """Return the plans of all cores."""
    (columns, rows), group = setup.grid, row_group(setup)
    return Layout(colors=2, plan=lambda x, _: plan(x, columns, group), columns=distinct(columns), rows=alike(rows))


def plan(x: int, columns: int, group: int) -> Plan:
    """Return the plan of the core in column *x*."""
    number, place = divmod(x, group)
    groups, cores = -(-columns // group), min(group, columns - number * group)
    first = chain(place, cores, COLORS, ROW, begin=number)
    if place == 0:
        head = first.then(chain(number, groups, COLORS, ROW))
        return (_at_once(head) if 0 < number == groups - 1 else head).set_up()
    if number == groups - 1:
        return first.set_up()
    return _letting_through(first.set_up(), place=place, send=(number + place) % 2, last=place == cores - 1)


def _at_once(head: Plan) -> Plan:
    """Return the plan of the last head, which sends its group's sum as it adds it up; a group of one has none."""
    match head.steps:
        case (Add(received, None), Send(sent)):
            return Plan(head.routes, (Add(received, sent),))
    return head


def _letting_through(first: Plan, *, place: int, send: int, last: bool) -> Plan:
    """Return the plan with second switch positions from east to west, and what moves the switches there."""
    routes = [position for route in first.routes for position in (route, _through(route.color))]
    if last:  # nobody sends to it in phase 1
        routes.append(_through(1 - send))
    turn = Turn(send, routers=1 if place == 1 else 2)  # the head keeps listening
    return Plan(tuple(routes), (*first.steps, turn))


def _through(color: int) -> Route:
    return Route(color, ROW.away, (ROW.toward,))


PROGRAM = collective(
    name="reduce-two-phase", doc=__doc__, layout=layout, take=first_column, expected=row_sums, summed=(1,),
    cycles=lambda setup: collectives.two_phase_cycles(
        setup.wafer, wavelets=setup.shape[0], cores=setup.columns, group=row_group(setup)
    ),
    options={**TYPE_HELP, **GROUP_HELP},
    limits=lambda case, cycles: {"link": case.shape[0] / cycles} if case.grid[0] > 1 else {},
)  # fmt: skip
