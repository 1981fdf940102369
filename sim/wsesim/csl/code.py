"""Code while it is made: instructions with labels and constants whose addresses come later."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field

from wsesim.csl import image, types, vectors
from wsesim.csl.image import Operation
from wsesim.csl.numbers import bits_of
from wsesim.csl.source import CslError, LimitError, SourcePlace
from wsesim.csl.types import CslType
from wsesim.csl.values import Address, Dsd, FunctionRef, KnownValue

MAX_STEPS = 400_000
"""Instructions of a tile class: far more than 48 KB of memory hold."""


@dataclass(slots=True, eq=False)
class Label:
    """A place in the code; `number` once it is known."""

    number: int = -1


@dataclass(slots=True)
class StepDraft:
    """An instruction whose jump may go to a label."""

    op: Operation
    at: SourcePlace
    t: image.Type = image.Type.U16
    d: int = -1
    a: int = -1
    b: int = -1
    c: int = -1
    n: int | Label = 0
    vector: vectors.VectorUse | None = None
    goes_back: bool = False
    """A call of a function that has not ended, or the mark before it where registers are kept."""
    is_map: bool = False
    """Whether it is of a `@map` itself, and not of what that calls."""
    within: tuple[Label, ...] = ()
    """Where functions begin that were put in place of their calls around it, outermost first."""


@dataclass(slots=True, eq=False)
class ConstantRegisters:
    """Registers that never change, one for each value."""

    first: int = 0
    bits: dict[int, int] = field(default_factory=dict)
    later: dict[object, tuple[int, KnownValue]] = field(default_factory=dict)
    """Values that hold an address: register and value by the value."""
    by_register: dict[int, int | KnownValue] = field(default_factory=dict)

    def known(self, register: int) -> int | KnownValue | None:
        """What a register holds that never changes."""
        if len(self.by_register) != len(self.bits) + len(self.later):
            self.by_register.update({register: value for value, register in self.bits.items()})
            self.by_register.update(self.later.values())
        return self.by_register.get(register)


@dataclass(slots=True, eq=False)
class ClassCode:
    """All code of a tile class."""

    registers: int = 0
    constants: ConstantRegisters = field(default_factory=ConstantRegisters)
    bodies: list[list[StepDraft | Label]] = field(default_factory=list)
    count: int = 0

    def register(self) -> int:
        """A new register."""
        self.registers += 1
        return self.registers - 1

    def number(self, value: int) -> int:
        """The register that holds this number."""
        if value not in self.constants.bits:
            self.constants.bits[value] = self.register()
        return self.constants.bits[value]

    def constant(self, value: KnownValue, at: SourcePlace) -> int:
        """The register that holds this known value.

        Raises:
            CslError: A value that no register holds.
        """
        if isinstance(value.data, Address | Dsd | FunctionRef | Label):
            if isinstance(value.data, Address) and value.data.storage:
                value.data.storage.used = True
            if isinstance(value.data, Dsd) and value.data.base and value.data.base.storage:
                value.data.base.storage.used = True
            if value.data not in self.constants.later:
                self.constants.later[value.data] = (self.register(), value)
            return self.constants.later[value.data][0]
        scalar(value.type, at)
        return self.number(bits_of(value.type, value.data) if isinstance(value.type, types.Float) else int(value.data))


@dataclass(slots=True, eq=False)
class Body:
    """The code of a function while it is made."""

    code: ClassCode
    steps: list[StepDraft | Label] = field(default_factory=list)

    def emit(
        self, op: Operation, at: SourcePlace, t: image.Type = image.Type.U16, *, d: int = -1, a: int = -1, b: int = -1,
        c: int = -1, n: int | Label = 0, vector: vectors.VectorUse | None = None,
    ) -> int:  # fmt: skip
        """Append an instruction; d is handed back.

        Raises:
            LimitError: More than `MAX_STEPS` in all.
        """
        self.code.count += 1
        if self.code.count > MAX_STEPS:
            raise LimitError(at, f"more than {MAX_STEPS} instructions in a tile class", "unroll less")
        self.steps.append(StepDraft(op, at, t, d, a, b, c, n, vector))
        return d

    def result(
        self,
        op: Operation,
        at: SourcePlace,
        t: image.Type = image.Type.U16,
        *,
        a: int = -1,
        b: int = -1,
        c: int = -1,
        n: int = 0,
    ) -> int:
        """Append an instruction that writes a new register, which is handed back."""
        return self.emit(op, at, t, d=self.code.register(), a=a, b=b, c=c, n=n)

    @property
    def last(self) -> StepDraft:
        """The last instruction, just made."""
        step = self.steps[-1]
        assert isinstance(step, StepDraft)
        return step

    def mark(self, label: Label) -> None:
        """The label stands here."""
        self.steps.append(label)

    def jump(self, label: Label, at: SourcePlace) -> None:
        """Go on at the label."""
        self.emit(Operation.JUMP, at, n=label)

    @contextmanager
    def captured(self, into: list[StepDraft | Label]) -> Iterator[None]:
        """What is appended meanwhile goes to another list."""
        steps, self.steps = self.steps, into
        try:
            yield
        finally:
            self.steps = steps


def scalar(of: CslType, at: SourcePlace) -> image.Type:
    """The machine's type of a scalar.

    Raises:
        CslError: A type of which no register holds a value.
    """
    if isinstance(of, types.Int) and of.bits <= 64:
        return image.Type[f"{'I' if of.signed else 'U'}{types.container(of.bits)}"]
    if isinstance(of, types.Packed):
        return scalar(of.carrier, at)
    if str(of) in ("f16", "f32"):
        return image.Type[str(of).upper()]
    if isinstance(of, types.Enum):
        return scalar(of.base, at)
    if of == types.BOOL:
        return image.Type.BOOL
    if isinstance(of, types.Opaque | types.Pointer | types.DsrType | types.Function):
        return image.Type.U16
    if isinstance(of, types.DsdType):
        return image.Type.U64
    if of == types.COMPTIME_INT:
        return image.Type.I32
    raise CslError(
        at, f"{of} is a type of values known while compiling only; this is computed by the core", _instead(of)
    )


def _instead(of: CslType) -> str:
    if of == types.COMPTIME_FLOAT:
        return "give it a type by @as(f32, ...)"
    if isinstance(of, types.Float):
        return "cores here compute with f16 and f32"
    return "a core computes integers of up to 64 bits, f16, f32, bool, pointers, colors, ids, queues and descriptors"
