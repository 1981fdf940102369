"""The instructions of a role: how one is added, and how its mistakes are told."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

from wsesim.cores import isa
from wsesim.cores.errors import ProgramError
from wsesim.cores.instruction import CoreTask, Instruction
from wsesim.cores.operands import Operand
from wsesim.cores.place import source_line
from wsesim.hardware import Wafer


class InstructionTable:
    """Instructions one after the other; `Vectors` and `Scalars` have the words for them, `CoreRole` what they use."""

    def __init__(self, name: str, wafer: Wafer) -> None:
        """Start empty."""
        self.name, self.wafer, self.place = name, wafer, source_line()
        self.instructions: list[Instruction] = []
        self.tasks: dict[str, CoreTask] = {}

    def instruction(self, op: int, *operands: Operand, cost: int = 0, kind: int = isa.I32, **more: Any) -> int:
        """Add an instruction, with any other field of `Instruction`; return its number in the role."""
        made = Instruction(op=op, operands=operands, cost=cost, kind=kind, place=source_line(), **more)
        self.instructions.append(made)
        return len(self.instructions) - 1

    def aim(self, jump: int, target: int) -> None:
        """Make a jump, by its number, lead to the instruction of another number."""
        self.instructions[jump] = replace(self.instructions[jump], target=target)

    def _error(self, message: str) -> ProgramError:
        return ProgramError(f"role {self.name!r} ({source_line()}) {message}")
