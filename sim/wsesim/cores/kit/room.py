"""Whether a kernel has room: on the cores it is asked for, and in the computer that simulates them.

What a program says of its operands (`need`, `aside`) is a formula in grid and shape, and so known before any of them is
made. Its instructions and queues come on top; those are counted when it is written (`check_program`).
"""

from __future__ import annotations

from bisect import bisect_left
from collections.abc import Iterator
from math import prod
from typing import TYPE_CHECKING

from wsesim.cores import jit
from wsesim.cores.errors import NoRoom, TooFew, TooLarge
from wsesim.cores.host import free_bytes
from wsesim.cores.state import LAST_CYCLE
from wsesim.errors import InputError
from wsesim.units import show_bytes

if TYPE_CHECKING:
    from wsesim.cores.kit.base import Grid, KernelCase, Shape

CORE_HOST_BYTES = 600
"""A simulated core takes in the computer, at least: registers, threads, queues with their words. Measured: 660 bytes
for `allreduce-2d`, 790 for `residual`, 890 for `gemv`."""
VALUE_HOST_BYTES = 4
"""Four bytes of data on a core take in the computer, at least: themselves. Measured: 5 for `gemv`, which draws column
by column, more for others, of whose steps NumPy makes copies."""
VALUE_BYTES = 4
ROLE_HOST_BYTES = 60_000
"""The program of one core takes in the computer, at least: a hundred instructions. Measured: 90,000 for
`attention-prefill`."""
CORE_CYCLES_PER_S = 5e7
"""Cores times cycles simulated in a second of CPU time. Measured: 10 million for cores that only pass wavelets on, 75
for those that only compute."""
UNCOMPILED = 600
"""Times longer that takes without numba. Measured."""
MOST_CORE_CYCLES_UNCOMPILED = 1_000_000
"""Cores times cycles that run uncompiled in about half a minute."""
CORE_S = 10e-6
"""CPU time until a core is laid out. Measured: 7 to 13 us."""
STEPS = 1024
"""Steps up from a shape that are tried until the kernel takes one: it may want multiples of its grid."""


def check_cores(case: KernelCase) -> None:
    """Refuse data that no core has room for, and an edge that the wafer has no row of cores for.

    Raises:
        NoRoom: as said; says what would fit.
        TooFew: the row is missing.
    """
    have, need = case.wafer.core.usable_bytes, case.need_bytes
    if need > have:
        raise NoRoom(
            f"{case.program.name} of {_sizes(case.shape)} needs {show_bytes(need)} for its data on each core, which "
            f"has {show_bytes(have)}{_would_fit(case)}", need_bytes=need, have_bytes=have,
        )  # fmt: skip
    rows, most = case.grid[1] + case.program.edge_rows, case.wafer.rows
    if case.level == "cores" and rows > most:
        raise TooFew(
            f"{case.program.name} plays the wafer's edge on a row of cores beside its grid; the wafer has {most} rows, "
            f"so that the grid may have {most - case.program.edge_rows}"
        )


def check_computer(case: KernelCase, cycles: float) -> None:
    """Refuse what this computer has no memory to simulate, the engine no numbers to count, or needs compiled code.

    Raises:
        TooLarge: as said.
    """
    if not jit.COMPILED and case.simulated_cores * cycles > MOST_CORE_CYCLES_UNCOMPILED:
        raise TooLarge(
            f"{case.simulated_cores:,} cores for about {cycles:,.0f} cycles take too long without numba: "
            f"{jit.INSTALL}, a smaller grid, or --level closed"
        )
    if cycles > LAST_CYCLE:
        raise TooLarge(
            f"{case.program.name} of {_sizes(case.shape)} takes about {cycles:,.0f} cycles; cores are simulated for up "
            f"to {LAST_CYCLE:,}. The closed form has no limit (--level closed)"
        )
    need, have = host_bytes(case), free_bytes()
    if have is not None and need > have:
        folded = "" if case.fold or case.program.folded is None else "; --fold simulates one part for all"
        raise TooLarge(
            f"{case.program.name} on {case.simulated_cores:,} cores, each with up to {show_bytes(case.need_bytes)} of "
            f"data, takes at least {show_bytes(need)} of this computer's memory, which has {show_bytes(have)} left"
            f"{folded}. A smaller grid takes less, the closed form none (--level closed)"
        )


def check_roles(roles: int) -> None:
    """Refuse more different programs than this computer has memory to write.

    Raises:
        TooLarge: as said.
    """
    need, have = roles * ROLE_HOST_BYTES, free_bytes()
    if have is not None and need > have:
        raise TooLarge(
            f"the cores have {roles:,} different programs, which take at least {show_bytes(need)} of this computer's "
            f"memory; it has {show_bytes(have)} left. A smaller grid takes less, the closed form none (--level closed)"
        )


def host_bytes(case: KernelCase) -> int:
    """Return how many bytes a simulation takes in the computer at least, with its operands and their reference."""
    cores, count = case.simulated_cores, case.program.values
    if count is None:
        values = cores * case.need_bytes // VALUE_BYTES
    else:
        grid = (case.grid[0], 1) if case.fold else case.grid
        values = count(case.wafer, grid, case.shape, case.options)
    return cores * CORE_HOST_BYTES + values * VALUE_HOST_BYTES


def cpu_seconds(case: KernelCase, cycles: float) -> float:
    """Return about how much CPU time the simulation of so many cycles takes."""
    slower = 1 if jit.COMPILED else UNCOMPILED
    return case.simulated_cores * (CORE_S + cycles * slower / CORE_CYCLES_PER_S)


def _would_fit(case: KernelCase) -> str:
    """Return which smaller shape or larger grid has data that fits, as the end of a sentence."""
    shape = max((found for found in _smaller(case) if found is not None), key=prod, default=None)
    for axis in range(len(shape or ())):
        shape = _grown(case, shape, axis) if shape else None
    columns, rows = case.wafer.columns, case.wafer.rows - case.program.edge_rows
    found = [_sizes(shape)] if shape else []
    if _fits(case, (columns, rows), case.shape):
        found.append(f"the same on {columns} x {rows} cores")
    return f"; data that fits: {', or '.join(found)}" if found else ""


def _smaller(case: KernelCase) -> Iterator[Shape | None]:
    """Yield the shape with one of its numbers made smaller, the others as they are; and with all of them."""
    for axis in range(len(case.shape)):
        yield _halved(case, [axis])
    yield _halved(case, list(range(len(case.shape))))


def _grown(case: KernelCase, shape: Shape, axis: int) -> Shape:
    """Return the largest shape that fits with *axis* of *shape* larger, in the smallest steps that the kernel takes."""

    def more_by(step: int) -> Shape:
        return (*shape[:axis], shape[axis] + step, *shape[axis + 1 :])

    room = case.shape[axis] - shape[axis]
    step = next((step for step in range(1, min(room, STEPS) + 1) if _need(case, case.grid, more_by(step))), room + 1)
    counts = range(1, room // step + 1)
    grown = bisect_left(counts, True, key=lambda count: not _fits(case, case.grid, more_by(count * step)))
    return more_by(grown * step)


def _halved(case: KernelCase, axes: list[int]) -> Shape | None:
    """Return the largest shape that fits of those with powers of two, in step, at *axes*."""
    powers = [case.shape[axis].bit_length() - 1 for axis in axes]

    def less_by(halvings: int) -> Shape:
        sizes = dict(enumerate(case.shape)) | {
            axis: 1 << max(0, power - halvings) for axis, power in zip(axes, powers, strict=True)
        }
        return tuple(sizes.values())

    first = bisect_left(range(max(powers)), True, key=lambda less: _fits(case, case.grid, less_by(less)))
    return less_by(first) if _fits(case, case.grid, less_by(first)) else None


def _fits(case: KernelCase, grid: Grid, shape: Shape) -> bool:
    need = _need(case, grid, shape)
    return need is not None and need <= case.wafer.core.usable_bytes


def _need(case: KernelCase, grid: Grid, shape: Shape) -> int | None:
    """Return the bytes of a core that the kernel needs for *shape*; None where it takes no such."""
    try:
        return case.program.need(case.wafer, grid, shape, case.options)
    except InputError:
        return None


def _sizes(shape: Shape) -> str:
    return "x".join(map(str, shape))
