"""What one core of the stencil with data tasks does: each wavelet of an edge starts a task that stores it."""

from __future__ import annotations

from collections.abc import Sequence

from wsesim.cores.builder import Builder
from wsesim.cores.kit.flow import end_task, jump_if_less, unless_less
from wsesim.cores.operands import Color
from wsesim.cores.programs.stencils.arithmetic import accumulate_and_copy, load_weights, spend
from wsesim.cores.programs.stencils.tile import OPPOSITE, Star


class TasksCore:
    """Writes the program of one role: which of its sides have neighbours, and whether it renews its tile.

    A side whose edge has come is blocked until the tile is renewed: a neighbour may be an iteration ahead.
    """

    def __init__(
        self, builder: Builder, name: str, star: Star, colors: dict[tuple[str, int], Color],
        parity: int, sides: Sequence[str], *, inner: bool,
    ) -> None:  # fmt: skip
        """Reserve memory, routes and tasks, and write them all."""
        self.star, self.code, self.sides, self.inner = star, builder.wafer.code, sides, inner
        self.role = role = builder.role(name)
        self.result, self.cells = role.memory("result", star.words), role.memory("cells", star.words)
        self.send = {side: colors[side, parity] for side in sides}
        self.receive = {side: colors[OPPOSITE[side], 1 - parity] for side in sides}
        self.turn, self.turns, self.before, self.done = (role.register() for _ in range(4))
        self.place = {side: role.register() for side in sides}
        self.column = {side: role.register() for side in sides}
        self.rows = {side: role.register() for side in sides}
        for side in sides:
            role.route(self.send[side], "RAMP", side)
            role.route(self.receive[side], side, "RAMP")
        self.compute, self.loop = role.declare("compute"), role.declare("loop")
        self.stores = {side: role.declare(f"store {side}", on=self.receive[side]) for side in sides}
        self._start()
        self._loop()
        for side in sides:
            self._sent(side)
            self._store(side)
            self._end(side)
        self._compute()

    def _start(self) -> None:
        role, star = self.role, self.star
        with role.task("start", start=True):
            role.set(self.turns, star.iterations)
            role.set(self.before, 2 * len(self.sides) - 1)
            for side in self.sides:
                edge = star.edge(self.cells, side, halo=True)
                role.set(self.place[side], edge.first_in(self.cells))
                role.set(self.rows[side], edge.inner)
            self.weights = load_weights(role, star.weights) if self.inner else []
            role.activate(self.loop)

    def _loop(self) -> None:
        role, star = self.role, self.star
        with role.task("loop"):
            again = jump_if_less(role, self.turn, self.turns)
            role.halt()
            again.land()
            spend(role, self.code.stencil_turn_cycles)
            role.iadd(self.turn, self.turn, 1, cost=0)
            for thread, side in enumerate(self.sides):
                spend(role, self.code.stencil_descriptor_cycles)
                edge = star.edge(self.cells, side, halo=False)
                sent = role.declare(f"sent {side}")
                role.fmovs(role.fabout(self.send[side], edge.length), edge, thread=thread, activate=sent)

    def _sent(self, side: str) -> None:
        """Write the task after a send: a control wavelet tells the neighbour that this was all."""
        with self.role.task(f"sent {side}"):
            self.role.control(self.send[side], starts=f"end {OPPOSITE[side]}")
            self._count()

    def _store(self, side: str) -> None:
        """Write the data task: store a word, go on to the next place, of a wider halo maybe in the next row."""
        role, place, column = self.role, self.place[side], self.column[side]
        edge = self.star.edge(self.cells, side, halo=True)
        with role.task(f"store {side}", on=self.receive[side]):
            spend(role, self.code.stencil_store_cycles)
            role.store(self.cells.at(place, 1), role.arrived, cost=0)
            role.iadd(place, place, 1 if edge.inner > 1 else edge.outer_stride, cost=0)
            if self.star.radius > 1:
                role.iadd(column, column, 1, cost=0)
                with unless_less(role, column, self.rows[side]):
                    role.set(column, 0, cost=0)
                    role.iadd(place, place, edge.outer_stride - edge.inner, cost=0)

    def _end(self, side: str) -> None:
        """Write the task that the control wavelet starts: nothing more is to come from this side for now."""
        role, edge = self.role, self.star.edge(self.cells, side, halo=True)
        with role.task(f"end {side}"):
            role.block(self.stores[side])
            role.set(self.place[side], edge.first_in(self.cells))
            self._count()

    def _count(self) -> None:
        """Count; the last of all sends and receives lets the tile be renewed."""
        role, code = self.role, self.code
        spend(role, code.stencil_count_cycles)
        role.iadd(self.done, self.done, 1, cost=0)
        last = jump_if_less(role, self.before, self.done)
        end_task(role)
        last.land()
        spend(role, code.stencil_enough_cycles)
        role.set(self.done, 0, cost=0)
        role.activate(self.compute)

    def _compute(self) -> None:
        role, star = self.role, self.star
        with role.task("compute"):
            if self.inner:
                accumulate_and_copy(role, star, self.cells, self.result, self.weights)
            for side in self.sides:
                role.unblock(self.stores[side])
            role.activate(self.loop)
