"""Scalar instructions one after the other, on every core for itself: what each takes until the next is dispatched.

dependent     v = v + 1            each needs the result of the one before
taken         jump -> here         a branch that is taken
not-taken     jump    on           one that is not
memory        load load add store  an addition in memory
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from wsesim.cores import isa
from wsesim.cores.kit.base import KernelCase, KernelSetup, Measure, Reading, choice_option, one_row
from wsesim.cores.kit.core import KernelCore
from wsesim.cores.kit.flow import jump_if_less
from wsesim.cores.kit.written import kernel
from wsesim.cores.operands import Mem, Register
from wsesim.cores.programs.probes.vector import timed
from wsesim.cores.role import CoreRole
from wsesim.hardware import Wafer

CODES = ("dependent", "taken", "not-taken", "memory")
START_CYCLES = 2
"""Two registers are filled."""
MEMORY_LINES = 4
"""Instructions of a turn through memory."""


@dataclass(frozen=True, slots=True)
class _Scalars:
    """So many instructions of a code on every core of a grid."""

    setup: KernelSetup
    code: str

    @classmethod
    def of(cls, setup: KernelSetup) -> _Scalars:
        """Return what is asked."""
        return cls(setup, choice_option(setup.options, "code", CODES))

    @property
    def count(self) -> int:
        """Instructions."""
        return self.setup.shape[0]

    @property
    def cores(self) -> tuple[int, int]:
        """Rows and columns of the grid."""
        return self.setup.rows, self.setup.columns

    @property
    def need(self) -> int:
        """Bytes of the instructions, which are written out."""
        return self.count * (MEMORY_LINES if self.code == "memory" else 1) * self.setup.wafer.core.instruction_bytes

    @property
    def adds(self) -> float:
        """What is added up comes to."""
        return float(self.count if self.code in ("dependent", "memory") else 0)


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


def body(core: KernelCore) -> None:
    """Write what one core does."""
    asked, role = _Scalars.of(core.setup), core.role
    dependent = asked.code == "dependent"
    kind = isa.F32 if dependent else isa.I16
    total, value, one = role.memory("total", 1, kind), role.register(), role.register()
    role.memory("one", 1, kind)
    role.set(value, 0, cost=1)
    role.set(one, 1, kind=isa.F32 if dependent else isa.I32, cost=1)
    _write(role, asked.count, asked.code, total, value, one)
    if dependent:
        role.store(total, value)


def closed(wafer: Wafer, asked: _Scalars) -> float:
    """Return the cycles: start, and the instructions."""
    core, code, count = wafer.core, asked.code, asked.count
    if code == "memory":
        each = 3 * core.dependent_cycles + 1
    elif code == "dependent":
        each = core.dependent_cycles
    else:
        each = core.branch_taken_cycles if code == "taken" else core.branch_not_taken_cycles
    return core.task_launch_cycles + START_CYCLES + count * each + (code == "dependent")


def _dispatch(case: KernelCase) -> Reading:
    asked = _Scalars.of(case.setup)
    count, code = asked.count, asked.code

    def write(role: CoreRole) -> None:
        total, value, one = role.memory("total", 1, isa.I16), role.register(), role.register()
        role.memory("one", 1, isa.I16)
        role.set(one, 1, cost=0)
        _write(role, count, code, total, value, one)

    return Reading(value=timed(case.wafer, write, stamps=False) / count)


PROGRAM = kernel(
    name="scalar", doc=__doc__, shape_help="COUNT: how many, one after the other", example="8", takes="one count",
    asked=_Scalars.of, operands=lambda asked, _: {"one": np.ones((*asked.cores, 1))}, body=body, closed=closed,
    meaning=lambda asked, one: asked.adds * one, result="total", fold=one_row,
    need=lambda asked: asked.need, values=lambda asked: asked.cores[0] * asked.cores[1],
    options={"code": "dependent, taken, not-taken or memory: which [dependent]"},
    limits=lambda case, cycles: {"arithmetic": 1.0}, measures={"dispatch_cycles": Measure(cores=_dispatch)},
)  # fmt: skip
