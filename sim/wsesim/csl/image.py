"""What a compiled CSL program is: the value that the compiler makes and the machine runs.

An `Image` is a rectangle of cores, each of one tile class; a tile class has memory, code, tasks, colors and names.
Memory is words of 16 bits and addresses are numbers of words. Scalar code works on registers of 64 bits, as many as a
class likes: an integer is its value, sign- or zero-extended by its type; a float is its bits, zero-extended; a bool is
0 or 1; a pointer is a word address; a color, a queue, an id is its number; a pointer to a function is the number of its
first instruction; a descriptor (DSD) is 64 bits as `Field` says. What never changes is a register with a first value.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from enum import IntEnum

from wsesim.csl.colors import ColorSetting
from wsesim.csl.vectors import NOWHERE, Shape, VectorUse


class Type(IntEnum):
    """Types of scalars. Pointers, ids, colors and queues are U16, bool is BOOL, descriptors are U64."""

    BOOL, I8, U8, I16, U16, I32, U32, I64, U64, F16, F32 = range(11)

    @property
    def words(self) -> int:
        """Words of memory that a variable takes."""
        return {Type.I32: 2, Type.U32: 2, Type.F32: 2, Type.I64: 4, Type.U64: 4}.get(self, 1)


class Operation(IntEnum):
    """Scalar instructions: d is the register written; a, b, c are read; n is a number; t is the type."""

    MOVE = 1  # d = a
    ADD = 2  # d = a + b; integers wrap to their type, floats round to it
    SUB = 3
    MUL = 4
    DIV = 5  # integers toward zero; by zero: 0
    REM = 6  # integers; sign of the dividend
    NEG = 7  # d = -a
    AND = 8
    OR = 9
    XOR = 10
    NOT = 11  # of a bool: logical
    SHL = 12  # d = a << b
    SHR = 13  # arithmetic where t is signed
    EQ = 14  # d = a == b as BOOL; t is that of a and b
    NE = 15
    LT = 16
    LE = 17
    SELECT = 18  # d = b if a else c
    CONVERT = 19  # d = a, of type n (a Type), as t: as @as does; between integers low bits
    LOAD = 20  # d = the t at word address a + n
    STORE = 21  # the t at word address a + n = b
    JUMP = 22  # to instruction n
    JUMP_IF = 23  # to n if a
    JUMP_UNLESS = 24  # to n unless a
    JUMP_LESS = 25  # to n if a < b; t is that of a and b
    JUMP_EQUAL = 26  # to n if a == b
    CALL = 27  # d = number of the next instruction; to n
    CALL_AT = 28  # d = number of the next instruction; to that which a holds
    RETURN = 29  # to the instruction that a holds
    END = 30  # the task, or the function that the host launched, is over
    GET_FIELD = 31  # d = field n (Field.code) of descriptor a; signed where the field is
    SET_FIELD = 32  # d = descriptor a with b in field n
    LOAD_DSR = 33  # DSR n (`dsr`) = descriptor a; see VectorUse.options
    GET_DSR = 34  # d = descriptor that DSR n holds
    SET_DSR = 35  # DSR n keeps its options and is descriptor a from now on
    ACTIVATE = 36  # the task whose id a holds
    BLOCK = 37  # the id (task, color on WSE-2, input queue on WSE-3) that a holds; n = 1: the microthread
    UNBLOCK = 38
    ASSERT = 39  # a fault with a place unless a
    INTRINSIC = 40  # d = number n of `intrinsics.TABLE`, of a, b, c; t is the result's type
    VECTOR = 41  # see `VectorUse`
    JUMP_UNEQUAL = 42  # to n if a != b
    JUMP_LESS_EQUAL = 43  # to n if a <= b
    FIFO_LENGTH = 44  # length for reading (n = 0) or writing (n = 1) of the FIFO of descriptor a becomes b


CONDITIONAL = frozenset({
    Operation.JUMP_IF, Operation.JUMP_UNLESS, Operation.JUMP_LESS, Operation.JUMP_LESS_EQUAL, Operation.JUMP_EQUAL,
    Operation.JUMP_UNEQUAL,
})  # fmt: skip
JUMPS = CONDITIONAL | {Operation.JUMP}
RETURNS = (Operation.RETURN, Operation.END)
"""After which no step of the function follows."""
LEAVES = (Operation.JUMP, *RETURNS)
"""After which the next step is reached by jumps only."""


@dataclass(frozen=True, slots=True)
class SourceSpot:
    """Where something stands: file (number in `Image.files`), line and column from 1."""

    file: int
    line: int
    column: int


NO_SPOT = SourceSpot(0, 0, 0)


@dataclass(frozen=True, slots=True)
class FunctionBody:
    """Where the source of a function or task begins: file (number in `Image.files`) and line."""

    file: int
    line: int
    name: str


@dataclass(frozen=True, slots=True)
class CodeStep:
    """One instruction."""

    op: Operation
    t: Type = Type.U16
    d: int = NOWHERE
    a: int = NOWHERE
    b: int = NOWHERE
    c: int = NOWHERE
    n: int = 0
    spot: SourceSpot = NO_SPOT
    vector: VectorUse | None = None
    """Of VECTOR (whose result, whether it went to its end, is d) and its options of LOAD_DSR (no operands)."""
    is_map: bool = False
    """Whether it is of a `@map` itself, and not of what that calls: a turn costs as one, and so does its begin."""
    within: tuple[str, ...] = ()
    """Functions that were put in place of their calls around it, outermost first."""


class TaskKind(IntEnum):
    """What starts a task."""

    LOCAL, DATA, CONTROL = range(3)


@dataclass(frozen=True, slots=True)
class TaskArgument:
    """A register that is set when a task or a launched function starts.

    Of a task, the t that begins at bit `shift` of the wavelet (0 or 16); of a launch, the t that the host gives.
    """

    register: int
    t: Type
    shift: int = 0


@dataclass(frozen=True, slots=True, kw_only=True)
class TileTask:
    """A task bound to an id: of data tasks the color (WSE-2) or input queue (WSE-3)."""

    name: str
    kind: TaskKind
    id: int
    entry: int
    """Number of its first instruction."""
    arguments: tuple[TaskArgument, ...] = ()
    high_priority: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class HostFunction:
    """A function that the host may launch. `entry` is code that ends with END (a call of it, then END)."""

    name: str
    entry: int
    arguments: tuple[TaskArgument, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class Variable:
    """A name of memory: for the host (exported), or as an ELF symbol (`module.name`)."""

    name: str
    address: int
    """Its first word; of an exported pointer variable that of the pointer."""
    t: Type
    """Of its elements; of what a pointer points to."""
    count: int = 1
    """Elements; of pointers to unknown many 0."""
    is_pointer: bool = False
    """Whether a pointer lies at `address`, which is read when the host copies. A comptime-known pointer is not one:
    then `address` is what it points to."""


@dataclass(frozen=True, slots=True, kw_only=True)
class FifoSetting:
    """A FIFO; a descriptor of kind FIFO names it by its place in `TileClass.fifos`."""

    base: int
    """Word address of its buffer."""
    words: int
    """Of the buffer."""
    element: int
    """Words of an element: 1 or 2."""
    activate_push: int = NOWHERE
    """Id of a task, or NOWHERE."""
    activate_pop: int = NOWHERE


@dataclass(frozen=True, slots=True, kw_only=True)
class TileClass:
    """A kind of core: the same file, parameters and colors."""

    name: str
    steps: tuple[CodeStep, ...] = ()
    registers: int = 0
    first_values: dict[int, int] = field(default_factory=dict)
    """First value of a register (as a signed or unsigned 64-bit number); others start at 0."""
    memory: bytes = b""
    """What memory holds from word 0 on at the start, little end first; the rest is 0."""
    tasks: tuple[TileTask, ...] = ()
    blocked: frozenset[int] = frozenset()
    """Ids that start blocked."""
    unblocked: frozenset[int] = frozenset()
    """Ids of data tasks without a task bound that are unblocked at start."""
    active: frozenset[int] = frozenset()
    """Ids activated at start."""
    input_queues: dict[int, int] = field(default_factory=dict)
    """Color by input queue, of those initialised."""
    output_queues: dict[int, int] = field(default_factory=dict)
    colors: dict[int, ColorSetting] = field(default_factory=dict)
    fifos: tuple[FifoSetting, ...] = ()
    shapes: tuple[Shape, ...] = ()
    exports: tuple[Variable, ...] = ()
    functions: tuple[HostFunction, ...] = ()
    symbols: tuple[Variable, ...] = ()
    """All globals in memory, for `read_symbol`, memory maps and faults."""
    start_dsrs: tuple[CodeStep, ...] = ()
    """LOAD_DSR steps done before the first cycle; their registers have first values."""
    strings: tuple[str, ...] = ()
    """Of intrinsics that take a string: its number here is what they get."""
    separate_control_table: bool = False
    bodies: tuple[FunctionBody, ...] = ()
    """Functions and tasks that have code, for profiles: instructions that stand in place of a call keep their spot."""

    @property
    def started(self) -> tuple[TileTask | HostFunction, ...]:
        """What starts by itself, by a wavelet or by the host."""
        return *self.tasks, *self.functions


@dataclass(frozen=True, slots=True, kw_only=True)
class ExportedName:
    """What `@export_name` says in the layout: `type` as CSL, `inputs` of a function."""

    name: str
    type: str
    is_function: bool = False
    mutable: bool = False
    inputs: tuple[Type, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class Image:
    """A compiled program."""

    arch: str
    """wse2 or wse3."""
    width: int
    height: int
    classes: tuple[TileClass, ...]
    class_of: bytes
    """Number of the class of each core, row by row, as int32."""
    names: tuple[ExportedName, ...] = ()
    files: tuple[str, ...] = ()
    params: dict[str, int] = field(default_factory=dict)
    colors: dict[str, int] = field(default_factory=dict)
    fabric: tuple[int, int] = (0, 0)
    offsets: tuple[int, int] = (4, 1)
    warnings: tuple[str, ...] = ()
