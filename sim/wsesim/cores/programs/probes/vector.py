"""One vector instruction, on every core for itself: y = y + x a, y = y + x, or y = x.

   bank   0 1 2 3 4 5 6 7
   y      y y y y y y y y      `banks` says where x lies: in the banks of y, where reads of 32-bit elements collide,
   x      . . x x x x x x      or 4 bytes on, where they never do

The rest are ways of timing it: between two readings of the counter, from dispatch to dispatch, by the slope.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace

import numpy as np

from wsesim.cores import isa
from wsesim.cores.builder import Builder, CoreRole
from wsesim.cores.kit import exact
from wsesim.cores.kit.base import Array, KernelCase, KernelSetup, Measure, Reading, Shares, choice_option, one_row
from wsesim.cores.kit.core import KernelCore
from wsesim.cores.kit.written import kernel
from wsesim.cores.machine import CoreMachine
from wsesim.cores.operands import ELEMENT_BYTES, Mem, Register
from wsesim.cores.rates import rate_of
from wsesim.errors import InputError
from wsesim.hardware import Wafer

OPS = {"mac": isa.MAC, "add": isa.ADD, "mov": isa.MOV}
TYPES = {"f32": isa.F32, "f16": isa.F16, "i16": isa.I16}
APART = {"apart": 4, "same": 0}
"""Bytes from y to x, modulo all banks."""
BANKS_BYTES = 16
"""Eight banks of 16 bits."""
FACTOR = 2
SLOPE = 3
"""What part of its elements a vector has whose time is taken off that of all."""
BOTH_ENDS = 1
"""A latency counts the cycle of the dispatch and that of the completion."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Vector:
    """A vector instruction over memory, on every core of a grid."""

    cores: tuple[int, int]
    """Rows and columns of the grid."""
    op: int
    kind: int
    length: int
    apart: int

    @classmethod
    def of(cls, setup: KernelSetup) -> Vector:
        """Return the instruction that is asked for.

        Raises:
            InputError: an option cannot be.
        """
        (length,), options = setup.shape, setup.options
        op, kind = OPS[choice_option(options, "op", tuple(OPS))], TYPES[choice_option(options, "type", tuple(TYPES))]
        if (op, kind) == (isa.MAC, isa.I16):
            raise InputError.at("option type cannot be i16 with op=mac: only floats are multiplied and added at once")
        apart = APART[choice_option(options, "banks", tuple(APART))]
        return cls(cores=(setup.rows, setup.columns), op=op, kind=kind, length=length, apart=apart)

    def operands(self, role: CoreRole) -> tuple[Mem, Mem]:
        """Reserve y and x."""
        y = role.memory("y", self.length, self.kind)
        gap = (self.apart - self.length * ELEMENT_BYTES[self.kind]) % BANKS_BYTES
        role.memory("gap", gap // ELEMENT_BYTES[isa.I16], isa.I16)
        return y, role.memory("x", self.length, self.kind)

    def write(self, role: CoreRole, y: Mem, x: Mem, factor: Register) -> None:
        """Write the instruction over elements of y and x."""
        sources = {isa.MOV: (x,), isa.ADD: (y, x), isa.MAC: (y, x, factor)}[self.op]
        role.vector(self.op, y, *sources, kind=self.kind)

    def draw(self, random: np.random.Generator) -> Mapping[str, Array]:
        """Return whole numbers whose sums are exact."""
        shape = *self.cores, self.length
        return {name: exact.terms(random, shape, self.kind, 1 + FACTOR) for name in ("y", "x")}

    def meaning(self, y: Array, x: Array) -> Array:
        """Return y after it, by NumPy."""
        return np.asarray({isa.MOV: x, isa.ADD: y + x, isa.MAC: y + FACTOR * x}[self.op])


def timed(wafer: Wafer, write: Callable[[CoreRole], None], *, stamps: bool) -> int:
    """Return the cycles of what *write* writes: between two stamps with what they cost, or without that."""
    builder = Builder(wafer, width=1, height=1)
    role = builder.role("core")
    builder.place(role, [0], [0])
    before, after = role.register(), role.register()
    cost = None if stamps else 0
    with role.task("main", start=True):
        role.stamp(before, cost=cost)
        write(role)
        role.stamp(after, cost=cost)
        role.halt()
    machine = CoreMachine(builder)
    machine.run()
    first, last = (int(machine.register(role, register.index)[0]) for register in (before, after))
    return last - first


def body(core: KernelCore) -> None:
    """Write what one core does."""
    vector = Vector.of(core.setup)
    vector.write(core.role, *reserved(core, vector))


def reserved(core: KernelCore, vector: Vector) -> tuple[Mem, Mem, Register]:
    """Reserve y and x, and set the factor."""
    y, x = vector.operands(core.role)
    factor = core.role.register()
    core.role.set(factor, FACTOR, kind=isa.F32)
    return y, x, factor


def running(wafer: Wafer, vector: Vector) -> Shares:
    """Return what limits the instruction while it runs.

    Moves are all memory. Of others, memory has the cycles of an issue beyond the one in which the datapath works;
    cycles lost to reads that collide are of neither, and are not slower on silicon.
    """
    if vector.op == isa.MOV:
        return {"memory": 1.0}
    y, x = Mem(0, 1, vector.kind), Mem(1, 1, vector.kind)
    rate = rate_of(wafer.core, vector.op, vector.kind, (y, y, x, *([None] if vector.op == isa.MAC else [])))
    issue = max(rate.cycles, rate.slow_cycles) if vector.apart == APART["same"] else rate.cycles
    if issue == 1:
        return {"arithmetic every cycle": 1.0}
    return {"memory": (rate.cycles - 1) / issue, "arithmetic": 1 / issue}


def limits(case: KernelCase, cycles: float) -> Shares:
    """Return the same of *cycles* in which the instruction is run once."""
    core = case.wafer.core
    part = (case.closed() - core.task_launch_cycles - 1 - core.vector_launch_cycles) / cycles
    return {resource: share * part for resource, share in running(case.wafer, Vector.of(case.setup)).items()}


def _cycles(wafer: Wafer, vector: Vector, *, stamps: bool = False, setup: int = 0) -> int:
    """Return the cycles from its dispatch to that of the next, or between stamps; *setup* comes before it."""

    def write(role: CoreRole) -> None:
        factor = role.register()
        if setup:
            role.wait(setup)
        vector.write(role, *vector.operands(role), factor)

    return timed(wafer, write, stamps=stamps)


def _counter(case: KernelCase) -> Reading:
    set_up = choice_option(case.options, "setup", ("no", "yes")) == "yes"
    setup = case.wafer.code.vector_setup_cycles if set_up else 0
    value = _cycles(case.wafer, Vector.of(case.setup), stamps=True, setup=setup)
    return Reading(value=value, shares=limits(case, value))


def _dispatch(case: KernelCase) -> Reading:
    value = _cycles(case.wafer, Vector.of(case.setup))
    return Reading(value=value, shares=limits(case, value))


def _latency(case: KernelCase) -> Reading:
    value = _cycles(case.wafer, Vector.of(case.setup)) + BOTH_ENDS
    return Reading(value=value, shares=limits(case, value))


def _slope(wafer: Wafer, vector: Vector) -> float:
    short, long = replace(vector, length=max(1, vector.length // SLOPE)), vector
    return (long.length - short.length) / (_cycles(wafer, long) - _cycles(wafer, short))


def _rate(case: KernelCase) -> Reading:
    vector = _long(case)
    return Reading(value=_slope(case.wafer, vector), shares=running(case.wafer, vector))


def _bank_slowdown(case: KernelCase) -> Reading:
    """Try all alignments: how often as fast the best is, which no silicon slows down more than the worst."""
    vector = _long(case)
    classes = range(0, BANKS_BYTES, ELEMENT_BYTES[vector.kind])
    rates = [_slope(case.wafer, replace(vector, apart=apart)) for apart in classes]
    return Reading(value=max(rates) / min(rates))


def _long(case: KernelCase) -> Vector:
    """Return a vector that a slope can be taken of.

    Raises:
        InputError: it has too few elements.
    """
    vector = Vector.of(case.setup)
    if vector.length < SLOPE * BANKS_BYTES:
        raise InputError.at(f"a slope wants {SLOPE * BANKS_BYTES} elements or more; got {vector.length}")
    return vector


PROGRAM = kernel(
    name="vector", doc=__doc__, asked=Vector.of, operands=Vector.draw, body=body, meaning=Vector.meaning,
    shape_help="LENGTH: elements of both vectors of a core", example="1024", takes="one length", fold=one_row,
    options={
        "op": "mac, add or mov: y + x a, y + x, or x [mac]",
        "type": "f32, f16 or i16, of the elements [f32]",
        "banks": "apart, or same: whether x lies 4 bytes beside y or in the same banks [apart]",
    },
    limits=limits,
    measures={
        "counter_cycles": Measure(
            cores=_counter, options={"setup": "no, or yes: whether descriptors are set at run time before it [no]"}
        ),
        "dispatch_cycles": Measure(cores=_dispatch),
        "latency_cycles": Measure(cores=_latency),
        "elements_per_cycle": Measure(cores=_rate),
        "bank_slowdown": Measure(cores=_bank_slowdown),
    },
)  # fmt: skip
