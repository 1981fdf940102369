"""Unions and packed structs: fields that share the bits of one number."""

from __future__ import annotations

from collections.abc import Sequence

from wsesim.csl import convert, types
from wsesim.csl.code import scalar
from wsesim.csl.frame import Frame
from wsesim.csl.image import Operation
from wsesim.csl.numbers import bits_of, float_of
from wsesim.csl.source import CslError, SourcePlace, nearest
from wsesim.csl.types import CslType
from wsesim.csl.values import Address, Aggregate, KnownValue, Runtime, Value

MOST_BITS = 64


def packed_type(kind: str, fields: Sequence[tuple[str, CslType]], at: SourcePlace) -> types.Packed:
    """The type of a union, whose fields all begin at bit 0, or of a packed struct, whose fields follow each other.

    Raises:
        CslError: Fields that are no scalars, or more bits than a number of a core has.
    """
    found, end = [], 0
    for name, of in fields:
        size = _width(of)
        if not size:
            raise CslError(at, f"field {name} of a {kind} is of type {of}", "numbers, bool, enums, ids, pointers are")
        found.append((name, of, 0 if "union" in kind else end))
        end = max(end, size) if "union" in kind else end + size
    if end > MOST_BITS:
        raise CslError(at, f"a {kind} of {end} bits", f"at most {MOST_BITS}")
    return types.Packed(str(at), kind, tuple(found), end)


def _field(of: types.Packed, name: str, at: SourcePlace) -> tuple[CslType, int]:
    for known, inner, first in of.fields:
        if known == name:
            return inner, first
    names = [known for known, _, _ in of.fields]
    raise CslError(at, f"there is no field {name}", nearest(name, names) or f"there is {', '.join(names)}")


def field_type(of: types.Packed, name: str, at: SourcePlace) -> CslType:
    """The type of a field.

    Raises:
        CslError: There is none of this name.
    """
    return _field(of, name, at)[0]


def _raw(of: CslType) -> types.Int:
    """The unsigned number that the bits of a field are."""
    return types.Int(_width(of), False)


def _width(of: CslType) -> int:
    """Bits of a field; a bool has one."""
    if of == types.BOOL:
        return 1
    return 16 if isinstance(of, types.Pointer) else types.width(of)


def extracted(value: Value, name: str, frame: Frame, at: SourcePlace) -> Value:
    """A field of a union or packed struct.

    Raises:
        CslError: There is none of this name.
    """
    assert isinstance(value.type, types.Packed)
    of, first = _field(value.type, name, at)
    if isinstance(value, KnownValue):
        return KnownValue(of, _known(of, _raw(of).wrap(value.data >> first)))
    register, carrier, code = frame.register(value, at), value.type.carrier, frame.code
    if first:
        t = scalar(carrier, at)
        register = code.result(Operation.SHR, at, t, a=register, b=code.code.number(first))
    target = of if isinstance(of, types.Int) else _raw(of)
    found = convert.converted(Runtime(carrier, register), target, frame, at)
    return Runtime(of, frame.register(found, at))


def _known(of: CslType, bits: int) -> object:
    if isinstance(of, types.Float):
        return float_of(of, bits)
    if isinstance(of, types.Pointer):
        return Address(None, bits)
    return bool(bits & 1) if of == types.BOOL else (of.wrap(bits) if isinstance(of, types.Int) else bits)


def inserted(value: Value, name: str, field: Value, frame: Frame, at: SourcePlace) -> Value:
    """The union or packed struct with another value in a field.

    Raises:
        CslError: There is none of this name, or it is of another type.
    """
    whole = value.type
    assert isinstance(whole, types.Packed)
    of, first = _field(whole, name, at)
    field = convert.coerce(field, of, frame, at, f".{name}")
    mask = _raw(of).high << first
    if isinstance(value, KnownValue) and isinstance(field, KnownValue) and not isinstance(field.data, Address):
        return KnownValue(whole, (value.data & ~mask) | bits_of(of, field.data) << first)
    code, t = frame.code, scalar(whole.carrier, at)
    register = frame.register(field, at)
    if isinstance(of, types.Int):
        register = frame.register(convert.converted(field, _raw(of), frame, at), at)
    if first:
        register = code.result(Operation.SHL, at, t, a=register, b=code.code.number(first))
    kept = code.result(
        Operation.AND, at, t, a=frame.register(value, at), b=code.code.number(whole.carrier.high & ~mask)
    )
    return Runtime(whole, code.result(Operation.OR, at, t, a=kept, b=register))


def packed_of(of: types.Packed, given: Aggregate, frame: Frame, at: SourcePlace) -> Value:
    """The union or packed struct of a literal.

    Raises:
        CslError: Not one field of a union, not all of a packed struct.
    """
    if "union" in of.kind and len(given.fields) != 1:
        raise CslError(at, f"{len(given.fields)} fields of a union", "a union holds one: .{ .a = 1 }")
    missing = [name for name, _, _ in of.fields if name not in given.fields]
    if "union" not in of.kind and missing:
        raise CslError(at, f"field {missing[0]} is not given", f"give .{missing[0]} too")
    value: Value = KnownValue(of, 0)
    for name, inner in given.fields.items():
        value = inserted(value, name, inner, frame, at)
    return value
