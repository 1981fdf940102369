"""Named communication along a line of cores: what a kernel asks of all cores of a row or a column at once.

sum          o <-- o <-- o <-- o      the first core ends with the sum of all
broadcast    o --> o --> o --> o      all end with what the first has; routers copy on the way
allreduce    o --> R <-- o <-- o      to a root near the middle, in groups, and back: all end with the sum
collect      a b c --> abc abc abc    all end with the parts of all, in the order of the cores
shift        o --> o --> o --> o      each gets what the one before it has
all_to_all   ab cd --> ac bd          each sends a part to each, which gets them in the order of the cores

Routes and colors are reserved where a communication is first asked for; it may be asked for again and again.
"""

from __future__ import annotations

from collections.abc import Callable, Hashable, Sequence
from math import isqrt
from typing import TYPE_CHECKING, TypeVar

from wsesim.cores import isa
from wsesim.cores.errors import ProgramError
from wsesim.cores.kit.exchange import ALL_TO_ALL_COLORS, AllToAll, all_to_all_cycles, shift_cycles
from wsesim.cores.kit.lines import ALLREDUCE_COLORS, COLLECT_COLORS, AllreduceLine, Collection
from wsesim.cores.kit.plans import LineAxis, Plan, Route, chain, spread, write_routes, write_steps
from wsesim.cores.operands import HALVES, Color, Mem, wavelets_of
from wsesim.kernels import collectives

if TYPE_CHECKING:
    from wsesim.cores.kit.core import KernelCore

SHIFT_THREAD = isa.MICROTHREADS - 1
"""The microthread that sends while the task receives: the last, so that the first are left to authors."""

Told = TypeVar("Told", bound=Hashable)
Routed = TypeVar("Routed", AllreduceLine, Collection, AllToAll)


class KernelLine:
    """The row or the column of cores that a core is a part of, seen from that core."""

    def __init__(
        self, core: KernelCore, name: str, axis: LineAxis, place: int, cores: int, *, line: str | None = None
    ) -> None:  # fmt: skip
        """Stand on core *place*, from 0 on, of a line of so many *cores*, or of a part of the *line* of that name."""
        self.name, self.axis, self.cores = name, axis, cores
        self._core, self._place, self._line = core, place, line or name

    @property
    def place(self) -> int:
        """This core's place on the line, from 0 on; asked for, it gives each core of the line a program of its own."""
        self._use("place", lambda place: place)
        return self._place

    def told(self, name: str, what: Callable[[int], Told]) -> Told:
        """Return what *what* says of this core's place: cores of which it says the same may share a program.

        *name* is one for each such question of a kernel.
        """
        self._use(name, what)
        return what(self._place)

    def part(self, cores: int) -> KernelLine:
        """Return the part of the line that this core is in, where parts have so many *cores* each."""
        if cores == self.cores:
            return self
        name, place = f"{self.name} by {cores}", self._place % cores
        return KernelLine(self._core, name, self.axis, place, cores, line=self._line)

    def sum(self, vector: Mem, op: int = isa.ADD) -> None:
        """Leave in *vector* on the first core its sum over the line (or greatest: isa.MAX); others keep theirs."""
        cycles = collectives.chain_cycles(
            self._core.wafer, wavelets=wavelets_of(vector.length, vector.kind), cores=self.cores
        )
        self._follow("sum", 2, lambda place: chain(place, self.cores, (0, 1), self.axis), vector, op, cycles)

    def broadcast(self, vector: Mem) -> None:
        """Fill *vector* on all cores with what that of the first core holds."""
        hops, wavelets = self.cores - 1, wavelets_of(vector.length, vector.kind)
        cycles = collectives.broadcast_cycles(self._core.wafer, wavelets=wavelets, hops=hops)
        self._follow("broadcast", 1, lambda place: spread(place, self.cores, 0, self.axis), vector, isa.MOV, cycles)

    def allreduce(self, vector: Mem, op: int = isa.ADD, *, group: int | None = None) -> None:
        """Leave in *vector* on all cores its sum over the line (or greatest: isa.MAX), added in groups of cores.

        By default the groups have as many cores as there are groups.
        """
        size = isqrt(self.cores) if group is None else min(group, self.cores)

        def seen_from(place: int, colors: Sequence[Color] = ()) -> AllreduceLine:
            return AllreduceLine(place=place, cores=self.cores, group=size, axis=self.axis, colors=colors)

        colors, first = self._colors(f"allreduce by {size}", ALLREDUCE_COLORS, lambda place: seen_from(place).plan)
        self._core.allreduce(self._routed(seen_from(self._place, colors), first=first), op, vector)

    def collect(self, parts: Mem, part: Mem) -> None:
        """Fill *parts* on all cores with what *part* holds on each, in the order of the cores."""
        self._check(part.length * self.cores, parts.length)
        colors, first = self._colors("collect", COLLECT_COLORS, lambda place: place)
        line = Collection(place=self._place, cores=self.cores, axis=self.axis, colors=colors)
        self._core.collect(self._routed(line, first=first), parts, part)

    def shift(self, into: Mem, vector: Mem, *, back: bool = False) -> None:
        """Fill *into* with the *vector* of the core before this one, or with *back* of the one behind it.

        The core at the end, which has none there, keeps what it has.
        """
        self._check(vector.length, into.length)
        axis, what = (self.axis.turned, "shift back") if back else (self.axis, "shift")
        colors, first = self._colors(what, 2, lambda place: _shifted(place, self.cores, axis, back=back))
        routes = _shifted(self._place, self.cores, axis, back=back)
        role, kind, length = self._core.role, vector.kind, vector.length
        if first:
            write_routes(role, colors, Plan(routes))
        sends = [colors[route.color] for route in routes if route.source == "RAMP"]
        receives = [colors[route.color] for route in routes if route.source != "RAMP"]

        def write() -> None:
            for color in sends:
                role.vector(isa.MOV, role.fabout(color, length), vector, kind=kind, thread=SHIFT_THREAD)
            for color in receives:
                role.vector(isa.MOV, into, role.fabin(color, length), kind=kind)
            if sends:  # begins when the thread is free: what follows may change the vector
                role.vector(isa.MOV, vector, vector, kind=kind, thread=SHIFT_THREAD, length=0)

        self._core.communicate(write, shift_cycles(self._core.wafer, vector, self.cores) if self.cores > 1 else 0.0)

    def all_to_all(self, into: Mem, parts: Mem) -> None:
        """Fill *into* with the parts that the cores have for this one, in their order; *parts* has one for each."""
        self._check(parts.length, into.length)
        part, rest = divmod(parts.length, self.cores)
        if rest or (parts.kind in HALVES and part % 2):
            raise ProgramError(
                f"{parts.length} elements are no whole wavelets for each of {self.cores} cores of a {self.name}"
            )
        role, own = self._core.role, self._place * part
        colors, first = self._colors("all to all", ALL_TO_ALL_COLORS, lambda place: place)
        exchange = AllToAll(place=self._place, cores=self.cores, axis=self.axis, colors=colors)
        self._routed(exchange, first=first)
        role.vector(isa.MOV, into.at(own, part), parts.at(own, part), kind=parts.kind)
        cycles = all_to_all_cycles(self._core.wafer, parts, self.cores)
        self._core.communicate(lambda: exchange.write(role, into, parts), cycles)

    def _follow(
        self, what: str, colors: int, plan: Callable[[int], Plan], vector: Mem, op: int, cycles: float
    ) -> None:  # fmt: skip
        """Follow a plan; *cycles* are those of a program that does nothing else, with its start."""
        own, role = plan(self._place), self._core.role
        given, first = self._colors(what, colors, plan)
        if first:
            write_routes(role, given, own)
        alone = cycles - self._core.wafer.core.task_launch_cycles
        self._core.communicate(lambda: write_steps(role, given, own, vector, op), alone if self.cores > 1 else 0.0)

    def _colors(self, what: str, number: int, key: Callable[[int], Hashable]) -> tuple[list[Color], bool]:
        """Return the colors of a communication, and whether this core has no routes of it yet."""
        first = self._use(what, key)
        return [self._core.color(f"{self.name}: {what} {at}") for at in range(number)], first

    def _use(self, what: str, key: Callable[[int], Hashable]) -> bool:
        """Note what tells places apart; return whether this core has not met it yet."""
        named = f"{self.name}: {what}"
        return self._core.first_use(self._line, named, lambda place: key(place % self.cores))

    def _routed(self, line: Routed, *, first: bool) -> Routed:
        """Return a line of cores, its routes written the first time."""
        if first:
            line.route(self._core.role)
        return line

    def _check(self, elements: int, room: int) -> None:
        if elements != room:
            raise ProgramError(
                f"a {self.name} of {self.cores} cores brings {elements} elements; there is room for {room}"
            )


def _shifted(place: int, cores: int, axis: LineAxis, *, back: bool) -> tuple[Route, ...]:
    """Return the routes of a shift: neighbours send on different colors, so that each may send while it receives."""
    last = 0 if back else cores - 1
    sends = (Route(place % 2, "RAMP", (axis.away,)),) if place != last else ()
    receives = (Route(1 - place % 2, axis.toward, ("RAMP",)),) if place != cores - 1 - last else ()
    return (*sends, *receives)
