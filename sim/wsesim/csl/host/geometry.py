"""Points and rectangles of layouts, and the sides of regions."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from enum import Enum
from typing import Any


class IntVector:
    """A point or a size."""

    def __init__(self, x: int, y: int) -> None:
        """Take both coordinates."""
        self.x, self.y = int(x), int(y)

    def __iter__(self) -> Iterator[int]:
        """Yield x and y."""
        return iter((self.x, self.y))


class IntRectangle:
    """A rectangle from a corner to the one beyond the last point."""

    def __init__(self, upper_left: IntVector, lower_right: IntVector) -> None:
        """Take both corners."""
        self.upper_left, self.lower_right = upper_left, lower_right

    def points(self) -> Iterator[tuple[int, int]]:
        """Yield (x, y) row by row."""
        for y in range(self.upper_left.y, self.lower_right.y):
            for x in range(self.upper_left.x, self.lower_right.x):
                yield x, y


class RouteSide(Enum):
    """Sides of a router, as bits of a mask."""

    WEST = 1
    EAST = 2
    NORTH = 4
    SOUTH = 8
    RAMP = 16


class Edge(Enum):
    """Edges of a region, as the side of a router there."""

    LEFT = 1
    RIGHT = 2
    TOP = 4
    BOTTOM = 8


STEPS = {1: (-1, 0), 2: (1, 0), 4: (0, -1), 8: (0, 1)}
"""By bit of a side: where it leads."""
OPPOSITE = {1: 2, 2: 1, 4: 8, 8: 4}


class SdkColor:
    """A color of a layout; its number is given, or chosen when all is laid out."""

    def __init__(self, name: str, value: int | None = None) -> None:
        """Take name and number."""
        self.name, self.value = name, value


class RoutingPosition:
    """A position of a switch: where it takes wavelets from, and where it sends them."""

    def __init__(self) -> None:
        """Begin without sides."""
        self.rx, self.tx = 0, 0

    def set_input(self, sides: Iterable[RouteSide]) -> RoutingPosition:
        """Take from these sides."""
        self.rx = sum(side.value for side in sides)
        return self

    def set_output(self, sides: Iterable[RouteSide]) -> RoutingPosition:
        """Send to these sides."""
        self.tx = sum(side.value for side in sides)
        return self


Masks = tuple[int, int]
"""rx and tx."""


def masks_of(positions: Iterable[RoutingPosition]) -> list[Masks]:
    """Return positions as pairs of masks."""
    return [(each.rx, each.tx) for each in positions]


def get_edge_routing(edge: Edge, positions: list[RoutingPosition]) -> tuple[Edge, list[RoutingPosition]]:
    """Return what `paint_all` takes for one edge."""
    return edge, positions


def on_edge(edge: Edge, width: int, height: int) -> list[tuple[int, int]]:
    """Return the points of a region along an edge."""
    if edge in (Edge.LEFT, Edge.RIGHT):
        return [(0 if edge == Edge.LEFT else width - 1, y) for y in range(height)]
    return [(x, 0 if edge == Edge.TOP else height - 1) for x in range(width)]


def vector(given: Any) -> tuple[int, int]:
    """Return a point as a pair."""
    x, y = given
    return int(x), int(y)
