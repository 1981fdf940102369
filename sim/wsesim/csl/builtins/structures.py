"""Builtins of arrays, structs and ranges."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

from wsesim.csl import types
from wsesim.csl.access import member_of
from wsesim.csl.builtins.table import Use, builtin
from wsesim.csl.convert import coerce
from wsesim.csl.modules import zero
from wsesim.csl.source import CslError
from wsesim.csl.types import CslType
from wsesim.csl.values import Aggregate, Items, KnownValue, Range, Value, struct_of, unwrap


@builtin("@zeros", least=1)
def zeros(use: Use) -> Value:
    """An array of zeros."""
    of = _array(use, use.type(0))
    if of.element == types.BOOL:
        raise CslError(use.place(0), "@zeros of an array of bool", "use @constants(T, false)")
    return zero(of, use.at)


def _array(use: Use, of: CslType) -> types.Array:
    if not isinstance(of, types.Array):
        raise CslError(use.place(0), f"{of} is no array type", "write [n]T")
    return of


@builtin("@constants", least=2)
def constants(use: Use) -> Value:
    """An array filled with a value."""
    of = _array(use, use.type(0))
    value = coerce(use.value(1, of.element), of.element, use.frame, use.place(1), "the value")
    if not isinstance(value, KnownValue):
        return Items(of, [value] * of.count)
    return KnownValue(of, [unwrap(value)] * of.count)


@builtin("@dimensions", least=1)
def dimensions(use: Use) -> Value:
    """The lengths of an array type."""
    of = _array(use, use.type(0))
    return KnownValue(types.Array((len(of.lengths),), types.U32), list(of.lengths))


@builtin("@element_count", least=1)
def element_count(use: Use) -> Value:
    """How many elements an array type has."""
    return KnownValue(types.U32, _array(use, use.type(0)).count)


@builtin("@element_type", least=1)
def element_type(use: Use) -> Value:
    """The type of the elements of an array type."""
    return KnownValue(types.TYPE, _array(use, use.type(0)).element)


@builtin("@rank", least=1)
def rank(use: Use) -> Value:
    """How many dimensions an array type has."""
    return KnownValue(types.U16, len(_array(use, use.type(0)).lengths))


@builtin("@field", least=2)
def field(use: Use) -> Value:
    """A field by its name."""
    return member_of(use.value(0), use.text(1, "the name"), use.frame, use.at)


@builtin("@has_field", least=2)
def has_field(use: Use) -> Value:
    """Whether there is a field of a name."""
    value, name = use.value(0), use.text(1, "the name")
    if isinstance(value, KnownValue) and value.type == types.MODULE:
        return KnownValue(types.BOOL, name in value.data.items)
    return KnownValue(types.BOOL, isinstance(value, Aggregate) and name in value.fields)


@builtin("@concat_structs", least=2)
def concat_structs(use: Use) -> Value:
    """The fields of two structs; one that is void, so not given, gives way to the other's."""
    a, b = use.fields(0, "the first struct"), use.fields(1, "the second struct")
    if a and b and next(iter(a)).isdigit() != next(iter(b)).isdigit():
        raise CslError(use.at, "a struct and a tuple", "both have names, or none has")
    if a and next(iter(a)).isdigit():
        return struct_of({str(index): value for index, value in enumerate([*a.values(), *b.values()])})
    for name in b:
        if name in a and types.VOID not in (a[name].type, b[name].type):
            raise CslError(use.place(1), f"both structs have a field {name}", "leave one out")
    return struct_of({**a, **{name: value for name, value in b.items() if name not in a or value.type != types.VOID}})


@builtin("@range", least=2, most=4)
def range_(use: Use) -> Value:
    """Numbers to go through: from 0 to a stop, or start, stop, step."""
    of = use.type(0)
    if use.count == 3:
        raise CslError(use.at, "@range with a start needs a step", "@range(T, start, stop, step)")
    if not isinstance(of, types.Int) and of != types.COMPTIME_INT:
        raise CslError(use.place(0), f"a range of {of}", "it is of integers")
    values = [coerce(use.value(index, of), of, use.frame, use.place(index), "a bound") for index in range(1, use.count)]
    start, stop, step = (KnownValue(of, 0), values[0], KnownValue(of, 1)) if use.count == 2 else values
    if isinstance(step, KnownValue) and step.data == 0:
        raise CslError(use.place(3), "a step of 0", "it would never end")
    return KnownValue(types.RANGE, Range(of, start, stop, step))


@builtin("@range_start", "@range_stop", "@range_step", least=1)
def range_part(use: Use) -> Value:
    """A bound or the step of a range."""
    value = use.value(0)
    if not isinstance(value, KnownValue) or not isinstance(value.data, Range):
        raise CslError(use.place(0), f"a {value.type} is no range", "@range makes one")
    part: Value = getattr(value.data, use.node.name.removeprefix("@range_"))
    return part


@builtin("@random16", least=0)
def random16(use: Use) -> Value:
    """A random u16."""
    from wsesim.csl.builtins.registers import emit_intrinsic

    return emit_intrinsic(use, "random16", types.U16, [])


@builtin("@import_comptime_value", least=2)
def import_comptime_value(use: Use) -> Value:
    """A value from a JSON file."""
    of, name = use.type(0), use.text(1, "the path")
    path = use.frame.program.files.find(name, use.frame.module.path, use.place(1))
    try:
        data = json.loads(Path(path).read_text())
    except (OSError, ValueError) as problem:
        raise CslError(use.place(1), f"{name} is no JSON: {problem}") from problem
    return _from_json(data, of, use)


def _from_json(data: Any, of: CslType, use: Use) -> Value:
    if isinstance(of, types.Array):
        flat = _flat(data)
        if len(flat) != of.count:
            raise CslError(use.at, f"the file holds {len(flat)} elements", f"{of} has {of.count}")
        return KnownValue(of, [unwrap(_from_json(item, of.element, use)) for item in flat])
    if isinstance(data, dict):
        names = {entry.split(":")[0]: entry for entry in data}
        fields: dict[str, Value] = {}
        kinds = dict(of.fields) if isinstance(of, types.Struct) else {}
        for name, entry in names.items():
            kind = kinds.get(name) or types.named(entry.split(":")[-1]) or types.COMPTIME_INT
            fields[name] = _from_json(data[entry], kind, use)
        return (
            coerce(struct_of(fields), of, use.frame, use.at, "the object") if of != types.STRUCT else struct_of(fields)
        )
    kind = (
        types.BOOL
        if isinstance(data, bool)
        else (types.COMPTIME_FLOAT if isinstance(data, float) else types.COMPTIME_INT)
    )
    if isinstance(of, types.Float) and kind == types.COMPTIME_INT:
        data, kind = float(data), types.COMPTIME_FLOAT
    return coerce(KnownValue(kind, data), of, use.frame, use.at, "a value of the file")


def _flat(data: Any) -> list[Any]:
    return [inner for item in data for inner in _flat(item)] if isinstance(data, list) else [data]
