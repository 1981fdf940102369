"""Conversions: what happens by itself where a type is wanted, and what two operands have in common."""

from __future__ import annotations

from wsesim.csl import types
from wsesim.csl.code import scalar
from wsesim.csl.frame import Frame
from wsesim.csl.image import Operation
from wsesim.csl.numbers import round_to
from wsesim.csl.source import CslError, SourcePlace, nearest
from wsesim.csl.types import CslType
from wsesim.csl.values import (
    NEVER,
    Address,
    Aggregate,
    FunctionRef,
    Items,
    KnownValue,
    Located,
    Runtime,
    Value,
    unwrap,
    wrap,
)  # fmt: skip


def coerce(value: Value, of: CslType, frame: Frame, at: SourcePlace, what: str = "this") -> Value:
    """The value as one of the type, as CSL converts by itself.

    Raises:
        CslError: It does not.
    """
    if value.type == of or of == types.ANY:
        return value
    if value is NEVER:
        from wsesim.csl.modules import zero

        return zero(of, at)
    result = None
    if isinstance(value, KnownValue):
        result = _known(value, of, at, what)
    if result is None and isinstance(value, Aggregate):
        result = _aggregate(value, of, frame, at, what)
    if result is None and isinstance(value, Items) and isinstance(of, types.Array):
        result = Items(of, [coerce(item, of.element, frame, at, what) for item in value.items])
    if result is None and isinstance(value, Runtime):
        result = _runtime(value, of, frame, at)
    if result is None and isinstance(value, Located) and isinstance(of, types.Array) and of.count == value.type.count:  # type: ignore[attr-defined]
        result = Located(of, value.place) if of.element == value.type.element else None  # type: ignore[attr-defined]
    if result is None:
        raise CslError(at, f"{what} is of type {value.type}, not {of}", _advice(value, of))
    return result


def _known(value: KnownValue, of: CslType, at: SourcePlace, what: str) -> Value | None:
    data = value.data
    if isinstance(data, int) and not isinstance(data, bool) and _numeric(value.type):
        if isinstance(of, types.Int):
            if not of.low <= data <= of.high:
                raise CslError(at, f"{what} is {data}, which {of} does not hold", f"{of} holds {of.low} to {of.high}")
            return KnownValue(of, data)
        return KnownValue(of, data) if of == types.COMPTIME_INT else None
    if isinstance(data, float) and isinstance(of, types.Float):
        widens = value.type == types.COMPTIME_FLOAT or (value.type != types.F32 and of == types.F32)
        return KnownValue(of, round_to(of, data)) if widens else None
    if isinstance(data, float) and of == types.COMPTIME_FLOAT:
        return KnownValue(of, data)
    if isinstance(data, Address) and isinstance(of, types.Pointer):
        return KnownValue(of, data) if _points(value.type, of) else None
    if isinstance(data, FunctionRef):
        target = of.target if isinstance(of, types.Pointer) else of
        if isinstance(target, types.Function):
            return KnownValue(of, data) if _callable(value.type, target) else None
    if isinstance(data, list) and isinstance(of, types.Array) and isinstance(value.type, types.Array):
        if of.lengths != value.type.lengths:
            return None
        element = value.type.element
        return KnownValue(of, [unwrap(_element(wrap(element, item), of.element, at, what)) for item in data])
    return None


def _element(value: Value, of: CslType, at: SourcePlace, what: str) -> Value:
    if value.type == of:
        return value
    result = _known(value, of, at, what) if isinstance(value, KnownValue) else None
    if result is None:
        raise CslError(at, f"an element is of type {value.type}, not {of}", _advice(value, of))
    return result


def _aggregate(value: Aggregate, of: CslType, frame: Frame, at: SourcePlace, what: str) -> Value | None:
    if of == types.STRUCT:
        return value
    if isinstance(of, types.Packed):
        from wsesim.csl.packed import packed_of

        return packed_of(of, value, frame, at)
    if isinstance(of, types.Array):
        items = [coerce(item, of.element, frame, at, what) for item in value.fields.values()]
        if len(items) != of.count:
            return None
        return array_of(of, items)
    if not isinstance(of, types.Struct) or {name for name, _ in of.fields} != set(value.fields):
        return None
    if isinstance(value.type, types.Struct) and value.type.identity and value.type.identity != of.identity:
        return None
    return Aggregate(of, {name: coerce(value.fields[name], inner, frame, at, f".{name}") for name, inner in of.fields})


def array_of(of: types.Array, items: list[Value]) -> Value:
    """An array of these elements."""
    if all(isinstance(item, KnownValue | Aggregate) for item in items):
        return KnownValue(of, [unwrap(item) for item in items])
    return Items(of, items)


def _runtime(value: Runtime, of: CslType, frame: Frame, at: SourcePlace) -> Value | None:
    have = value.type
    if isinstance(have, types.Int) and isinstance(of, types.Int) and _widens(have, of):
        return converted(value, of, frame, at)
    if have == types.F16 and of == types.F32:
        return converted(value, of, frame, at)
    if isinstance(have, types.Pointer) and isinstance(of, types.Pointer) and _points(have, of):
        return Runtime(of, value.register)
    if have == types.COMPTIME_INT and isinstance(of, types.Int | types.Float):
        return converted(value, of, frame, at)
    return None


def converted(value: Value, of: CslType, frame: Frame, at: SourcePlace) -> Value:
    """A scalar that the core converts."""
    register = frame.register(value, at)
    n = int(scalar(value.type, at))
    return Runtime(
        of, narrowed(frame.code.result(Operation.CONVERT, at, scalar(of, at), a=register, n=n), of, frame, at)
    )


def narrowed(register: int, of: CslType, frame: Frame, at: SourcePlace) -> int:
    """The register of a number that wraps to the width of its type, where a core computes with more bits."""
    if not isinstance(of, types.Int) or of.bits == types.container(of.bits):
        return register
    t, number = scalar(of, at), frame.code.code.number
    if not of.signed:
        return frame.code.result(Operation.AND, at, t, a=register, b=number(of.high))
    spare = number(types.container(of.bits) - of.bits)
    return frame.code.result(
        Operation.SHR, at, t, a=frame.code.result(Operation.SHL, at, t, a=register, b=spare), b=spare
    )


def _widens(have: types.Int, of: types.Int) -> bool:
    if have.signed == of.signed:
        return of.bits >= have.bits
    return of.signed and of.bits > have.bits


def _numeric(of: CslType) -> bool:
    return isinstance(of, types.Int) or of == types.COMPTIME_INT


def _points(have: CslType, of: types.Pointer) -> bool:
    if not isinstance(have, types.Pointer):
        return False
    if have.const and not of.const and not isinstance(of.target, types.Function):
        return False
    if of.target in (types.OPAQUE, have.target):
        return True
    if isinstance(have.target, types.Array) and of.many:
        return have.target.element == of.target
    if isinstance(of.target, types.Array) and not have.many:
        return of.target.count == 1 and of.target.element == have.target
    if isinstance(have.target, types.Array) and isinstance(of.target, types.Array):
        return have.target.element == of.target.element and have.target.count == of.target.count
    return False


def _callable(have: CslType, of: types.Function) -> bool:
    if not isinstance(have, types.Function):
        return False
    return have.task == of.task and len(have.parameters) == len(of.parameters)


def peer(a: Value, b: Value, at: SourcePlace, op: str) -> CslType:
    """The type that two operands have in common.

    Raises:
        CslError: None.
    """
    if a.type is b.type or a.type == b.type:
        return a.type
    for one, other in ((a, b), (b, a)):
        if one.type == types.COMPTIME_INT and isinstance(other.type, types.Int):
            return other.type
        if one.type == types.COMPTIME_FLOAT and isinstance(other.type, types.Float):
            return other.type
        if isinstance(one.type, types.Int) and isinstance(other.type, types.Int) and _widens(one.type, other.type):
            return other.type
    for one, other in ((a, b), (b, a)):
        if _fits(one, other.type):
            return other.type
        if one.type == types.F32 and isinstance(other.type, types.Float):
            return types.F32
        if isinstance(other.type, types.Pointer) and _points(one.type, other.type):
            return other.type
    if {a.type, b.type} == {types.COMPTIME_INT, types.COMPTIME_FLOAT}:
        return types.COMPTIME_FLOAT
    raise CslError(at, f"{op} between {a.type} and {b.type}", "convert one by @as(T, x)")


def _fits(value: Value, of: CslType) -> bool:
    """Whether it is a known integer that the other type holds."""
    if not isinstance(value, KnownValue) or not isinstance(of, types.Int) or not isinstance(value.type, types.Int):
        return False
    return bool(of.low <= value.data <= of.high)


def _advice(value: Value, of: CslType) -> str:
    if value.type == types.COMPTIME_INT and isinstance(of, types.Float):
        return f"write {value.data}.0" if isinstance(value, KnownValue) else "write it with a point"
    if of == types.BOOL:
        return "compare it: x != 0"
    if of == types.VOID:
        return "what returns void returns nothing: return;"
    if value.type == types.COMPTIME_FLOAT and isinstance(of, types.Int):
        return f"convert it: @as({of}, x)"
    numbers = (types.Int, types.Float)
    if isinstance(value.type, numbers) and isinstance(of, numbers):
        return f"convert it: @as({of}, x)"
    if isinstance(value, Aggregate) and isinstance(of, types.Struct):
        return _fields(value, of)
    if isinstance(value.type, types.Pointer) and isinstance(of, types.Pointer):
        return f"convert it: @ptrcast({of}, x)"
    if isinstance(of, types.Opaque) and isinstance(value.type, types.Int | types.Simple):
        return f"make one: @get_{of}(n)" if of != types.DIRECTION else "directions are EAST, WEST, NORTH, SOUTH, RAMP"
    return ""


def _fields(value: Aggregate, of: types.Struct) -> str:
    names = [name for name, _ in of.fields]
    for name in value.fields:
        if name not in names:
            return f"it has no field {name}; " + (nearest(name, names) or f"its fields are {', '.join(names)}")
    missing = [name for name in names if name not in value.fields]
    return f"give .{missing[0]} too" if missing else ""
