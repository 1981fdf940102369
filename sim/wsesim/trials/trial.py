"""Run a kernel's core program on a rectangle small enough to simulate, and compare it with the system's closed form."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field, replace

from wsesim.cores import jit
from wsesim.cores.errors import ProgramError, TooLarge
from wsesim.cores.programs import find_program, run_kernel
from wsesim.hardware import Wafer

MOST_CORE_CYCLES = 4_000_000
"""Cores times cycles of one trial, compiled: a few tenths of a second, so that all of a model stay under 20."""
MOST_CORE_CYCLES_UNCOMPILED = 30_000
"""The same uncompiled: about a second, as a million are half a minute. What takes longer is refused."""

NO_PROGRAM = "no core program"


@dataclass(frozen=True, slots=True, kw_only=True)
class Trial:
    """A core program on a rectangle, and what the system level says of the same work there."""

    program: str
    grid: tuple[int, int]
    shape: tuple[int, ...]
    options: Mapping[str, str] = field(default_factory=dict)
    closed_cycles: float
    """By the system level's closed form."""
    launches_cycles: float = 0.0
    """Of those, what it counts for weights to arrive."""
    products_cycles: float = 0.0
    """Cycles it counts for multiply-accumulates, without the arrival of weights."""
    sums_cycles: float = 0.0
    """Cycles it counts for sums that take the datapath as they come and go."""
    note: str = ""
    """What it holds less of than the placement."""

    def estimated_cycles(self, wafer: Wafer) -> float:
        """Return the cycles by the program's own closed form, which is held to the cores."""
        return find_program(self.program).closed(wafer, self.grid, self.shape, self.options)


@dataclass(frozen=True, slots=True, kw_only=True)
class Tried:
    """A trial that ran."""

    trial: Trial
    cycles: int
    events: int
    starts_cycles: float
    """Cycles of it in which tasks start."""

    @property
    def ratio(self) -> float:
        """Cycles of the cores over those of the closed form."""
        return self.cycles / self.trial.closed_cycles


def first_that_runs(trials: Iterable[Trial], wafer: Wafer) -> Tried | str:
    """Run the first of *trials*, the most faithful first, that fits the cores' memory and is not too long; or say why.

    The same trial is chosen whatever is installed: how long one takes is estimated in cycles, not measured.

    Raises:
        TooLarge: it takes too long uncompiled; a smaller one would say something else.
    """
    why = NO_PROGRAM
    for trial in trials:
        core_cycles = trial.estimated_cycles(wafer) * trial.grid[0] * trial.grid[1]
        if core_cycles > MOST_CORE_CYCLES:
            why = "takes too long on simulated cores"
            continue
        if not jit.COMPILED and core_cycles > MOST_CORE_CYCLES_UNCOMPILED:
            raise TooLarge(
                f"{trial.program} on {trial.grid[0]} x {trial.grid[1]} cores, which stands for an op, takes too long "
                f"without numba: {jit.INSTALL}"
            )
        try:
            return run(trial, wafer)
        except TooLarge:
            raise
        except ProgramError:
            why = "does not fit the memory of a core"
    return why


def run(trial: Trial, wafer: Wafer) -> Tried:
    """Run *trial* on cores of *wafer*.

    Raises:
        ProgramError: it does not fit a core.
    """
    found = run_kernel(trial.program, wafer, trial.grid, trial.shape, options=trial.options, verify=False)
    free = replace(wafer, core=replace(wafer.core, task_launch_cycles=0))
    starts = trial.estimated_cycles(wafer) - trial.estimated_cycles(free)
    return Tried(trial=trial, cycles=found.cycles, events=found.events, starts_cycles=starts)


def compile_engine(wafer: Wafer) -> None:
    """Have the engine compiled, so that its cost is not that of the first kernel."""
    if jit.COMPILED:
        run_kernel("residual", wafer, (1, 1), (1, 1), verify=False)
