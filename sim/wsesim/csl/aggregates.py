"""Literals of structs, tuples and arrays; the types that are written out; tensor accesses stand in `descriptors`."""

from __future__ import annotations

from wsesim.csl import tree, types
from wsesim.csl.beside import side_by_side
from wsesim.csl.convert import array_of, coerce
from wsesim.csl.core import expression, type_of, whole
from wsesim.csl.frame import Frame
from wsesim.csl.packed import packed_type
from wsesim.csl.source import CslError, SourcePlace
from wsesim.csl.types import CslType
from wsesim.csl.values import VOID, Aggregate, KnownValue, Value, copied, struct_of

MOST_KEPT = 64


@expression(tree.Braces)
def braces(node: tree.Braces, frame: Frame, wanted: CslType | None) -> Value:
    """`.{...}`, `T {...}`."""
    if node.value is not None:
        return node.value  # type: ignore[return-value]
    value = _braces(node, frame, wanted)
    if node.literal is None:
        node.literal = node.type is None and is_literal(node)
    if node.literal:
        node.value = value
    return value


def is_literal(node: tree.Node) -> bool:
    """Whether it comes to the same wherever it is evaluated."""
    if isinstance(node, tree.Braces) and node.type is None:
        return all(is_literal(inner) for inner in [*node.items, *(inner for _, inner in node.fields or ())])
    is_constant = isinstance(node, tree.Name) and node.name in (*types.DIRECTIONS, "true", "false")
    return is_constant or isinstance(node, tree.Number | tree.String)


def _braces(node: tree.Braces, frame: Frame, wanted: CslType | None) -> Value:
    of = None if node.type is None else _literal_type(node, frame)
    if isinstance(of, types.Array):
        return _array(node, of, frame)
    shape = next((each for each in (of, wanted) if isinstance(each, types.Struct | types.Packed)), None)
    if of is not None and of is not shape:
        raise CslError(node.at, f"a {of} is not written with braces", "arrays and structs are")
    if node.fields is None:
        items = side_by_side(node.items, [_element(wanted)] * len(node.items), frame)
        made = _kept(node, {str(index): copied(item) for index, item in enumerate(items)})
        return coerce(made, of, frame, node.at) if of else made
    names = [name for name, _ in node.fields]
    for position, (name, inner) in enumerate(node.fields):
        if name in names[:position]:
            raise CslError(inner.at, f"field {name} is given twice")
    hints = {field[0]: field[1] for field in shape.fields} if shape else {}
    values = side_by_side([inner for _, inner in node.fields], list(map(hints.get, names)), frame)
    made = _kept(node, {name: copied(value) for name, value in zip(names, values, strict=True)})
    return coerce(made, of, frame, node.at, "the struct") if of else made


def _kept(node: tree.Braces, fields: dict[str, Value]) -> Value:
    """The struct of fields: that of before, where these are the same values."""
    mark = tuple(map(id, fields.values()))
    found = node.kept.get(mark)
    if found is None:
        if len(node.kept) >= MOST_KEPT:
            node.kept.clear()
        found = node.kept[mark] = struct_of(fields)
    return found  # type: ignore[return-value]


def _element(wanted: CslType | None) -> CslType | None:
    return wanted.element if isinstance(wanted, types.Array) else None


def _literal_type(node: tree.Braces, frame: Frame) -> CslType:
    if isinstance(node.type, tree.ArrayType) and any(_is_blank(length) for length in node.type.lengths):
        return types.Array((len(node.items),), type_of(node.type.element, frame))
    assert node.type is not None
    return type_of(node.type, frame)


def _is_blank(node: tree.Node) -> bool:
    return isinstance(node, tree.Name) and node.name == "_"


def _array(node: tree.Braces, of: types.Array, frame: Frame) -> Value:
    if len(node.items) != of.count:
        raise CslError(node.at, f"{len(node.items)} elements for {of}", f"it has {of.count}")
    values = side_by_side(node.items, [of.element] * len(node.items), frame)
    places = [item.at for item in node.items]
    return array_of(of, [
        coerce(value, of.element, frame, at, "the element") for value, at in zip(values, places, strict=True)
    ])  # fmt: skip


@expression(tree.PointerType)
def pointer_type(node: tree.PointerType, frame: Frame, wanted: CslType | None) -> Value:
    """`*T`, `[*]T`."""
    return KnownValue(types.TYPE, types.Pointer(type_of(node.target, frame), node.many, node.const))


@expression(tree.ArrayType)
def array_type(node: tree.ArrayType, frame: Frame, wanted: CslType | None) -> Value:
    """`[n, m]T`."""
    inner = frame if frame.body is None else frame.comptime()
    lengths = tuple(whole(length, inner, "the length of an array", 0, 1 << 32) for length in node.lengths)
    element = type_of(node.element, frame)
    if isinstance(element, types.Array):
        raise CslError(node.at, f"an array of {element}", f"write more lengths: [n, m]{element.element}")
    of = types.Array(lengths, element)
    frame.program.limits.array(of.count, node.at)
    return KnownValue(types.TYPE, of)


@expression(tree.FunctionType)
def function_type(node: tree.FunctionType, frame: Frame, wanted: CslType | None) -> Value:
    """`fn (A) R`."""
    parameters = tuple(type_of(parameter, frame) for parameter in node.parameters)
    return KnownValue(types.TYPE, types.Function(node.task, parameters, type_of(node.result, frame)))


@expression(tree.StructType)
def struct_type(node: tree.StructType, frame: Frame, wanted: CslType | None) -> Value:
    """`struct {...}`."""
    fields = tuple((name, type_of(inner, frame)) for name, inner in node.fields)
    if node.kind == "union" or node.packed:
        return KnownValue(types.TYPE, packed_type(f"{'packed ' * node.packed}{node.kind}", fields, node.at))
    return KnownValue(types.TYPE, types.Struct(str(node.at), fields))


@expression(tree.EnumType)
def enum_type(node: tree.EnumType, frame: Frame, wanted: CslType | None) -> Value:
    """`enum (T) {...}`: members without a value take the smallest numbers that no member has."""
    base = type_of(node.base, frame) if node.base else types.U16
    given = {name: whole(value, frame, f"the value of {name}") for name, value in node.members if value is not None}
    taken, following, members = set(given.values()), 0, []
    for name, value in node.members:
        if value is None:
            while following in taken:
                following += 1
            taken.add(following)
        members.append((name, given[name] if value is not None else following))
    if len({name for name, _ in members}) != len(members):
        raise CslError(node.at, "two members of the enum have one name")
    return KnownValue(types.TYPE, types.Enum(str(node.at), base, tuple(members)))


def fields_of(value: Value, at: SourcePlace, what: str) -> dict[str, Value]:
    """The fields of a struct; of `{}` and `.{}` none.

    Raises:
        CslError: No struct.
    """
    if value is VOID or value.type == types.VOID:
        return {}
    if not isinstance(value, Aggregate):
        raise CslError(at, f"{what} is of type {value.type}, not a struct", "write .{ .name = value }")
    return value.fields
