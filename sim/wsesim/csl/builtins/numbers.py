"""Builtins that make a value of another type, and ask for types."""

from __future__ import annotations

import math

from wsesim.csl import types
from wsesim.csl.builtins.table import Use, builtin, is_number
from wsesim.csl.code import scalar
from wsesim.csl.convert import coerce, converted
from wsesim.csl.core import evaluate, truth
from wsesim.csl.image import Operation
from wsesim.csl.intrinsics import TABLE
from wsesim.csl.numbers import bits_of, float_of, round_to
from wsesim.csl.source import CslError
from wsesim.csl.types import CslType
from wsesim.csl.values import VOID, Address, KnownValue, Runtime, Value


@builtin("@as", least=2)
def as_(use: Use) -> Value:
    """A number, bool or enum as another."""
    of = use.type(0)
    value = use.value(1, of)
    if value.type == of:
        return value
    if not _castable(value.type) or not _castable(of):
        try:
            return coerce(value, of, use.frame, use.place(1))
        except CslError:
            raise CslError(
                use.place(1), f"@as makes no {of} of a {value.type}", "it is for numbers, bool and enums"
            ) from None
    if isinstance(value, KnownValue):
        return KnownValue(of, cast(value, of, use))
    if value.type == types.BOOL and isinstance(of, types.Int):
        return Runtime(of, use.frame.register(value, use.at))
    return converted(value, of, use.frame, use.at)


def _castable(of: CslType) -> bool:
    return is_number(of) or of == types.BOOL or isinstance(of, types.Enum)


def cast(value: KnownValue, of: CslType, use: Use) -> object:
    """A known number as a number of another type.

    Raises:
        CslError: An integer without a type that the other does not hold.
    """
    data = value.data
    if of == types.BOOL:
        return data != 0
    if isinstance(of, types.Float) or of == types.COMPTIME_FLOAT:
        return round_to(of, float(data))
    if isinstance(data, float):
        if math.isnan(data) or math.isinf(data):
            raise CslError(use.place(1), f"{data} is no integer")
        data = math.trunc(data)
    target = of.base if isinstance(of, types.Enum) else of
    if isinstance(target, types.Int):
        if value.type == types.COMPTIME_INT and not target.low <= data <= target.high:
            raise CslError(use.place(1), f"{data} is no {of}", f"{of} holds {target.low} to {target.high}")
        return target.wrap(int(data))
    return int(data)


@builtin("@bitcast", least=2)
def bitcast(use: Use) -> Value:
    """The same bits as another type."""
    of = use.type(0)
    value = use.value(1, types.U16 if isinstance(of, types.Pointer) else None)
    if isinstance(of, types.Pointer):
        return _pointer_of(use, of, value)
    if isinstance(value.type, types.Pointer):
        return _number_of(use, of, value)
    have = types.width(value.type) or (types.width(of) if value.type == types.COMPTIME_INT else 0)
    if not types.width(of) or have != types.width(of):
        raise CslError(use.at, f"@bitcast makes no {of} of a {value.type}", "both must have the same number of bits")
    if isinstance(value, KnownValue):
        bits = bits_of(of if value.type == types.COMPTIME_INT else value.type, value.data)
        return KnownValue(of, float_of(of, bits) if isinstance(of, types.Float) else _wrapped(of, bits))
    unsigned = types.Int(have, False)
    signed = isinstance(of, types.Int) and of.signed
    if isinstance(value.type, types.Int) and value.type.signed:
        value = converted(value, unsigned, use.frame, use.at)
    if signed:
        return converted(Runtime(unsigned, use.frame.register(value, use.at)), of, use.frame, use.at)
    return Runtime(of, use.frame.register(value, use.at))


def _wrapped(of: CslType, bits: int) -> int | bool:
    if of == types.BOOL:
        return bool(bits & 1)
    return of.wrap(bits) if isinstance(of, types.Int) else bits


def _pointer_of(use: Use, of: types.Pointer, value: Value) -> Value:
    """Byte addresses of the language are word addresses of the core."""
    if isinstance(value.type, types.Pointer):
        return _retyped(value, of)
    if isinstance(value, KnownValue):
        return KnownValue(of, Address(None, (value.data >> 1) & 0xFFFF))
    one = use.frame.code.code.number(1)
    return Runtime(of, use.frame.code.result(Operation.SHR, use.at, a=use.frame.register(value, use.at), b=one))


def _number_of(use: Use, of: CslType, value: Value) -> Value:
    if isinstance(value, KnownValue) and isinstance(value.data, Address) and value.data.storage is None:
        return KnownValue(of, value.data.words * 2)
    if use.frame.body is None:
        raise CslError(use.at, "addresses of variables are not known yet while compiling", "take it in a function")
    one = use.frame.code.code.number(1)
    return Runtime(of, use.frame.code.result(Operation.SHL, use.at, a=use.frame.register(value, use.at), b=one))


def _retyped(value: Value, of: CslType) -> Value:
    return KnownValue(of, value.data) if isinstance(value, KnownValue) else Runtime(of, value.register)  # type: ignore[attr-defined]


@builtin("@ptrcast", least=2)
def ptrcast(use: Use) -> Value:
    """A pointer to another type."""
    of, value = use.type(0), use.value(1)
    if not isinstance(of, types.Pointer) or not isinstance(value.type, types.Pointer):
        raise CslError(use.at, f"@ptrcast makes no {of} of a {value.type}", "both are pointers")
    return _retyped(value, of)


@builtin("@get_int", least=1)
def get_int(use: Use) -> Value:
    """The integer inside an id, a color, a queue, an enum."""
    value = use.value(0)
    if isinstance(value.type, types.Int) or value.type == types.COMPTIME_INT:
        return value
    of = value.type.base if isinstance(value.type, types.Enum) else types.U16
    if not isinstance(value.type, types.Opaque | types.Enum | types.DsrType):
        raise CslError(
            use.place(0), f"there is no integer in a {value.type}", "there is in colors, ids, queues and enums"
        )
    return _retyped(value, of)


@builtin("@intrinsic", least=2, most=5)
def intrinsic(use: Use) -> Value:
    """A numbered function of the machine, for files of the library only."""
    if not use.frame.module.is_library:
        raise CslError(use.at, f"there is no builtin {use.node.name}")
    name, of = use.text(0, "the name"), use.type(1)
    entry = TABLE[name]
    if entry.evaluate is not None and not (isinstance(of, types.Float) or of == types.COMPTIME_FLOAT):
        raise CslError(use.at, f"{name} of a {of}", "it is for floats: convert it by @as(f32, x)")
    values = [use.value(index) for index in range(2, use.count)]
    if use.frame.body is None or (
        entry.evaluate is not None and all(isinstance(value, KnownValue) for value in values)
    ):
        return _evaluated(use, of, values)
    registers = [_operand(use, value) for value in values] + [-1, -1, -1]
    is_void = of == types.VOID
    t = scalar(types.U16 if is_void else of, use.at)
    d = -1 if is_void else use.frame.code.code.register()
    use.frame.code.emit(
        Operation.INTRINSIC, use.at, t, d=d, a=registers[0], b=registers[1], c=registers[2], n=entry.number
    )  # fmt: skip
    return VOID if is_void else Runtime(of, d)


def _prioritise(use: Use, values: list[Value]) -> None:
    """Tasks of an id go before others, from the start on."""
    number, level = (value.data for value in values if isinstance(value, KnownValue))
    high = use.frame.program.setup.high
    (high.add if level else high.discard)(number)


def _operand(use: Use, value: Value) -> int:
    if isinstance(value, KnownValue) and isinstance(value.data, str):
        return use.frame.code.code.number(use.frame.program.string(value.data))
    return use.frame.register(value, use.at)


def _evaluated(use: Use, of: CslType, values: list[Value]) -> Value:
    name = use.text(0, "the name")
    entry = TABLE[name]
    if name == "set_priority" and use.frame.effects:
        _prioritise(use, values)
        return VOID
    if entry.evaluate is None or not all(isinstance(value, KnownValue) for value in values):
        raise CslError(use.at, "this is computed by the core, not while compiling", "call it in a function or a task")
    try:
        result = entry.evaluate(*(value.data for value in values))  # type: ignore[attr-defined]
    except (ValueError, OverflowError, ZeroDivisionError) as problem:
        raise CslError(use.at, f"this has no value: {problem}") from problem
    return KnownValue(
        of, round_to(of, float(result)) if isinstance(of, types.Float) or of == types.COMPTIME_FLOAT else result
    )


@builtin("@is_same_type", least=2)
def is_same_type(use: Use) -> Value:
    """Whether two types are one."""
    return KnownValue(types.BOOL, types.same(use.type(0), use.type(1)))


@builtin("@type_of", least=1)
def type_of_(use: Use) -> Value:
    """The type of an expression, of which no code is made."""
    frame = use.frame
    if frame.body is None:
        return KnownValue(types.TYPE, _type_while_compiling(use))
    with frame.code.captured([]):
        return KnownValue(types.TYPE, use.value(0).type)


def _type_while_compiling(use: Use) -> CslType:
    """Of a variable of the core too, which is not read."""
    from wsesim.csl.access import place

    where = place(use.node.arguments[0], use.frame)
    return where.type if where is not None and where.type != types.ANY else use.value(0).type


@builtin("@fp16", least=0)
def fp16(use: Use) -> Value:
    """The 16-bit float of the core."""
    return KnownValue(types.TYPE, use.frame.program.fp16)


@builtin("@is_arch", least=1)
def is_arch(use: Use) -> Value:
    """Whether it is compiled for a generation."""
    name = use.text(0, "the name")
    if name not in ("wse1", "wse2", "wse3"):
        raise CslError(use.place(0), f"there is no architecture {name}", 'there is "wse2" and "wse3"')
    return KnownValue(types.BOOL, name == use.frame.program.options.arch)


@builtin("@is_comptime", least=0)
def is_comptime(use: Use) -> Value:
    """Whether this is evaluated while compiling."""
    return KnownValue(types.BOOL, use.frame.body is None)


@builtin("@comptime_assert", least=1, most=2)
def comptime_assert(use: Use) -> Value:
    """Stop the compiler unless a condition holds."""
    value = evaluate(use.node.arguments[0], use.frame.comptime() if use.frame.body else use.frame)
    if not truth(value, use.place(0), "what is asserted"):
        message = use.text(1, "the message") if use.count == 2 else ""
        raise CslError(use.at, f"@comptime_assert does not hold{': ' if message else ''}{message}")
    return VOID


@builtin("@assert", least=1)
def assert_(use: Use) -> Value:
    """Stop the run unless a condition holds."""
    value = use.value(0, types.BOOL)
    decided = truth(value, use.place(0), "what is asserted")
    if use.frame.body is None and not decided:
        raise CslError(use.at, "@assert does not hold")
    if use.frame.body is not None and decided is not True:
        use.frame.code.emit(Operation.ASSERT, use.at, a=use.frame.register(value, use.at))
    return VOID
