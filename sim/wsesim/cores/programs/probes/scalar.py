"""Scalar instructions one after the other, on every core for itself: what each takes until the next is dispatched.

dependent     v = v + 1            each needs the result of the one before
taken         jump -> here         a branch that is taken
not-taken     jump    on           one that is not
memory        load load add store  an addition in memory
"""

from __future__ import annotations

import numpy as np

from wsesim.cores import isa
from wsesim.cores.builder import Builder, CoreRole
from wsesim.cores.kit.base import (
    Grid,
    KernelCase,
    KernelProgram,
    Measure,
    Options,
    Prepared,
    Reading,
    Shape,
    choice_option,
    gather,
    one_row,
    opening,
    sizes_of,
)
from wsesim.cores.kit.flow import jump_if_less
from wsesim.cores.machine import CoreMachine
from wsesim.cores.operands import Mem, Register
from wsesim.cores.programs.probes.vector import timed
from wsesim.hardware import Wafer

NAME = "scalar"
CODES = ("dependent", "taken", "not-taken", "memory")
START_CYCLES = 2
"""Two registers are filled."""
MEMORY_LINES = 4
"""Instructions of a turn through memory."""


def _sizes(shape: Shape, options: Options) -> tuple[int, str]:
    (count,) = sizes_of(NAME, shape, "one count", "8")
    return count, choice_option(options, "code", CODES)


def _write(role: CoreRole, count: int, code: str, total: Mem, value: Register, one: Register) -> None:
    """Write the instructions; *one* holds 1, and what is counted goes into *value* or *total*."""
    for _ in range(count):
        if code == "dependent":
            role.scalar(isa.FADD, value, value, one)
        elif code == "memory":
            role.load(value, total)
            role.load(one, role.variables["one"])
            role.iadd(value, value, one)
            role.store(total, value)
        else:
            jump_if_less(role, *((value, one) if code == "taken" else (one, value))).land()


def _core(role: CoreRole, count: int, code: str) -> None:
    kind = isa.F32 if code == "dependent" else isa.I16
    total, value, one = role.memory("total", 1, kind), role.register(), role.register()
    role.memory("one", 1, kind)
    role.set(value, 0, cost=1)
    role.set(one, 1, kind=isa.F32 if code == "dependent" else isa.I32, cost=1)
    _write(role, count, code, total, value, one)
    if code == "dependent":
        role.store(total, value)


def prepare(wafer: Wafer, grid: Grid, shape: Shape, options: Options, seed: int) -> Prepared:
    """Return the instructions loaded onto their cores; what is added up comes to their number."""
    count, code = _sizes(shape, options)
    builder = Builder(wafer, width=grid[0], height=grid[1])
    role = builder.role("core")
    with role.task("start", start=True):
        _core(role, count, code)
        role.halt()
    builder.place(role, range(grid[0]), range(grid[1]))
    machine = CoreMachine(builder)
    machine.write(role, "one", 1)
    adds = count if code in ("dependent", "memory") else 0
    return Prepared(
        machine=machine, read=lambda ran: gather(ran, "total"), expected=np.full((grid[1], grid[0], 1), float(adds)),
        counts={"adds": grid[0] * grid[1] * adds},
    )  # fmt: skip


def closed(wafer: Wafer, grid: Grid, shape: Shape, options: Options) -> float:
    """Return the cycles: start, and the instructions."""
    count, code = _sizes(shape, options)
    core = wafer.core
    if code == "memory":
        each = 3 * core.dependent_cycles + 1
    elif code == "dependent":
        each = core.dependent_cycles
    else:
        each = core.branch_taken_cycles if code == "taken" else core.branch_not_taken_cycles
    return core.task_launch_cycles + START_CYCLES + count * each + (code == "dependent")


def need(wafer: Wafer, grid: Grid, shape: Shape, options: Options) -> int:
    """Return the bytes of the instructions, which are written out."""
    count, code = _sizes(shape, options)
    return count * (MEMORY_LINES if code == "memory" else 1) * wafer.core.instruction_bytes


def _dispatch(case: KernelCase) -> Reading:
    count, code = _sizes(case.shape, case.options)

    def write(role: CoreRole) -> None:
        total, value, one = role.memory("total", 1, isa.I16), role.register(), role.register()
        role.memory("one", 1, isa.I16)
        role.set(one, 1, cost=0)
        _write(role, count, code, total, value, one)

    return Reading(value=timed(case.wafer, write, stamps=False) / count)


PROGRAM = KernelProgram(
    name=NAME,
    **opening(__doc__),
    shape_help="COUNT: how many, one after the other",
    prepare=prepare,
    closed=closed,
    options={"code": "dependent, taken, not-taken or memory: which [dependent]"},
    folded=one_row(prepare),
    need=need,
    values=lambda _, grid, *__: grid[0] * grid[1],
    limits=lambda case, cycles: {"arithmetic": 1.0},
    measures={"dispatch_cycles": Measure(cores=_dispatch)},
)
