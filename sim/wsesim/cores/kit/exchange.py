"""What cores of a line exchange: a vector with a neighbour, or a part with every other.

    core 0  --(1,2,3)-->  core 1  --(2,3)(2,3)-->  core 2  --(3)(3)(3)-->  core 3

A core takes its own part off each stream from the one before it, hands on the rest, and sends its own behind them; back
the same. So the cores near the middle handle most: a quarter of the square of the cores, times a part.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from wsesim.cores import isa
from wsesim.cores.builder import CoreRole
from wsesim.cores.kit.plans import LineAxis
from wsesim.cores.operands import HALVES, Color, Mem, wavelets_of
from wsesim.hardware import Wafer
from wsesim.kernels import collectives

SHIFT_INSTRUCTIONS = 2
"""Cycles of a shift's instructions beside its vectors: the start of the microthread, and the wait for its end."""


def shift_cycles(wafer: Wafer, vector: Mem, cores: int) -> float:
    """Return the cycles in which a core sends a vector to one neighbour and receives one from the other.

    Both take the datapath in turns, unless there are but two cores or the datapath has two sides; what is sent until
    the first wavelet arrives is sent alone.
    """
    wavelets, link = wavelets_of(vector.length, vector.kind), collectives.link_cycles(wafer.fabric, 1)
    if cores == 2 or (wafer.core.moves_pass and vector.kind in HALVES):
        return wafer.core.vector_launch_cycles + link + wavelets
    return wafer.core.vector_launch_cycles + max(link, wavelets) + wavelets + SHIFT_INSTRUCTIONS


@dataclass(frozen=True, slots=True, kw_only=True)
class AllToAll:
    """An exchange of parts among all cores of a line, seen from one of them."""

    place: int
    cores: int
    axis: LineAxis
    colors: Sequence[Color]
    """Four: two each way, which neighbours take in turns."""

    def route(self, role: CoreRole) -> None:
        """Write this core's routes."""
        for colors, axis, before, behind in self._ways():
            if behind:
                role.route(colors[self.place % 2], "RAMP", axis.away)
            if before:
                role.route(colors[1 - self.place % 2], axis.toward, "RAMP")

    def write(self, role: CoreRole, into: Mem, parts: Mem) -> None:
        """Write the instructions that fill *into*, but for the core's own part."""
        for turned, (colors, _, before, behind) in enumerate(self._ways()):
            self._one_way(role, into, parts, colors, before, behind, turned=bool(turned))

    def _one_way(
        self, role: CoreRole, into: Mem, parts: Mem, colors: Sequence[Color], before: int, behind: int, *, turned: bool
    ) -> None:  # fmt: skip
        """Take, hand on and send what travels one way; what goes back begins with the part for the next core."""
        part, kind = parts.length // self.cores, parts.kind
        outgoing, incoming = colors[self.place % 2], colors[1 - self.place % 2]
        for number in range(before):
            source = self.cores - 1 - number if turned else number
            role.vector(isa.MOV, into.at(source * part, part), role.fabin(incoming, part), kind=kind)
            if behind:
                rest = behind * part
                role.vector(isa.MOV, role.fabout(outgoing, rest), role.fabin(incoming, rest), kind=kind)
        if behind and turned:
            nearest_first = parts.at((self.place - 1) * part).grid(behind, part, row_stride=-part)
            role.vector(isa.MOV, role.fabout(outgoing, behind * part), nearest_first, kind=kind)
        elif behind:
            sent = parts.at((self.place + 1) * part, behind * part)
            role.vector(isa.MOV, role.fabout(outgoing, behind * part), sent, kind=kind)

    def _ways(self) -> list[tuple[Sequence[Color], LineAxis, int, int]]:
        """Return for each way its colors, its axis, and the cores before and behind this one."""
        before, behind = self.place, self.cores - 1 - self.place
        return [(self.colors[:2], self.axis, before, behind), (self.colors[2:], self.axis.turned, behind, before)]


ALL_TO_ALL_COLORS = 4


def all_to_all_cycles(wafer: Wafer, parts: Mem, cores: int) -> float:
    """Return the cycles until all cores have all parts: one way, then back."""
    part = wavelets_of(parts.length, parts.kind) / cores
    launch, link = wafer.core.vector_launch_cycles, collectives.link_cycles(wafer.fabric, 1)
    end = 0.0
    for place in range(cores):
        before, behind = place, cores - 1 - place
        own = (launch + behind * part) if behind else 0.0
        handled = before * ((launch + part) + ((launch + behind * part) if behind else 0.0))
        end = max(end + link, handled) + own if place else own
    return 2 * end
