"""An instruction as its author wrote it; `packing` encodes it once for the engine."""

from __future__ import annotations

from dataclasses import dataclass
from math import ceil

from wsesim.cores import isa
from wsesim.cores.operands import Descriptor, FabricOperand, Mem, Operand, Register, element_of
from wsesim.cores.rates import Pace


@dataclass(frozen=True, slots=True)
class CoreTask:
    """A task of a role."""

    name: str
    index: int


@dataclass(frozen=True, slots=True, kw_only=True)
class Instruction:
    """One instruction of a role: a vector instruction if it has a pace, else a scalar one."""

    op: int
    operands: tuple[Operand, ...] = ()
    """The destination and the sources."""
    kind: int = isa.I32
    """Type of its elements."""
    cost: int = 0
    """Cycles before the first element; of a scalar instruction, until the next one."""
    place: str = ""
    """Line of the builder."""
    pace: Pace | None = None
    thread: int | None = None
    """Microthread it runs on; None: the main thread waits for it."""
    length: int = 0
    """Elements."""
    length_register: Register | None = None
    """Holds them when it starts, if not None."""
    length_described: bool = False
    """Whether its descriptors say how many when it starts."""
    activate: CoreTask | None = None
    """Task to activate when it is done; of a scalar instruction, the task it is about."""
    unblock: CoreTask | None = None
    """Task to unblock when it is done."""
    immediate: int = 0
    """A whole number, the bits of a float, or the word of a control wavelet."""
    starts: str | None = None
    """Task that a control wavelet starts where it arrives."""
    target: int = 0
    """Instruction of the role that a jump leads to; position of a switch."""
    cost_else: int = 0
    """Cycles by which a branch that is not taken takes longer than one that is."""

    def __post_init__(self) -> None:
        """Refuse a vector instruction without a pace, and a pace without one."""
        assert (self.pace is not None) == self.is_vector

    @property
    def is_vector(self) -> bool:
        """Whether it runs over descriptors."""
        return self.op <= isa.LAST_VECTOR

    @property
    def fabrics(self) -> int:
        """Bit per operand that is fabric."""
        return sum(1 << number for number, o in enumerate(self.operands) if isinstance(o, FabricOperand))

    @property
    def described(self) -> int:
        """Bit per operand that a register of descriptors holds."""
        return sum(1 << number for number, o in enumerate(self.operands) if isinstance(o, Descriptor))

    def writes(self, number: int) -> bool:
        """Whether an operand is written: the destination, or what a descriptor of destinations comes to describe."""
        into = self.operands[0]
        return number == 0 or (self.op == isa.DESCRIBE and isinstance(into, Descriptor) and into.dest)

    def element(self, number: int) -> int:
        """Return the type of the elements of an operand."""
        return element_of(self.operands[number], self.kind, number)


def cycles_alone(instruction: Instruction) -> int:
    """Return what an instruction takes if nothing holds it up, registers in its addresses at multiples of the banks.

    A length in a register is taken for that of the operands.
    """
    pace, cost = instruction.pace, instruction.cost
    if pace is None:
        return cost
    length = instruction.length
    if length == 0:
        return max(1, cost)
    near = _distance(instruction, pace)
    issue = pace.rate.slow_cycles if near < pace.rate.reach else pace.rate.cycles
    if pace.tail is None:
        return cost + ceil(length / pace.rate.per_issue) * issue
    tail = pace.tail.slow_cycles if near < pace.tail.reach else pace.tail.cycles
    rows, rest = divmod(length, pace.row)
    return cost + rows * (pace.row // pace.rate.per_issue * issue + tail) + ceil(rest / pace.rate.per_issue) * issue


def _distance(instruction: Instruction, pace: Pace) -> int:
    """Return how many bytes, modulo the period of the banks, two reads lie apart; that period if they cannot meet."""
    first, second = pace.rate.banks
    if first < 0:
        return pace.rate.period
    apart = _address(instruction, first) - _address(instruction, second)
    return min(apart % pace.rate.period, -apart % pace.rate.period)


def _address(instruction: Instruction, number: int) -> int:
    operand = instruction.operands[number]
    assert isinstance(operand, Mem)
    return operand.byte_address
