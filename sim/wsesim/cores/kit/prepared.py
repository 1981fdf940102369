"""A kernel on its cores, ready to run, with the result that NumPy makes of its operands."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from dataclasses import dataclass, replace
from math import isfinite
from typing import Any

import numpy as np
import numpy.typing as npt

from wsesim.cores.errors import ProgramError
from wsesim.cores.machine import CoreMachine, CoreRun

Array = npt.NDArray[Any]


@dataclass(frozen=True, slots=True, kw_only=True)
class Agreement:
    """How the values that cores left compare with NumPy's."""

    compared: int
    """Values."""
    differing: int
    """Of those, the values that are not equal; what is no finite number never is."""
    largest: float | None
    """Largest difference; None where one is no finite number."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Prepared:
    """A kernel loaded onto its cores, with what it must compute."""

    machine: CoreMachine
    read: Callable[[CoreMachine], Array]
    """Takes the result out of the machine once it has run."""
    expected: Array
    """The same result by NumPy, of the same shape, all finite and equal to it: operands are whole numbers whose sums
    are exact (`exact`), or NumPy goes through the machine's steps in its order and rounds as it does (`replay`)."""
    later_cycles: int = 0
    """Of a part that stands for all: by how much the last core of the whole ends later than the last of the part."""
    unread: bool = False
    """Whether wavelets may lie unread at the end."""

    def __post_init__(self) -> None:
        """Refuse what no result can be compared with."""
        if not np.isfinite(self.expected).all():
            raise ValueError("the result by NumPy has values that are no finite numbers")

    def run(
        self, *, watch: Iterable[tuple[int, int]] = (), frame_cycles: int | None = None, tell_cycles: int | None = None,
        tell: Callable[[int], None] = lambda _: None, path: bool = False,
    ) -> CoreRun:  # fmt: skip
        """Run it as `CoreMachine.run` does; the cycles are those of the whole, where a part stands for all.

        Raises:
            ProgramError: it cannot end.
        """
        run = self.machine.run(
            watch=watch, frame_cycles=frame_cycles, unread=self.unread, tell_cycles=tell_cycles, tell=tell, path=path,
        )  # fmt: skip
        later, found = self.later_cycles, run.path
        return replace(run, cycles=run.cycles + later, path=None if found is None else found.later(later))

    def compare(self) -> Agreement:
        """Compare the result of a run with NumPy's.

        Raises:
            ProgramError: their shapes differ.
        """
        found = self.read(self.machine)
        if found.shape != self.expected.shape:
            shapes = ["x".join(map(str, each.shape)) or "one number" for each in (found, self.expected)]
            raise ProgramError(f"the cores' result is {shapes[0]}, and by NumPy it is {shapes[1]}")
        unequal = np.asarray(found != self.expected)
        with np.errstate(invalid="ignore"):
            largest = float(np.max(np.abs(found[unequal] - self.expected[unequal]), initial=0.0))
        return Agreement(
            compared=found.size, differing=int(np.count_nonzero(unequal)),
            largest=largest if isfinite(largest) else None,
        )  # fmt: skip
