"""Instructions the builder has no word for: forward jumps, and an end of the task before its last line."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager

from wsesim.cores import isa
from wsesim.cores.builder import CoreRole
from wsesim.cores.operands import Register


class Jump:
    """A jump whose place to land is not yet written."""

    def __init__(self, role: CoreRole, number: int) -> None:
        """Remember the instruction to fill in."""
        self._role, self._number = role, number

    def land(self) -> None:
        """Make the next instruction the one it goes to."""
        self._role.aim(self._number, len(self._role.instructions))


def jump(role: CoreRole) -> Jump:
    """Jump, always."""
    return Jump(role, role.instruction(isa.JUMP, cost=role.wafer.core.branch_taken_cycles))


def jump_if_less(role: CoreRole, first: Register, second: Register, *, cost: int | None = None) -> Jump:
    """Jump if *first* < *second*; it costs what branches do, or *cost* either way."""
    core = role.wafer.core
    taken, last = (core.branch_taken_cycles, core.branch_not_taken_cycles) if cost is None else (cost, cost)
    return Jump(role, role.instruction(isa.JUMP_LESS, None, first, second, cost=taken, cost_else=last - taken))


@contextmanager
def unless_less(role: CoreRole, first: Register, second: Register) -> Iterator[None]:
    """Leave the block out if *first* < *second*."""
    over = jump_if_less(role, first, second)
    yield
    over.land()


def end_task(role: CoreRole) -> None:
    """End the task here, not only where its block ends."""
    role.instruction(isa.END)
