"""All cores of a row get the sum of its vectors: part by part round a ring, first adding, then copying.

+--a--> 2 ---b-> 4 --+      the ring on a line: even cores out, odd cores back, so that neighbours are
0                    |      one or two hops apart; two colors out, two back
+--d--- 1 <--c-- 3 <-+

The vector is cut into as many parts as the ring has cores. In a step every core sends one part to the next core
and receives one from the core before. In the first cores - 1 steps it adds what it receives, after which it holds
one part of the sum; in as many more it keeps what it receives. The last parts may be filled up with zeros.

A core at place p of the ring keeps part p - s (modulo the cores) in slot s, so that all cores run the same
addresses: step t sends slot t and receives slot t + 1.
"""

from __future__ import annotations

import numpy as np

from wsesim.cores.builder import Builder, CoreRole
from wsesim.cores.kit.base import Array, KernelSetup, one_row
from wsesim.cores.kit.plans import ROW, Route
from wsesim.cores.kit.written import kernel
from wsesim.cores.operands import ELEMENT_BYTES, Color, Mem, Register
from wsesim.cores.programs.collectives import collective
from wsesim.cores.programs.collectives.collective import kind_of, row_sums_everywhere
from wsesim.cores.programs.collectives.rings import ring_order
from wsesim.kernels import collectives

COLORS = 4
RECEIVER = 1  # the microthread that receives, while the main thread sends


def _part(setup: KernelSetup) -> int:
    """Return the values of a part."""
    return -(-setup.shape[0] // setup.columns)


def _link_color(order: list[int], place: int) -> int:
    """Return the color from a place to the next."""
    out = order[place] < order[(place + 1) % len(order)]
    return place % 2 + (0 if out else 2)


def _routes(order: list[int]) -> list[tuple[list[Route], int, int]]:
    """Return routes, color to receive and color to send of each core of the line."""
    found: list[tuple[list[Route], int, int]] = [([], 0, 0) for _ in order]
    for place, core in enumerate(order):
        color, to = _link_color(order, place), order[(place + 1) % len(order)]
        ahead, behind = (ROW.away, ROW.toward) if to > core else (ROW.toward, ROW.away)
        found[core][0].append(Route(color, "RAMP", (ahead,)))
        found[to][0].append(Route(color, behind, ("RAMP",)))
        for between in range(min(core, to) + 1, max(core, to)):
            found[between][0].append(Route(color, behind, (ahead,)))
        found[core] = (found[core][0], _link_color(order, (place - 1) % len(order)), color)
    return found


def write(setup: KernelSetup, builder: Builder) -> None:
    """Write the programs of all cores."""
    cores, part = builder.width, _part(setup)
    colors = [builder.color(f"color {number}") for number in range(COLORS)]
    roles: dict[tuple[tuple[Route, ...], int, int], CoreRole] = {}
    for core, (routes, receive, send) in enumerate(_routes(ring_order(cores))):
        key = (tuple(sorted(routes, key=lambda route: route.color)), receive, send)
        if key not in roles:
            role = roles[key] = builder.role(f"core {core}")
            x = role.memory("x", part * cores, kind_of(setup.options))
            for route in routes if cores > 1 else ():
                role.route(colors[route.color], route.source, *route.outputs)
            with role.task("main", start=True):
                _Steps(role, x, part, colors[receive], colors[send]).all(cores - 1)
                role.halt()
        builder.place(roles[key], [core], range(builder.height))


class _Steps:
    """Writes the steps of a role. Two registers hold the slot sent and the slot received, and swap with each step.

    A step first starts to receive; that waits until the receive of the step before is over, whose slot is sent then.
    """

    def __init__(self, role: CoreRole, x: Mem, part: int, receive: Color, send: Color) -> None:
        self.role, self.x, self.part = role, x, part
        self.receive, self.send = receive, send
        self.here, self.next = role.register(), role.register()

    def all(self, steps: int) -> None:
        """Write reduce-scatter and all-gather."""
        self.role.set(self.here, 0)
        self._repeat(steps, adding=True)
        if steps:
            self._step(adding=False, to_start=True)
            self._repeat(steps - 1, adding=False)

    def _repeat(self, steps: int, *, adding: bool) -> None:
        """Write a loop over pairs of steps, after which the registers are what they were, and the odd one."""
        if steps >= 2:
            turn, turns = self.role.register(), self.role.register()
            self.role.set(turns, steps // 2)
            with self.role.loop(turn, turns):
                self._step(adding=adding)
                self._step(adding=adding)
        if steps % 2:
            self._step(adding=adding)

    def _step(self, *, adding: bool, to_start: bool = False) -> None:
        role, kind = self.role, self.x.kind
        if to_start:
            role.set(self.next, 0)
        else:
            role.iadd(self.next, self.here, self.part)
        slot, arriving = self._slot(self.next), role.fabin(self.receive, self.part)
        if adding:
            role.fadds(slot, slot, arriving, kind=kind, thread=RECEIVER)
        else:
            role.fmovs(slot, arriving, kind=kind, thread=RECEIVER)
        role.fmovs(role.fabout(self.send, self.part), self._slot(self.here), kind=kind)
        self.here, self.next = self.next, self.here

    def _slot(self, register: Register) -> Mem:
        return self.x.at(register, self.part)


def lay(setup: KernelSetup, x: Array) -> dict[str, Array]:
    """Return vectors as they lie on the cores: cut, filled up, and put into slots by place."""
    (cores, rows), part = setup.grid, _part(setup)
    cut = np.pad(x, ((0, 0), (0, 0), (0, part * cores - x.shape[2]))).reshape(rows, cores, cores, part)
    return {"x": cut[:, np.arange(cores)[:, None], _part_in_slot(cores)].reshape(rows, cores, -1)}


def take(setup: KernelSetup, slots: Array) -> Array:
    """Return vectors in order from how they lie on the cores."""
    cores, rows = setup.grid
    cut = slots.reshape(rows, cores, cores, -1)
    ordered = np.empty_like(cut)
    ordered[:, np.arange(cores)[:, None], _part_in_slot(cores)] = cut
    return ordered.reshape(rows, cores, -1)[:, :, : setup.shape[0]]


def _part_in_slot(cores: int) -> Array:
    """Return [core, slot] the part that lies there."""
    place = np.argsort(ring_order(cores))
    return np.asarray((place[:, None] - np.arange(cores)) % cores)


PROGRAM = kernel(
    name="allreduce-ring", doc=__doc__, shape_help=collective.SHAPE_HELP, example=collective.EXAMPLE,
    takes=collective.TAKES, options=collective.TYPE_HELP, asked=collective.checked, write=write, lay=lay, result="x",
    operands=lambda setup, random: {"x": collective.draw(setup, random, (1,))}, take=take, fold=one_row,
    meaning=lambda _, x: row_sums_everywhere(x),
    closed=lambda wafer, setup: collectives.ring_cycles(wafer, wavelets=setup.shape[0], cores=setup.columns),
    need=lambda setup: _part(setup) * setup.columns * ELEMENT_BYTES[kind_of(setup.options)],
)  # fmt: skip
