"""The programs of a core that multiplies a sparse tile by a dense one, a format each; and their cycles."""

from __future__ import annotations

from abc import ABC, abstractmethod

from wsesim.cores import isa
from wsesim.cores.builder import CoreRole
from wsesim.cores.kit.durations import memory
from wsesim.cores.operands import Mem, Register
from wsesim.cores.programs.gemm.local_code import CodeCosts, ScalarCode
from wsesim.cores.programs.sparse.patterns import SparseTile
from wsesim.cores.rates import rate_of
from wsesim.hardware import Wafer

SPREAD_BANK = 2
"""Bank, modulo 4, of C where B starts at 0: the two never meet."""


class LocalProduct(ABC):
    """A format's program on one role: B and C, and what the format stores."""

    filled = False
    """Whether all rows store as many values."""

    def __init__(self, role: CoreRole, tile: SparseTile, *, spread: bool, compute: bool) -> None:
        """Reserve memory on *role*; B and C lie in different banks with *spread*."""
        self.role, self.tile, self.compute, self.code = role, tile, compute, ScalarCode(role)
        self.b = role.memory("b", tile.depth * tile.step, bank=0)
        self.c = role.memory("c", tile.rows * tile.step, bank=SPREAD_BANK if spread else None)
        self.values = role.memory("values", tile.stored)
        self.b_place, self.c_place, self.value = (role.register() for _ in range(3))

    def indices(self, name: str, length: int) -> Mem:
        """Reserve an array of 16-bit indices."""
        return self.role.memory(name, length, isa.I16)

    def registers(self, *values: int) -> list[Register]:
        """Reserve registers and fill them."""
        found = [self.role.register() for _ in values]
        for register, value in zip(found, values, strict=True):
            self.role.set(register, value)
        return found

    def multiply(self) -> None:
        """Add the value times a line of B to a line of C."""
        if self.compute:
            c = self.c.at(self.c_place, self.tile.width)
            self.role.fmacs(c, c, self.b.at(self.b_place, self.tile.width), self.value, launch=self.code.costs.settle)

    @abstractmethod
    def write(self) -> None:
        """Write the product into the running task."""

    @classmethod
    @abstractmethod
    def scalar_cycles(cls, tile: SparseTile, costs: CodeCosts) -> int:
        """Return the cycles beside the multiply-accumulates."""


class Coo(LocalProduct):
    """Row, column and value of each: both descriptors are set for each."""

    def write(self) -> None:
        """Write one loop over the values."""
        role, code = self.role, self.code
        lines, columns = self.indices("lines", self.tile.stored), self.indices("columns", self.tile.stored)
        at, stored = self.registers(0, self.tile.stored)
        line, column = role.register(), role.register()
        with code.count(at, stored):
            code.load(line, lines.at(at, 1))
            code.load_beside(column, columns.at(at, 1))
            code.load(self.value, self.values.at(at, 1))
            code.place(self.c_place, line, self.tile.step)
            code.place(self.b_place, column, self.tile.step)
            self.multiply()

    @classmethod
    def scalar_cycles(cls, tile: SparseTile, costs: CodeCosts) -> int:
        """Return the cycles of the loop beside its multiply-accumulates."""
        turn = 2 * costs.load(1) + costs.load_beside + 2 * costs.place + costs.count
        return 2 + tile.stored * turn + costs.count_ends


class _Compressed(LocalProduct):
    """Values line by line, and where lines start: the other index sets one descriptor for each value."""

    def write_lines(self, lines: int, index: str, moving: Register, placed: Register) -> None:
        """Write the loops over lines and their values; *moving* follows the lines, *placed* the index of a value."""
        role, code, tile = self.role, self.code, self.tile
        indices, starts = self.indices(index, tile.stored), self.indices("starts", lines + 1)
        bound = role.memory("bound", 1, isa.I16)
        line, following = self.registers(0, 1)
        role.set(moving, 0)
        at, other, line_limit, limit, count = (role.register() for _ in range(5))
        role.set(count, lines)
        role.store(bound, count)
        with code.while_less(line, bound, line_limit):
            code.load(at, starts.at(line, 1))
            role.iadd(following, line, 1)
            role.wait(code.costs.step)
            with code.while_less(at, starts.at(following, 1), limit):
                code.load(other, indices.at(at, 1))
                code.place(placed, other, tile.step)
                code.load(self.value, self.values.at(at, 1))
                self.multiply()
            code.move_descriptor(moving, tile.step)

    @staticmethod
    def _cycles(lines: int, stored: int, costs: CodeCosts) -> int:
        line = costs.while_less + costs.load(1) + 2 * costs.step + costs.while_ends + costs.descriptor
        value = costs.while_less + 2 * costs.load(1) + costs.place
        return 5 + lines * line + costs.while_ends + stored * value


class Csc(_Compressed):
    """Column by column: B stays for a column, C is set for each value."""

    def write(self) -> None:
        """Write the loops over columns and their values."""
        self.write_lines(self.tile.depth, "lines", self.b_place, self.c_place)

    @classmethod
    def scalar_cycles(cls, tile: SparseTile, costs: CodeCosts) -> int:
        """Return the cycles of both loops beside the multiply-accumulates."""
        return cls._cycles(tile.depth, tile.stored, costs)


class Csr(_Compressed):
    """Row by row: C stays for a row, B is set for each value."""

    def write(self) -> None:
        """Write the loops over rows and their values."""
        self.write_lines(self.tile.rows, "columns", self.c_place, self.b_place)

    @classmethod
    def scalar_cycles(cls, tile: SparseTile, costs: CodeCosts) -> int:
        """Return the cycles of both loops beside the multiply-accumulates."""
        return cls._cycles(tile.rows, tile.stored, costs)


class Ellpack(LocalProduct):
    """Row by row, as many slots in each: B is set for each slot; a few slots are written out, more are a loop."""

    filled = True

    def write(self) -> None:
        """Write the loop over rows, and what it does with the slots."""
        role, code, tile = self.role, self.code, self.tile
        columns, bound = self.indices("columns", tile.stored), role.memory("bound", 1, isa.I16)
        row, rows, slots = self.registers(0, tile.rows, tile.slots)
        role.set(self.c_place, 0)
        role.store(bound, rows)
        first, slot, at, column, limit = (role.register() for _ in range(5))
        with code.while_less(row, bound, limit):
            role.imul(first, row, tile.slots)
            role.wait(2 * code.costs.line - code.costs.step)
            if tile.slots <= role.wafer.code.unrolled_turns:
                for number in range(tile.slots):
                    role.load(column, columns.at(number).at(first, 1))
                    role.load(self.value, self.values.at(number).at(first, 1))
                    self._slot(column)
            else:
                with code.count(slot, slots):
                    role.iadd(at, first, slot, cost=0)
                    code.load(column, columns.at(at, 1), indices=2)
                    code.load(self.value, self.values.at(at, 1))
                    self._slot(column)
            code.move_descriptor(self.c_place, tile.step)
            role.wait(code.costs.descriptor)

    def _slot(self, column: Register) -> None:
        self.code.place(self.b_place, column, self.tile.step)
        self.multiply()

    @classmethod
    def scalar_cycles(cls, tile: SparseTile, costs: CodeCosts) -> int:
        """Return the cycles of the loops beside the multiply-accumulates; the descriptors of B and C move by row."""
        slot, ends = 2 * costs.step + costs.place, 0
        if tile.slots > costs.unrolled_turns:
            slot, ends = costs.load(2) + costs.load(1) + costs.place + costs.count, costs.count_ends
        row = costs.while_less + 2 * costs.line + 2 * costs.descriptor + ends
        return 5 + tile.rows * row + costs.while_ends + tile.stored * slot


def closed_cycles(wafer: Wafer, local: type[LocalProduct], tile: SparseTile, *, spread: bool, compute: bool) -> float:
    """Return the cycles of a format's product: scalar code, and a multiply-accumulate for each stored value."""
    core, line = wafer.core, memory(isa.F32, tile.width)
    rate = rate_of(wafer.core, isa.MAC, isa.F32, (line, line, line))
    costs = CodeCosts(wafer)
    axpy = costs.settle + tile.width * (rate.cycles if spread else rate.slow_cycles)
    work = tile.stored * axpy if compute else 0
    return core.task_launch_cycles + local.scalar_cycles(tile, costs) + work
