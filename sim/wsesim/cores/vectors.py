"""Vector instructions, in the field's vocabulary."""

from __future__ import annotations

from typing import TypedDict, Unpack

from wsesim.cores import isa
from wsesim.cores.operands import HALVES, KIND_NAMES, FabricOperand, Mem, Operand, Register, element_of, length_of
from wsesim.cores.rates import Rate, lines_of, rate_of, row_of
from wsesim.cores.table import CoreTask, InstructionTable

_SOURCES = {isa.MOV: 1, isa.MAC: 3, isa.ADD3: 3}
_FLOATS = (isa.F32, isa.F16, isa.MIXED)


class Options(TypedDict, total=False):
    """What every vector instruction may be given."""

    kind: int
    """Type of its elements, `isa.F32` and so on."""
    thread: int | None
    """Microthread it runs on while the task goes on; without it the task waits."""
    activate: CoreTask | None
    """Task to activate when it is done."""
    unblock: CoreTask | None
    """Task to unblock when it is done."""
    length: int | Register | None
    """Elements, if not what the operands say; a register is read when the instruction starts."""
    launch: int | None
    """Cycles before its first element."""


class Vectors(InstructionTable):
    """Vector instructions, of fp32 unless given another `kind`; named as the SDK names them."""

    def vector(
        self, op: int, dest: Operand, *sources: Operand, kind: int = isa.F32, thread: int | None = None,
        activate: CoreTask | None = None, unblock: CoreTask | None = None, length: int | Register | None = None,
        launch: int | None = None,
    ) -> None:  # fmt: skip
        """Add a vector instruction; with `thread` it runs on that microthread while the task goes on."""
        operands = (dest, *sources)
        shared = self._checked(op, kind, operands)
        if thread is not None and not 0 <= thread < isa.MICROTHREADS:
            raise self._error(f"names microthread {thread}; there are 0 to {isa.MICROTHREADS - 1}")
        core, line = self.builder.wafer.core, self._blank(op)
        rate = rate_of(self.builder.wafer.core, op, kind, operands)
        line[isa.SLOT] = 0 if thread is None else thread + 1
        line[isa.LENGTH] = length if isinstance(length, int) else (1 if shared is None else shared)
        line[isa.LENGTH_REG] = length.index if isinstance(length, Register) else -1
        line[isa.ON_DONE_ACTIVATE] = -1 if activate is None else activate.index
        line[isa.ON_DONE_UNBLOCK] = -1 if unblock is None else unblock.index
        usual = core.vector_launch_cycles if thread is None else core.microthread_launch_cycles
        line[isa.COST] = usual if launch is None else launch
        self._pace(line, rate, op, kind, operands)
        line[isa.FABRICS] = sum(1 << number for number, o in enumerate(operands) if isinstance(o, FabricOperand))
        moves = core.moves_pass and op == isa.MOV and kind in HALVES
        moves = moves and line[isa.FABRICS] in (isa.OUT_SIDE, isa.IN_SIDE)
        line[isa.SIDES] = line[isa.FABRICS] if moves else isa.BOTH_SIDES
        line[isa.TYPE] = kind
        self._describe(line, kind, operands)

    def _pace(self, line: list[int], rate: Rate, op: int, kind: int, operands: tuple[Operand, ...]) -> None:
        """Fill in how fast the instruction goes."""
        line[isa.PER_ISSUE], line[isa.ISSUE_CYCLES] = rate.per_issue, rate.cycles
        line[isa.SLOW_CYCLES] = rate.slow_cycles
        line[isa.BANK_A], line[isa.BANK_B], line[isa.BANK_OFFSET] = rate.banks
        line[isa.BANK_PERIOD], line[isa.BANK_REACH] = rate.period, rate.reach
        line[isa.LINE_A], line[isa.LINE_B] = lines_of(self.builder.wafer.core, operands, rate)
        row = 0 if any(isinstance(operand, FabricOperand) for operand in operands) else row_of(operands, rate.per_issue)
        if row:
            tail = rate_of(self.builder.wafer.core, op, kind, operands, most=row % rate.per_issue)
            line[isa.ROW], line[isa.TAIL_REACH] = row, tail.reach
            line[isa.TAIL_CYCLES], line[isa.TAIL_SLOW_CYCLES] = tail.cycles, tail.slow_cycles

    def fmovs(self, dest: Operand, src: Operand, **options: Unpack[Options]) -> None:
        """dest = src, fp32."""
        self.vector(isa.MOV, dest, src, **options)

    def fadds(self, dest: Operand, a: Operand, b: Operand, **options: Unpack[Options]) -> None:
        """dest = a + b, fp32."""
        self.vector(isa.ADD, dest, a, b, **options)

    def fsubs(self, dest: Operand, a: Operand, b: Operand, **options: Unpack[Options]) -> None:
        """dest = a - b, fp32."""
        self.vector(isa.SUB, dest, a, b, **options)

    def fmuls(self, dest: Operand, a: Operand, b: Operand, **options: Unpack[Options]) -> None:
        """dest = a * b, fp32."""
        self.vector(isa.MUL, dest, a, b, **options)

    def fmaxs(self, dest: Operand, a: Operand, b: Operand, **options: Unpack[Options]) -> None:
        """dest = max(a, b), fp32."""
        self.vector(isa.MAX, dest, a, b, **options)

    def fmacs(self, dest: Operand, a: Operand, b: Operand, c: Operand, **options: Unpack[Options]) -> None:
        """dest = a + b * c, fp32."""
        self.vector(isa.MAC, dest, a, b, c, **options)

    def mov32(self, dest: Operand, src: Operand, **options: Unpack[Options]) -> None:
        """dest = src, 32-bit whole numbers."""
        self.vector(isa.MOV, dest, src, **_of(isa.I32, options))

    def _checked(self, op: int, kind: int, operands: tuple[Operand, ...]) -> int | None:
        """Return the length the operands share.

        Raises:
            ProgramError: they do not fit each other, the instruction or the machine.
        """
        try:
            shared = length_of(*operands)
        except ValueError as error:
            raise self._error(str(error)) from None
        fabric = [(number, o) for number, o in enumerate(operands) if isinstance(o, FabricOperand)]
        inputs = [o.color.name for number, o in fabric if number]
        if len(operands) != 1 + _SOURCES.get(op, 2):
            raise self._error(f"gives an instruction {len(operands) - 1} sources; it takes {_SOURCES.get(op, 2)}")
        if len(inputs) > self.builder.wafer.core.fabric_inputs:
            raise self._error(
                f"reads colors {inputs} in one instruction; this machine reads {self.builder.wafer.core.fabric_inputs}"
            )
        if len(set(inputs)) < len(inputs):
            raise self._error(f"reads color {inputs[0]!r} twice in one instruction")
        if len({element_of(o, kind, number) in HALVES for number, o in fabric}) > 1:
            raise self._error("mixes 16-bit and 32-bit fabric operands in one instruction")
        if op == isa.MAC and kind not in _FLOATS:
            raise self._error(f"multiplies and adds {KIND_NAMES[kind]} in one instruction: only floats can")
        for number, operand in enumerate(operands):
            wanted = element_of(None, kind, number)
            if not isinstance(operand, Mem) or operand.kind == wanted:
                continue
            if op != isa.MOV or operand.kind not in _FLOATS or wanted not in _FLOATS:
                raise self._error(f"uses {KIND_NAMES[operand.kind]} memory where {KIND_NAMES[wanted]} is expected")
        return shared


def _of(kind: int, options: Options) -> Options:
    return {"kind": kind, **options}
