"""Write programs for cores: roles, tasks, routes, and instructions in the field's vocabulary.

    program = Builder(wafer, width=2, height=1)
    data = program.color("data")
    sender = program.role("sender")
    x = sender.memory("x", 16)
    sender.route(data, "RAMP", "EAST")
    with sender.task("main", start=True):
        sender.fmovs(sender.fabout(data, 16), x)
        sender.halt()
    program.place(sender, [0], [0])

A role is one instruction table, shared by all cores it is placed on.
"""

from __future__ import annotations

from collections.abc import Iterable

import numpy as np

from wsesim.cores.errors import ProgramError as ProgramError
from wsesim.cores.errors import TooFew
from wsesim.cores.instruction import CoreTask as CoreTask
from wsesim.cores.instruction import Instruction
from wsesim.cores.operands import Color
from wsesim.cores.place import source_line
from wsesim.cores.role import PORTS as PORTS
from wsesim.cores.role import CoreRole as CoreRole
from wsesim.cores.role import SwitchPosition as SwitchPosition
from wsesim.hardware import Wafer


class Builder:
    """A program for a rectangle of cores."""

    def __init__(self, wafer: Wafer, *, width: int, height: int) -> None:
        """Start with no roles.

        Raises:
            ProgramError: the rectangle is larger than the wafer.
        """
        if not (1 <= width <= wafer.columns and 1 <= height <= wafer.rows):
            raise ProgramError(f"{width} x {height} cores do not fit the wafer's {wafer.columns} x {wafer.rows}")
        self.wafer, self.width, self.height = wafer, width, height
        self.core = wafer.core
        self.colors: list[Color] = []
        self.roles: list[CoreRole] = []
        self.role_of = np.full((height, width), -1, np.int32)
        self.scalars_first = False
        """Whether instructions of the main thread go before elements of microthreads; else they take turns."""

    def color(self, name: str) -> Color:
        """Reserve a color.

        Raises:
            TooFew: the fabric has no more.
        """
        if len(self.colors) >= self.wafer.fabric.colors:
            raise TooFew(f"color {name!r} ({source_line()}) is one more than the fabric's {self.wafer.fabric.colors}")
        self.colors.append(Color(name, len(self.colors)))
        return self.colors[-1]

    def role(self, name: str) -> CoreRole:
        """Start a new role."""
        self.roles.append(CoreRole(name, self.wafer))
        return self.roles[-1]

    def place(self, role: CoreRole, columns: Iterable[int], rows: Iterable[int]) -> None:
        """Give *role* to the cores of these columns and rows.

        Raises:
            ProgramError: outside the rectangle, between cores, or taken by another role.
        """
        given_rows, given_columns = [*rows], [*columns]
        if any(int(place) != place for place in (*given_rows, *given_columns)):
            raise ProgramError(f"role {role.name!r} ({source_line()}) is placed between cores")
        at_rows, at_columns = np.array(given_rows, np.intp), np.array(given_columns, np.intp)
        for places, size, name in ((at_rows, self.height, "row"), (at_columns, self.width, "column")):
            outside = places[(places < 0) | (places >= size)]
            if outside.size:
                raise ProgramError(
                    f"role {role.name!r} ({source_line()}) is placed on {name} {outside[0]}; there are 0 to {size - 1}"
                )
        at = np.ix_(at_rows, at_columns)
        if (self.role_of[at] >= 0).any():
            raise ProgramError(f"role {role.name!r} ({source_line()}) is placed where another role is")
        self.role_of[at] = self.roles.index(role)

    def core_of(self, role: CoreRole) -> str:
        """Return a role's first core, as `core (column, row)`; or that it has none."""
        number = next(number for number, each in enumerate(self.roles) if each is role)
        places = np.argwhere(self.role_of == number)
        return f"core ({places[0][1]}, {places[0][0]})" if len(places) else "no core"

    @property
    def control_tasks(self) -> list[str]:
        """Names of the tasks that control wavelets start, in the order of their numbers."""
        named = (each.starts for role in self.roles for each in role.instructions)
        return list(dict.fromkeys(name for name in named if name is not None))

    def instruction(self, number: int) -> Instruction:
        """Return an instruction by its number among those of all roles, one role after the other."""
        for role in self.roles:
            if number < len(role.instructions):
                return role.instructions[number]
            number -= len(role.instructions)
        raise IndexError(number)
