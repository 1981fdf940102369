"""A sum along a line in two levels, in groups and over their centres, and its way back to all.

o --> C <-- o   o --> C <-- o   o --> C <-- o      level 1: in every group a chain from each end to its centre
      C ------------> R <------------ C            level 2: the same over centres; routers between pass it on
<-------------------- R -------------------->      back: routers copy on the way
"""

from __future__ import annotations

from wsesim.cores.kit.plans import LineAxis, Plan, Route, Send, chain, spread
from wsesim.kernels import collectives

Colors = tuple[int, int]
TREE_COLORS = 4
BACK = TREE_COLORS
"""The color of the broadcast, after those of the tree."""


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


def back(place: int, cores: int, source: int, axis: LineAxis) -> Plan:
    """Return the plan of core *place* of a broadcast from core *source* to both ends of a line."""
    if place > source:
        return spread(place - source, cores - source, BACK, axis)
    if place < source:
        return spread(source - place, source + 1, BACK, axis.turned)
    sides = (*([axis.toward] if place > 0 else []), *([axis.away] if place < cores - 1 else []))
    return Plan((Route(BACK, "RAMP", sides),), (Send(BACK),)) if sides else Plan()
