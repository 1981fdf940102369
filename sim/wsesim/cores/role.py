"""One instruction table, shared by all cores that do the same: memory, routes, tasks and instructions."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass

from wsesim.cores import isa
from wsesim.cores.errors import TooFew
from wsesim.cores.instruction import CoreTask
from wsesim.cores.operands import ELEMENT_BYTES, MEMORY_WORD_BYTES, Color, Descriptor, FabricOperand, Mem, Register
from wsesim.cores.place import source_line
from wsesim.cores.scalars import Scalars
from wsesim.cores.vectors import Vectors
from wsesim.errors import nearest
from wsesim.hardware import Wafer

PORTS = {"WEST": isa.WEST, "EAST": isa.EAST, "NORTH": isa.NORTH, "SOUTH": isa.SOUTH, "RAMP": isa.RAMP}
ALIGNMENT_BYTES = 4
BANKS = 4
"""Successive words lie in successive banks; two reads collide in banks that are equal modulo 4."""


@dataclass(frozen=True, slots=True)
class SwitchPosition:
    """One switch position of a color."""

    source: int
    outputs: int
    place: str = ""
    """Line of the builder."""

    @property
    def mask(self) -> int:
        """Return the outputs as the router sees them."""
        return self.outputs or isa.DROPS


@dataclass(frozen=True, slots=True)
class Filter:
    """Which wavelets of a color pass to the ramp."""

    first: int
    count: int
    period: int
    """0: it does not repeat."""


class CoreRole(Vectors, Scalars):
    """The program of all cores that do the same; made by `Builder.role`."""

    def __init__(self, name: str, wafer: Wafer) -> None:
        """Start empty."""
        super().__init__(name, wafer)
        self.entries: dict[int, int] = {}
        self.started: list[int] = []
        self.blocked_first: list[int] = []
        self.urgent: list[int] = []
        self.on_wavelet: dict[int, int] = {}
        self.begins: dict[int, int] = {}
        self.routes: dict[int, list[SwitchPosition]] = {}
        self.rings: set[int] = set()
        self.filters: dict[int, Filter] = {}
        self.queues: dict[tuple[Color, bool], int] = {}
        self.variables: dict[str, Mem] = {}
        self.colors: set[Color] = set()
        self.data_bytes = 0
        self.registers = 2
        self.descriptors = 0

    @property
    def words(self) -> int:
        """Words of 16 bits that its variables take up, from address 0 on; an even number."""
        return -(-self.data_bytes // ALIGNMENT_BYTES) * (ALIGNMENT_BYTES // MEMORY_WORD_BYTES)

    @property
    def arrived(self) -> Register:
        """Return where a data task or a control task finds its wavelet, as an fp32 number."""
        return Register(0)

    @property
    def arrived_word(self) -> Register:
        """Return where a data task or a control task finds its wavelet, as the whole number its 32 bits make."""
        return Register(1)

    def memory(
        self, name: str, length: int, kind: int = isa.F32, *, bank: int | None = None, beside: bool = False
    ) -> Mem:
        """Reserve *length* elements; with `bank`, 0 to 3, their address starts at that 16-bit bank modulo 4.

        Two operands that an instruction reads run at full speed if their banks differ by 2. With `beside` they are
        kept in the accumulators if these hold them.
        """
        if name in self.variables:
            raise self._error(f"has two variables named {name!r}")
        if length < 0:
            raise self._error(f"gives the variable {name!r} {length} elements")
        size = ELEMENT_BYTES[kind]
        self.data_bytes += -self.data_bytes % ALIGNMENT_BYTES
        if bank is not None:
            self.data_bytes += (bank * MEMORY_WORD_BYTES - self.data_bytes) % (BANKS * MEMORY_WORD_BYTES)
        held = beside and length * size <= self.wafer.core.accumulator_bytes
        variable = Mem(self.data_bytes // MEMORY_WORD_BYTES, length, kind, beside=held)
        self.variables[name] = variable
        self.data_bytes += length * size
        return variable

    def register(self) -> Register:
        """Reserve a scalar.

        Raises:
            TooFew: a core has no more.
        """
        if self.registers >= isa.REGISTERS:
            raise TooFew(f"role {self.name!r} ({source_line()}) uses more than {isa.REGISTERS} registers")
        self.registers += 1
        return Register(self.registers - 1)

    def descriptor(self, *, dest: bool = False) -> Descriptor:
        """Reserve a register of descriptors, for what instructions read, or with `dest` for what they write.

        Raises:
            TooFew: a core has no more.
        """
        if self.descriptors >= isa.DESCRIPTORS:
            raise TooFew(f"role {self.name!r} ({source_line()}) uses more than {isa.DESCRIPTORS} descriptors")
        self.descriptors += 1
        return Descriptor(self.descriptors - 1, dest)

    def route(self, color: Color, source: str, *outputs: str, ring: bool = False) -> None:
        """Send what comes from *source* to all *outputs*; if there are none, the router takes it and it is gone.

        A second call adds the next switch position. Control wavelets advance the switch; with `ring` the first position
        follows the last.
        """
        for port in (source, *outputs):
            if port not in PORTS:
                raise self._error(f"has no port {port!r}{nearest(port, PORTS)}")
        if source in outputs:
            raise self._error(f"routes color {color.name!r} back to {source}, where it comes from")
        self.colors.add(color)
        positions = self.routes.setdefault(color.index, [])
        if len(positions) == isa.POSITIONS:
            raise self._error(f"gives color {color.name!r} more than {isa.POSITIONS} switch positions")
        mask = sum(1 << PORTS[port] for port in set(outputs))
        positions.append(SwitchPosition(PORTS[source], mask, source_line()))
        if ring:
            self.rings.add(color.index)

    def filter(self, color: Color, *, first: int, count: int, period: int = 0) -> None:
        """Let only some wavelets that the router sends to the ramp pass, *count* from number *first* (from 0) on.

        Counting starts again after *period* wavelets, if that is given, and after each control wavelet. The others go
        on to the other outputs only. `CoreMachine.place_filter` gives each core a *first* of its own.
        """
        if first < 0 or count < 1 or (period and first + count > period):
            of = f"of every {period}" if period else "of a stream"
            raise self._error(f"filters color {color.name!r} to {count} wavelets from number {first} on, {of}")
        if color.index in self.filters:
            raise self._error(f"filters color {color.name!r} twice")
        self.filters[color.index] = Filter(first, count, period)

    def queue(self, color: Color, number: int, *, out: bool = False) -> None:
        """Bind a color to an input queue, or with `out` to an output queue; unbound ones get the deepest left."""
        fabric = self.wafer.fabric
        depths = fabric.out_queue_words if out else fabric.in_queue_words
        if not 0 <= number < len(depths):
            raise self._error(f"binds color {color.name!r} to queue {number}; there are 0 to {len(depths) - 1}")
        for (other, side), taken in self.queues.items():
            if side == out and taken == number and other != color:
                raise self._error(f"binds color {color.name!r} to queue {number}, which has color {other.name!r}")
        self.queues[color, out] = number

    def declare(
        self, name: str, *, blocked: bool = False, start: bool = False, on: Color | None = None, urgent: bool = False,
        begins: int | None = None,
    ) -> CoreTask:  # fmt: skip
        """Name a task before its instructions are written.

        `start` makes it run at the beginning, `on` makes it a data task that each wavelet of that color starts,
        `blocked` keeps it from running until it is unblocked, `urgent` lets it go before others that could run;
        `begins` are the cycles from a wavelet's arrival to its first instruction, if not those of the core.
        """
        if name in self.tasks:
            return self.tasks[name]
        if len(self.tasks) >= isa.TASKS:
            raise self._error(f"has more than {isa.TASKS} tasks")
        task = self.tasks[name] = CoreTask(name, len(self.tasks))
        self.started += [task.index] if start else []
        self.blocked_first += [task.index] if blocked else []
        self.urgent += [task.index] if urgent else []
        if on is not None:
            if on.index in self.on_wavelet:
                raise self._error(f"starts two tasks by wavelets of color {on.name!r}")
            self.on_wavelet[on.index] = task.index
            self.begins |= {} if begins is None else {on.index: begins}
            self.colors.add(on)
        return task

    @contextmanager
    def task(
        self, name: str, *, start: bool = False, blocked: bool = False, on: Color | None = None, urgent: bool = False,
        begins: int | None = None,
    ) -> Iterator[CoreTask]:  # fmt: skip
        """Write the instructions of a task; it ends where the block ends."""
        task = self.declare(name, start=start, blocked=blocked, on=on, urgent=urgent, begins=begins)
        if task.index in self.entries:
            raise self._error(f"writes the task {name!r} twice")
        self.entries[task.index] = len(self.instructions)
        yield task
        self.instruction(isa.END)

    def fabin(self, color: Color, length: int, kind: int | None = None) -> FabricOperand:
        """Return a descriptor of *length* elements that arrive on *color*."""
        return FabricOperand(color, length, kind)

    def fabout(self, color: Color, length: int, kind: int | None = None) -> FabricOperand:
        """Return a descriptor of *length* elements that leave on *color*."""
        return FabricOperand(color, length, kind)
