"""One core as the author of a kernel sees it: its role, its loops, and the row and the column it is a part of."""

from __future__ import annotations

from collections.abc import Callable, Hashable, Iterable
from dataclasses import dataclass

from wsesim.cores.builder import Builder, CoreRole
from wsesim.cores.kit.base import KernelSetup as KernelSetup
from wsesim.cores.kit.line import KernelLine
from wsesim.cores.kit.plans import COLUMN, ROW
from wsesim.cores.kit.writer import KernelWriter
from wsesim.cores.operands import Color

Uses = dict[tuple[str, str], Callable[[int], Hashable]]
"""Communications of a kernel by line and name; each tells from a place on the line what its program is like there."""


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


@dataclass(frozen=True, slots=True, kw_only=True)
class TimedCores:
    """What a kernel takes by cores that are only timed."""

    cycles: float
    """Of the busiest."""
    data_bytes: int
    """Of the variables of the fullest."""
    uses: Uses


def timed_cores(setup: KernelSetup, body: Callable[[KernelCore], None], columns: Iterable[int]) -> TimedCores:
    """Return what *body* takes on the first core of each of *columns*."""
    uses: Uses = {}
    cores = []
    for column in columns:
        builder = Builder(setup.wafer, width=1, height=1)
        core = KernelCore(builder, builder.role("timed"), setup, at=(column, 0), uses=uses, placed=False)
        body(core)
        cores.append(core)
    data_bytes = max(core.role.data_bytes for core in cores)
    return TimedCores(cycles=max(core.cycles for core in cores), data_bytes=data_bytes, uses=uses)
