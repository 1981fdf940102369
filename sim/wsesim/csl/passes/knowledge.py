"""What is known at a place of the code: numbers of values in registers and memory; equal numbers, equal values.

Whole sums are known as terms and a constant, so that (a + b) + c and a + (c + b) are one value, and x[i] and x[i - 1]
are two places. What two variables are is never one place: a program that reaches outside an array by an index may not
count on when others see it.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import NamedTuple

from wsesim.csl.code import ClassCode, StepDraft
from wsesim.csl.image import Operation, Type
from wsesim.csl.passes.graph import bits_of
from wsesim.csl.values import Address

Terms = tuple[tuple[int, int], ...]
"""Numbers of values and how often each is in a sum."""
Sum = tuple[Terms, int]
COMMUTATIVE = {Operation.MUL, Operation.AND, Operation.OR, Operation.XOR, Operation.EQ, Operation.NE}


class MemoryPlace(NamedTuple):
    """A place in memory: which variable, what its address is beyond it, and the type of what lies there."""

    variable: int
    terms: Terms
    offset: int
    t: Type


@dataclass(slots=True)
class Facts:
    """Numbers of values at a place of the code."""

    registers: dict[int, int] = field(default_factory=dict)
    memory: dict[MemoryPlace, int] = field(default_factory=dict)

    def copy(self) -> Facts:
        """Return facts that may go on to change."""
        return Facts(dict(self.registers), dict(self.memory))


def common(facts: list[Facts]) -> Facts:
    """Return what holds whichever way code came."""
    found = facts[0].copy()
    for other in facts[1:]:
        found.registers = {k: v for k, v in found.registers.items() if other.registers.get(k) == v}
        found.memory = {k: v for k, v in found.memory.items() if other.memory.get(k) == v}
    return found


def may_meet(a: MemoryPlace, b: MemoryPlace) -> bool:
    """Whether two places may share a word."""
    if a.variable != b.variable:
        return False
    if a.terms != b.terms:
        return True
    return a.offset < b.offset + b.t.words and b.offset < a.offset + a.t.words


class Numbers:
    """Numbers of all values of a body."""

    def __init__(self, code: ClassCode) -> None:
        self.code = code
        self.made: dict[object, int] = {}
        self.sums: dict[tuple[int, int], Sum] = {}
        self.constants: dict[int, int] = {}
        """Value by number."""
        self.variables: set[int] = set()
        self.held: dict[int, list[int]] = {}
        self.fixed: dict[int, int] = {}
        """Numbers of registers that never change, as far as they were met."""
        self.count = 0

    def _fixed(self, register: int) -> int:
        """The number of a register that never changes, else -1."""
        known = self.code.constants.known(register)
        if known is None:
            return -1
        number = self.constant(known) if isinstance(known, int) else self._address(known.data)
        self.fixed[register] = number
        self.held.setdefault(number, []).append(register)
        return number

    def new(self) -> int:
        """A value of which nothing is known."""
        self.count += 1
        return self.count

    def constant(self, value: int) -> int:
        """The number of a whole number."""
        number = self.keyed(("constant", value))
        self.constants[number] = value
        return number

    def keyed(self, key: object) -> int:
        """The number of what a key says, new if there is none."""
        if key not in self.made:
            self.made[key] = self.new()
        return self.made[key]

    def _address(self, data: object) -> int:
        if not isinstance(data, Address) or data.storage is None:
            return self.new()
        base = self.keyed(("variable", id(data.storage)))
        self.variables.add(base)
        number = self.keyed(("address", id(data.storage), data.words))
        self.sums[number, 16] = (((base, 1),), data.words & 0xFFFF)
        return number

    def of(self, register: int, facts: Facts) -> int:
        """The number of what a register holds."""
        if register in self.fixed:
            return self.fixed[register]
        if register not in facts.registers:
            number = self._fixed(register)
            if number >= 0:
                return number
            self.holds(register, self.new(), facts)
        return facts.registers[register]

    def holds(self, register: int, number: int, facts: Facts) -> None:
        """A register holds a value from now on."""
        facts.registers[register] = number
        self.held.setdefault(number, []).append(register)

    def holder(self, number: int, facts: Facts) -> int:
        """A register that holds a value, -1 if none does."""
        for register in self.held.get(number, ()):
            if register in self.fixed or facts.registers.get(register) == number:
                return register
        return self.code.number(self.constants[number]) if number in self.constants else -1

    def is_address(self, number: int) -> bool:
        """Whether a value is a variable's address and something that is not known."""
        terms = self.sums.get((number, 16), ((), 0))[0]
        return len(terms) > 1 and any(each in self.variables for each, _ in terms)

    def sum_of(self, number: int, bits: int) -> Sum:
        """A value as a sum, up to multiples of 2 ** *bits*."""
        if number in self.constants:
            return (), self.constants[number] % (1 << bits)
        return self.sums.get((number, bits), (((number, 1),), 0))

    def result(self, step: StepDraft, facts: Facts) -> int:
        """The number of what a pure step computes."""
        a, b, c = (self.of(register, facts) if register >= 0 else -1 for register in (step.a, step.b, step.c))
        if step.op == Operation.MOVE:
            return a
        bits = bits_of(step.t)
        if bits and step.op in (Operation.ADD, Operation.SUB):
            return self._added(step, self.sum_of(a, bits), self.sum_of(b, bits), bits)
        if step.op in COMMUTATIVE and b < a:
            a, b = b, a
        return self.keyed((step.op, step.t, step.n, a, b, c))

    def _added(self, step: StepDraft, first: Sum, second: Sum, bits: int) -> int:
        sign = 1 if step.op == Operation.ADD else -1
        terms = dict(first[0])
        for number, times in second[0]:
            terms[number] = terms.get(number, 0) + sign * times
        found = tuple(sorted((number, times) for number, times in terms.items() if times))
        offset = (first[1] + sign * second[1]) % (1 << bits)
        if not found:
            signed = step.t in (Type.I16, Type.I32) and offset >> (bits - 1)
            return self.constant(offset - (1 << bits) if signed else offset)
        number = self.keyed(("sum", step.t, found, offset))
        self.sums[number, bits] = (found, offset)
        return number

    def place(self, step: StepDraft, facts: Facts) -> MemoryPlace | None:
        """The place of a load or a store; None where it is in no known variable."""
        assert isinstance(step.n, int)
        terms, offset = self.sum_of(self.of(step.a, facts), 16)
        variables = [number for number, times in terms if number in self.variables and times == 1]
        if len(variables) != 1:
            return None
        rest = tuple(term for term in terms if term[0] != variables[0])
        offset = (offset + step.n) & 0xFFFF
        return MemoryPlace(variables[0], rest, offset - 0x10000 if offset >> 15 else offset, step.t)
