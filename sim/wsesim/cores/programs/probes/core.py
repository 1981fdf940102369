"""What one core alone takes: vector instructions, loops around them, branches, scalar instructions."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

from wsesim.cores import isa
from wsesim.cores.builder import Builder, Role
from wsesim.cores.machine import Machine
from wsesim.cores.operands import ELEMENT_BYTES, Mem, Register
from wsesim.cores.programs.flow import jump_if_less
from wsesim.hardware import Wafer

SAME_BYTES, APART_BYTES = 0, 4
"""How far the second operand lies behind the first, modulo all banks: where reads collide, and where they never do."""
BANKS_BYTES = 16
"""Eight banks of 16 bits."""
LINES = 8
"""Instructions of a chain whose time per instruction is asked for."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Vector:
    """A vector instruction over memory: y = x, y = y + x, or y = y + x * a."""

    op: int
    """isa.MOV, isa.ADD or isa.MAC."""
    kind: int
    length: int
    apart: int = SAME_BYTES
    """Bytes from y to x, modulo all banks."""

    def operands(self, role: Role) -> tuple[Mem, Mem]:
        """Reserve y and x."""
        y = role.memory("y", self.length, self.kind)
        gap = (self.apart - self.length * ELEMENT_BYTES[self.kind]) % BANKS_BYTES
        role.memory("gap", gap // ELEMENT_BYTES[isa.I16], isa.I16)
        return y, role.memory("x", self.length, self.kind)

    def write(self, role: Role, y: Mem, x: Mem, factor: Register) -> None:
        """Write the instruction over elements of y and x."""
        sources = {isa.MOV: (x,), isa.ADD: (y, x), isa.MAC: (y, x, factor)}[self.op]
        role.vector(self.op, y, *sources, kind=self.kind)


def timed(wafer: Wafer, write: Callable[[Role], None], *, stamps: bool) -> int:
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
    machine = Machine(builder)
    machine.run()
    first, last = (int(machine.register(role, register.index)[0]) for register in (before, after))
    return last - first


def vector_cycles(wafer: Wafer, vector: Vector, *, stamps: bool = False, setup: int = 0) -> int:
    """Return the cycles of a vector instruction, from its dispatch to that of the next; *setup* comes before it."""

    def write(role: Role) -> None:
        factor = role.register()
        if setup:
            role.wait(setup)
        vector.write(role, *vector.operands(role), factor)

    return timed(wafer, write, stamps=stamps)


def elements_per_cycle(wafer: Wafer, op: int, kind: int, *, apart: int = SAME_BYTES) -> float:
    """Return the rate of a vector instruction: the slope between two lengths."""
    short, long = 512, 1536
    taken = [vector_cycles(wafer, Vector(op=op, kind=kind, length=length, apart=apart)) for length in (short, long)]
    return (long - short) / (taken[1] - taken[0])


def bank_slowdown(wafer: Wafer, op: int, kind: int) -> float:
    """Return how much slower the worst alignment of two operands is than the best."""
    classes = range(0, BANKS_BYTES, ELEMENT_BYTES[kind])
    rates = [elements_per_cycle(wafer, op, kind, apart=apart) for apart in classes]
    return max(rates) / min(rates)


def chunked_cycles(wafer: Wafer, length: int, chunk: int, *, form: str, inner: int = 16) -> int:
    """Return the cycles, stamps included, of fp16 multiply-accumulates of *chunk* elements one after the other.

    *form* is `while`, a loop that moves three descriptors on by itself; `map`; or `formap`, a loop like that around
    maps of *inner* turns.
    """
    turns = length // chunk

    def write(role: Role) -> None:
        vector = Vector(op=isa.MAC, kind=isa.F16, length=length, apart=SAME_BYTES)
        y, x = vector.operands(role)
        at, turn, times, around, arounds, factor = (role.register() for _ in range(6))
        role.set(at, 0)
        role.set(times, inner if form == "formap" else turns)
        role.set(arounds, turns // inner)

        def step() -> None:
            vector.write(role, y.at(at, chunk), x.at(at, chunk), factor)
            role.iadd(at, at, chunk, cost=0)

        if form == "while":
            with role.loop(turn, times):
                step()
                role.wait(_moving_on(role) + 1)
        elif form == "map":
            with role.map(turn, times):
                step()
        else:
            with role.loop(around, arounds):
                with role.map(turn, times):
                    step()
                role.wait(_moving_on(role))

    return timed(wafer, write, stamps=True)


def _moving_on(role: Role) -> int:
    """Return the cycles in which a loop moves its three descriptors on: an addition each whose result is needed."""
    return 3 * role.builder.wafer.core.dependent_cycles


def branch_cycles(wafer: Wafer, *, taken: bool) -> int:
    """Return the cycles from a jump to the next dispatch."""

    def write(role: Role) -> None:
        zero, one = role.register(), role.register()
        role.set(one, 1, cost=0)
        jump_if_less(role, *((zero, one) if taken else (one, zero))).land()

    return timed(wafer, write, stamps=False)


def dependent_cycles(wafer: Wafer) -> float:
    """Return the cycles from a scalar operation to the next that needs its result."""

    def write(role: Role) -> None:
        value = role.register()
        for _ in range(LINES):
            role.scalar(isa.FADD, value, value, value)

    return timed(wafer, write, stamps=False) / LINES


def scalar_add_cycles(wafer: Wafer) -> int:
    """Return the cycles of an addition in memory: two loads, the addition, a store."""

    def write(role: Role) -> None:
        a, b, total = (role.memory(name, 1, isa.I16) for name in ("a", "b", "total"))
        first, second = role.register(), role.register()
        role.load(first, a)
        role.load(second, b)
        role.iadd(first, first, second)
        role.store(total, first)

    return timed(wafer, write, stamps=False)
