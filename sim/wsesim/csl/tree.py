"""The syntax tree: what the parser makes of a file. Every node knows its place."""

from __future__ import annotations

from dataclasses import dataclass, field

from wsesim.csl.source import SourcePlace


@dataclass(slots=True, eq=False)
class Node:
    """Anything with a place."""

    at: SourcePlace


@dataclass(slots=True, eq=False)
class Name(Node):
    """A name."""

    name: str


@dataclass(slots=True, eq=False)
class Number(Node):
    """A literal number or character: an integer or a float."""

    value: int | float
    known: object = None
    """What it comes to, once it was looked at."""


@dataclass(slots=True, eq=False)
class String(Node):
    """A literal string, one character for each byte."""

    value: str


@dataclass(slots=True, eq=False)
class Member(Node):
    """`base.name`."""

    base: Node
    name: str


@dataclass(slots=True, eq=False)
class Deref(Node):
    """`base.*`."""

    base: Node


@dataclass(slots=True, eq=False)
class Index(Node):
    """`base[i, j]`."""

    base: Node
    indices: list[Node]


@dataclass(slots=True, eq=False)
class Call(Node):
    """`callee(arguments)`."""

    callee: Node
    arguments: list[Node]


@dataclass(slots=True, eq=False)
class Builtin(Node):
    """`@name(arguments)`."""

    name: str
    arguments: list[Node]


@dataclass(slots=True, eq=False)
class Braces(Node):
    """`.{...}` or `type {...}`: named fields or items in order."""

    type: Node | None
    fields: list[tuple[str, Node]] | None
    items: list[Node]
    value: object = None
    """What it always comes to, if it is made of literals and directions."""
    literal: bool | None = None
    """Whether it is; None before it was looked at."""
    kept: dict[tuple[int, ...], object] = field(default_factory=dict)
    """What it came to, by identities of what its fields were: layouts write the same for most cores."""


@dataclass(slots=True, eq=False)
class Unary(Node):
    """`! ~ - &` before an operand, or `comptime`."""

    op: str
    operand: Node


@dataclass(slots=True, eq=False)
class Binary(Node):
    """An operator between two operands."""

    op: str
    left: Node
    right: Node


@dataclass(slots=True, eq=False)
class TensorNode(Node):
    """`|i, j|{m, n} -> access`."""

    names: list[str]
    lengths: list[Node]
    access: Node


@dataclass(slots=True, eq=False)
class PointerType(Node):
    """`*T`, `*const T`, `[*]T`, `[*]const T`."""

    many: bool
    const: bool
    target: Node


@dataclass(slots=True, eq=False)
class ArrayType(Node):
    """`[n, m]T`."""

    lengths: list[Node]
    element: Node


@dataclass(slots=True, eq=False)
class FunctionType(Node):
    """`fn (A, B) R` or `task () void`."""

    task: bool
    parameters: list[Node]
    result: Node


@dataclass(slots=True, eq=False)
class StructType(Node):
    """`struct {...}` or `union {...}`."""

    kind: str
    packed: bool
    fields: list[tuple[str, Node]]


@dataclass(slots=True, eq=False)
class EnumType(Node):
    """`enum (T) {...}`."""

    base: Node | None
    members: list[tuple[str, Node | None]]


@dataclass(slots=True, eq=False)
class VarDecl(Node):
    """`var`, `const`, `param`; `storage` is `export`, `extern` or nothing."""

    kind: str
    name: str
    type: Node | None
    attributes: dict[str, Node]
    value: Node | None
    storage: str
    comptime: bool


@dataclass(slots=True, eq=False)
class ParameterNode(Node):
    """A parameter of a function."""

    name: str
    type: Node
    comptime: bool


@dataclass(slots=True, eq=False)
class FnDecl(Node):
    """A function or a task."""

    task: bool
    name: str
    parameters: list[ParameterNode]
    result: Node
    body: BlockNode | None
    storage: str
    inline: bool
    attributes: dict[str, Node]
    is_pure: bool | None = None
    """Whether equal arguments give equal results and nothing else; None: not looked at yet."""


@dataclass(slots=True, eq=False)
class BlockNode(Node):
    """`{...}`, perhaps with a label."""

    body: list[Node]
    label: str


@dataclass(slots=True, eq=False)
class Assign(Node):
    """`target op value`; op is `=` or `+=` and its like."""

    op: str
    target: Node
    value: Node


@dataclass(slots=True, eq=False)
class Evaluate(Node):
    """An expression that stands alone."""

    value: Node


@dataclass(slots=True, eq=False)
class Return(Node):
    """`return value`."""

    value: Node | None


@dataclass(slots=True, eq=False)
class Break(Node):
    """`break :label value`."""

    label: str
    value: Node | None


@dataclass(slots=True, eq=False)
class Continue(Node):
    """`continue :label`."""

    label: str


@dataclass(slots=True, eq=False)
class If(Node):
    """As a statement or as an expression."""

    condition: Node
    then: Node
    otherwise: Node | None


@dataclass(slots=True, eq=False)
class For(Node):
    """`for (iterable) |name, index| body`."""

    iterable: Node
    name: str
    index: str
    body: Node
    label: str
    inline: bool


@dataclass(slots=True, eq=False)
class While(Node):
    """`while (condition) : (step) body`."""

    condition: Node
    step: Node | None
    body: Node
    label: str
    inline: bool


@dataclass(slots=True, eq=False)
class Case(Node):
    """A case of a switch; no values: `else`."""

    values: list[Node]
    body: Node


@dataclass(slots=True, eq=False)
class Switch(Node):
    """As a statement or as an expression."""

    subject: Node
    cases: list[Case]


@dataclass(slots=True, eq=False)
class Comptime(Node):
    """`comptime` before a statement; at the top of a file, before a block."""

    body: Node


@dataclass(slots=True, eq=False)
class LayoutNode(Node):
    """The layout block of a file."""

    body: BlockNode


@dataclass(slots=True, eq=False)
class File(Node):
    """A whole file: its items in order."""

    items: list[Node]
