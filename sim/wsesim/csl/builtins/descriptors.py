"""The builtin that makes descriptors, and what others ask of their fields."""

from __future__ import annotations

from dataclasses import replace

from wsesim.csl import types
from wsesim.csl.builtins.table import Use, builtin
from wsesim.csl.core import whole_of
from wsesim.csl.image import Operation, Type
from wsesim.csl.source import CslError, nearest
from wsesim.csl.tensors import Access
from wsesim.csl.values import Address, Aggregate, Dsd, KnownValue, Runtime, Value, wrap
from wsesim.csl.vectors import Field

MEMORY = ("tensor_access", "base_address", "extent", "stride", "offset", "wavelet_index_offset")
CIRCULAR = ("base_address", "extent", "wraparound")
FABIN = ("extent", "fabric_color", "input_queue", "priority", "simd_mode", "control_transform", "wavelet_index_offset")
FABOUT = (
    "extent", "fabric_color", "output_queue", "control", "wavelet_index_offset", "advance_switch", "zero", "simd_mode",
    "control_transform", "priority",
)  # fmt: skip
SIMD = {"simd_off": 0, "simd_32": 1, "simd_64": 2, "simd_32_or_64": 3, "simd_max": 3}


@builtin("@get_dsd", least=2)
def get_dsd(use: Use) -> Value:
    """A descriptor."""
    kind = use.type(0)
    if not isinstance(kind, types.DsdType):
        raise CslError(use.place(0), f"{kind} is no kind of descriptor", f"{', '.join(map(str, types.DSDS[:5]))} are")
    fields = use.fields(1, "the properties")
    names = {types.FABIN: FABIN, types.FABOUT: FABOUT, types.CIRCBUF: CIRCULAR}.get(kind, MEMORY)
    if kind == types.FIFO:
        raise CslError(use.place(0), "a fifo is not made by @get_dsd", "@allocate_fifo makes one")
    for name in fields:
        if name not in names:
            raise CslError(
                use.place(1), f"a {kind} has no .{name}", nearest(name, names) or f"it has .{', .'.join(names)}"
            )
    if kind == types.CIRCBUF:
        return _circular(use, fields)
    return _fabric(use, kind, fields) if kind.name.startswith("fab") else _memory(use, kind, fields)


def _true(value: Value | None) -> bool:
    return isinstance(value, KnownValue) and bool(value.data)


def _fabric(use: Use, kind: types.DsdType, fields: dict[str, Value]) -> Value:
    flags: dict[str, int] = {}
    if _true(fields.get("control")):
        flags["control"] = 1
    if _true(fields.get("advance_switch")):
        flags["advance"] = 1
    if _true(fields.get("wavelet_index_offset")):
        flags["indexed"] = 1
    if _true(fields.get("control_transform")):
        flags["transform"] = 1
    zero = fields.get("zero")
    use.known_names(1, getattr(zero, "fields", {}), ("first_source", "second_source"))
    use.known_names(1, getattr(fields.get("simd_mode"), "fields", {}), tuple(SIMD))
    if isinstance(zero, Aggregate):
        flags |= {f"zero_{part}": 1 for part in ("first", "second") if _true(zero.fields.get(f"{part}_source"))}
    mode = fields.get("simd_mode")
    if isinstance(mode, Aggregate):
        flags["simd"] = next((number for name, number in SIMD.items() if _true(mode.fields.get(name))), 0)
    moving: list[tuple[Field, Value]] = []
    dsd = Dsd(kind="fabin" if kind.name == "fabin_dsd" else "fabout", flags=tuple(sorted(flags.items())))
    if "extent" not in fields:
        raise CslError(use.at, f"a {kind} without .extent", ".extent = n")
    dsd = _number(use, dsd, "length", fields["extent"], Field.LENGTH, moving)
    for name, flag, field in (
        ("fabric_color", "color", Field.COLOR),
        ("input_queue", "queue", Field.QUEUE),
        ("output_queue", "queue", Field.QUEUE),
    ):
        if name in fields:
            dsd = _flag(use, dsd, name, flag, fields[name], field, moving)
    return _with(use, KnownValue(kind, dsd), moving)


def _number(use: Use, dsd: Dsd, name: str, value: Value, field: Field, moving: list[tuple[Field, Value]]) -> Dsd:
    if isinstance(value, KnownValue):
        low, high = (0, 0xFFFF) if name == "length" else (-0x8000, 0xFFFF)
        number = whole_of(value, use.place(1), f".{'extent' if name == 'length' else name}", low, high)
        return replace(dsd, **{name: number})  # type: ignore[arg-type]
    if not isinstance(value.type, types.Int):
        raise CslError(use.place(1), f".extent or .stride is of type {value.type}", "it is an integer")
    moving.append((field, value))
    return dsd


def _flag(
    use: Use, dsd: Dsd, name: str, flag: str, value: Value, field: Field, moving: list[tuple[Field, Value]]
) -> Dsd:
    wanted = {"fabric_color": types.COLOR, "input_queue": types.INPUT_QUEUE, "output_queue": types.OUTPUT_QUEUE}[name]
    if value.type == types.VOID:
        raise CslError(use.place(1), f".{name} is not given: it is void", "give the param a value")
    if value.type != wanted:
        raise CslError(use.place(1), f".{name} is of type {value.type}, not {wanted}", f"@get_{wanted}(n) makes one")
    if isinstance(value, KnownValue):
        return replace(dsd, flags=(*dsd.flags, (flag, value.data)))
    moving.append((field, value))
    return dsd


def _with(use: Use, known: KnownValue, moving: list[tuple[Field, Value]]) -> Value:
    """The descriptor with fields that only the core knows."""
    if not moving:
        return known
    register = use.frame.register(known, use.at)
    for field, value in moving:
        register = set_field(use, register, field, use.frame.register(value, use.at))
    return Runtime(known.type, register)


def set_field(use: Use, register: int, field: Field, value: int) -> int:
    """A descriptor with another value in a field."""
    return use.frame.code.result(Operation.SET_FIELD, use.at, Type.U64, a=register, b=value, n=int(field))


def get_field(use: Use, register: int, field: Field) -> int:
    """A field of a descriptor."""
    t = Type.I16 if field == Field.STRIDE else Type.U16
    return use.frame.code.result(Operation.GET_FIELD, use.at, t, a=register, n=int(field))


def _memory(use: Use, kind: types.DsdType, fields: dict[str, Value]) -> Value:
    flags = (("indexed", 1),) if _true(fields.get("wavelet_index_offset")) else ()
    if "tensor_access" in fields:
        access = fields["tensor_access"]
        if not isinstance(access, KnownValue) or not isinstance(access.data, Access):
            raise CslError(use.place(1), f".tensor_access is a {access.type}", "|i|{n} -> A[i]")
        return _accessed(use, kind, access.data, flags)
    if "base_address" not in fields:
        raise CslError(use.at, f"a {kind} of nothing", "give .tensor_access, or .base_address and .extent")
    return _by_fields(use, kind, fields, flags)


def _accessed(use: Use, kind: types.DsdType, access: Access, flags: tuple[tuple[str, int], ...]) -> Value:
    if kind.name == "mem1d_dsd":
        if len(access.lengths) != 1:
            raise CslError(use.place(1), f"{len(access.lengths)} indices in a mem1d_dsd", "a mem4d_dsd takes up to 4")
        dsd = Dsd(
            kind="mem1d", base=access.start, length=access.lengths[0], stride=access.steps[0], flags=flags,
            element=access.element,
        )  # fmt: skip
        return KnownValue(kind, dsd)
    lengths, steps = access.lengths[::-1], access.steps[::-1]
    return _shaped(kind, access.start, lengths, strides(lengths, steps), flags, access.element)


def strides(lengths: tuple[int, ...], steps: tuple[int, ...]) -> tuple[int, ...]:
    """How the address changes when a dimension steps and all faster ones fall back; the fastest dimension first."""
    return tuple(
        step - sum(inner * (length - 1) for inner, length in zip(steps[:k], lengths[:k], strict=True))
        for k, step in enumerate(steps)
    )


def _shaped(
    kind: types.DsdType, base: Address, lengths: tuple[int, ...], steps: tuple[int, ...],
    flags: tuple[tuple[str, int], ...], element: types.CslType,
) -> KnownValue:  # fmt: skip
    return KnownValue(kind, Dsd(kind="mem4d", base=base, shape=(lengths, steps), flags=flags, element=element))


def _circular(use: Use, fields: dict[str, Value]) -> KnownValue:
    """A circular buffer: so many elements, over and over the first few of them."""
    for name in CIRCULAR:
        if name not in fields:
            raise CslError(use.at, f"a circbuf_dsd without .{name}", f"it has .{', .'.join(CIRCULAR)}")
    base = fields["base_address"]
    if (
        not isinstance(base, KnownValue)
        or not isinstance(base.data, Address)
        or not isinstance(base.type, types.Pointer)
    ):
        raise CslError(use.place(1), f".base_address is of type {base.type}", "it is a known pointer: &A")
    count = whole_of(fields["extent"], use.place(1), ".extent", 1, 0xFFFF)
    size = whole_of(fields["wraparound"], use.place(1), ".wraparound", 1, 0xFFFF)
    turns = -(-count // size)
    target = base.type.target
    element = target.element if isinstance(target, types.Array) else target
    shape = ((size, turns), (1, 1 - size), count)
    return KnownValue(types.CIRCBUF, Dsd(kind="mem4d", base=base.data, shape=shape, element=element))


def _numbers(use: Use, value: Value, what: str) -> tuple[int, ...]:
    if isinstance(value, Aggregate):
        items = list(value.fields.values())
    elif isinstance(value, KnownValue) and isinstance(value.data, list):
        items = [wrap(types.I16, item) for item in value.data]
    else:
        items = [value]
    return tuple(whole_of(item, use.place(1), what, -0x8000, 0xFFFF) for item in items)


def _by_fields(use: Use, kind: types.DsdType, fields: dict[str, Value], flags: tuple[tuple[str, int], ...]) -> Value:
    base = fields["base_address"]
    of = base.type
    if not isinstance(of, types.Pointer):
        raise CslError(use.place(1), f".base_address is of type {of}", "it is a pointer: &A")
    element = of.target.element if isinstance(of.target, types.Array) else of.target
    offset = fields.get("offset")
    moved = base
    if offset is not None:
        moved = shifted(use, base, offset, types.words(element))
    if kind.name == "mem4d_dsd":
        lengths = _numbers(use, fields["extent"], ".extent")[::-1] if "extent" in fields else ()
        steps = _numbers(use, fields["stride"], ".stride") if "stride" in fields else (1,)
        steps += (0,) * (len(lengths) - len(steps))
        start = moved.data if isinstance(moved, KnownValue) else Address(None, 0)
        known = _shaped(kind, start, lengths, steps, flags, element)
        return _with(use, known, [] if isinstance(moved, KnownValue) else [(Field.BASE, moved)])
    moving: list[tuple[Field, Value]] = []
    dsd = Dsd(kind="mem1d", length=1, flags=flags, element=element)
    for name, part, field in (("extent", "length", Field.LENGTH), ("stride", "stride", Field.STRIDE)):
        if name in fields:
            dsd = _number(use, dsd, part, _single(fields[name]), field, moving)
    if isinstance(moved, KnownValue):
        dsd = replace(dsd, base=moved.data)
    else:
        moving.append((Field.BASE, moved))
    return _with(use, KnownValue(kind, dsd), moving)


def _single(value: Value) -> Value:
    """A number, or the only one of a tuple."""
    if isinstance(value, Aggregate) and len(value.fields) == 1:
        return next(iter(value.fields.values()))
    return value


def shifted(use: Use, pointer: Value, by: Value, words: int) -> Value:
    """A pointer some elements further on."""
    if not isinstance(by.type, types.Int) and by.type != types.COMPTIME_INT:
        raise CslError(use.at, f"an offset of type {by.type}", "it is an i16")
    if isinstance(pointer, KnownValue) and isinstance(by, KnownValue):
        return KnownValue(pointer.type, Address(pointer.data.storage, pointer.data.words + by.data * words))
    register = use.frame.register(by, use.at)
    if words > 1:
        register = use.frame.code.result(Operation.MUL, use.at, a=register, b=use.frame.code.code.number(words))
    start = use.frame.register(pointer, use.at)
    return Runtime(pointer.type, use.frame.code.result(Operation.ADD, use.at, a=start, b=register))
