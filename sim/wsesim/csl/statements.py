"""Statements without a way to choose: declarations, assignments, blocks, return, break, continue."""

from __future__ import annotations

from wsesim.csl import tree, types
from wsesim.csl.access import place as place_of
from wsesim.csl.code import Label, scalar
from wsesim.csl.convert import coerce
from wsesim.csl.core import evaluate, execute, expression, statement, type_of
from wsesim.csl.frame import Frame, Loop
from wsesim.csl.image import Operation
from wsesim.csl.memory import load, new_place, store
from wsesim.csl.modules import zero
from wsesim.csl.operators import arithmetic
from wsesim.csl.source import CslError, SourcePlace
from wsesim.csl.types import CslType
from wsesim.csl.values import (
    NEVER,
    VOID,
    Aggregate,
    Binding,
    Cell,
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
    is_known,
)  # fmt: skip


class ReturnSignal(Exception):
    """A function that is evaluated returns."""

    def __init__(self, value: Value) -> None:
        super().__init__()
        self.value = value


class BreakSignal(Exception):
    """A loop or block that is evaluated is left."""

    def __init__(self, label: str, value: Value, at: SourcePlace) -> None:
        super().__init__()
        self.label, self.value, self.at = label, value, at


class ContinueSignal(Exception):
    """A loop that is evaluated goes on with its next turn."""

    def __init__(self, label: str, at: SourcePlace) -> None:
        super().__init__()
        self.label, self.at = label, at


@statement(tree.VarDecl)
def declare(node: tree.VarDecl, frame: Frame) -> bool:
    """`var`, `const` in a function or block."""
    if node.name in frame.names and node.name != "_":
        raise CslError(node.at, f"{node.name} is declared twice in one scope", "give one another name")
    at_once = frame.body is None or node.comptime
    scope = frame.comptime() if node.comptime else frame
    of = type_of(node.type, scope) if node.type else None
    value = evaluate(node.value, scope, of) if node.value else None
    if value is not None and of is not None and of != types.STRUCT:
        value = coerce(value, of, scope, node.value.at if node.value else node.at, f"the value of {node.name}")
    if of is None and value is None:
        raise CslError(node.at, f"{node.name} has neither type nor value", f"var {node.name}: T;")
    kind = of or (value.type if value else types.VOID)
    frame.names[node.name] = _bind(node, kind, value, frame, at_once)
    return False


def _bind(node: tree.VarDecl, kind: CslType, value: Value | None, frame: Frame, at_once: bool) -> Binding:
    if node.kind == "const":
        if value is None:
            raise CslError(node.at, f"{node.name} has no value", "a const needs one")
        function = frame.function
        needs_place = function is not None and node.name in function.addressed and not is_known(value)
        if not needs_place:
            return Binding(copied(value) if frame.body is None else held(node.name, value, kind, frame, node.at))
    if at_once:
        storage = StoredVariable(node.name, kind, copied(value) if value is not None else zero(kind, node.at), True)
        storage.choices = frame.choices if frame.body is not None else None
        return Binding(place=Cell(kind, storage))
    place = local_place(node.name, kind, frame, node.at)
    if value is None and not isinstance(kind, types.Array):
        value = zero(kind, node.at)
    if value is not None:
        store(place, value, frame, node.at)
    return Binding(place=place)


def held(name: str, value: Value, of: CslType, frame: Frame, at: SourcePlace) -> Value:
    """The value, which nothing changes from now on: arrays of it in a place of their own, called *name*."""
    if not lies_in_a_variable(value):
        return pinned(value, frame, at)
    place = local_place(name, of, frame, at)
    store(place, value, frame, at)
    return load(place, frame, at)


def lies_in_a_variable(value: Value) -> bool:
    """Whether an array in it is read where it lies, and may change there, or is of values that the core finds."""
    if isinstance(value, Aggregate):
        return any(lies_in_a_variable(inner) for inner in value.fields.values())
    if isinstance(value, Items):
        return types.words(value.type) > 0
    if not isinstance(value, Located):
        return False
    pointer = value.place.pointer
    return not (isinstance(pointer, KnownValue) and isinstance(pointer.type, types.Pointer) and pointer.type.const)


def pinned(value: Value, frame: Frame, at: SourcePlace) -> Value:
    """The value, in a register that nothing changes from now on."""
    if isinstance(value, Aggregate):
        return Aggregate(value.type, {name: pinned(inner, frame, at) for name, inner in value.fields.items()})
    if isinstance(value, Runtime) and value.register in frame.program.variable_registers:
        return Runtime(value.type, frame.code.result(Operation.MOVE, at, scalar(value.type, at), a=value.register))
    return value


def local_place(name: str, of: CslType, frame: Frame, at: SourcePlace) -> Where:
    """Where a variable of a function lives: arrays and what `&` is used on in memory, the rest in registers."""
    function = frame.function
    addressed = function is not None and name in function.addressed
    if isinstance(of, types.Array) or (addressed and types.words(of)):
        if not types.words(of):
            raise CslError(at, f"{name} is of type {of}, of which a core holds nothing", "make it const")
        return new_place(name, of, frame)
    if isinstance(of, types.Struct):
        return Fields(of, {inner: local_place(f"{name}.{inner}", kind, frame, at) for inner, kind in of.fields})
    if of in (types.COMPTIME_INT, types.COMPTIME_FLOAT):
        raise CslError(
            at, f"var {name} needs a type", f"var {name}: {'i16' if of == types.COMPTIME_INT else 'f32'} = ..."
        )
    scalar(of, at)
    register = frame.code.code.register()
    frame.program.variable_registers.add(register)
    return InRegister(of, register)


@statement(tree.Assign)
def assign(node: tree.Assign, frame: Frame) -> bool:
    """`target = value`, `target += value`."""
    if isinstance(node.target, tree.Name) and node.target.name == "_" and node.op == "=":
        evaluate(node.value, frame)
        return False
    where = place_of(node.target, frame)
    if where is None:
        raise CslError(node.target.at, "this cannot be assigned to", _why_not(node.target, frame))
    if isinstance(where, InMemory) and isinstance(where.pointer.type, types.Pointer) and where.pointer.type.const:
        raise CslError(node.target.at, "this is const", "only variables are assigned to")
    value = evaluate(node.value, frame, where.type)
    if node.op != "=":
        value = arithmetic(node.op[:-1], load(where, frame, node.at), value, frame, node.at)
    if isinstance(where, Cell) and where.storage.choices is not None:
        _same_choices(where.storage, frame, node.at)
        store(where, value, frame.comptime(), node.at)
    else:
        store(where, value, frame, node.at)
    return False


def _same_choices(storage: StoredVariable, frame: Frame, at: SourcePlace) -> None:
    """What is known while compiling cannot hang on what is chosen as the function runs."""
    if storage.choices != frame.choices:
        said = (
            f"{storage.name} is known while compiling, and whether it is assigned to here is decided as the core runs"
        )
        raise CslError(at, said, f"var {storage.name}: {storage.type} changes as the core runs")


def _why_not(target: tree.Node, frame: Frame) -> str:
    if isinstance(target, tree.Name):
        return f"{target.name} is const; declare it by var"
    return "only variables, their elements and fields are assigned to"


@statement(tree.Evaluate)
def evaluate_statement(node: tree.Evaluate, frame: Frame) -> bool:
    """An expression that stands alone."""
    evaluate(node.value, frame)
    return False


@statement(tree.BlockNode)
def block(node: tree.BlockNode, frame: Frame) -> bool:
    """`{...}`."""
    if node.label:
        return labelled(node, frame, None) is NEVER
    inner = frame.inner()
    return any(execute(item, inner) for item in node.body)


@expression(tree.BlockNode)
def block_value(node: tree.BlockNode, frame: Frame, wanted: CslType | None) -> Value:
    """A block where a value is wanted."""
    if node.label:
        return labelled(node, frame, wanted)
    block(node, frame)
    return VOID


def labelled(node: tree.BlockNode, frame: Frame, wanted: CslType | None) -> Value:
    """A block that `break :label value` gives a value."""
    if frame.body is None:
        try:
            _run(node, frame)
        except BreakSignal as signal:
            if signal.label != node.label:
                raise
            return signal.value
        return VOID
    loop = Loop(node.label, Label(), None)
    if wanted is not None and frame.function is not None:
        loop.wanted = wanted
    assert frame.function is not None
    frame.function.loops.append(loop)
    ended = _run(node, frame)
    frame.function.loops.pop()
    frame.code.mark(loop.leave)
    if ended and not loop.is_left:
        return NEVER
    return load(loop.place, frame, node.at) if loop.place else VOID


def _run(node: tree.BlockNode, frame: Frame) -> bool:
    inner = frame.inner()
    return any(execute(item, inner) for item in node.body)


@statement(tree.Return)
def return_(node: tree.Return, frame: Frame) -> bool:
    """`return value;`."""
    result = frame.function.result if frame.function else frame.result
    value = evaluate(node.value, frame, result) if node.value else VOID
    if frame.body is None:
        if result is None:
            raise CslError(node.at, "return outside a function", "it stands in a fn or a task")
        if result not in (types.ANY, types.STRUCT):
            value = coerce(value, result, frame, node.at, "what is returned")
        raise ReturnSignal(copied(value))
    function = frame.function
    assert function is not None
    value = (
        coerce(value, function.result, frame, node.at, "what is returned") if function.result != types.STRUCT else value
    )
    if function.returned is not None:
        store(function.returned, value, frame, node.at)
    frame.code.jump(function.end, node.at)
    return True


@statement(tree.Break)
def break_(node: tree.Break, frame: Frame) -> bool:
    """`break :label value;`."""
    if frame.body is None:
        raise BreakSignal(node.label, evaluate(node.value, frame) if node.value else VOID, node.at)
    loop = _loop(node.label, frame, node.at, "break")
    if node.value is not None:
        value = evaluate(node.value, frame, loop.wanted)
        if loop.place is None:
            loop.place = local_place("the value of a block", loop.wanted or value.type, frame, node.at)
        store(loop.place, value, frame, node.at)
    loop.is_left = True
    frame.code.jump(loop.leave, node.at)
    return True


def execute_alone(node: tree.Node, frame: Frame) -> None:
    """Do a block that no loop stands around.

    Raises:
        CslError: It is left by a break or continue.
    """
    try:
        execute(node, frame)
    except (BreakSignal, ContinueSignal) as signal:
        word = "break" if isinstance(signal, BreakSignal) else "continue"
        raise CslError(signal.at, f"{word} of no loop", "it stands in a for or while") from None


@statement(tree.Continue)
def continue_(node: tree.Continue, frame: Frame) -> bool:
    """`continue :label;`."""
    if frame.body is None:
        raise ContinueSignal(node.label, node.at)
    loop = _loop(node.label, frame, node.at, "continue")
    assert loop.again is not None
    frame.code.jump(loop.again, node.at)
    return True


def _loop(label: str, frame: Frame, at: SourcePlace, word: str) -> Loop:
    assert frame.function is not None
    for loop in reversed(frame.function.loops):
        if (loop.label == label) if label else loop.again is not None:
            return loop
    raise CslError(at, f"{word} of no loop" + (f" called {label}" if label else ""), "it stands in a for or while")


@statement(tree.Comptime)
def comptime(node: tree.Comptime, frame: Frame) -> bool:
    """`comptime {...}`."""
    execute(node.body, frame if frame.body is None else frame.comptime())
    return False
