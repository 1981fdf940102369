"""What one core of the tiled star stencil does: exchange edges with four neighbours, then renew its tile."""

from __future__ import annotations

from collections.abc import Sequence

from wsesim.cores.builder import Builder
from wsesim.cores.kit.flow import end_task, jump_if_less
from wsesim.cores.operands import Color, Register
from wsesim.cores.programs.stencils.arithmetic import accumulate, load_weights, scale_and_add, spend
from wsesim.cores.programs.stencils.tile import OPPOSITE, SIDES, Star


class StarCore:
    """Writes the program of one role: which of its sides have neighbours, and whether it renews its tile."""

    def __init__(
        self, builder: Builder, name: str, star: Star, colors: dict[tuple[str, int], Color],
        parity: int, sides: Sequence[str], *, inner: bool,
    ) -> None:  # fmt: skip
        """Reserve memory, routes and tasks, and write them all."""
        self.star, self.code, self.sides, self.inner = star, builder.wafer.code, sides, inner
        self.waits = star.waits or not inner
        self.role = role = builder.role(name)
        self.result, self.cells = role.memory("result", star.words), role.memory("cells", star.words)
        self.send = {side: colors[side, parity] for side in sides}
        self.receive = {side: colors[OPPOSITE[side], 1 - parity] for side in sides}
        self.turn, self.turns, self.before, self.got, self.sent = (role.register() for _ in range(5))
        for side in sides:
            role.route(self.send[side], "RAMP", side)
            role.route(self.receive[side], side, "RAMP")
        self.compute, self.loop = role.declare("compute"), role.declare("loop")
        self._start()
        self._loop()
        for side in sides if self.waits else ():
            self._completion(f"got {side}", self.got, received=True)
            self._completion(f"sent {side}", self.sent, received=False)
        self._compute()

    def _start(self) -> None:
        role, weights = self.role, self.star.weights
        if self.star.radius == 1:
            weights = weights[0] / weights[1], weights[1]
        with role.task("start", start=True):
            role.set(self.turns, self.star.iterations)
            role.set(self.before, len(self.sides) - 1)
            self.weights = load_weights(role, weights) if self.inner else []
            role.activate(self.loop)

    def _loop(self) -> None:
        role = self.role
        with role.task("loop"):
            again = jump_if_less(role, self.turn, self.turns)
            role.halt()
            again.land()
            spend(role, self.code.stencil_turn_cycles)
            role.iadd(self.turn, self.turn, 1, cost=0)
            if self.waits:
                role.block(self.compute)
            for thread, side in enumerate(self.sides):
                self._transfer(side, thread, received=False)
            for thread, side in enumerate(self.sides, start=len(SIDES)):
                self._transfer(side, thread, received=True)
            if not self.waits:
                role.activate(self.compute)

    def _transfer(self, side: str, thread: int, *, received: bool) -> None:
        role, star = self.role, self.star
        spend(role, self.code.stencil_reload_cycles if star.radius == 1 else self.code.stencil_descriptor_cycles)
        edge = star.edge(self.cells, side, halo=received)
        done = role.declare(f"{'got' if received else 'sent'} {side}") if self.waits else None
        if received:
            role.fmovs(edge, role.fabin(self.receive[side], edge.length), thread=thread, activate=done)
        else:
            role.fmovs(role.fabout(self.send[side], edge.length), edge, thread=thread, activate=done)

    def _completion(self, name: str, count: Register, *, received: bool) -> None:
        """Write a task that counts; the last of its kind lets the compute task run."""
        role, code = self.role, self.code
        with role.task(name):
            spend(role, code.stencil_count_cycles)
            role.iadd(count, count, 1, cost=0)
            last = jump_if_less(role, self.before, count)
            end_task(role)
            last.land()
            spend(role, code.stencil_enough_cycles)
            role.set(count, 0, cost=0)
            (role.activate if received else role.unblock)(self.compute)

    def _compute(self) -> None:
        role, star = self.role, self.star
        with role.task("compute"):
            if self.inner and star.radius == 1:
                scale_and_add(role, star, self.cells, self.result, *self.weights)
            elif self.inner:
                offset = self.code.stencil_offset_cycles
                accumulate(role, star, self.cells, self.result, self.weights, star.distances, offset_cycles=offset)
            role.activate(self.loop)
