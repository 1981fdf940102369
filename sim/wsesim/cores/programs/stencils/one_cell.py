"""Cells of a plane are renewed as weighted sums of themselves and their four neighbours, one cell on each core.

.   b   b   .      b: border cores with constant cells, which send and do not listen
b   c - c   b      c: in each iteration a core multiplies its cell by one weight and multicasts the product in one
b   c - c   b         wavelet to its neighbours; scales its cell by the other; adds what its four neighbours sent
.   b   b   .

Six colors, three for even and three for odd rows, in turn along a row and shifted by one in every second pair of rows:
so the five that meet on a core differ. No tasks: every instruction of the loop has one element and is waited for. Where
a core may read two colors in one instruction, it adds neighbours in pairs, across and down; else one by one, by color.
The published kernel, on an SDK fabric simulator: rows `st1c`.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from itertools import pairwise
from operator import itemgetter
from statistics import median

import numpy as np

from wsesim.cores import isa
from wsesim.cores.builder import Builder, CoreRole
from wsesim.cores.kit import replay
from wsesim.cores.kit.base import Array, Grid, KernelCase, KernelSetup, Measure, Reading
from wsesim.cores.kit.written import kernel
from wsesim.cores.machine import CoreRun
from wsesim.cores.operands import ELEMENT_BYTES, Color, FabricOperand, Mem, Operand, Register
from wsesim.cores.programs.stencils.layout import LEAST_SIDE, bordered
from wsesim.cores.programs.stencils.star import WATCHED, iteration
from wsesim.errors import InputError
from wsesim.hardware import Wafer
from wsesim.kernels.collectives import link_cycles

NAME = "stencil-one-cell"
PARTS = 2
"""Of a sum, beside the cell."""
FIRST_STEADY = 4
"""From this iteration on all take as long."""
ADDITIONS = 4
"""Instructions after the first that reads a color, and that one."""
# Counted from the program, a cycle for each scalar instruction that nothing waits for; no figures of a machine.
BEGIN_CYCLES = 4
"""Of the scalar instructions before the loop."""
COLORS_OF_A_ROW = 3
COLORS = 2 * COLORS_OF_A_ROW
SIDES = {"WEST": (-1, 0), "EAST": (1, 0), "NORTH": (0, -1), "SOUTH": (0, 1)}
OWN_WEIGHT, NEIGHBOUR_WEIGHT = 0.5, 0.125
"""Of a cell and of each neighbour: what stays bounded."""


def color_of(column: int, row: int) -> int:
    """Return the color a core sends on."""
    return COLORS_OF_A_ROW * (row % 2) + (column + row // 2 % 2) % COLORS_OF_A_ROW


@dataclass(frozen=True, slots=True)
class _Core:
    """What tells one role from another."""

    inner: bool
    sends: int
    """Color."""
    to: tuple[str, ...]
    """Sides with an inner core."""
    receives: tuple[tuple[str, int], ...]
    """Side and color of each neighbour, in the order they are added; border cores: none."""


def _core_of(column: int, row: int, grid: Grid, *, pairs: bool) -> _Core:
    inner = _inner(column, row, grid)
    around = {side: (column + right, row + down) for side, (right, down) in SIDES.items()}
    receives = [(side, color_of(*place)) for side, place in around.items()] if inner else []
    return _Core(
        inner,
        color_of(column, row),
        tuple(side for side, place in around.items() if _inner(*place, grid)),
        tuple(receives if pairs else sorted(receives, key=itemgetter(1))),
    )


def _inner(column: int, row: int, grid: Grid) -> bool:
    return 0 < column < grid[0] - 1 and 0 < row < grid[1] - 1


def _role(builder: Builder, core: _Core, colors: Sequence[Color], iterations: int) -> CoreRole:
    role = builder.role(f"{'inner' if core.inner else 'border'} {len(builder.roles)}, color {core.sends}")
    x, parts = role.memory("x", 1), role.memory("parts", PARTS)
    turn, turns, own, neighbour = (role.register() for _ in range(4))
    if core.to:
        role.route(colors[core.sends], "RAMP", *core.to)
    for side, color in core.receives:
        role.route(colors[color], side, "RAMP")
    with role.task("main", start=True):
        role.set(turns, iterations)
        role.set(own, OWN_WEIGHT, kind=isa.F32)
        role.set(neighbour, NEIGHBOUR_WEIGHT, kind=isa.F32)
        if core.to or core.inner:
            product = role.fabout(colors[core.sends], 1) if core.to else parts.at(0, 1)
            with role.loop(turn, turns):
                role.fmuls(product, x, neighbour, launch=0)
                if core.inner:
                    _renew(role, [role.fabin(colors[color], 1) for _, color in core.receives], x, parts, own)
        role.halt()
    return role


def _renew(role: CoreRole, arriving: Sequence[FabricOperand], x: Mem, parts: Mem, own: Register) -> None:
    """Write the instructions that renew a cell.

    Each leaves its result in memory for the next, and so is waited for to its end: its launch cycles come after it.
    """
    core = role.wafer.core
    steps: list[tuple[int, Mem, Operand, Operand]] = [(isa.MUL, x, x, own)]
    if core.fabric_inputs > 1:
        pairs = (parts.at(0, 1), parts.at(1, 1))
        steps += [(isa.ADD, pair, arriving[2 * at], arriving[2 * at + 1]) for at, pair in enumerate(pairs)]
        steps += [(isa.ADD, x, x, pair) for pair in pairs]
    else:
        steps += [(isa.ADD, x, x, one) for one in arriving]
    for op, dest, first, second in steps:
        role.vector(op, dest, first, second, launch=0)
        if core.vector_launch_cycles:
            role.wait(core.vector_launch_cycles)


def write(setup: KernelSetup, builder: Builder) -> None:
    """Write the programs of all cores."""
    colors = [builder.color(f"color {number}") for number in range(COLORS)]
    roles: dict[_Core, CoreRole] = {}
    for row in range(setup.rows):
        for column in range(setup.columns):
            core = _core_of(column, row, setup.grid, pairs=_in_pairs(setup))
            if core not in roles:
                roles[core] = _role(builder, core, colors, setup.shape[0])
            builder.place(roles[core], [column], [row])


def _in_pairs(setup: KernelSetup) -> bool:
    return setup.wafer.core.fabric_inputs > 1


def meaning(setup: KernelSetup, x: Array) -> Array:
    """Return all cells after the iterations, as the cores compute them; those of the border stay."""
    columns, rows = setup.grid
    cells, order = x[..., 0].copy(), list(SIDES.values())
    for _ in range(setup.shape[0]):
        sent = cells * np.float32(NEIGHBOUR_WEIGHT)
        arriving = np.array([sent[1 + y : rows - 1 + y, 1 + x : columns - 1 + x] for x, y in order])
        if _in_pairs(setup):
            terms = [arriving[0] + arriving[1], arriving[2] + arriving[3]]
        else:
            terms = list(np.take_along_axis(arriving, _by_color(columns, rows), 0))
        cells[1:-1, 1:-1] = replay.running([cells[1:-1, 1:-1] * np.float32(OWN_WEIGHT), *terms])
    return cells[..., None]


def _by_color(columns: int, rows: int) -> Array:
    """Return [number, y, x] the side from which an inner core adds first, second and so on."""
    colors = [
        [[color_of(x + right, y + down) for x in range(1, columns - 1)] for y in range(1, rows - 1)]
        for right, down in SIDES.values()
    ]
    return np.argsort(colors, axis=0)


def closed(wafer: Wafer, setup: KernelSetup) -> float:
    """Return the cycles: each iteration those of the instructions, or till the neighbours' values are in and added.

    Values that come at the same time leave the ramp one by one, which this leaves out; a single line of inner cores,
    which wait along one axis only, is up to a quarter faster.
    """
    (iterations,), core = setup.shape, wafer.core
    step = 1 + core.vector_launch_cycles
    turn = 1 + ADDITIONS * step + step + core.branch_taken_cycles
    if max(setup.grid) > LEAST_SIDE:
        turn = max(turn, link_cycles(wafer.fabric, 1) + ADDITIONS * step + core.branch_taken_cycles)
    last = core.branch_not_taken_cycles - core.branch_taken_cycles
    return core.task_launch_cycles + BEGIN_CYCLES + iterations * turn + last


def _last_instruction(run: CoreRun) -> int:
    return max(span.end for span in run.spans if span.place)


def _iteration(case: KernelCase) -> Reading:
    return iteration(case, _last_instruction)


def _steady(case: KernelCase) -> Reading:
    """Return the median of what each iteration from the fourth on ends later than the one before.

    Raises:
        InputError: there are fewer.
    """
    (most,) = case.shape
    if most < FIRST_STEADY:
        raise InputError.at(f"{NAME} is steady from iteration {FIRST_STEADY} on; got {most}")
    ends = [
        _last_instruction(case.of_shape(number).run(watch=[WATCHED])) for number in range(FIRST_STEADY - 1, most + 1)
    ]
    return Reading(value=median(later - sooner for sooner, later in pairwise(ends)))


PROGRAM = kernel(
    name=NAME, doc=__doc__, shape_help="ITERATIONS", example="4", takes="the number of iterations",
    asked=lambda setup: bordered(NAME, setup),
    operands=lambda setup, random: {"x": random.standard_normal((setup.rows, setup.columns, 1), np.float32)},
    write=write, meaning=meaning, result="x", closed=closed, need=lambda _: (1 + PARTS) * ELEMENT_BYTES[isa.F32],
    measures={
        "iteration_cycles": Measure(cores=_iteration, silicon=False),
        "steady_iteration_cycles": Measure(cores=_steady, silicon=False),
    },
)  # fmt: skip
