"""Scalar instructions of the main thread, control of tasks and switches, and what they cost by default."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager

import numpy as np

from wsesim.cores import isa
from wsesim.cores.instruction import CoreTask
from wsesim.cores.operands import Color, Descriptor, FabricOperand, Mem, Register
from wsesim.cores.table import InstructionTable
from wsesim.errors import nearest

FIELDS = {"address": isa.ADDRESS, "length": isa.LENGTH, "stride": isa.STRIDE, "inner": isa.INNER, "outer": isa.OUTER}
"""Of a descriptor."""
COMMANDS = {"NOP": isa.NOP, "ADVANCE": isa.ADVANCE, "RESET": isa.RESET}


class Scalars(InstructionTable):
    """Scalar instructions; `cost` is the cycles until the next instruction."""

    def set(self, register: Register, value: float, *, kind: int = isa.I32, cost: int = 1) -> None:
        """register = value."""
        bits = int(value) if kind == isa.I32 else int(np.float32(value).view(np.uint32))
        self.instruction(isa.SET, register, cost=cost, kind=kind, immediate=bits)

    def copy(self, dest: Register, source: Register, *, cost: int = 1) -> None:
        """dest = source."""
        self.instruction(isa.COPY, dest, source, cost=cost)

    def load(self, register: Register, source: Mem, *, cost: int | None = None) -> None:
        """register = memory."""
        self.instruction(isa.LOAD, register, source, cost=self._dependent(cost), kind=source.kind)

    def store(self, dest: Mem, register: Register, *, cost: int = 1) -> None:
        """memory = register."""
        self.instruction(isa.STORE, dest, register, cost=cost, kind=dest.kind)

    def iadd(self, dest: Register, a: Register, b: Register | int, *, cost: int | None = None) -> None:
        """dest = a + b, whole numbers."""
        self._whole(isa.IADD, dest, a, b, self._dependent(cost))

    def imul(self, dest: Register, a: Register, b: Register | int, *, cost: int | None = None) -> None:
        """dest = a * b, whole numbers."""
        self._whole(isa.IMUL, dest, a, b, self._dependent(cost))

    def scalar(
        self, op: int, dest: Register, a: Register, b: Register | None = None, *, cost: int | None = None
    ) -> None:
        """dest = a op b, fp32: isa.FADD, FSUB, FMUL, FDIV, FEXP, FSQRT, FMAXS."""
        code = self.wafer.code
        slow = {isa.FDIV: code.divide_cycles, isa.FEXP: code.exp_cycles, isa.FSQRT: code.sqrt_cycles}
        usual = slow[op] if cost is None and op in slow else self._dependent(cost)
        self.instruction(op, dest, a, b, cost=usual, kind=isa.F32)

    def low_half(self, dest: Register, word: Register, *, cost: int = 1) -> None:
        """dest = the fp16 number in the low half of a word, such as `arrived_word`."""
        self.instruction(isa.LOW_HALF, dest, word, cost=cost)

    def high_half(self, dest: Register, word: Register, *, cost: int = 1) -> None:
        """dest = the whole number in the high half of a word, such as the index of a sparse weight."""
        self.instruction(isa.HIGH_HALF, dest, word, cost=cost)

    @contextmanager
    def loop(self, counter: Register, times: Register, *, cost: int | None = None) -> Iterator[None]:
        """Repeat the block, at least once; *counter* runs from 0 to *times* - 1.

        A turn costs a taken branch and the last turn one not taken, or *cost* each.
        """
        core = self.wafer.core
        taken = core.branch_taken_cycles if cost is None else cost
        last = core.branch_not_taken_cycles if cost is None else cost
        with self._repeat(counter, times, taken, last):
            yield

    @contextmanager
    def map(self, counter: Register, times: Register, *, saved: bool = False) -> Iterator[None]:
        """Repeat the block as `@map` does, at least once; every turn costs the same.

        With `saved`, descriptors keep their place by themselves from turn to turn.
        """
        core = self.wafer.core
        turn = core.saved_map_cycles if saved else core.map_cycles
        with self._repeat(counter, times, turn, turn):
            yield

    def describe(
        self, descriptor: Descriptor, operand: Mem | FabricOperand, *, keeps: bool = False, cost: int = 1
    ) -> None:
        """descriptor = operand, with the register of its offset as it is now.

        Instructions that use it give its elements their own type, over which its strides then count. With `keeps` it
        begins the next time where the instruction before has ended.
        """
        self.instruction(
            isa.DESCRIBE,
            descriptor,
            operand,
            cost=cost,
            kind=operand.kind if isinstance(operand, Mem) else isa.I32,
            target=int(keeps),
        )

    def adjust(self, descriptor: Descriptor, field: str, value: Register | int, *, cost: int = 1) -> None:
        """One of the FIELDS of a descriptor = value; the address counts words of 16 bits, strides elements."""
        if field not in FIELDS:
            raise self._error(f"adjusts {field!r} of a descriptor{nearest(field, FIELDS)}")
        given = (value,) if isinstance(value, Register) else ()
        immediate = 0 if isinstance(value, Register) else value
        self.instruction(isa.ADJUST, descriptor, *given, cost=cost, target=FIELDS[field], immediate=immediate)

    def activate(self, task: CoreTask, *, cost: int = 1) -> None:
        """Make a task ready to run."""
        self.instruction(isa.ACTIVATE, cost=cost, activate=task)

    def block(self, task: CoreTask, *, cost: int = 1) -> None:
        """Keep a task from running until it is unblocked."""
        self.instruction(isa.BLOCK, cost=cost, activate=task)

    def unblock(self, task: CoreTask, *, cost: int = 1) -> None:
        """Let a task run."""
        self.instruction(isa.UNBLOCK, cost=cost, activate=task)

    def control(
        self, color: Color, *, routers: int | None = None, commands: tuple[str, ...] | None = None, keep: bool = False,
        starts: str | None = None, cost: int = 1,
    ) -> None:  # fmt: skip
        """Send a control wavelet, which gives a command to each router it passes, this core's first.

        By default the next *routers* routers (1) advance the color's switch; `commands`, of NOP, ADVANCE and RESET,
        says it in full, 8 at most. With `keep` the first command holds for all routers. A command shows effect on
        later wavelets only. The wavelet ends with its last command, unless it `starts` a task: then it goes on to
        where the color leads, and starts the task of that name there.
        """
        if commands is None:
            commands = ("ADVANCE",) * ((0 if starts else 1) if routers is None else routers)
        if len(commands) > isa.COMMANDS or any(command not in COMMANDS for command in commands):
            raise self._error(
                f"sends the commands {commands}: up to {isa.COMMANDS} of {', '.join(COMMANDS)} are possible"
            )
        word = sum(COMMANDS[command] << 2 * at for at, command in enumerate(commands))
        word |= len(commands) << isa.LEFT_SHIFT | (isa.KEEP_BIT if keep else 0)
        self.instruction(isa.CONTROL, FabricOperand(color, 1), cost=cost, immediate=word, starts=starts)

    def switch(self, color: Color, position: int, *, cost: int | None = None) -> None:
        """Set the own router's switch of a color."""
        usual = self.wafer.code.switch_cycles
        cost = usual if cost is None else cost
        self.instruction(isa.SWITCH, FabricOperand(color, 1), cost=cost, target=position)

    def stamp(self, register: Register, *, cost: int | None = None) -> None:
        """Read the cycle counter, before the cycles that takes."""
        self.instruction(isa.STAMP, register, cost=self.wafer.core.stamp_cycles if cost is None else cost)

    def wait(self, cycles: int) -> None:
        """Spend cycles on scalar work that is not spelled out."""
        if cycles < 0:
            raise self._error(f"waits {cycles} cycles")
        self.instruction(isa.WAIT, cost=cycles)

    def halt(self) -> None:
        """End the program on this core."""
        self.instruction(isa.HALT)

    @contextmanager
    def _repeat(self, counter: Register, times: Register, taken: int, last: int) -> Iterator[None]:
        self.set(counter, 0)
        start = len(self.instructions)
        yield
        self.iadd(counter, counter, 1, cost=0)
        self.instruction(isa.JUMP_LESS, None, counter, times, cost=taken, cost_else=last - taken, target=start)

    def _whole(self, op: int, dest: Register, a: Register, b: Register | int, cost: int) -> None:
        """Add an operation on whole numbers, the second from a register or given."""
        if isinstance(b, Register):
            self.instruction(op, dest, a, b, cost=cost)
        else:
            self.instruction(op, dest, a, cost=cost, immediate=b)

    def _dependent(self, cost: int | None) -> int:
        return self.wafer.core.dependent_cycles if cost is None else cost
