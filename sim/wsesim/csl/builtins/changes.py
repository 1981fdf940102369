"""Builtins that make a descriptor of another: one that begins elsewhere, or is of another length or stride."""

from __future__ import annotations

from dataclasses import replace

from wsesim.csl import types
from wsesim.csl.builtins.descriptors import get_field, set_field, shifted
from wsesim.csl.builtins.table import Use, builtin
from wsesim.csl.convert import coerce
from wsesim.csl.source import CslError
from wsesim.csl.values import Address, KnownValue, Runtime, Value, is_known
from wsesim.csl.vectors import Field


def _descriptor(use: Use, index: int = 0) -> Value:
    value = use.value(index)
    kinds: tuple[types.DsdType, ...] = (types.MEM1D, types.MEM4D)
    if use.node.name == "@set_dsd_length":
        kinds += (types.FABIN, types.FABOUT)
    if value.type not in kinds:
        raise CslError(use.place(index), f"{use.node.name} of a {value.type}", "it takes a descriptor of memory")
    return value


@builtin("@increment_dsd_offset", least=3)
def increment_dsd_offset(use: Use) -> Value:
    """A descriptor that begins some elements further on."""
    dsd, by, words = _descriptor(use), use.value(1, types.I16), types.words(use.type(2))
    if isinstance(dsd, KnownValue) and isinstance(by, KnownValue) and dsd.data.base is not None:
        base = dsd.data.base
        return KnownValue(dsd.type, replace(dsd.data, base=Address(base.storage, base.words + by.data * words)))
    register = use.frame.register(dsd, use.at)
    start = Runtime(types.U16, get_field(use, register, Field.BASE))
    return Runtime(
        dsd.type, set_field(use, register, Field.BASE, use.frame.register(shifted(use, start, by, words), use.at))
    )


@builtin("@set_dsd_base_addr", least=2)
def set_dsd_base_addr(use: Use) -> Value:
    """A descriptor that begins elsewhere."""
    from wsesim.csl.access import place, pointer_to

    dsd = _descriptor(use)
    where = place(use.node.arguments[1], use.frame)
    if where is not None and isinstance(where.type, types.Array):
        pointer = pointer_to(where, use.frame, use.at)
    else:
        pointer = use.value(1)
    if isinstance(pointer, KnownValue) and isinstance(pointer.data, list):
        pointer = pointer_to(use.frame.program.constant_place(pointer), use.frame, use.at)
    if not isinstance(pointer.type, types.Pointer):
        raise CslError(use.place(1), f"a base address of type {pointer.type}", "an array or a pointer")
    if isinstance(dsd, KnownValue) and isinstance(pointer, KnownValue):
        return KnownValue(dsd.type, replace(dsd.data, base=pointer.data))
    return Runtime(
        dsd.type, set_field(use, use.frame.register(dsd, use.at), Field.BASE, use.frame.register(pointer, use.at))
    )


@builtin("@set_dsd_length", "@set_dsd_stride", least=2)
def set_dsd_number(use: Use) -> Value:
    """A descriptor of another length or stride."""
    name, field = ("length", Field.LENGTH) if use.node.name == "@set_dsd_length" else ("stride", Field.STRIDE)
    dsd, number = _descriptor(use), use.value(1, types.U16)
    if dsd.type == types.MEM4D:
        raise CslError(use.place(0), f"{use.node.name} of a mem4d_dsd", "make another by @get_dsd")
    if not isinstance(number.type, types.Int) and number.type != types.COMPTIME_INT:
        raise CslError(use.place(1), f"a {name} of type {number.type}", "it is an integer")
    if is_known(number):
        number = coerce(number, types.U16 if name == "length" else types.I16, use.frame, use.place(1), f"the {name}")
    if isinstance(dsd, KnownValue) and isinstance(number, KnownValue):
        return KnownValue(dsd.type, replace(dsd.data, **{name: number.data}))
    return Runtime(dsd.type, set_field(use, use.frame.register(dsd, use.at), field, use.frame.register(number, use.at)))
