"""Vector instructions, in the field's vocabulary."""

from __future__ import annotations

from typing import TypedDict, Unpack

from wsesim.cores import isa
from wsesim.cores.instruction import CoreTask
from wsesim.cores.operands import (
    HALVES,
    KIND_NAMES,
    Descriptor,
    FabricOperand,
    Mem,
    Operand,
    Register,
    element_of,
    length_of,
)
from wsesim.cores.rates import pace_of
from wsesim.cores.table import InstructionTable

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
    """Elements, if not what the operands say; a register is read when the instruction starts.

    Where registers of descriptors are among the operands, the first source that has a length says it, else the
    destination.
    """
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
        operands, core = (dest, *sources), self.wafer.core
        shared = self._checked(op, kind, operands)
        if thread is not None and not 0 <= thread < isa.MICROTHREADS:
            raise self._error(f"names microthread {thread}; there are 0 to {isa.MICROTHREADS - 1}")
        usual = core.vector_launch_cycles if thread is None else core.microthread_launch_cycles
        register, whole = length if isinstance(length, Register) else None, 1 if shared is None else shared
        described = length is None and any(isinstance(operand, Descriptor) for operand in operands)
        self.instruction(
            op, *operands, cost=usual if launch is None else launch, kind=kind, pace=pace_of(core, op, kind, operands),
            thread=thread, length=length if isinstance(length, int) else whole, length_register=register,
            length_described=described, activate=activate, unblock=unblock,
        )  # fmt: skip

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
        if len(operands) != 1 + _SOURCES.get(op, 2):
            raise self._error(f"gives an instruction {len(operands) - 1} sources; it takes {_SOURCES.get(op, 2)}")
        self._check_fabric(kind, operands)
        if op == isa.MAC and kind not in _FLOATS:
            raise self._error(f"multiplies and adds {KIND_NAMES[kind]} in one instruction: only floats can")
        for number, operand in enumerate(operands):
            if isinstance(operand, Descriptor) and operand.dest != (number == 0):
                raise self._error(f"{'reads' if number else 'writes'} by a descriptor that is for the other")
            wanted = element_of(None, kind, number)
            if not isinstance(operand, Mem) or operand.kind == wanted or _rounds(kind, number, operand):
                continue
            if op != isa.MOV or operand.kind not in _FLOATS or wanted not in _FLOATS:
                raise self._error(f"uses {KIND_NAMES[operand.kind]} memory where {KIND_NAMES[wanted]} is expected")
        return shared

    def _check_fabric(self, kind: int, operands: tuple[Operand, ...]) -> None:
        """Refuse more inputs from the fabric than there can be, one twice, or elements of two sizes."""
        fabric = [(number, o) for number, o in enumerate(operands) if isinstance(o, FabricOperand)]
        inputs = [o.color.name for number, o in fabric if number]
        if len(inputs) > self.wafer.core.fabric_inputs:
            raise self._error(
                f"reads colors {inputs} in one instruction; this machine reads {self.wafer.core.fabric_inputs}"
            )
        if len(set(inputs)) < len(inputs):
            raise self._error(f"reads color {inputs[0]!r} twice in one instruction")
        if len({element_of(o, kind, number) in HALVES for number, o in fabric}) > 1:
            raise self._error("mixes 16-bit and 32-bit fabric operands in one instruction")


def _rounds(kind: int, number: int, operand: Mem) -> bool:
    """Whether a mixed instruction rounds its result to 16 bits: hardware, no form of the SDK."""
    return kind == isa.MIXED and number == 0 and operand.kind == isa.F16


def _of(kind: int, options: Options) -> Options:
    return {"kind": kind, **options}
