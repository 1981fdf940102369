"""Lines of cores as rings whose neighbours are at most two hops apart, with colors that never meet on a router.

+-> 0 ---> 2 ---> 4 -+      even cores on the way out, odd cores on the way back
|                    |
+-- 1 <--- 3 <--- 5 <+
"""

from __future__ import annotations

from dataclasses import dataclass

from wsesim.cores.kit.plans import LineAxis, Route

FORWARD, BACKWARD = 0, 1
WAYS = (FORWARD, BACKWARD)
RING_COLORS = 3
"""Colors of one way round one ring: a router sends, receives, and lets one transfer of the other side pass."""


@dataclass(frozen=True, slots=True)
class Seat:
    """What one core of a line does for one way round the ring."""

    routes: tuple[Route, ...]
    sends: int
    receives: int


def ring_order(cores: int) -> list[int]:
    """Return the places on the line in the order of the ring."""
    return [*range(0, cores, 2), *reversed(range(1, cores, 2))]


def seats(cores: int, way: int, axis: LineAxis, first_color: int) -> list[Seat]:
    """Return what each core of a line of two or more does; colors are numbered from *first_color* on."""
    order = ring_order(cores)
    links = [(order[at], order[(at + (1 if way == FORWARD else -1)) % cores]) for at in range(cores)]
    colors = {link: first_color + color for link, color in _colored(links).items()}
    routes: list[list[Route]] = [[] for _ in range(cores)]
    for (here, there), color in colors.items():
        onward, back = (axis.away, axis.toward) if there > here else (axis.toward, axis.away)
        routes[here].append(Route(color, "RAMP", (onward,)))
        for between in range(min(here, there) + 1, max(here, there)):
            routes[between].append(Route(color, back, (onward,)))
        routes[there].append(Route(color, back, ("RAMP",)))
    sends = {here: color for (here, _), color in colors.items()}
    receives = {there: color for (_, there), color in colors.items()}
    return [Seat(tuple(routes[place]), sends[place], receives[place]) for place in range(cores)]


def _colored(links: list[tuple[int, int]]) -> dict[tuple[int, int], int]:
    """Give each link the first color that no link over one of its routers has."""
    found: dict[tuple[int, int], int] = {}
    for link in sorted(links, key=min):
        taken = {color for other, color in found.items() if max(other) >= min(link) and min(other) <= max(link)}
        found[link] = min(color for color in range(len(links)) if color not in taken)
    return found
