"""`@map`: a function called for each element of vectors, as a loop."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from wsesim.csl import image, types
from wsesim.csl.builtins.descriptors import get_field, set_field
from wsesim.csl.builtins.registers import dsr_number
from wsesim.csl.builtins.table import Use, builtin
from wsesim.csl.calls import call_with
from wsesim.csl.code import Label, StepDraft
from wsesim.csl.image import Operation
from wsesim.csl.memory import load, store
from wsesim.csl.source import CslError
from wsesim.csl.statements import pinned
from wsesim.csl.types import CslType
from wsesim.csl.values import VOID, Address, FunctionRef, InMemory, KnownValue, Runtime, StoredVariable, Value
from wsesim.csl.vectors import Field, OperandKind, VectorOperand, VectorUse


@dataclass(slots=True)
class Stream:
    """A vector that the loop walks along: in memory by an address and a step, on the fabric word by word."""

    of: CslType
    dsd: int
    is_fabric: bool
    address: int = -1
    step: int = -1
    word: InMemory | None = None


@builtin("@map", least=2, most=18)
def map_(use: Use) -> Value:
    """Call a function for each element."""
    if use.frame.body is None:
        raise CslError(use.at, "@map is done by the core, not while compiling", "call it in a function or a task")
    callee = use.value(0)
    if not isinstance(callee, KnownValue) or not isinstance(callee.data, FunctionRef):
        raise CslError(use.place(0), f"@map of a {callee.type}", "its first argument is a function")
    ref = callee.data
    parameters = len(ref.declaration.parameters)
    assert isinstance(callee.type, types.Function)
    is_void = callee.type.result == types.VOID
    if use.count != 1 + parameters + (not is_void):
        needs = f"{parameters} inputs" + ("" if is_void else " and an output")
        raise CslError(use.at, f"@map with {use.count - 1} operands", f"{ref.declaration.name} needs {needs}")
    values = [pinned(use.value(index), use.frame, use.at) for index in range(1, use.count)]
    kinds = [*callee.type.parameters, callee.type.result]
    _loop(use, ref, values, kinds, is_void)
    return VOID


def _loop(use: Use, ref: FunctionRef, values: list[Value], kinds: list[CslType], is_void: bool) -> None:
    code, at = use.frame.code, use.at
    begin = len(code.steps)
    streams = [
        _stream(use, value, kind, index + 1) for index, (value, kind) in enumerate(zip(values, kinds, strict=False))
    ]
    vectors = [stream for stream in streams if stream is not None]
    if not vectors:
        raise CslError(at, "@map over no vector", "one of its operands is a descriptor")
    left, top, end = _count(use, vectors), Label(), Label()
    zero, one = code.code.number(0), code.code.number(1)
    code.emit(Operation.JUMP_LESS_EQUAL, at, a=left, b=zero, n=end)
    _mark(code.steps[begin:])
    code.mark(top)
    inputs = streams if is_void else streams[:-1]
    first = len(code.steps)
    arguments = [value if stream is None else _take(use, stream) for value, stream in zip(values, inputs, strict=False)]
    _mark([step for step in code.steps[first:] if isinstance(step, StepDraft) and step.op == Operation.LOAD][:1])
    result = call_with(ref, arguments, use.frame, at, [at] * len(arguments))
    if not is_void:
        _give(use, values[-1], streams[-1], result)
    turned = len(code.steps)
    for stream in vectors:
        if not stream.is_fabric:
            code.emit(Operation.ADD, at, d=stream.address, a=stream.address, b=stream.step)
    code.emit(Operation.SUB, at, d=left, a=left, b=one)
    code.emit(Operation.JUMP_LESS, at, a=zero, b=left, n=top)
    _mark(code.steps[turned:])
    code.mark(end)


def _mark(steps: Sequence[StepDraft | Label]) -> None:
    """Note of steps that they are of the map itself: they come with its begin, or with each turn."""
    for step in steps:
        if isinstance(step, StepDraft):
            step.is_map = True


def _stream(use: Use, value: Value, of: CslType, index: int) -> Stream | None:
    if isinstance(value.type, types.DsrType):
        dsd = use.frame.code.result(Operation.GET_DSR, use.at, image.Type.U64, n=dsr_number(value, use, index))
        return _walked(use, dsd, of)
    if not isinstance(value.type, types.DsdType):
        return None
    if of == types.BOOL or (isinstance(of, types.Int | types.Float) and types.width(of) not in (16, 32)):
        raise CslError(use.place(index), f"@map of a {of}", "elements are numbers of 16 or 32 bits")
    if value.type not in (types.MEM1D, types.FABIN, types.FABOUT):
        raise CslError(use.place(index), f"@map over a {value.type}", "over mem1d_dsd, fabin_dsd, fabout_dsd")
    dsd = use.frame.register(value, use.at)
    if value.type == types.MEM1D:
        return _walked(use, dsd, of)
    if types.words(of) not in (1, 2):
        raise CslError(use.place(index), f"a {of} on the fabric", "16- and 32-bit numbers are")
    storage = StoredVariable("word of @map", of, None, used=True)
    use.frame.program.statics.append(storage)
    word = InMemory(of, KnownValue(types.Pointer(of, False, False), Address(storage, 0)))
    single = set_field(use, dsd, Field.LENGTH, use.frame.code.code.number(1))
    return Stream(of, single, True, word=word, step=dsd)


def _walked(use: Use, dsd: int, of: CslType) -> Stream:
    code, words = use.frame.code, max(1, types.words(of))
    step = get_field(use, dsd, Field.STRIDE)
    if words > 1:
        step = code.result(Operation.MUL, use.at, image.Type.I16, a=step, b=code.code.number(words))
    return Stream(of, dsd, False, get_field(use, dsd, Field.BASE), step)


def _count(use: Use, vectors: list[Stream]) -> int:
    """The length of the shortest, in a register of its own."""
    code, lengths = use.frame.code, []
    for stream in vectors:
        lengths.append(get_field(use, stream.step if stream.is_fabric else stream.dsd, Field.LENGTH))
    shortest = lengths[0]
    for length in lengths[1:]:
        smaller = code.result(Operation.LT, use.at, a=length, b=shortest)
        shortest = code.result(Operation.SELECT, use.at, a=smaller, b=length, c=shortest)
    return shortest


def _take(use: Use, stream: Stream) -> Value:
    if stream.word is None:
        of = types.Pointer(stream.of, False, False)
        return load(InMemory(stream.of, Runtime(of, stream.address)), use.frame, use.at)
    _move(use, stream, True)
    return load(stream.word, use.frame, use.at)


def _move(use: Use, stream: Stream, is_input: bool) -> None:
    assert stream.word is not None
    word = VectorOperand(OperandKind.POINTER, use.frame.register(stream.word.pointer, use.at))
    fabric = VectorOperand(OperandKind.DSD, stream.dsd)
    name = "mov32" if types.words(stream.of) == 2 else "mov16"
    vector = VectorUse(name, (word, fabric) if is_input else (fabric, word))
    use.frame.code.emit(Operation.VECTOR, use.at, d=use.frame.code.code.register(), vector=vector)


def _give(use: Use, out: Value, stream: Stream | None, result: Value) -> None:
    if stream is None:
        if not isinstance(out.type, types.Pointer):
            raise CslError(use.place(use.count - 1), f"a {out.type} is no output", "a descriptor or a pointer is")
        store(InMemory(out.type.target, out), result, use.frame, use.at)
    elif stream.word is None:
        of = types.Pointer(stream.of, False, False)
        store(InMemory(stream.of, Runtime(of, stream.address)), result, use.frame, use.at)
    else:
        store(stream.word, result, use.frame, use.at)
        _move(use, stream, False)
