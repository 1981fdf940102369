"""The instruction table of a role: how a row is made, and how its mistakes are told."""

from __future__ import annotations

from typing import TYPE_CHECKING

from wsesim.cores import isa
from wsesim.cores.errors import ProgramError
from wsesim.cores.operands import Operand, columns, element_columns

if TYPE_CHECKING:
    from wsesim.cores.builder import Builder
    from wsesim.cores.role import Task


class Table:
    """Rows of instructions; `Vectors` and `Scalars` have the words for them, `Role` what they work on."""

    def __init__(self, name: str, builder: Builder) -> None:
        """Start empty."""
        self.name, self.builder, self.place = name, builder, builder.here()
        self.lines: list[list[int]] = []
        self.tasks: dict[str, Task] = {}

    def instruction(
        self, op: int, dest: Operand = None, a: Operand = None, b: Operand = None, *, cost: int = 0, kind: int = isa.I32
    ) -> list[int]:
        """Add a scalar instruction that costs so many cycles; return its line, to be filled in further."""
        line = self._blank(op)
        line[isa.COST], line[isa.TYPE] = cost, kind
        self._describe(line, kind, (dest, a, b))
        return line

    def _describe(self, line: list[int], kind: int, operands: tuple[Operand, ...]) -> None:
        for number, operand in enumerate(operands):
            at = isa.DEST + number * isa.OPERAND_WIDTH
            line[at : at + isa.OPERAND_WIDTH] = *columns(operand), *element_columns(operand, kind, number)

    def _blank(self, op: int) -> list[int]:
        line = [0] * isa.WIDTH
        line[isa.OP], line[isa.LENGTH_REG], line[isa.BANK_A] = op, -1, -1
        line[isa.LINE] = self.builder.place_number()
        self.lines.append(line)
        return line

    def _error(self, message: str) -> ProgramError:
        return ProgramError(f"role {self.name!r} ({self.builder.here()}) {message}")
