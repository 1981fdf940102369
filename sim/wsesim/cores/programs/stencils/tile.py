"""How the cells of a tiled stencil lie in a core's memory: views, edges and halos."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from wsesim.cores.operands import Mem

SIDES = ("WEST", "EAST", "NORTH", "SOUTH")
OPPOSITE = {"WEST": "EAST", "EAST": "WEST", "NORTH": "SOUTH", "SOUTH": "NORTH"}


@dataclass(frozen=True, slots=True, kw_only=True)
class Star:
    """A star stencil on tiles: sizes, and the weight of a cell at each distance."""

    width: int
    """Cells of a tile along x."""
    height: int
    """Cells of a tile along y."""
    radius: int
    """How many cells away a cell looks along x and y."""
    iterations: int
    spare: int = 1
    """Words from one row of a core's arrays to the next beside the tile's and both halos'."""
    waits: bool = True
    """Whether a core waits for its neighbours' edges before it renews its tile."""

    @property
    def cells(self) -> int:
        """Cells of a tile."""
        return self.width * self.height

    @property
    def pitch(self) -> int:
        """Words from one row of a core's arrays to the next."""
        return self.width + 2 * self.radius + self.spare

    @property
    def words(self) -> int:
        """Words of each of a core's two arrays."""
        return (self.height + 2 * self.radius) * self.pitch

    @property
    def center(self) -> int:
        """Where the tile begins in an array."""
        return self.radius * self.pitch + self.radius

    @property
    def edge_words(self) -> int:
        """Words that a core sends in an iteration, and receives."""
        return 2 * self.radius * (self.width + self.height)

    @property
    def weights(self) -> tuple[float, ...]:
        """Weights by distance, from the cell itself on; over a whole star they sum to 1."""
        return 0.5, *(2.0 ** -(3 + min(i, self.radius - 1)) for i in range(1, self.radius + 1))

    @property
    def distances(self) -> range:
        """How far away the neighbours are that a cell looks at."""
        return range(1, self.radius + 1)

    def shifts(self, distances: Sequence[int]) -> list[tuple[int, int]]:
        """Return (distance, words to a neighbour) in the order in which they are added."""
        steps = (-self.pitch, self.pitch, -1, 1)
        return [(distance, distance * step) for distance in distances for step in steps]

    @property
    def turns(self) -> list[tuple[int, int, int]]:
        """(distance, axis, places): how NumPy rolls [y, x] to bring neighbours there, in the order of `shifts`."""
        sides = ((0, 1), (0, -1), (1, 1), (1, -1))
        return [(distance, axis, distance * way) for distance in self.distances for axis, way in sides]

    def edge(self, array: Mem, side: str, *, halo: bool) -> Mem:
        """Return the cells along one side of the tile: its own, or with `halo` those of the neighbour behind it."""
        r, w, h = self.radius, self.width, self.height
        inside = {"WEST": 0, "EAST": w - r, "NORTH": 0, "SOUTH": (h - r) * self.pitch}
        outside = {"WEST": -r, "EAST": w, "NORTH": -r * self.pitch, "SOUTH": h * self.pitch}
        first = array.at(self.center + (outside if halo else inside)[side])
        rows, columns = (h, r) if side in ("WEST", "EAST") else (r, w)
        return first.grid(rows, columns, row_stride=self.pitch)

    def view(self, array: Mem, shift: int = 0) -> Mem:
        """Return the tile, or what lies *shift* words beside it."""
        return array.at(self.center + shift).grid(self.height, self.width, row_stride=self.pitch)
