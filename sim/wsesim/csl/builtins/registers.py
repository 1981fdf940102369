"""Builtins of descriptor registers (DSRs) and FIFOs."""

from __future__ import annotations

from wsesim.csl import image, types, vectors
from wsesim.csl.builtins.table import Use, builtin
from wsesim.csl.code import scalar
from wsesim.csl.image import Operation
from wsesim.csl.intrinsics import TABLE
from wsesim.csl.source import CslError
from wsesim.csl.types import CslType
from wsesim.csl.values import VOID, Address, Dsd, InMemory, KnownValue, Runtime, Value
from wsesim.csl.vectors import DsrFile, VectorOptions, dsr

FILES = {
    "dsr_dest": DsrFile.DEST, "dsr_src0": DsrFile.SRC0, "dsr_src1": DsrFile.SRC1, "dsr_fifo_dest": DsrFile.DEST,
    "dsr_fifo_src1": DsrFile.SRC1,
}  # fmt: skip
OPTIONS = (
    "async", "activate", "unblock", "on_control", "index", "priority", "ut_id", "save_address", "single_step",
)  # fmt: skip


FIFO_PROPERTIES = (
    "activate_push", "activate_pop", "priority", "simd_mode", "dest", "src", "xdsr", "empty_action", "full_action",
)  # fmt: skip


def emit_intrinsic(use: Use, name: str, of: CslType, values: list[Value]) -> Value:
    """A numbered function of the machine."""
    if use.frame.body is None:
        raise CslError(
            use.at, f"{use.node.name} is done by the core, not while compiling", "call it in a function or a task"
        )
    registers = [use.frame.register(value, use.at) for value in values] + [-1, -1, -1]
    is_void = of == types.VOID
    d = -1 if is_void else use.frame.code.code.register()
    t = image.Type.U16 if is_void else scalar(of, use.at)
    use.frame.code.emit(
        Operation.INTRINSIC, use.at, t, d=d, a=registers[0], b=registers[1], c=registers[2], n=TABLE[name].number
    )  # fmt: skip
    return VOID if is_void else Runtime(of, d)


@builtin("@get_dsr", least=2)
def get_dsr(use: Use) -> Value:
    """A descriptor register."""
    of = use.type(0)
    if not isinstance(of, types.DsrType) or of.name not in FILES:
        raise CslError(use.place(0), f"{of} is no file of registers", "dsr_dest, dsr_src0, dsr_src1 are")
    return KnownValue(of, use.whole(1, "the number", 0, 31))


@builtin("@get_xdsr", "@get_sr", least=1)
def get_other_register(use: Use) -> Value:
    """A register of circular buffers and four dimensions."""
    of = types.DsrType(use.node.name.removeprefix("@get_"))
    return KnownValue(of, use.whole(0, "the number", 0, 31))


def dsr_number(value: Value, use: Use, index: int) -> int:
    """The machine's number of a descriptor register.

    Raises:
        CslError: None.
    """
    if not isinstance(value, KnownValue) or not isinstance(value.type, types.DsrType) or value.type.name not in FILES:
        raise CslError(use.place(index), f"a {value.type} is no descriptor register", "@get_dsr(dsr_dest, n) makes one")
    return dsr(FILES[value.type.name], value.data)


@builtin("@load_to_dsr", "@load_to_dsr_xdsr", "@load_to_dsr_xdsr_sr", least=2, most=5)
def load_to_dsr(use: Use) -> Value:
    """Put a descriptor into a register."""
    register = dsr_number(use.value(0), use, 0)
    rest = [use.value(index) for index in range(1, use.count)]
    dsds = [value for value in rest if isinstance(value.type, types.DsdType)]
    if not dsds:
        raise CslError(use.place(1), f"a {rest[0].type} is loaded", "a descriptor is")
    dsd = dsds[0]
    _fits(use, use.value(0), dsd)
    fields = (
        use.fields(use.count - 1, "the options") if not isinstance(rest[-1].type, types.DsdType | types.DsrType) else {}
    )
    if dsd.type == types.CIRCBUF:
        _circular(use, fields)
    if use.frame.body is None:
        use.effect()
        if not isinstance(dsd, KnownValue):
            raise CslError(use.place(1), "the descriptor must be known while compiling")
        use.frame.program.setup.dsrs.append((register, dsd, options(use, fields), use.at))
        return VOID
    vector = vectors.VectorUse("", (), options(use, fields))
    use.frame.code.emit(
        Operation.LOAD_DSR, use.at, image.Type.U64, a=use.frame.register(dsd, use.at), n=register, vector=vector
    )  # fmt: skip
    return VOID


def _circular(use: Use, fields: dict[str, Value]) -> None:
    if use.node.name == "@load_to_dsr":
        raise CslError(use.at, "a circbuf_dsd without an extra register", "@load_to_dsr_xdsr(dsr, xdsr, dsd)")
    if _flag(use, fields, "save_address"):
        raise CslError(use.at, "a circbuf_dsd with .save_address", "it begins anew in each operation here")


def _fits(use: Use, register: Value, dsd: Value) -> None:
    is_dest = isinstance(register.type, types.DsrType) and FILES.get(register.type.name) == DsrFile.DEST
    if dsd.type == types.FABIN and is_dest:
        raise CslError(use.place(1), "a fabin_dsd in a destination register", "load it to dsr_src0 or dsr_src1")
    if dsd.type == types.FABOUT and not is_dest:
        raise CslError(use.place(1), "a fabout_dsd in a source register", "load it to dsr_dest")


def options(use: Use, fields: dict[str, Value]) -> VectorOptions:
    """The options of an operation or a loaded register.

    Raises:
        CslError: One that is not known, or of the wrong type.
    """
    use.known_names(-1, fields, OPTIONS)
    if "activate" in fields and "unblock" in fields:
        raise CslError(use.at, "both .activate and .unblock", "an operation ends with one of them")
    use.known_names(-1, getattr(fields.get("on_control"), "fields", {}), ("terminate", "activate", "unblock"))
    use.known_names(-1, getattr(fields.get("priority"), "fields", {}), ("high", "medium", "low"))
    kind, target = _on_control(fields.get("on_control"))
    return VectorOptions(
        is_async=_flag(use, fields, "async"),
        activate=_target(use, fields, "activate"),
        unblock=_target(use, fields, "unblock"),
        index=_id(use, fields.get("index")),
        thread=_id(use, fields.get("ut_id")),
        priority=_priority(fields.get("priority")),
        on_control=kind,
        control_id=_id(use, target),
        save_address=_flag(use, fields, "save_address"),
        single_step=_flag(use, fields, "single_step"),
    )


def _flag(use: Use, fields: dict[str, Value], name: str) -> bool:
    value = fields.get(name)
    if value is None:
        return False
    if not isinstance(value, KnownValue) or value.type != types.BOOL:
        raise CslError(use.at, f".{name} must be true or false, known while compiling")
    return bool(value.data)


def _target(use: Use, fields: dict[str, Value], name: str) -> int:
    """What an operation activates or unblocks at its end."""
    value = fields.get(name)
    of = types.VOID if value is None else value.type
    is_task = isinstance(of, types.Function) and of.task
    if not is_task and not isinstance(of, types.Opaque) and of != types.VOID:
        raise CslError(use.at, f".{name} of a {of}", "it takes a task or an id")
    return _id(use, value)


def _id(use: Use, value: Value | None) -> int:
    if value is None or value.type == types.VOID:
        return -1
    if isinstance(value, Runtime):
        return value.register
    assert isinstance(value, KnownValue), value
    if value.type == types.COMPTIME_INT:
        value = KnownValue(types.U16, value.data & 0xFFFF)
    return use.frame.program.code.constant(value, use.at)


def _priority(value: Value | None) -> int:
    fields = getattr(value, "fields", {})
    return next(
        (level for level, name in enumerate(("low", "medium", "high")) if name in fields and fields[name].data), 1
    )


def _on_control(value: Value | None) -> tuple[int, Value | None]:
    fields = getattr(value, "fields", {})
    for number, name in enumerate(("terminate", "activate", "unblock"), 1):
        if name in fields:
            return number, None if name == "terminate" else fields[name]
    return 0, None


@builtin("@set_dsr_base_addr", least=2)
def set_dsr_base_addr(use: Use) -> Value:
    """A register's vector begins elsewhere."""
    from wsesim.csl.builtins.descriptors import set_field

    number, pointer = dsr_number(use.value(0), use, 0), use.value(1)
    if not isinstance(pointer.type, types.Pointer):
        raise CslError(use.place(1), f"a base address of type {pointer.type}", "it is a pointer")
    held = use.frame.code.result(Operation.GET_DSR, use.at, image.Type.U64, n=number)
    changed = set_field(use, held, vectors.Field.BASE, use.frame.register(pointer, use.at))
    use.frame.code.emit(Operation.SET_DSR, use.at, image.Type.U64, a=changed, n=number)
    return VOID


@builtin("@allocate_fifo", least=1, most=2)
def allocate_fifo(use: Use) -> Value:
    """A FIFO in an array."""
    from wsesim.csl.access import place

    if use.frame.body is not None:
        raise CslError(
            use.at, "a FIFO is made before the core runs", "outside of functions: const f = @allocate_fifo(buffer);"
        )
    where = place(use.node.arguments[0], use.frame)
    if where is not None and not isinstance(where.type, types.Array | types.Pointer):
        raise CslError(use.place(0), f"a FIFO in a {where.type}", "in a global array: var buffer = @zeros([n]u32);")
    if where is None or not isinstance(where.type, types.Array):
        value = use.value(0)
        if not isinstance(value, KnownValue) or not isinstance(value.data, Address):
            raise CslError(use.place(0), f"a FIFO in a {value.type}", "in a global array: var buffer = @zeros([n]u32);")
        storage = value.data.storage
    else:
        storage = (
            where.pointer.data.storage
            if isinstance(where, InMemory) and isinstance(where.pointer, KnownValue)
            else None
        )
    if storage is None or not isinstance(storage.type, types.Array) or types.words(storage.type.element) not in (1, 2):
        raise CslError(use.place(0), "a FIFO needs an array of 16- or 32-bit elements", "var buffer = @zeros([n]u32);")
    fields = use.fields(1, "the properties")
    use.known_names(1, fields, FIFO_PROPERTIES)
    setup = use.frame.program.setup
    number = len(setup.fifos)
    setup.fifos.append((storage, fields, use.at))
    return KnownValue(
        types.FIFO,
        Dsd(kind="fifo", base=Address(storage, 0), flags=(("number", number),), element=storage.type.element),
    )


@builtin("@set_fifo_read_length", "@set_fifo_write_length", least=2)
def set_fifo_length(use: Use) -> Value:
    """How many elements an operation reads from or writes to a FIFO."""
    fifo = use.value(0)
    if fifo.type != types.FIFO:
        raise CslError(use.place(0), f"a {fifo.type} is no FIFO", "@allocate_fifo makes one")
    length = use.value(1, types.U16)
    registers = (use.frame.register(fifo, use.at), use.frame.register(length, use.at))
    use.frame.code.emit(
        Operation.FIFO_LENGTH, use.at, a=registers[0], b=registers[1], n=int(use.node.name == "@set_fifo_write_length")
    )  # fmt: skip
    return VOID
