"""Types of CSL, as values that compare by what they are."""

from __future__ import annotations

from dataclasses import dataclass
from math import prod


@dataclass(frozen=True, slots=True)
class CslType:
    """A type; `str()` is how CSL writes it."""


@dataclass(frozen=True, slots=True)
class Int(CslType):
    """A two's complement integer of a width in bits."""

    bits: int
    signed: bool

    @property
    def low(self) -> int:
        """Its smallest value."""
        return -(1 << (self.bits - 1)) if self.signed else 0

    @property
    def high(self) -> int:
        """Its largest value."""
        return (1 << (self.bits - self.signed)) - 1

    def wrap(self, value: int) -> int:
        """The value modulo two to the width, in the type's range."""
        value &= (1 << self.bits) - 1
        return value - (1 << self.bits) if self.signed and value > self.high else value

    def __str__(self) -> str:
        return f"{'i' if self.signed else 'u'}{self.bits}"


@dataclass(frozen=True, slots=True)
class Float(CslType):
    """`f32`, `f16`, `bf16`, `cb16`."""

    name: str

    def __str__(self) -> str:
        return self.name


@dataclass(frozen=True, slots=True)
class Simple(CslType):
    """A type that is its name: `bool`, `void`, `type`, `comptime_int`, ..."""

    name: str

    def __str__(self) -> str:
        return self.name


@dataclass(frozen=True, slots=True)
class Opaque(CslType):
    """A number that is not for counting: `color`, `input_queue`, ids, `direction`."""

    name: str

    def __str__(self) -> str:
        return self.name


@dataclass(frozen=True, slots=True)
class Array(CslType):
    """`[n, m]T`, row-major."""

    lengths: tuple[int, ...]
    element: CslType

    @property
    def count(self) -> int:
        """How many elements it has."""
        return prod(self.lengths)

    def __str__(self) -> str:
        return f"[{', '.join(map(str, self.lengths))}]{self.element}"


@dataclass(frozen=True, slots=True)
class Pointer(CslType):
    """`*T` or `[*]T`, perhaps to const."""

    target: CslType
    many: bool
    const: bool

    def __str__(self) -> str:
        return f"{'[*]' if self.many else '*'}{'const ' if self.const else ''}{self.target}"


@dataclass(frozen=True, slots=True)
class Function(CslType):
    """`fn (A, B) R` or `task () void`."""

    task: bool
    parameters: tuple[CslType, ...]
    result: CslType

    def __str__(self) -> str:
        return f"{'task' if self.task else 'fn'} ({', '.join(map(str, self.parameters))}) {self.result}"


@dataclass(frozen=True, slots=True)
class Enum(CslType):
    """An enum; `identity` is where it was declared."""

    identity: str
    base: CslType
    members: tuple[tuple[str, int], ...]

    def __str__(self) -> str:
        return f"enum {{{', '.join(name for name, _ in self.members)}}}"


@dataclass(frozen=True, slots=True)
class Struct(CslType):
    """A struct or tuple: `identity` is where it was declared, empty if it is anonymous; tuples have fields 0, 1."""

    identity: str
    fields: tuple[tuple[str, CslType], ...]

    def __str__(self) -> str:
        inner = ", ".join(f"{name}: {of}" for name, of in self.fields)
        return f"struct {{ {inner} }}" if self.identity or self.fields else ".{}"


@dataclass(frozen=True, slots=True)
class Packed(CslType):
    """A union or a packed struct: one number, whose bits fields share; `identity` is where it was declared."""

    identity: str
    kind: str
    fields: tuple[tuple[str, CslType, int], ...]
    """Name, type, first bit."""
    bits: int

    @property
    def carrier(self) -> Int:
        """What a core holds it as."""
        return Int(max(16, container(self.bits)), False)

    def __str__(self) -> str:
        return f"{self.kind} {{ {', '.join(f'{name}: {of}' for name, of, _ in self.fields)} }}"


@dataclass(frozen=True, slots=True)
class DsdType(CslType):
    """`mem1d_dsd`, `mem4d_dsd`, `fabin_dsd`, `fabout_dsd`, `fifo`, `circbuf_dsd`."""

    name: str

    def __str__(self) -> str:
        return self.name


@dataclass(frozen=True, slots=True)
class DsrType(CslType):
    """The file of a descriptor register: `dsr_dest`, `dsr_src0`, `dsr_src1`, `xdsr`, `sr`, ..."""

    name: str

    def __str__(self) -> str:
        return self.name


BOOL, VOID, TYPE, ANY = Simple("bool"), Simple("void"), Simple("type"), Simple("anytype")
COMPTIME_INT, COMPTIME_FLOAT, STRING = Simple("comptime_int"), Simple("comptime_float"), Simple("comptime_string")
STRUCT, MODULE, RANGE, OPAQUE = (
    Simple("comptime_struct"),
    Simple("imported_module"),
    Simple("range"),
    Simple("anyopaque"),
)
I8, I16, I32, I64 = (Int(bits, True) for bits in (8, 16, 32, 64))
U8, U16, U32, U64 = (Int(bits, False) for bits in (8, 16, 32, 64))
F32, F16, BF16, CB16 = Float("f32"), Float("f16"), Float("bf16"), Float("cb16")
DIRECTION, COLOR, INPUT_QUEUE, OUTPUT_QUEUE = map(Opaque, ("direction", "color", "input_queue", "output_queue"))
DATA_TASK, LOCAL_TASK, CONTROL_TASK, UT = map(Opaque, ("data_task_id", "local_task_id", "control_task_id", "ut_id"))
DSDS = tuple(map(DsdType, ("mem1d_dsd", "mem4d_dsd", "fabin_dsd", "fabout_dsd", "circbuf_dsd", "fifo")))
MEM1D, MEM4D, FABIN, FABOUT, CIRCBUF, FIFO = DSDS
REGISTERS = tuple(map(DsrType, ("dsr_dest", "dsr_src0", "dsr_src1", "dsr_fifo_dest", "dsr_fifo_src1", "xdsr", "sr")))

NAMED: dict[str, CslType] = {
    str(of): of
    for of in (
        BOOL, VOID, TYPE, ANY, COMPTIME_INT, COMPTIME_FLOAT, STRING, STRUCT, MODULE, OPAQUE, I8, I16, I32, I64, U8,
        U16, U32, U64, F32, F16, BF16, CB16, DIRECTION, COLOR, INPUT_QUEUE, OUTPUT_QUEUE, DATA_TASK, LOCAL_TASK,
        CONTROL_TASK, UT, *DSDS, *REGISTERS,
    )
}  # fmt: skip
"""Types that have a name from the start; integers of other widths are read from their name."""

DIRECTIONS = ("EAST", "WEST", "NORTH", "SOUTH", "RAMP")
COMPTIME_ONLY = (COMPTIME_INT, COMPTIME_FLOAT, STRING, STRUCT, MODULE, TYPE, RANGE)


def named(name: str) -> CslType | None:
    """The type of this name, or None."""
    if found := NAMED.get(name):
        return found
    if name[:1] in ("i", "u") and name[1:].isdigit() and name[1] != "0" and int(name[1:]) <= 1 << 24:
        return Int(int(name[1:]), name[0] == "i")
    return None


def container(bits: int) -> int:
    """Bits of the smallest number of a core that holds so many: 8, 16, 32 or 64; beyond these the bits themselves."""
    return next((size for size in (8, 16, 32, 64) if bits <= size), bits)


def width(of: CslType) -> int:
    """Bits of a scalar as the language counts them; 0 for what has none."""
    if isinstance(of, Int | Packed):
        return of.bits
    if isinstance(of, Float):
        return 32 if of == F32 else 16
    if isinstance(of, Enum):
        return width(of.base)
    return 8 if of == BOOL else (16 if isinstance(of, Opaque) else 0)


def is_integer(of: CslType) -> bool:
    """Whether it is an integer type of a fixed width."""
    return isinstance(of, Int)


def is_comptime_only(of: CslType) -> bool:
    """Whether values of it exist only while the program is compiled."""
    if isinstance(of, Array):
        return is_comptime_only(of.element)
    return of in COMPTIME_ONLY or isinstance(of, Function)


def words(of: CslType) -> int:
    """Words of 16 bits that a value takes in memory; 0 for what has no place there."""
    if isinstance(of, Array):
        return of.count * words(of.element)
    if isinstance(of, Int):
        return -(-container(of.bits) // 16)
    if isinstance(of, Packed):
        return words(of.carrier)
    if isinstance(of, Float):
        return 2 if of is F32 or of.name == "f32" else 1
    if isinstance(of, Enum):
        return words(of.base)
    if isinstance(of, Struct):
        return sum(words(inner) for _, inner in of.fields)
    if isinstance(of, DsdType):
        return 0 if of.name == "fifo" else 4
    return 1 if isinstance(of, Opaque | Pointer | DsrType) or of == BOOL else 0


def alignment(of: CslType) -> int:
    """Words to whose multiple an address of it is rounded up."""
    if isinstance(of, Array):
        return alignment(of.element)
    return 2 if words(of) >= 2 else 1


def same(a: CslType, b: CslType) -> bool:
    """Whether two types are one; anonymous structs compare without regard to order."""
    if isinstance(a, Struct) and isinstance(b, Struct) and not a.identity and not b.identity:
        return sorted(a.fields, key=lambda field: field[0]) == sorted(b.fields, key=lambda field: field[0])
    return a == b
