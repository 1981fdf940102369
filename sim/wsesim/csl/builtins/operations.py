"""Builtins that work on vectors."""

from __future__ import annotations

from wsesim.csl import image, types
from wsesim.csl.builtins.registers import dsr_number, options
from wsesim.csl.builtins.table import Use, builtin
from wsesim.csl.convert import converted
from wsesim.csl.image import Operation
from wsesim.csl.memory import store
from wsesim.csl.numbers import bits_of, round_to
from wsesim.csl.source import CslError
from wsesim.csl.types import F16, F32, I16, U16, U32, CslType
from wsesim.csl.values import VOID, Aggregate, InMemory, KnownValue, Runtime, Value
from wsesim.csl.vectors import OperandKind, VectorOperand, VectorUse
from wsesim.units import plural

_INTEGER = ("add16", "addc16", "sub16", "and16", "or16", "xor16", "sll16", "slr16", "sar16")
_TWO = {**dict.fromkeys(_INTEGER, (U16, U16, U16)),
        **dict.fromkeys(("faddh", "fsubh", "fmulh", "fmaxh"), (F16, F16, F16)),
        **dict.fromkeys(("fadds", "fsubs", "fmuls", "fmaxs"), (F32, F32, F32))}  # fmt: skip
OPERATIONS: dict[str, tuple[CslType, ...]] = {
    **_TWO,
    **dict.fromkeys(("mov16", "clz", "ctz", "popcnt"), (U16, U16)),
    **dict.fromkeys(("fabsh", "fnegh", "fmovh", "fnormh"), (F16, F16)),
    **dict.fromkeys(("fabss", "fnegs", "fmovs", "fnorms"), (F32, F32)),
    "mov32": (U32, U32), "faddhs": (F32, F16, F32), "fmach": (F16, F16, F16, F16), "fmachs": (F32, F32, F16, F16),
    "fmacs": (F32, F32, F32, F32), "fscaleh": (F16, F16, I16), "fscales": (F32, F32, I16), "fh2s": (F32, F16),
    "fs2h": (F16, F32), "fh2xp16": (I16, F16), "fs2xp16": (I16, F32), "xp162fh": (F16, I16), "xp162fs": (F32, I16),
}  # fmt: skip
"""Type of the destination and of each source."""
_FACTOR = 3
"""The place of the number that a multiply-add multiplies by."""


def operation(use: Use) -> Value:
    """Lower a vector operation.

    Raises:
        CslError: Operands that it does not take.
    """
    kinds = OPERATIONS[use.node.name[1:]]
    count = len(kinds)
    if use.count not in (count, count + 1):
        raise CslError(
            use.at,
            f"{use.node.name} with {plural(use.count, 'argument')}",
            f"a destination, {count - 1} sources, perhaps options",
        )
    if use.frame.body is None:
        raise CslError(
            use.at, f"{use.node.name} is done by the core, not while compiling", "call it in a function or a task"
        )
    values = [use.value(index, kinds[index] if index else None) for index in range(count)]
    fields = use.fields(count, "the options")
    _check(use, values)
    fp16 = use.frame.program.options.fp16
    if fp16 != "f16" and F16 in kinds:
        raise CslError(use.at, f"{use.node.name} in {fp16} is not modelled", "cores here compute with f16 and f32")
    chosen = options(use, fields)
    if chosen.is_async and not any(_may_be_async(value) for value in values):
        raise CslError(use.at, f"{use.node.name} on memory alone is not async", "an operand of the fabric may wait")
    operands = [_destination(use, values[0])]
    accumulates = (
        operands[0].kind == OperandKind.POINTER and count > 2 and _is_scalar(values[1]) and not _is_scalar(values[2])
    )
    for index in range(1, count):
        if index == 1 and accumulates:
            pointer = values[0]
            assert isinstance(pointer.type, types.Pointer)
            first = Runtime(kinds[1], _scalar(use, values[1], kinds[1], 1))
            store(InMemory(kinds[1], pointer), first, use.frame, use.at)
            operands.append(VectorOperand(OperandKind.POINTER, operands[0].value))
        else:
            operands.append(_source(use, values[index], kinds[index], index))
    vector = VectorUse(use.node.name[1:], tuple(operands), chosen)
    done = use.frame.code.code.register()
    use.frame.code.emit(Operation.VECTOR, use.at, d=done, vector=vector)
    return Runtime(types.BOOL, done)


for _name in OPERATIONS:
    builtin(f"@{_name}", least=2, most=5)(operation)


def _may_be_async(value: Value) -> bool:
    return value.type in (types.FABIN, types.FABOUT, types.FIFO) or isinstance(value.type, types.DsrType)


def _is_scalar(value: Value) -> bool:
    return not isinstance(value.type, types.DsdType | types.DsrType | types.Pointer)


def _check(use: Use, values: list[Value]) -> None:
    if values[0].type == types.FABIN:
        raise CslError(use.place(0), "a fabin_dsd is no destination", "a fabout_dsd sends")
    for index, value in enumerate(values[1:], 1):
        if value.type == types.FABOUT:
            raise CslError(use.place(index), "a fabout_dsd is no source", "a fabin_dsd receives")
        if value.type == types.CIRCBUF:
            raise CslError(use.place(index), f"{use.node.name} of a circbuf_dsd", "load it: @load_to_dsr_xdsr")
        if isinstance(value, Aggregate):
            raise CslError(use.place(index), f"{use.node.name} of a {value.type}", "sources come before the options")
        if index == _FACTOR and not _is_scalar(value):
            raise CslError(
                use.place(index), f"{use.node.name} times a {value.type}", "its last source is a number: x[j]"
            )
    fabrics = sum(value.type == types.FABIN for value in values)
    most = 1 if use.frame.program.options.arch == "wse3" else 2
    if fabrics > most:
        raise CslError(
            use.at, f"{fabrics} sources from the fabric", f"at most {most} on {use.frame.program.options.arch}"
        )


def _destination(use: Use, value: Value) -> VectorOperand:
    if isinstance(value.type, types.DsdType):
        return VectorOperand(OperandKind.DSD, use.frame.register(value, use.at))
    if isinstance(value.type, types.DsrType):
        return VectorOperand(OperandKind.DSR, dsr_number(value, use, 0))
    if isinstance(value.type, types.Pointer):
        return VectorOperand(OperandKind.POINTER, use.frame.register(value, use.at))
    raise CslError(use.place(0), f"a {value.type} is no destination", "a descriptor, a DSR or a pointer is: &x")


def _source(use: Use, value: Value, of: CslType, index: int) -> VectorOperand:
    if isinstance(value.type, types.DsdType):
        return VectorOperand(OperandKind.DSD, use.frame.register(value, use.place(index)))
    if isinstance(value.type, types.DsrType):
        return VectorOperand(OperandKind.DSR, dsr_number(value, use, index))
    if isinstance(value.type, types.Pointer):
        return VectorOperand(OperandKind.POINTER, use.frame.register(value, use.place(index)))
    return VectorOperand(OperandKind.SCALAR, _scalar(use, value, of, index))


def _scalar(use: Use, value: Value, of: CslType, index: int) -> int:
    """The register that holds the bits of a scalar source, as the operation reads it."""
    at = use.place(index)
    if isinstance(value, KnownValue):
        return use.frame.code.code.number(_known_bits(use, value, of, index))
    if value.type == of:
        return use.frame.register(value, at)
    if isinstance(of, types.Float) != isinstance(value.type, types.Float):
        if types.words(value.type) == types.words(of) and isinstance(value.type, types.Float):
            return use.frame.register(value, at)
        raise CslError(at, f"{use.node.name} of a {value.type}", f"it takes a {of}: convert it by @as({of}, x)")
    if isinstance(value.type, types.Int | types.Float):
        if isinstance(of, types.Float) and value.type == F32:
            raise CslError(at, f"{use.node.name} of a {value.type}", f"it takes a {of}: convert it by @as({of}, x)")
        return use.frame.register(converted(value, of, use.frame, at), at)
    return use.frame.register(value, at)


def _known_bits(use: Use, value: Value, of: CslType, index: int) -> int:
    assert isinstance(value, KnownValue)
    if isinstance(of, types.Float):
        if not isinstance(value.data, float):
            right = f"write {value.data}.0" if value.type == types.COMPTIME_INT else f"convert it by @as({of}, x)"
            raise CslError(use.place(index), f"{use.node.name} of a {value.type}", right)
        return bits_of(of, round_to(of, value.data))
    if isinstance(value.data, float):
        if value.type == types.COMPTIME_FLOAT:
            raise CslError(use.place(index), f"{use.node.name} of a {value.type}", "give it a type by @as(f32, x)")
        return bits_of(value.type, value.data)
    if not isinstance(value.data, int):
        raise CslError(use.place(index), f"{use.node.name} of a {value.type}", "it takes a descriptor or a number")
    bits = types.words(of) * 16
    return int(value.data) & ((1 << bits) - 1)


@builtin("@dfilt", least=1, most=2)
def dfilt(use: Use) -> Value:
    """Drop data until control wavelets came."""
    value = use.value(0)
    operand = _source(use, value, U32, 0)
    vector = VectorUse("dfilt", (operand,), options(use, use.fields(1, "the options")))
    use.frame.code.emit(Operation.VECTOR, use.at, image.Type.U16, d=use.frame.code.code.register(), vector=vector)
    return VOID
