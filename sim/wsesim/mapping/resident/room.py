"""How many wafers have room for the stages there are.

All stages of a placement have one size; a wafer has as many as there is room for beside its tables.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence

import numpy as np
from numpy.typing import NDArray

from wsesim.mapping.resident.options import Counts, StageOptions
from wsesim.mapping.resident.request import ResidentRequest
from wsesim.mapping.resident.tables import Strip, StripChoice, TableStrips

NONE = np.iinfo(np.int32).max
"""Wafers where no number is enough."""


class WaferRoom:
    """How many wafers the stages of options take beside tables; rows that are left are divided once."""

    def __init__(self, request: ResidentRequest, options: StageOptions) -> None:
        self.request, self.options = request, options
        self._across: Counts = request.cluster.wafer.columns // options.columns
        self._known: dict[int, Counts] = {}

    def some(self, which: NDArray[np.bool_] | Counts) -> WaferRoom:
        """Return the room of some options."""
        return WaferRoom(self.request, self.options.some(which))

    @property
    def down(self) -> Counts:
        """Return how many stages of each option stand above each other, on all wafers together."""
        found: Counts = -(-self.options.stages // self._across)
        return found

    def stages(self, rows_less: int) -> Counts:
        """Return how many stages of each option a wafer has room for whose tables take so many rows."""
        if rows_less not in self._known:
            left = max(0, self.request.cluster.wafer.rows - rows_less)
            self._known[rows_less] = self._across * (left // self.options.rows)
        return self._known[rows_less]

    def needed(self, strips: TableStrips) -> Counts:
        """Return the fewest wafers with room for the stages of each option beside such tables; `NONE` for none."""
        stages = self.options.stages
        if strips.one_wafer:
            return np.where(stages <= self.stages(strips.rows), 1, NONE)
        left = stages - self.stages(strips.above.rows_less) - self.stages(strips.below.rows_less)
        found: Counts = 2 - -np.maximum(0, left) // self.stages(0)
        return found

    def taken(self, strips: TableStrips) -> Counts:
        """Return the wafers that each option takes: as few as have room, or as many as are asked; `NONE` for too many.

        Each of those asked has a stage; where the model has fewer layers than that, fewer are taken.
        """
        request, fewest = self.request, self.needed(strips)
        if request.wafers is None:
            return np.where(fewest <= request.systems, fewest, NONE)
        if request.wafers > request.model.layers:
            return np.where(fewest <= request.wafers, fewest, NONE)
        fits = (fewest <= request.wafers) & (self.options.stages >= request.wafers)
        return np.where(fits & (strips.one_wafer == (request.wafers == 1)), request.wafers, NONE)

    def fewest(self, choices: Iterable[StripChoice]) -> Counts:
        """Return the wafers that each option takes with those strips that leave it most room."""
        found: Counts = np.minimum.reduce([self.taken(one.lowest) for one in choices])
        return found

    def rows_below(self, above: Strip, wafers: Counts) -> Counts:
        """Return the most rows that the last of so many *wafers* can spare beside a strip *above*; negative for none.

        The first wafer has so many rows of stages beneath that strip, those between are full, the last has the others.
        """
        rows, high = self.request.cluster.wafer.rows, self.options.rows
        down = self.down
        one = rows - above.rows_less - down * high
        others = down - (rows - above.rows_less) // high - (wafers - 2) * (rows // high)
        return np.where(wafers == 1, one, rows - np.maximum(0, others) * high)


def rooms(request: ResidentRequest, option: StageOptions, strips: TableStrips, wafers: int) -> list[int]:
    """Return how many stages of one option each of so many wafers has room for."""
    room, less = WaferRoom(request, option), [strips.above.rows_less, *[0] * (wafers - 2), strips.below.rows_less]
    if wafers == 1:
        less = [strips.rows]
    return [int(room.stages(rows)[0]) for rows in less]


def distribute(stages: int, rooms: Sequence[int]) -> tuple[int, ...]:
    """Return how many stages each wafer has: as even as there is room, less at the ends."""
    most = next(number for number in range(stages + 1) if sum(min(number, here) for here in rooms) >= stages)
    found = [min(most, here) for here in rooms]
    order = sorted(range(len(rooms)), key=lambda number: (min(number, len(rooms) - 1 - number), number))
    for number in [number for number in order if found[number] == most][: sum(found) - stages]:
        found[number] -= 1
    return tuple(found)
