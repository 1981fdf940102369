"""Modules: instances of files with their own params and globals, which are evaluated when they are first asked for."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from wsesim.csl import tree, types
from wsesim.csl.convert import coerce
from wsesim.csl.core import evaluate, type_of
from wsesim.csl.files import LIBRARY
from wsesim.csl.frame import Frame
from wsesim.csl.source import CslError, SourcePlace, nearest
from wsesim.csl.types import CslType
from wsesim.csl.values import VOID, Address, Binding, FunctionRef, InMemory, KnownValue, StoredVariable, Value, copied

if TYPE_CHECKING:
    from wsesim.csl.program import TileProgram


@dataclass(slots=True, eq=False)
class ModuleInstance:
    """An instance of a file. `name` is what its symbols begin with, empty for the program itself."""

    path: str
    file: tree.File
    program: TileProgram
    params: dict[str, Value]
    name: str = ""
    is_library: bool = False
    items: dict[str, tree.VarDecl | tree.FnDecl] = field(default_factory=dict)
    bindings: dict[str, Binding] = field(default_factory=dict)
    busy: set[str] = field(default_factory=set)

    def __post_init__(self) -> None:
        for item in self.file.items:
            if isinstance(item, tree.VarDecl | tree.FnDecl):
                if item.name in self.items:
                    first = self.items[item.name].at.line
                    raise CslError(item.at, f"{item.name} is declared twice", f"the first is in line {first}")
                self.items[item.name] = item

    def frame(self) -> Frame:
        """Its global scope, while compiling."""
        return Frame(self, self.program)

    @property
    def shown(self) -> str:
        """Its file, or the name of a library."""
        library = str(LIBRARY)
        if self.path.startswith(library):
            return f"<{self.path[len(library) + 1 :].removesuffix('.csl')}>"
        return self.path

    def lookup(self, name: str, at: SourcePlace) -> Binding | None:
        """What a global name stands for.

        Raises:
            CslError: Its value needs itself.
        """
        if name in self.bindings:
            return self.bindings[name]
        item = self.items.get(name)
        if item is None:
            return None
        if name in self.busy:
            raise CslError(at, f"the value of {name} needs the value of {name}")
        self.busy.add(name)
        try:
            self.bindings[name] = self._bind(item, at)
        finally:
            self.busy.discard(name)
        return self.bindings[name]

    def _bind(self, item: tree.VarDecl | tree.FnDecl, at: SourcePlace) -> Binding:
        if isinstance(item, tree.FnDecl):
            if item.body is None:
                return Binding(self._linked_function(item))
            return Binding(KnownValue(function_type(self, item), FunctionRef(self, item)))
        if item.kind == "param":
            return Binding(self._param(item, at))
        if item.kind == "const" and item.value is not None and item.storage != "export":
            return Binding(self._value(item))
        return Binding(place=self._variable(item))

    def _value(self, item: tree.VarDecl) -> Value:
        of = type_of(item.type, self.frame()) if item.type else None
        assert item.value is not None
        if isinstance(item.value, tree.Builtin) and item.value.name == "@import_module":
            return self.program.import_module(item.value, self, item.name)
        value = evaluate(item.value, self.frame(), of)
        return value if of is None else coerce(value, of, self.frame(), item.value.at, f"the value of {item.name}")

    def _param(self, item: tree.VarDecl, at: SourcePlace) -> Value:
        of = type_of(item.type, self.frame()) if item.type else None
        if item.name in self.params:
            value = self.params[item.name]
            return value if of is None else coerce(value, of, self.frame(), item.at, f"the value given for {item.name}")
        if item.value is None:
            raise CslError(at, f"param {item.name} was given no value", f"give .{item.name} where {self.path} is used")
        return self._value(item)

    def _variable(self, item: tree.VarDecl) -> InMemory:
        of = type_of(item.type, self.frame()) if item.type else None
        value = None
        if item.value is not None:
            value = evaluate(item.value, self.frame(), of)
            if of is not None:
                value = coerce(value, of, self.frame(), item.value.at, f"the value of {item.name}")
        of = of or (value.type if value else None)
        if of is None:
            raise CslError(item.at, f"{item.name} has neither type nor value", f"var {item.name}: T;")
        align = item.attributes.get("align")
        words = 1
        if align is not None:
            bytes_ = evaluate(align, self.frame())
            words = max(1, bytes_.data // 2) if isinstance(bytes_, KnownValue) else 1
        name = f"{self.name}.{item.name}" if self.name else item.name
        storage = StoredVariable(name, of, value, False, words)
        if "linksection" in item.attributes:
            storage.section = self._text(item.attributes["linksection"], "a section")
        if item.storage or "linkname" in item.attributes:
            storage = self._linked(item, storage)
        storage.is_comptime = self.program.is_layout
        storage.used |= item.storage == "export"
        if storage.is_comptime:
            storage.value = copied(value) if value else zero(of, item.at)
        self.program.storages[(self, item.name)] = storage
        return InMemory(of, KnownValue(types.Pointer(of, False, item.kind == "const"), Address(storage, 0)))

    def _link_name(self, item: tree.VarDecl | tree.FnDecl) -> str:
        given = item.attributes.get("linkname")
        if given is None:
            return item.name
        return self._text(given, "a link name")

    def _text(self, node: tree.Node, what: str) -> str:
        name = evaluate(node, self.frame())
        if not isinstance(name, KnownValue) or not isinstance(name.data, str):
            raise CslError(node.at, f"{what} of type {name.type}", 'it is a string: "x"')
        return name.data

    def _linked(self, item: tree.VarDecl, storage: StoredVariable) -> StoredVariable:
        """The variable of a link name: two declarations of one name are one variable.

        Raises:
            CslError: They differ in type, or both give it a value.
        """
        name = self._link_name(item)
        first = self.program.linked.setdefault(name, storage)
        if first is storage:
            return storage
        if first.type != storage.type:
            raise CslError(item.at, f"{name} is a {storage.type} here", f"elsewhere it is a {first.type}")
        if first.value is not None and storage.value is not None:
            raise CslError(item.at, f"{name} is given a value twice", "extern where it is only used")
        first.value = first.value or storage.value
        first.align = max(first.align, storage.align)
        return first

    def _linked_function(self, item: tree.FnDecl) -> Value:
        """What an `extern fn` stands for: the exported function of its link name.

        Raises:
            CslError: None is exported.
        """
        name = self._link_name(item)
        exported = {ref.module._link_name(ref.declaration): ref for ref in self.program.exported_functions}
        if name not in exported:
            raise CslError(item.at, f"no module exports a function {name}", nearest(name, exported))
        ref = exported[name]
        return KnownValue(function_type(ref.module, ref.declaration), ref)

    def member(self, name: str, at: SourcePlace) -> Binding:
        """What `module.name` stands for.

        Raises:
            CslError: Nothing.
        """
        found = self.lookup(name, at)
        if found is None:
            raise CslError(at, f"{self.shown} has no {name}", nearest(name, self.items))
        return found

    def run(self) -> None:
        """Evaluate its imports and its top-level comptime blocks, in the order of the file."""
        from wsesim.csl.statements import execute_alone

        for item in self.file.items:
            if (isinstance(item, tree.VarDecl) and _imports(item)) or (
                isinstance(item, tree.VarDecl) and item.storage == "export"
            ):
                self.lookup(item.name, item.at)
            elif isinstance(item, tree.FnDecl) and item.storage == "export":
                self.program.exported_functions.append(FunctionRef(self, item))
            elif isinstance(item, tree.Comptime):
                frame = self.frame()
                frame.effects = True
                execute_alone(item.body, frame)

    def check_params(self, given_at: SourcePlace | None) -> None:
        """Warn of values for params that are not there."""
        names = [item.name for item in self.items.values() if isinstance(item, tree.VarDecl) and item.kind == "param"]
        for name in self.params:
            if name not in names and not self.is_library:
                hint = nearest(name, names)
                where = f"{given_at}: " if given_at else ""
                self.program.warn(f"{where}{self.path} has no param {name}" + (f"; {hint}" if hint else ""))


def _imports(item: tree.VarDecl) -> bool:
    return isinstance(item.value, tree.Builtin) and item.value.name == "@import_module"


def function_type(module: ModuleInstance, declaration: tree.FnDecl) -> CslType:
    """The type of a function; parameters whose type depends on others count as any."""
    parameters: list[CslType] = []
    generic = {p.name for p in declaration.parameters}
    for parameter in declaration.parameters:
        depends = any(name in generic for name in _names(parameter.type))
        parameters.append(types.ANY if depends else type_of(parameter.type, module.frame()))
    depends = any(name in generic for name in _names(declaration.result))
    result = types.ANY if depends else type_of(declaration.result, module.frame())
    return types.Function(declaration.task, tuple(parameters), result)


def _names(node: object) -> list[str]:
    """All names in an expression."""
    if isinstance(node, tree.Name):
        return [node.name]
    if isinstance(node, list | tuple):
        return [name for inner in node for name in _names(inner)]
    if isinstance(node, tree.Node):
        slots = [slot for kind in type(node).__mro__[:-2] for slot in getattr(kind, "__slots__", ())]
        return [name for slot in slots for name in _names(getattr(node, slot))]
    return []


def zero(of: CslType, at: SourcePlace) -> Value:
    """What a variable without a value holds.

    Raises:
        CslError: A type that has no zero.
    """
    if isinstance(of, types.Array):
        inner = zero(of.element, at)
        return KnownValue(of, [inner.data if isinstance(inner, KnownValue) else inner] * of.count)
    if isinstance(of, types.Struct):
        from wsesim.csl.values import Aggregate

        return Aggregate(of, {name: zero(inner, at) for name, inner in of.fields})
    if isinstance(of, types.Float):
        return KnownValue(of, 0.0)
    if of == types.BOOL:
        return KnownValue(of, False)
    if isinstance(of, types.Int | types.Opaque | types.Enum | types.Packed):
        return KnownValue(of, 0)
    if isinstance(of, types.Pointer):
        return KnownValue(of, Address(None, 0))
    if isinstance(of, types.DsdType):
        from wsesim.csl.values import Dsd

        return KnownValue(of, Dsd(kind="none"))
    if of == types.VOID:
        return VOID
    if of in (types.COMPTIME_INT, types.COMPTIME_FLOAT, types.STRING):
        return KnownValue(of, {"comptime_int": 0, "comptime_float": 0.0}.get(str(of), ""))
    raise CslError(at, f"a {of} must be given a value")
