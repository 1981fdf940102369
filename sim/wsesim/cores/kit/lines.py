"""What the kernels of a model do together on a line of cores: sums and maxima that all get, and parts that all collect.

allreduce:  o --> C <-- o   o --> C <-- o      in groups to their centres, over centres to the root (`reduce_tree`),
            <------------ R ------------>      from the root back to all, which routers copy on the way

collect:    o <--b-- o <--a-- o <--b-- o       every core sends its part towards the first, then hands on those behind
            o ---c-> o ---c-> o ---c-> o       the first sends all parts back, in the order of the cores
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from math import ceil

from wsesim.cores import isa
from wsesim.cores.builder import CoreRole
from wsesim.cores.kit.plans import LineAxis, Plan, chain, spread, write_routes, write_steps
from wsesim.cores.kit.tree import TREE_COLORS, back, root, tree
from wsesim.cores.operands import Color, Mem, wavelets_of
from wsesim.hardware import Wafer
from wsesim.kernels import collectives

ALLREDUCE_COLORS = TREE_COLORS + 1
COLLECT_COLORS = 3


@dataclass(frozen=True, slots=True, kw_only=True)
class AllreduceLine:
    """A line of cores that adds up (or takes the greatest) and tells all, seen from one of them."""

    place: int
    cores: int
    group: int
    axis: LineAxis
    colors: Sequence[Color]
    """`ALLREDUCE_COLORS` of them."""

    @property
    def plan(self) -> Plan:
        """Return what this core routes and does."""
        end = root(self.cores, self.group)
        return tree(self.place, self.cores, self.group, self.axis).then(back(self.place, self.cores, end, self.axis))

    def route(self, role: CoreRole) -> None:
        """Write this core's routes."""
        write_routes(role, self.colors, self.plan)

    def allreduce(self, role: CoreRole, op: int, vector: Mem) -> None:
        """Write the steps that leave in *vector*, on all cores, its sum (isa.ADD) or greatest (isa.MAX) of the line."""
        write_steps(role, self.colors, self.plan, vector, op)

    def cycles(self, wafer: Wafer, values: int, kind: int = isa.F32) -> float:
        """Return the cycles of an allreduce that all cores begin when they have the result of one before."""
        if self.cores == 1:
            return 0.0
        wavelets, end = wavelets_of(values, kind), root(self.cores, self.group)
        sums = collectives.tree_cycles(wafer, wavelets=wavelets, cores=self.cores, group=self.group)
        hops = max(end, self.cores - 1 - end)
        back = collectives.broadcast_cycles(wafer, wavelets=wavelets, hops=hops)
        return sums + back - 2 * wafer.core.task_launch_cycles - 1


@dataclass(frozen=True, slots=True, kw_only=True)
class Collection:
    """A line of cores of which each has a part and all want all parts, seen from one of them."""

    place: int
    cores: int
    axis: LineAxis
    colors: Sequence[Color]
    """`COLLECT_COLORS` of them."""

    def route(self, role: CoreRole) -> None:
        """Write this core's routes."""
        write_routes(role, self.colors, self._inward.then(self._outward))

    def collect(self, role: CoreRole, parts: Mem, part: Mem) -> None:
        """Write the steps that fill *parts* on every core with what *part* holds on each, in the order of the cores."""
        behind = (self.cores - 1 - self.place) * part.length
        receive, send = self.inward
        if self.place == 0:
            role.vector(isa.MOV, parts.at(0, part.length), part)
            if behind:
                role.vector(isa.MOV, parts.at(part.length, behind), role.fabin(receive, behind))
                role.vector(isa.MOV, role.fabout(self.colors[2], parts.length), parts)
            return
        role.vector(isa.MOV, role.fabout(send, part.length), part)
        if behind:
            role.vector(isa.MOV, role.fabout(send, behind), role.fabin(receive, behind))
        role.vector(isa.MOV, parts, role.fabin(self.colors[2], parts.length))

    @property
    def inward(self) -> tuple[Color, Color]:
        """Return the colors on which a core receives from behind and sends on."""
        return self.colors[(self.place + 1) % 2], self.colors[self.place % 2]

    def cycles(self, wafer: Wafer, values: int) -> float:
        """Return the cycles until all cores have all parts, fp32, of *values* each."""
        lanes = min(wafer.core.simd_fp32_per_cycle, wafer.core.sram_write_bytes_per_cycle / 4)
        own = wafer.core.vector_launch_cycles + ceil(values / lanes)
        if self.cores == 1:
            return own
        launch, link = wafer.core.vector_launch_cycles, collectives.link_cycles(wafer.fabric, 1)
        arrive = max(own, launch + link) + (self.cores - 1) * values
        back = launch + self.cores * values + collectives.link_cycles(wafer.fabric, self.cores - 1)
        return arrive + back

    @property
    def _inward(self) -> Plan:
        return chain(self.place, self.cores, (0, 1), self.axis)

    @property
    def _outward(self) -> Plan:
        return spread(self.place, self.cores, 2, self.axis)
