"""What compiled scalar code around a core's vector instructions costs: loads, addresses, descriptors, loops.

Everything is made of instructions whose cycles `Core` has: 2 for one whose result the next one needs, 6 for a taken
branch, 3 for one not taken; and of pieces that `hardware.Code` has. The sums are what rows that differ in one thing
differ by: on the WSE-2 a stored value of COO is 34 cycles beside its multiply-accumulate, one of CSC and CSR 32.
"""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager

from wsesim.cores.builder import CoreRole
from wsesim.cores.kit.flow import jump, jump_if_less
from wsesim.cores.operands import Mem, Register
from wsesim.hardware import Wafer


class ScalarCode:
    """Writes scalar code into a role, and knows what it costs."""

    def __init__(self, role: CoreRole) -> None:
        """Write into *role*."""
        self.role, self.costs = role, CodeCosts(role.wafer)

    def load(self, register: Register, source: Mem, *, indices: int = 1) -> None:
        """Load the element that an index of one or two dimensions names."""
        self.role.load(register, source, cost=self.costs.load(indices))

    def load_beside(self, register: Register, source: Mem) -> None:
        """Load from another array by an index just used, and scaled, for one whose elements have the same size."""
        self.role.load(register, source, cost=self.costs.load_beside)

    def place(self, place: Register, line: Register, step: int) -> None:
        """Make a descriptor register start at a line of a matrix whose lines are *step* elements apart."""
        self.role.imul(place, line, step)
        self.role.wait(self.costs.place - self.costs.step)

    def move_base(self, place: Register, step: int) -> None:
        """Move the base of a descriptor register on."""
        self.role.iadd(place, place, step, cost=self.costs.move_base)

    def move_descriptor(self, place: Register, step: int) -> None:
        """Move on a descriptor kept in memory."""
        self.role.iadd(place, place, step, cost=self.costs.descriptor)

    @contextmanager
    def count(self, counter: Register, times: Register) -> Iterator[None]:
        """Repeat the block, at least once: the counter goes up, a branch needs it."""
        with self.role.loop(counter, times):
            yield
            self.role.wait(self.costs.step)

    @contextmanager
    def while_less(self, counter: Register, bound: Mem, limit: Register) -> Iterator[None]:
        """Repeat the block while *counter* is less than *bound*, read before each turn; the counter goes up."""
        role, top = self.role, len(self.role.instructions)
        role.load(limit, bound)
        role.iadd(limit, limit, -1)
        leave = jump_if_less(role, limit, counter)
        yield
        role.iadd(counter, counter, 1)
        jump(role)
        role.aim(len(role.instructions) - 1, top)
        leave.land()


class CodeCosts:
    """Cycles of the pieces of `ScalarCode`, for closed forms."""

    def __init__(self, wafer: Wafer) -> None:
        """Take the cycles of a generation."""
        core, code = wafer.core, wafer.code
        self.descriptor, self.settle = code.descriptor_cycles, code.settle_cycles
        """To move on a descriptor kept in memory; from the write of a descriptor register to its instruction."""
        self.unrolled_turns = code.unrolled_turns
        self.step = core.dependent_cycles
        self.load_beside = 2 * self.step
        """Base added, loaded."""
        self.place = 2 * self.step + code.base_cycles
        """Multiplied, base added, written."""
        self.line = 3 * self.step
        """Start of a line of an array: its number by its width, scaled, base added."""
        self.move_base = self.step + code.base_cycles
        self.count = self.step + core.branch_taken_cycles
        """A turn of `count`."""
        self.count_ends = 1 + core.branch_not_taken_cycles - core.branch_taken_cycles
        """What its start adds, and its last turn saves."""
        self.while_less = 3 * self.step + core.branch_not_taken_cycles + core.branch_taken_cycles
        """A turn of `while_less`."""
        self.while_ends = 2 * self.step + core.branch_taken_cycles
        """The test that ends it."""

    def load(self, indices: int) -> int:
        """Return the cycles of a load: index scaled, base added, loaded; before, of two, the line by width, added."""
        return (3 if indices == 1 else 5) * self.step
