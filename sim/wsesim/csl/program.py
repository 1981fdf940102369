"""A program while it is compiled: a layout, or one tile class with its modules, its code and what it sets up."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from wsesim.csl import tree, types, vectors
from wsesim.csl.code import ClassCode, Label, StepDraft
from wsesim.csl.colors import ColorSetting
from wsesim.csl.core import evaluate, known
from wsesim.csl.files import Files
from wsesim.csl.frame import Lowered
from wsesim.csl.limits import Limits
from wsesim.csl.modules import ModuleInstance
from wsesim.csl.source import CslError, SourcePlace
from wsesim.csl.values import Address, Aggregate, FunctionRef, InMemory, KnownValue, StoredVariable, Value

if TYPE_CHECKING:
    from wsesim.csl.rotating import Rotation


@dataclass(frozen=True, slots=True, kw_only=True)
class CompilerOptions:
    """What the compiler is told."""

    arch: str = "wse2"
    params: dict[str, int] = field(default_factory=dict)
    colors: dict[str, int] = field(default_factory=dict)
    fabric: tuple[int, int] = (0, 0)
    offsets: tuple[int, int] = (4, 1)
    fp16: str = "f16"
    depth: int = 200
    inlined: int = 10_000
    sections: dict[str, int] = field(default_factory=dict)
    """First byte of sections of variables, by name."""
    passes: tuple[str, ...]
    """Of `csl.passes`: those that are made."""


@dataclass(slots=True, eq=False)
class Setup:
    """What the comptime blocks of a tile class set up; ids and functions are resolved when all have run."""

    tasks: list[tuple[str, int, FunctionRef, SourcePlace]] = field(default_factory=list)
    """Kind (local, data, control), id, task."""
    queues: dict[tuple[str, int], int] = field(default_factory=dict)
    """Color by (input or output, number)."""
    colors: dict[int, ColorSetting] = field(default_factory=dict)
    blocked_values: list[tuple[Value, SourcePlace]] = field(default_factory=list)
    unblocked_values: list[tuple[Value, SourcePlace]] = field(default_factory=list)
    active: list[tuple[Value, SourcePlace]] = field(default_factory=list)
    exports: list[tuple[str, Value, bool, SourcePlace]] = field(default_factory=list)
    """Name, value or pointer to the variable, whether it is such a pointer."""
    dsrs: list[tuple[int, KnownValue, vectors.VectorOptions, SourcePlace]] = field(default_factory=list)
    fifos: list[tuple[StoredVariable, dict[str, Value], SourcePlace]] = field(default_factory=list)
    shapes: list[vectors.Shape] = field(default_factory=list)
    strings: list[str] = field(default_factory=list)
    teardowns: list[tuple[int, FunctionRef, SourcePlace]] = field(default_factory=list)
    flushes: list[tuple[int, FunctionRef, SourcePlace]] = field(default_factory=list)
    rotations: dict[int, Rotation] = field(default_factory=dict)
    """By the id of the first task."""
    high: set[int] = field(default_factory=set)
    control_table: bool = False


@dataclass(slots=True, eq=False)
class TileProgram:
    """What is compiled, and what has been made of it so far."""

    options: CompilerOptions
    files: Files
    limits: Limits
    is_layout: bool
    rectangle: tuple[int, int] | None = None
    modules: list[ModuleInstance] = field(default_factory=list)
    code: ClassCode = field(default_factory=ClassCode)
    setup: Setup = field(default_factory=Setup)
    storages: dict[tuple[ModuleInstance, str], StoredVariable] = field(default_factory=dict)
    linked: dict[str, StoredVariable] = field(default_factory=dict)
    """Variables by link name: `export` and `extern` ones."""
    statics: list[StoredVariable] = field(default_factory=list)
    constants: dict[int, tuple[Value, StoredVariable]] = field(default_factory=dict)
    variable_registers: set[int] = field(default_factory=set)
    functions: dict[Any, Lowered] = field(default_factory=dict)
    lowered: list[tuple[Lowered, list[StepDraft | Label]]] = field(default_factory=list)
    results: dict[Any, Value] = field(default_factory=dict)
    """Of functions that are evaluated, by function and arguments."""
    thunks: dict[Any, Any] = field(default_factory=dict)
    exported_functions: list[FunctionRef] = field(default_factory=list)
    warnings: list[str] = field(default_factory=list)
    layout: Any = None

    def warn(self, message: str) -> None:
        """Say something that stops nothing, once."""
        if message not in self.warnings:
            self.warnings.append(message)

    def instance(self, path: str, params: dict[str, Value], name: str, is_library: bool) -> ModuleInstance:
        """A new instance of a file."""
        module = ModuleInstance(path, self.files.parsed(path), self, params, name, is_library)
        self.modules.append(module)
        if len(self.modules) > 2000:
            raise CslError(module.file.at, "more than 2000 module instances", "does a file import itself?")
        return module

    def import_module(self, node: tree.Builtin, importer: ModuleInstance, name: str) -> KnownValue:
        """`@import_module(path, params)`.

        Raises:
            CslError: No such file; params that are no struct.
        """
        if not 1 <= len(node.arguments) <= 2:
            raise CslError(
                node.at,
                "@import_module takes a path, and a struct of params",
                '@import_module("file.csl", .{ .p = 1 })',
            )
        path = known(node.arguments[0], importer.frame(), types.STRING, "the path").data
        if not isinstance(path, str):
            raise CslError(node.arguments[0].at, "the path of a module is a string")
        params: dict[str, Value] = {}
        if len(node.arguments) == 2:
            value = evaluate(node.arguments[1], importer.frame())
            if not isinstance(value, Aggregate) and value.type != types.VOID:
                raise CslError(node.arguments[1].at, f"params of type {value.type}", "a struct: .{ .p = 1 }")
            params = dict(value.fields) if isinstance(value, Aggregate) else {}
        found = self.files.find(path, importer.path, node.arguments[0].at)
        prefix = f"{importer.name}.{name}" if importer.name else name
        module = self.instance(found, params, prefix, path.startswith("<"))
        module.check_params(node.at)
        module.run()
        return KnownValue(types.MODULE, module)

    def constant_place(self, value: Value) -> InMemory:
        """Where a known array or scalar lies that the core reads."""
        mark = id(value.data) if isinstance(value, KnownValue) and isinstance(value.data, list) else id(value)
        if mark not in self.constants:
            storage = StoredVariable("constant", value.type, value)
            self.constants[mark] = (value, storage)
        storage = self.constants[mark][1]
        return InMemory(value.type, KnownValue(types.Pointer(value.type, False, True), Address(storage, 0)))

    @property
    def fp16(self) -> types.CslType:
        """The 16-bit float of the core."""
        return types.Float(self.options.fp16)

    def string(self, text: str) -> int:
        """The number of a string that the core names."""
        if text not in self.setup.strings:
            self.setup.strings.append(text)
        return self.setup.strings.index(text)
