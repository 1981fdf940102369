"""Values while a program is compiled: known ones, those that only the core will know, and places that hold them."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from wsesim.csl import types
from wsesim.csl.types import CslType

if TYPE_CHECKING:
    from wsesim.csl import tree
    from wsesim.csl.modules import ModuleInstance


@dataclass(slots=True, eq=False)
class Value:
    """Anything an expression may come to."""

    type: CslType


@dataclass(slots=True, eq=False)
class KnownValue(Value):
    """A value known while compiling.

    `data`: int, float, bool, str, Type, None for void; of arrays a flat list of data; of pointers an `Address`; of
    functions a `FunctionRef`; of descriptors a `Dsd`; of modules a `Module`.
    """

    data: Any


@dataclass(slots=True, eq=False)
class Runtime(Value):
    """A value that a register of the core will hold."""

    register: int


@dataclass(slots=True, eq=False)
class Aggregate(Value):
    """A struct or a tuple, field by field; fields of tuples are `0`, `1`, ... It is never changed, but replaced."""

    fields: dict[str, Value]


@dataclass(slots=True, eq=False)
class Items(Value):
    """An array some of whose elements only the core will know; flat."""

    items: list[Value]


@dataclass(slots=True, eq=False)
class Located(Value):
    """An array that lies in memory."""

    place: InMemory


@dataclass(slots=True, eq=False)
class StoredVariable:
    """What has an address: a global or static variable of a core, or a variable while compiling (`is_comptime`)."""

    name: str
    type: CslType
    value: Value | None
    is_comptime: bool = False
    align: int = 1
    address: int = -1
    used: bool = False
    home: Any = None
    choices: int | None = None
    """Of a variable of a function that is known while compiling: choices made as it runs around its declaration."""
    section: str = ""
    """Of `linksection`."""


@dataclass(frozen=True, slots=True)
class Address:
    """A known pointer: words into a storage, or an absolute word address if there is none."""

    storage: StoredVariable | None
    words: int

    def __eq__(self, other: object) -> bool:
        return isinstance(other, Address) and self.storage is other.storage and self.words == other.words

    def __hash__(self) -> int:
        return hash((id(self.storage), self.words))


@dataclass(frozen=True, slots=True)
class FunctionRef:
    """A function or task of a module instance."""

    module: ModuleInstance
    declaration: tree.FnDecl

    def __eq__(self, other: object) -> bool:
        return isinstance(other, FunctionRef) and self.module is other.module and self.declaration is other.declaration

    def __hash__(self) -> int:
        return hash((id(self.module), id(self.declaration)))


@dataclass(frozen=True, slots=True, kw_only=True)
class Dsd:
    """A known descriptor. Numbers are those of `image.Field`; `base` is of memory, `shape` of four dimensions."""

    kind: str
    base: Address | None = None
    length: int = 0
    stride: int = 1
    shape: tuple[tuple[int, ...], tuple[int, ...]] | tuple[tuple[int, ...], tuple[int, ...], int] | None = None
    """Lengths and strides; of a circular buffer also how many elements in all."""
    flags: tuple[tuple[str, int], ...] = ()
    element: CslType | None = None
    """Of what the base points to; what a dsd of one is counted in."""


@dataclass(frozen=True, slots=True)
class Range:
    """Bounds and step of `@range`, each known or not."""

    of: CslType
    start: Value
    stop: Value
    step: Value


@dataclass(slots=True, eq=False)
class Where:
    """Where a value may be stored."""

    type: CslType


@dataclass(slots=True, eq=False)
class Cell(Where):
    """A variable while compiling, or an element of one (`index` in elements; -1: all of it)."""

    storage: StoredVariable
    index: int = -1


@dataclass(slots=True, eq=False)
class InRegister(Where):
    """A scalar variable of a function that lives in a register."""

    register: int


@dataclass(slots=True, eq=False)
class Fields(Where):
    """A struct variable of a function, field by field."""

    places: dict[str, Where]


@dataclass(slots=True, eq=False)
class InMemory(Where):
    """Words of the core's memory: at a pointer, `words` further on."""

    pointer: Value
    words: int = 0


@dataclass(slots=True, eq=False)
class FieldCell(Where):
    """A field of a struct variable while compiling."""

    base: Where
    name: str


@dataclass(slots=True)
class Binding:
    """What a local name stands for."""

    value: Value | None = None
    place: Where | None = None
    flags: set[str] = field(default_factory=set)


VOID = KnownValue(types.VOID, None)
NEVER = KnownValue(types.Simple("noreturn"), None)
"""What a branch comes to that is left by return, break or continue."""


def is_known(value: Value) -> bool:
    """Whether nothing of it is left to the core."""
    if isinstance(value, Aggregate):
        return all(is_known(inner) for inner in value.fields.values())
    return isinstance(value, KnownValue)


def wrap(of: CslType, data: Any) -> Value:
    """An element of an array's data as a value."""
    return data if isinstance(data, Value) else KnownValue(of, data)


def unwrap(value: Value) -> Any:
    """A value as an element of an array's data."""
    return value.data if isinstance(value, KnownValue) else value


def copied(value: Value) -> Value:
    """A value that shares nothing that can change with this one."""
    if isinstance(value, KnownValue) and isinstance(value.data, list):
        return KnownValue(value.type, list(value.data))
    return value


def struct_of(fields: dict[str, Value]) -> Aggregate:
    """An anonymous struct of these fields."""
    return Aggregate(types.Struct("", tuple((name, value.type) for name, value in fields.items())), fields)


def key(value: Value) -> Any:
    """Something hashable that is equal for equal known values."""
    if isinstance(value, Aggregate):
        return ("struct", tuple(sorted((name, key(inner)) for name, inner in value.fields.items())))
    if not isinstance(value, KnownValue):
        return ("runtime", value.type)
    if isinstance(value.data, list):
        return (str(value.type), tuple(key(item) if isinstance(item, Value) else item for item in value.data))
    if isinstance(value.type, types.Simple) and value.type == types.MODULE:
        return ("module", id(value.data))
    if isinstance(value.data, CslType):
        return ("type", value.data)
    if isinstance(value.data, float):
        return (str(value.type), value.data.hex())
    return (str(value.type), value.data)
