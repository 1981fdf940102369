"""Loads and stores: of variables while compiling, of registers and of the core's memory."""

from __future__ import annotations

from wsesim.csl import types
from wsesim.csl.code import Label, scalar
from wsesim.csl.convert import coerce
from wsesim.csl.frame import Frame
from wsesim.csl.image import Operation, Type
from wsesim.csl.packed import extracted, inserted
from wsesim.csl.source import CslError, SourcePlace
from wsesim.csl.types import CslType
from wsesim.csl.values import (
    VOID,
    Address,
    Aggregate,
    Cell,
    FieldCell,
    Fields,
    InMemory,
    InRegister,
    Items,
    KnownValue,
    Located,
    Runtime,
    StoredVariable,
    Value,
    Where,
    copied,
    unwrap,
    wrap,
)  # fmt: skip

UNROLLED = 8
"""Elements up to which an array is stored one by one; more are copied in a loop."""


def load(where: Where, frame: Frame, at: SourcePlace) -> Value:
    """What a place holds.

    Raises:
        CslError: Only the core knows, and it is asked for while compiling.
    """
    if isinstance(where, Cell):
        return _load_cell(where, frame)
    if isinstance(where, FieldCell):
        base = load(where.base, frame, at)
        if isinstance(base.type, types.Packed):
            return extracted(base, where.name, frame, at)
        if not isinstance(base, Aggregate) or where.name not in base.fields:
            raise CslError(at, f"there is no field {where.name}")
        return base.fields[where.name]
    if isinstance(where, InRegister):
        return Runtime(where.type, where.register)
    if isinstance(where, Fields):
        return Aggregate(where.type, {name: load(inner, frame, at) for name, inner in where.places.items()})
    assert isinstance(where, InMemory)
    return _load_memory(where, frame, at)


def _load_cell(where: Cell, frame: Frame) -> Value:
    value = where.storage.value
    assert value is not None
    if where.index < 0:
        return value
    if isinstance(value, KnownValue) and isinstance(value.data, list) and isinstance(value.type, types.Array):
        return wrap(value.type.element, value.data[where.index])
    return value


def _cell(where: InMemory) -> Cell | None:
    """A place that a known pointer to a variable while compiling names."""
    if isinstance(where.pointer, KnownValue) and isinstance(where.pointer.data, Address):
        storage = where.pointer.data.storage
        if storage is not None and storage.is_comptime:
            whole = where.type == storage.type or not isinstance(storage.type, types.Array)
            return Cell(where.type, storage, -1 if whole else where.pointer.data.words)
    return None


def _load_memory(where: InMemory, frame: Frame, at: SourcePlace) -> Value:
    cell = _cell(where)
    if cell is not None:
        return _load_cell(cell, frame)
    if isinstance(where.type, types.Struct):
        fields, offset = {}, where.words
        for name, inner in where.type.fields:
            fields[name] = load(InMemory(inner, where.pointer, offset), frame, at)
            offset += types.words(inner)
        return Aggregate(where.type, fields)
    if isinstance(where.type, types.Array):
        return Located(where.type, where)
    if frame.body is None:
        raise CslError(
            at, "a variable of the core is read while compiling", "make it a const, or read it in a function"
        )
    if where.type == types.VOID:
        return VOID
    register, n = base_of(where, frame, at)
    return Runtime(where.type, frame.code.result(Operation.LOAD, at, scalar(where.type, at), a=register, n=n))


def base_of(where: InMemory, frame: Frame, at: SourcePlace) -> tuple[int, int]:
    """Register and number whose sum is the word address of a place."""
    if isinstance(where.pointer, KnownValue) and isinstance(where.pointer.data, Address):
        data = where.pointer.data
        return frame.register(
            KnownValue(where.pointer.type, Address(data.storage, (data.words + where.words) & 0xFFFF)), at
        ), 0
    return frame.register(where.pointer, at), where.words


def store(where: Where, value: Value, frame: Frame, at: SourcePlace) -> None:
    """Put a value where a place is; it is converted to the type of the place.

    Raises:
        CslError: It is not converted by itself; or a variable of the core would change while compiling.
    """
    if isinstance(where, FieldCell):
        base = load(where.base, frame, at)
        if isinstance(base.type, types.Packed):
            store(where.base, inserted(base, where.name, value, frame, at), frame, at)
            return
        if not isinstance(base, Aggregate) or where.name not in base.fields:
            raise CslError(at, f"there is no field {where.name}")
        value = coerce(value, base.fields[where.name].type, frame, at, "the value")
        store(where.base, Aggregate(base.type, {**base.fields, where.name: copied(value)}), frame, at)
        return
    if where.type != types.STRUCT:
        value = coerce(value, where.type, frame, at, "the value")
    if isinstance(where, InMemory) and (cell := _cell(where)) is not None:
        where = cell
    if isinstance(where, Cell):
        _store_cell(where, value, frame, at)
    elif isinstance(where, InRegister):
        frame.code.emit(Operation.MOVE, at, scalar(where.type, at), d=where.register, a=frame.register(value, at))
    elif isinstance(where, Fields):
        assert isinstance(value, Aggregate)
        for name, inner in where.places.items():
            store(inner, value.fields[name], frame, at)
    elif isinstance(where, InMemory):
        _store_memory(where, value, frame, at)


def _store_cell(where: Cell, value: Value, frame: Frame, at: SourcePlace) -> None:
    if frame.body is not None:
        raise CslError(at, "a variable known while compiling is changed by the core", "declare it var in the function")
    if where.index < 0:
        where.storage.value = copied(value)
        return
    held = where.storage.value
    assert isinstance(held, KnownValue)
    held.data[where.index] = unwrap(copied(value))


def _store_memory(where: InMemory, value: Value, frame: Frame, at: SourcePlace) -> None:
    if frame.body is None:
        raise CslError(at, "a variable of the core is changed while compiling", "change it in a function or a task")
    if isinstance(where.type, types.Array):
        _store_array(where, where.type, value, frame, at)
    elif isinstance(value, Aggregate) and isinstance(where.type, types.Struct):
        offset = where.words
        for name, inner in where.type.fields:
            store(InMemory(inner, where.pointer, offset), value.fields[name], frame, at)
            offset += types.words(inner)
    elif where.type != types.VOID:
        register, n = base_of(where, frame, at)
        frame.code.emit(Operation.STORE, at, scalar(where.type, at), a=register, n=n, b=frame.register(value, at))


def new_place(name: str, of: CslType, frame: Frame) -> InMemory:
    """Memory of a core for a variable of a function, or for a value that is read by what the core finds."""
    storage = StoredVariable(name, of, None, used=True)
    frame.program.statics.append(storage)
    return InMemory(of, KnownValue(types.Pointer(of, False, False), Address(storage, 0)))


def _store_array(where: InMemory, of: types.Array, value: Value, frame: Frame, at: SourcePlace) -> None:
    count, wide = of.count, types.words(of.element)
    if isinstance(value, Items):
        for index, item in enumerate(value.items):
            store(InMemory(of.element, where.pointer, where.words + index * wide), item, frame, at)
        return
    if isinstance(value, KnownValue) and (count <= UNROLLED or types.words(of.element) > 2):
        for index, item in enumerate(value.data):
            store(InMemory(of.element, where.pointer, where.words + index * wide), wrap(of.element, item), frame, at)
        return
    if isinstance(value, KnownValue) and all(item == value.data[0] for item in value.data):
        source: Value | InMemory = wrap(of.element, value.data[0])
    else:
        source = frame.program.constant_place(value) if isinstance(value, KnownValue) else _located(value)
    _copy(InMemory(of.element, where.pointer, where.words), source, count, frame, at)


def _located(value: Value) -> InMemory:
    assert isinstance(value, Located)
    return value.place


def _copy(target: InMemory, source: Value | InMemory, count: int, frame: Frame, at: SourcePlace) -> None:
    """A loop that stores a value, or what lies elsewhere, `count` times."""
    code, wide, element_type = frame.code, types.words(target.type), scalar(target.type, at)
    offset, again = code.code.register(), Label()
    code.emit(Operation.MOVE, at, d=offset, a=code.code.number(0))
    bases = [_start(target, frame, at)] + ([_start(source, frame, at)] if isinstance(source, InMemory) else [])
    code.mark(again)
    if isinstance(source, InMemory):
        from_ = code.result(Operation.ADD, at, a=bases[1], b=offset)
        item = code.result(Operation.LOAD, at, element_type, a=from_)
    else:
        item = frame.register(source, at)
    to = code.result(Operation.ADD, at, a=bases[0], b=offset)
    code.emit(Operation.STORE, at, element_type, a=to, b=item)
    code.emit(Operation.ADD, at, d=offset, a=offset, b=code.code.number(wide))
    code.emit(Operation.JUMP_LESS, at, a=offset, b=code.code.number(count * wide), n=again)


def _start(where: InMemory, frame: Frame, at: SourcePlace) -> int:
    register, n = base_of(where, frame, at)
    return frame.code.result(Operation.ADD, at, Type.U16, a=register, b=frame.code.code.number(n)) if n else register


def element(base: Where, indices: list[Value], frame: Frame, at: SourcePlace) -> Where:
    """The place of an element of an array.

    Raises:
        CslError: Too many or too few indices; an index that must be known is not.
    """
    from wsesim.csl.access import flat_index

    of = base.type
    assert isinstance(of, types.Array)
    if isinstance(base, InMemory) and (cell := _cell(base)) is not None:
        base = cell if isinstance(cell.storage.type, types.Array) and cell.type == cell.storage.type else base
    if isinstance(base, Cell):
        if of.lengths == (1 << 30,):
            return Cell(of.element, base.storage, max(base.index, 0) + indices[0].data)  # type: ignore[attr-defined]
        return Cell(of.element, base.storage, flat_index(of, indices, at))
    if not isinstance(base, InMemory):
        raise CslError(at, "an element of an array in a struct", "take the array out of the struct first")
    check_indices(len(indices), of, at)
    return _memory_element(base, of, indices, frame, at)


def check_indices(count: int, of: types.Array, at: SourcePlace) -> None:
    """Refuse an access that does not have an index for each dimension.

    Raises:
        CslError: Too few or too many.
    """
    if count != len(of.lengths):
        right = f"it has {len(of.lengths)} dimensions, in one pair of brackets"
        raise CslError(at, f"{count} indices into {of}", right)


def _memory_element(base: InMemory, of: types.Array, indices: list[Value], frame: Frame, at: SourcePlace) -> Where:
    _warn_outside(of, indices, frame, at)
    wide, fixed, moving = types.words(of.element), base.words, -1
    for position in range(len(indices) - 1, -1, -1):
        value = indices[position]
        if isinstance(value, KnownValue):
            fixed += value.data * wide
        else:
            term = _scaled(value, wide, frame, at)
            moving = term if moving < 0 else frame.code.result(Operation.ADD, at, a=moving, b=term)
        wide *= of.lengths[position]
    if moving < 0 and isinstance(base.pointer, KnownValue) and isinstance(base.pointer.data, Address):
        pointer = base.pointer
        here = Address(
            pointer.data.storage, (pointer.data.words + fixed) & 0xFFFF if fixed >= 0 else pointer.data.words + fixed
        )
        return InMemory(of.element, KnownValue(pointer.type, here))
    if moving < 0:
        return InMemory(of.element, base.pointer, fixed)
    register, n = base_of(InMemory(of.element, base.pointer, fixed), frame, at)
    summed = frame.code.result(Operation.ADD, at, a=register, b=moving)
    return InMemory(of.element, Runtime(types.Pointer(of.element, False, _const(base)), summed), n)


def _warn_outside(of: types.Array, indices: list[Value], frame: Frame, at: SourcePlace) -> None:
    """An element outside an array is some other word of the core: said, not refused."""
    for value, length in zip(indices, of.lengths, strict=True):
        if isinstance(value, KnownValue) and not 0 <= value.data < length:
            frame.program.warn(f"{at}: index {value.data} is outside {of}: another variable may lie there")


def _const(base: InMemory) -> bool:
    return isinstance(base.pointer.type, types.Pointer) and base.pointer.type.const


def _scaled(value: Value, by: int, frame: Frame, at: SourcePlace) -> int:
    register = frame.register(value, at)
    if by == 1:
        return register
    if by & (by - 1) == 0:
        return frame.code.result(Operation.SHL, at, a=register, b=frame.code.code.number(by.bit_length() - 1))
    return frame.code.result(Operation.MUL, at, a=register, b=frame.code.code.number(by & 0xFFFF))
