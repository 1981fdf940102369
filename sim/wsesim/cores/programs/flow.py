"""Instructions the builder has no word for: forward jumps, and an end of the task before its last line."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager

from wsesim.cores import isa
from wsesim.cores.builder import Role
from wsesim.cores.operands import Operand, Register, columns, element_columns


class Jump:
    """A jump whose place to land is not yet written."""

    def __init__(self, role: Role, line: list[int]) -> None:
        """Remember the line to fill in."""
        self._role, self._line = role, line

    def land(self) -> None:
        """Make the next instruction the one it goes to."""
        self._line[isa.IMM] = len(self._role.lines)


def jump(role: Role) -> Jump:
    """Jump, always."""
    return Jump(role, _line(role, isa.JUMP, None, cost=role.builder.timing.branch_taken_cycles))


def jump_if_less(role: Role, first: Register, second: Register) -> Jump:
    """Jump if *first* < *second*."""
    timing = role.builder.timing
    line = _line(role, isa.JUMP_LESS, None, first, second, cost=timing.branch_taken_cycles)
    line[isa.COST_ELSE] = timing.branch_not_taken_cycles - timing.branch_taken_cycles
    return Jump(role, line)


@contextmanager
def unless_less(role: Role, first: Register, second: Register) -> Iterator[None]:
    """Leave the block out if *first* < *second*."""
    over = jump_if_less(role, first, second)
    yield
    over.land()


def end_task(role: Role) -> None:
    """End the task here, not only where its block ends."""
    _line(role, isa.END, None, cost=0)


def _line(role: Role, op: int, *operands: Operand, cost: int) -> list[int]:
    line = [0] * isa.WIDTH
    line[isa.OP], line[isa.LENGTH_REG], line[isa.BANK_A] = op, -1, -1
    line[isa.COST], line[isa.TYPE], line[isa.LINE] = cost, isa.I32, role.builder.place_number()
    for number, operand in enumerate(operands):
        at = isa.DEST + number * isa.OPERAND_WIDTH
        line[at : at + isa.OPERAND_WIDTH] = *columns(operand), *element_columns(operand, isa.I32, number)
    role.lines.append(line)
    return line
