"""Run a kernel on cores, or ask its closed form."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field
from functools import partial
from math import ceil
from pathlib import Path

from wsesim.answer import CodeLine, Level
from wsesim.cores import isa
from wsesim.cores.errors import NotWritten
from wsesim.cores.kit.base import Grid, KernelCase, KernelProgram, Shape
from wsesim.cores.kit.file import is_file, load_kernel
from wsesim.cores.kit.prepared import Agreement, Array, Prepared
from wsesim.cores.kit.room import cpu_seconds
from wsesim.cores.listing import code_lines, list_program
from wsesim.cores.machine import CoreRun
from wsesim.errors import InputError, nearest
from wsesim.hardware import Wafer
from wsesim.units import show_seconds, show_share

LEVELS = ("cores", "closed")
USUALLY_WATCHED = 16
TOLD = 100
"""Times that a run tells how far it is."""
ALMOST = 0.99


@dataclass(frozen=True, slots=True, kw_only=True)
class KernelOutcome:
    """What a kernel took, and how right it was."""

    cycles: int
    """From the start of all cores to the end of the last."""
    seconds: float
    """The same at the clock of the machine."""
    closed_cycles: float
    """By the closed form."""
    agreement: Agreement | None
    """How the values compare with NumPy's; None where they were not compared."""
    events: int
    """Wavelets forwarded and cycles a core worked, in the simulated part; 0 where nothing ran."""
    cpu_s: float
    """CPU time of the simulation."""
    run: CoreRun | None
    """What the run showed; None where nothing ran."""
    counts: Mapping[str, int] = field(default_factory=dict)
    """Multiply-accumulates and additions of vectors' elements, and wavelet hops, of the simulated part, where any."""
    frame_cycles: int | None = None
    """Cycles from one picture of `run.frames` to the next; None where none were taken."""
    listing: Callable[[], str] | None = None
    """Makes the text of the program with what each instruction takes; None where nothing ran."""
    code: Callable[[], tuple[tuple[CodeLine, ...], ...]] | None = None
    """Makes the same for a page, role by role; None where nothing ran."""

    @property
    def right(self) -> bool | None:
        """Whether all values equal NumPy's; None where they were not compared."""
        return None if self.agreement is None else self.agreement.differing == 0

    @property
    def busy(self) -> float:
        """Share of the simulated cores' cycles that did work; 0 where nothing ran."""
        return float(self.run.busy.mean()) / self.cycles if self.run is not None else 0.0

    @property
    def wavelet_hops(self) -> int:
        """Wavelets that went from one router to another, each counted on each link; 0 where nothing ran."""
        return int(self.run.sent[..., : isa.RAMP].sum()) if self.run is not None else 0


def usually_watched(columns: int) -> tuple[tuple[int, int], ...]:
    """Return the cores of a trace, each (column, row), where nobody names others: the first of the first row."""
    return tuple((column, 0) for column in range(min(columns, USUALLY_WATCHED)))


def run_kernel(
    name: str, wafer: Wafer, grid: Grid, shape: Shape, *, options: Mapping[str, str] | None = None,
    level: Level = "cores", verify: bool = True, seed: int = 0, fold: bool = False,
    watch: Iterable[tuple[int, int]] = (), pictures: int = 0,
) -> KernelOutcome:  # fmt: skip
    """Run a kernel on *grid* (columns, rows) of a wafer's cores, as `run_case` does.

    Raises:
        InputError: an unknown kernel, level or option; a grid or shape that cannot be; a fold of what has no part that
            stands for all.
        ProgramError: the program does not fit a core, or cannot end.
    """
    case = KernelCase(
        program=find_program(name), wafer=wafer, grid=grid, shape=shape, options=dict(options or {}), level=level,
        seed=seed, fold=fold,
    )  # fmt: skip
    _check(case)
    return run_case(case, verify=verify, watch=watch, pictures=pictures)


def run_case(
    case: KernelCase, *, verify: bool = True, watch: Iterable[tuple[int, int]] = (), pictures: int = 0,
    say: Callable[[str], None] = lambda _: None, path: bool = False,
) -> KernelOutcome:  # fmt: skip
    """Run a kernel, or at level closed calculate it.

    With `fold` a row or two are simulated and stand for all, as exact as all would be. What the cores of *watch*, each
    (column, row), do is recorded in `run.spans`; the activity of all at about *pictures* times in `run.frames`,
    `frame_cycles` apart; with *path*, what made it last in `run.path`, if there are no more cores and events than
    `CoreMachine.run` notes. *say* is told how long it takes, and how far it is.

    Raises:
        InputError: a shape that cannot be.
        NoRoom: the program does not fit a core.
        NotWritten: there is no program.
        TooFew: it needs more cores, colors or queues than there are.
        TooLarge: this computer cannot simulate it.
        ProgramError: it cannot end.
    """
    closed, clock = case.closed(), case.wafer.core.clock_hz
    if case.level == "closed":
        return KernelOutcome(
            cycles=round(closed), seconds=closed / clock, closed_cycles=closed, agreement=None, events=0, cpu_s=0.0,
            run=None,
        )  # fmt: skip
    say(what := _work(case, closed))
    started = time.process_time()
    prepared = case.load()
    frame_cycles = max(1, ceil(closed / pictures)) if pictures else None
    run = prepared.run(
        watch=watch, frame_cycles=frame_cycles, tell_cycles=max(1, ceil(closed / TOLD)),
        tell=lambda now: say(f"{what}: {show_share(min(now / closed, ALMOST), digits=0)}"), path=path,
    )  # fmt: skip
    return KernelOutcome(
        cycles=run.cycles, seconds=run.cycles / clock, closed_cycles=closed,
        agreement=prepared.compare() if verify else None, events=run.events,
        cpu_s=time.process_time() - started, run=run, counts=_counts(prepared, run), frame_cycles=frame_cycles,
        listing=partial(list_program, prepared.machine.builder, run.executed, run.by_line),
        code=partial(code_lines, prepared.machine.builder, run.executed, run.by_line),
    )  # fmt: skip


def _counts(prepared: Prepared, run: CoreRun) -> dict[str, int]:
    instructions = (each for role in prepared.machine.builder.roles for each in role.instructions)
    added = sum(count for each, count in zip(instructions, run.executed.tolist(), strict=True) if each.op == isa.ADD)
    found = {"macs": run.fmacs, "adds": added, "hops": int(run.sent[..., : isa.RAMP].sum())}
    return {name: count for name, count in found.items() if count}


@dataclass(frozen=True, slots=True, kw_only=True)
class ValuesRun:
    """What a kernel made of given operands."""

    result: Array
    cycles: int
    agreement: Agreement
    """With what NumPy makes of them; a program whose operands are usually exact in any order may differ by rounding."""


def run_values(
    name: str, wafer: Wafer, grid: Grid, shape: Shape, values: Mapping[str, Array], *,
    options: Mapping[str, str] | None = None,
) -> ValuesRun:  # fmt: skip
    """Run a kernel on the operands *values*, by name, as its program lays them.

    Raises:
        InputError: an unknown kernel or option; a grid or shape that cannot be.
        NotWritten: there is no program.
        ProgramError: the program does not fit a core, or cannot end.
    """
    case = KernelCase(
        program=find_program(name), wafer=wafer, grid=grid, shape=shape, options=dict(options or {})
    )  # fmt: skip
    _check(case)
    case.check_room()
    if case.program.given is None:
        raise NotWritten(f"{name} has no program for operands that are given")
    prepared = case.program.given(wafer, grid, shape, case.options, values)
    run = prepared.run()
    return ValuesRun(result=prepared.read(prepared.machine), cycles=run.cycles, agreement=prepared.compare())


def find_program(name: str, folder: Path = Path()) -> KernelProgram:
    """Return the kernel of a name, or that of a Python file of the user's own, whose path starts at *folder*.

    Raises:
        InputError: there is none, and names the nearest; or the file has none.
    """
    if is_file(name):
        return load_kernel(folder / name)
    from wsesim.cores.programs import PROGRAMS  # which holds the programs, and this function too

    if name not in PROGRAMS:
        raise InputError.at(
            f"no such kernel {name!r}{nearest(name, PROGRAMS) or '; there are: ' + ', '.join(PROGRAMS)}"
        )
    return PROGRAMS[name]


def _check(case: KernelCase) -> None:
    if case.level not in LEVELS:
        hint = nearest(case.level, LEVELS)
        raise InputError.at(f"the level must be one of {', '.join(LEVELS)}; got {case.level!r}{hint}")
    (columns, rows), wafer, program = case.grid, case.wafer, case.program
    if not (1 <= columns <= wafer.columns and 1 <= rows <= wafer.rows):
        most = f"{wafer.columns} columns and {wafer.rows} rows of cores"
        raise InputError.at(f"a grid of {columns} x {rows} does not fit the wafer, which has {most}")
    for name in case.options:
        if name not in program.options:
            known = nearest(name, program.options) or f"; there are: {', '.join(program.options) or 'none'}"
            raise InputError.at(f"{program.name} has no option {name!r}{known}")
    if case.fold and program.folded is None:
        raise InputError.at(f"{program.name} cannot be folded: no part of it stands for all")


def _work(case: KernelCase, cycles: float) -> str:
    cores, takes = case.simulated_cores, show_seconds(cpu_seconds(case, cycles))
    return f"simulating {case.program.name} on {cores:,} cores for about {cycles:,.0f} cycles, some {takes} of CPU time"
