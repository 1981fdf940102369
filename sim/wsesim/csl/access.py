"""Members, elements, pointers: what they hold, and where."""

from __future__ import annotations

from wsesim.csl import tree, types
from wsesim.csl.core import evaluate, expression
from wsesim.csl.frame import Frame
from wsesim.csl.image import Operation
from wsesim.csl.memory import check_indices, element, load, new_place, store
from wsesim.csl.names import binding, held
from wsesim.csl.packed import extracted, field_type
from wsesim.csl.source import CslError, SourcePlace, nearest
from wsesim.csl.types import CslType
from wsesim.csl.values import (
    Address,
    Aggregate,
    Cell,
    FieldCell,
    Fields,
    FunctionRef,
    InMemory,
    Items,
    KnownValue,
    Located,
    Runtime,
    Value,
    Where,
    wrap,
)  # fmt: skip


def place(node: tree.Node, frame: Frame) -> Where | None:
    """Where an expression lies, or None if it is only a value."""
    if isinstance(node, tree.Name):
        found = binding(node, frame)
        return found.place
    if isinstance(node, tree.Member):
        return _member_place(node, frame)
    if isinstance(node, tree.Index):
        return _index_place(node, frame)
    if isinstance(node, tree.Deref):
        return pointed(evaluate(node.base, frame), node.at)
    if isinstance(node, tree.Builtin) and node.name == "@field":
        from wsesim.csl.core import known

        return member_place(node.arguments[0], known(node.arguments[1], frame).data, frame, node.at)
    return None


def pointed(pointer: Value, at: SourcePlace) -> InMemory:
    """Where a pointer points.

    Raises:
        CslError: No pointer, or one to unknown many.
    """
    if not isinstance(pointer.type, types.Pointer):
        raise CslError(at, f".* of a {pointer.type}", "only pointers have .*")
    if pointer.type.many:
        raise CslError(at, f".* of a {pointer.type}, which points to unknown many", "index it: p[0]")
    return InMemory(pointer.type.target, pointer)


@expression(tree.Deref)
def deref(node: tree.Deref, frame: Frame, wanted: CslType | None) -> Value:
    """`p.*`."""
    pointer = evaluate(node.base, frame)
    if isinstance(pointer, KnownValue) and isinstance(pointer.data, FunctionRef):
        return pointer
    return load(pointed(pointer, node.at), frame, node.at)


def _member_place(node: tree.Member, frame: Frame) -> Where | None:
    return member_place(node.base, node.name, frame, node.at)


def member_place(base_node: tree.Node, name: str, frame: Frame, at: SourcePlace) -> Where | None:
    """Where a member lies, or None if it is only a value."""
    base = place(base_node, frame)
    if base is None:
        value = evaluate(base_node, frame)
        if isinstance(value, KnownValue) and value.type == types.MODULE:
            return value.data.member(name, at).place  # type: ignore[no-any-return]
        if isinstance(value.type, types.Pointer) and isinstance(value.type.target, types.Struct | types.Packed):
            return _field_place(pointed(value, at), name, at)
        return None
    return _field_place(base, name, at)


def _field_place(base: Where, name: str, at: SourcePlace) -> Where | None:
    if isinstance(base, Fields):
        if name not in base.places:
            raise CslError(at, f"there is no field {name}", nearest(name, base.places))
        return base.places[name]
    if isinstance(base.type, types.Packed):
        return FieldCell(field_type(base.type, name, at), base, name)
    of = dict(base.type.fields).get(name) if isinstance(base.type, types.Struct) else None
    if isinstance(base, InMemory) and isinstance(base.type, types.Struct):
        if of is None:
            raise CslError(at, f"there is no field {name}", nearest(name, [n for n, _ in base.type.fields]))
        if not _is_comptime(base):
            before = [inner for field, inner in base.type.fields[: [n for n, _ in base.type.fields].index(name)]]
            return InMemory(of, base.pointer, base.words + sum(map(types.words, before)))
    if isinstance(base, Cell | FieldCell | InMemory):
        return FieldCell(of or types.ANY, base, name)
    return None


def _is_comptime(base: InMemory) -> bool:
    pointer = base.pointer
    return isinstance(pointer, KnownValue) and pointer.data.storage is not None and pointer.data.storage.is_comptime


@expression(tree.Member)
def member(node: tree.Member, frame: Frame, wanted: CslType | None) -> Value:
    """`base.name`."""
    base = evaluate(node.base, frame)
    return member_of(base, node.name, frame, node.at)


def member_of(base: Value, name: str, frame: Frame, at: SourcePlace) -> Value:
    """A member of a value.

    Raises:
        CslError: There is none.
    """
    if isinstance(base, Aggregate):
        if name not in base.fields:
            raise CslError(at, f"there is no field {name}", nearest(name, base.fields) or _has(list(base.fields)))
        return base.fields[name]
    if isinstance(base.type, types.Packed):
        return extracted(base, name, frame, at)
    if isinstance(base, KnownValue) and base.type == types.MODULE:
        return held(base.data.member(name, at), frame, at)
    if isinstance(base, KnownValue) and isinstance(base.data, types.Enum):
        members = dict(base.data.members)
        if name not in members:
            raise CslError(at, f"the enum has no {name}", nearest(name, members) or _has(list(members)))
        return KnownValue(base.data, members[name])
    if isinstance(base.type, types.Pointer) and isinstance(base.type.target, types.Struct | types.Packed):
        return member_of(load(pointed(base, at), frame, at), name, frame, at)
    raise CslError(at, f"a {base.type} has no members", "structs, modules and enums have")


def _has(names: list[str]) -> str:
    return f"there is {', '.join(names[:8])}" if names else "it has none"


def _index_place(node: tree.Index, frame: Frame) -> Where | None:
    found = _indexed(node, frame)
    return None if isinstance(found, Value) else found


def _indexed(node: tree.Index, frame: Frame) -> Where | Value | None:
    """What `base[i, j]` is: a place, a value that has none, or nothing where the base has no elements."""
    base = place(node.base, frame)
    if base is not None and isinstance(base.type, types.Array):
        return element(base, _indices(node, frame), frame, node.at)
    value = load(base, frame, node.at) if base is not None else evaluate(node.base, frame)
    if isinstance(value.type, types.Pointer):
        return _through(value, node, frame)
    indices = _indices(node, frame)
    if frame.body is not None and not all(isinstance(index, KnownValue) for index in indices):
        if isinstance(value, KnownValue) and isinstance(value.data, list):
            return element(frame.program.constant_place(value), indices, frame, node.at)
        if isinstance(value, Items):
            found = new_place("a value", value.type, frame)
            store(found, value, frame, node.at)
            return element(found, indices, frame, node.at)
    if isinstance(value, Located):
        return element(value.place, indices, frame, node.at)
    if isinstance(value, Aggregate) and len(indices) == 1 and isinstance(indices[0], KnownValue):
        return member_of(value, str(indices[0].data), frame, node.at)
    if isinstance(value, KnownValue | Items) and isinstance(value.type, types.Array):
        flat = flat_index(value.type, indices, node.at)
        return value.items[flat] if isinstance(value, Items) else wrap(value.type.element, value.data[flat])
    return None


def _through(pointer: Value, node: tree.Index, frame: Frame) -> Where:
    assert isinstance(pointer.type, types.Pointer)
    target = pointer.type.target
    if isinstance(target, types.Array) and not pointer.type.many:
        return element(InMemory(target, pointer), _indices(node, frame), frame, node.at)
    if not pointer.type.many:
        raise CslError(node.at, f"a {pointer.type} has no elements", "it points to one: p.*")
    endless = types.Array((1 << 30,), target)
    return element(InMemory(endless, pointer), _indices(node, frame), frame, node.at)


def _indices(node: tree.Index, frame: Frame) -> list[Value]:
    values = [evaluate(index, frame, types.I16) for index in node.indices]
    for value, index in zip(values, node.indices, strict=True):
        if not isinstance(value.type, types.Int) and value.type != types.COMPTIME_INT:
            raise CslError(index.at, f"an index of type {value.type}", "an index is an integer")
    return values


@expression(tree.Index)
def index(node: tree.Index, frame: Frame, wanted: CslType | None) -> Value:
    """`base[i, j]`."""
    found = _indexed(node, frame)
    if found is None:
        of = evaluate(node.base, frame).type
        raise CslError(node.at, f"a {of} has no elements", "arrays, tuples and pointers to many have")
    return found if isinstance(found, Value) else load(found, frame, node.at)


def flat_index(of: types.Array, indices: list[Value], at: SourcePlace) -> int:
    """The place of an element in a known array.

    Raises:
        CslError: Outside it, not known, too few or too many indices.
    """
    check_indices(len(indices), of, at)
    flat = 0
    for value, length in zip(indices, of.lengths, strict=True):
        if not isinstance(value, KnownValue):
            raise CslError(at, "the index must be known while compiling")
        if not 0 <= value.data < length:
            raise CslError(at, f"index {value.data} is outside {of}", f"from 0 to {length - 1}")
        flat = flat * length + value.data
    return flat


def address(node: tree.Node, frame: Frame) -> Value:
    """`&node`.

    Raises:
        CslError: It has no address.
    """
    where = place(node, frame)
    if where is None:
        value = evaluate(node, frame)
        if isinstance(value, KnownValue) and isinstance(value.data, FunctionRef):
            return KnownValue(types.Pointer(value.type, False, True), value.data)
        if (
            isinstance(value, KnownValue) and isinstance(value.data, list) and not types.is_comptime_only(value.type)
        ) or (isinstance(value, KnownValue) and types.words(value.type)):
            where = frame.program.constant_place(value)
        else:
            raise CslError(node.at, "this has no address", "variables, elements of arrays and functions have one")
    return pointer_to(where, frame, node.at)


def pointer_to(where: Where, frame: Frame, at: SourcePlace) -> Value:
    """A pointer to a place."""
    if isinstance(where, Cell):
        of = types.Pointer(where.type, False, False)
        return KnownValue(of, Address(where.storage, max(where.index, 0)))
    if not isinstance(where, InMemory):
        raise CslError(
            at, "this has no address", "a variable of a function that & is used on lies in memory; a field does not"
        )
    const = isinstance(where.pointer.type, types.Pointer) and where.pointer.type.const
    of = types.Pointer(where.type, False, const)
    if isinstance(where.pointer, KnownValue):
        return KnownValue(of, Address(where.pointer.data.storage, where.pointer.data.words + where.words))
    if where.words:
        moved = frame.code.result(
            Operation.ADD, at, a=frame.register(where.pointer, at), b=frame.code.code.number(where.words)
        )
        return Runtime(of, moved)
    return Runtime(of, frame.register(where.pointer, at))
