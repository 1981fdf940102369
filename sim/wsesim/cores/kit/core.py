"""One core as the author of a kernel sees it: its role, its loops, and the row and the column it is a part of."""

from __future__ import annotations

from collections.abc import Callable, Hashable
from dataclasses import dataclass, field

from wsesim.cores.builder import Builder, CoreRole
from wsesim.cores.kit.base import Grid, Options, Shape
from wsesim.cores.kit.line import KernelLine
from wsesim.cores.kit.plans import COLUMN, ROW
from wsesim.cores.kit.writer import KernelWriter
from wsesim.cores.operands import Color
from wsesim.hardware import Wafer

Uses = dict[tuple[str, str], Callable[[int], Hashable]]
"""Communications of a kernel by line and name; each tells from a place on the line what its program is like there."""


@dataclass(frozen=True, slots=True, kw_only=True)
class KernelSetup:
    """What is asked of a kernel."""

    wafer: Wafer
    grid: Grid
    """Columns and rows of cores."""
    shape: Shape
    """Size of the problem."""
    options: Options = field(default_factory=dict)
    """Choices, by name."""

    @property
    def columns(self) -> int:
        """Columns of cores."""
        return self.grid[0]

    @property
    def rows(self) -> int:
        """Rows of cores."""
        return self.grid[1]


class KernelCore(KernelWriter):
    """What a kernel's body writes on: `role` has all instructions, `row` and `column` what lines of cores do together.

    The body runs for each kind of core, and once more for the closed form, where only the time counts.
    """

    def __init__(
        self, builder: Builder, role: CoreRole, setup: KernelSetup, *, at: tuple[int, int] = (0, 0), uses: Uses,
        placed: bool,
    ) -> None:  # fmt: skip
        """Write on *role* for the core in column and row *at*; note in *uses* what its program depends on."""
        super().__init__(role, placed=placed)
        self.setup, self.uses, self._builder = setup, uses, builder
        self.row = KernelLine(self, "row", ROW, at[0], setup.columns)
        self.column = KernelLine(self, "column", COLUMN, at[1], setup.rows)
        self._routed: set[tuple[str, str]] = set()

    def first_use(self, line: str, what: str, key: Callable[[int], Hashable]) -> bool:
        """Note a communication of a line; return whether this core has not had it before, and so no routes of it."""
        self.uses[line, what] = key
        first = (line, what) not in self._routed
        self._routed.add((line, what))
        return first

    def color(self, name: str) -> Color:
        """Return the color of a name, the same on all cores.

        Raises:
            TooFew: the fabric has no more.
        """
        known = next((color for color in self._builder.colors if color.name == name), None)
        return known or self._builder.color(name)


def timed_core(setup: KernelSetup, uses: Uses) -> KernelCore:
    """Return a core that is only timed."""
    builder = Builder(setup.wafer, width=1, height=1)
    return KernelCore(builder, builder.role("timed"), setup, uses=uses, placed=False)
