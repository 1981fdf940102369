"""The instruction table of a role: how a row is made, and how its mistakes are told."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Protocol

from wsesim.cores import isa
from wsesim.cores.errors import ProgramError
from wsesim.cores.operands import Color, Operand, columns, element_columns
from wsesim.hardware import Wafer


@dataclass(frozen=True, slots=True)
class CoreTask:
    """A task of a role."""

    name: str
    index: int


class RoleContext(Protocol):
    """What a role knows of the program that it is a part of; `Builder` is one."""

    wafer: Wafer
    colors: list[Color]

    def here(self) -> str:
        """Return the line of source that is being carried out."""

    def place_number(self) -> int:
        """Return its number."""

    def control_task(self, name: str) -> int:
        """Return the number by which control wavelets know the tasks of this name."""

    def core_of(self, role: InstructionTable) -> str:
        """Return a role's first core, in words."""


class InstructionTable:
    """Rows of instructions; `Vectors` and `Scalars` have the words for them, `CoreRole` what they work on."""

    def __init__(self, name: str, builder: RoleContext) -> None:
        """Start empty."""
        self.name, self.builder, self.place = name, builder, builder.here()
        self.lines: list[list[int]] = []
        self.tasks: dict[str, CoreTask] = {}

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
