"""Calls: evaluated while compiling, or code that goes to code."""

from __future__ import annotations

from wsesim.csl import tree, types
from wsesim.csl.beside import side_by_side
from wsesim.csl.code import Body, Label, scalar
from wsesim.csl.convert import coerce
from wsesim.csl.core import evaluate, execute, expression, type_of
from wsesim.csl.files import is_of_library
from wsesim.csl.frame import Frame, Lowered
from wsesim.csl.image import Operation
from wsesim.csl.memory import load, store
from wsesim.csl.program import TileProgram
from wsesim.csl.purity import addressed, is_pure
from wsesim.csl.source import CslError, LimitError, SourcePlace
from wsesim.csl.statements import ReturnSignal, execute_alone, local_place, pinned
from wsesim.csl.types import CslType
from wsesim.csl.values import (
    VOID,
    Aggregate,
    Binding,
    Fields,
    FunctionRef,
    InRegister,
    KnownValue,
    Located,
    Runtime,
    Value,
    Where,
    copied,
    is_known,
    key,
)  # fmt: skip
from wsesim.units import plural


@expression(tree.Call)
def call(node: tree.Call, frame: Frame, wanted: CslType | None) -> Value:
    """`callee(arguments)`."""
    callee = evaluate(node.callee, frame)
    if isinstance(callee, KnownValue) and isinstance(callee.data, FunctionRef):
        return call_function(callee.data, node.arguments, frame, node.at)
    of = callee.type.target if isinstance(callee.type, types.Pointer) else callee.type
    if isinstance(callee, Runtime) and isinstance(of, types.Function):
        return _call_pointer(callee, of, node, frame)
    raise CslError(node.at, f"a {callee.type} is called", "functions and pointers to functions are")


def call_function(ref: FunctionRef, arguments: list[tree.Node], frame: Frame, at: SourcePlace) -> Value:
    """A call of a function that is known.

    Raises:
        CslError: A task, the wrong number of arguments, or what a library says of it, which is said of the call.
    """
    if ref.declaration.task:
        raise CslError(
            at, f"{ref.declaration.name} is a task, and tasks are not called", "activate it, or make it a fn"
        )
    wanted = len(ref.declaration.parameters)
    if wanted != len(arguments):
        given = plural(len(arguments), "argument")
        raise CslError(at, f"{ref.declaration.name} is called with {given}", f"it takes {wanted}")
    hints = [_hint(parameter, ref) for parameter in ref.declaration.parameters]
    values = side_by_side(arguments, hints, frame)
    try:
        return call_with(ref, values, frame, at, [argument.at for argument in arguments])
    except LimitError:
        raise
    except CslError as problem:
        if frame.module.is_library or problem.place is None or not is_of_library(problem.place.source.path):
            raise
        name = f"{ref.module.name}.{ref.declaration.name}"
        raise CslError(at, f"{name}: {problem.message}", problem.right) from problem


def _hint(parameter: tree.ParameterNode, ref: FunctionRef) -> CslType | None:
    try:
        return type_of(parameter.type, ref.module.frame())
    except LimitError:
        raise
    except CslError:
        return None


def call_with(ref: FunctionRef, values: list[Value], frame: Frame, at: SourcePlace, places: list[SourcePlace]) -> Value:
    """A call with values: evaluated if nothing is lowered, or if it is `inline` and all of them are known."""
    if ref.declaration.body is None:
        raise CslError(at, f"{ref.declaration.name} is extern and has no body here")
    if frame.body is None:
        return evaluated(ref, values, frame, at, places)
    if ref.declaration.inline and all(map(is_known, values)):
        try:
            return evaluated(ref, values, frame.comptime(), at, places)
        except LimitError:
            raise
        except CslError:
            pass
    if _is_comptime_only(ref):
        return evaluated(ref, values, frame.comptime(), at, places)
    return _lowered_call(ref, values, frame, at, places)


def _is_comptime_only(ref: FunctionRef) -> bool:
    of = ref.module.lookup(ref.declaration.name, ref.declaration.at)
    result = of.value.type.result if of and of.value and isinstance(of.value.type, types.Function) else types.VOID
    return result != types.ANY and types.is_comptime_only(result)


def evaluated(ref: FunctionRef, values: list[Value], frame: Frame, at: SourcePlace, places: list[SourcePlace]) -> Value:
    """What a function comes to while compiling; for equal arguments it is evaluated once where nothing else shows."""
    if not (frame.program.is_layout and is_pure(ref)):
        return _evaluated(ref, values, frame, at, places)
    mark = (ref, tuple(map(key, values)))
    if mark not in frame.program.results:
        frame.program.results[mark] = _evaluated(ref, values, frame, at, places)
    return copied(frame.program.results[mark])


def _evaluated(
    ref: FunctionRef, values: list[Value], frame: Frame, at: SourcePlace, places: list[SourcePlace]
) -> Value:
    scope = Frame(ref.module, ref.module.program, effects=frame.effects)
    for parameter, value, place in zip(ref.declaration.parameters, values, places, strict=True):
        of = type_of(parameter.type, scope)
        if of not in (types.ANY, types.STRUCT):
            value = coerce(value, of, frame, place, f"argument {parameter.name}")
        if isinstance(value, KnownValue) and isinstance(value.data, list):
            frame.program.limits.step(at, len(value.data) >> 4)
        scope.names[parameter.name] = Binding(copied(value))
    scope.result = type_of(ref.declaration.result, scope)
    frame.program.limits.enter(at)
    try:
        assert ref.declaration.body is not None
        execute_alone(ref.declaration.body, scope)
    except ReturnSignal as signal:
        return signal.value
    finally:
        frame.program.limits.leave()
    if scope.result not in (types.VOID, types.ANY):
        raise CslError(
            ref.declaration.at, f"{ref.declaration.name} ends without returning a {scope.result}", "return one"
        )
    return VOID


def _lowered_call(
    ref: FunctionRef, values: list[Value], frame: Frame, at: SourcePlace, places: list[SourcePlace]
) -> Value:
    scope = Frame(ref.module, frame.program)
    specialised: list[object] = []
    for position, (parameter, place) in enumerate(zip(ref.declaration.parameters, places, strict=True)):
        value, of = values[position], type_of(parameter.type, scope)
        if of not in (types.ANY, types.STRUCT):
            value = coerce(value, of, frame, place, f"argument {parameter.name}")
        values[position] = value
        fixed = _fixed(value, parameter, of)
        specialised.append(key(value) if fixed else value.type)
        scope.names[parameter.name] = Binding(value if fixed else Runtime(value.type, -1))
    program = frame.program
    mark = (ref, tuple(map(str, specialised)) if any(_unhashable(part) for part in specialised) else tuple(specialised))
    lowered = program.functions.get(mark)
    if lowered is None:
        lowered = lower(ref, scope, program)
        program.functions[mark] = lowered
        fill(lowered, scope, program)
    goes_back = not lowered.done
    if goes_back:
        frame.code.emit(Operation.MOVE, at, d=lowered.link, a=lowered.link)
        frame.code.last.goes_back = True
    for place_, value in zip(lowered.parameters, values, strict=True):
        if place_ is not None:
            store(place_, value, frame, at)
    frame.code.emit(Operation.CALL, at, d=lowered.link, n=lowered.entry)
    frame.code.last.goes_back = goes_back
    return _returned(lowered, frame, at)


def _unhashable(part: object) -> bool:
    try:
        hash(part)
    except TypeError:
        return True
    return False


def _returned(lowered: Lowered, frame: Frame, at: SourcePlace) -> Value:
    if lowered.returned is None:
        return VOID
    return pinned(load(lowered.returned, frame, at), frame, at)


def _fixed(value: Value, parameter: tree.ParameterNode, of: CslType) -> bool:
    """Whether a function is made anew for this value of an argument."""
    if parameter.comptime or types.is_comptime_only(value.type) or value.type == types.VOID:
        return True
    if isinstance(value, KnownValue) and (
        value.type in (types.COMPTIME_INT, types.COMPTIME_FLOAT) or isinstance(value.data, list)
    ):
        return True
    return isinstance(value, Aggregate) or isinstance(value.type, types.DsrType)


def lower(ref: FunctionRef, scope: Frame, program: TileProgram) -> Lowered:
    """Places for what a function takes and gives."""
    result = type_of(ref.declaration.result, scope)
    lowered = Lowered(ref, result, addressed=frozenset(addressed(ref.declaration.body)))
    lowered.link = program.code.register()
    scope.body, scope.function = Body(program.code), lowered
    for parameter in ref.declaration.parameters:
        value = scope.names[parameter.name].value
        assert value is not None
        place, held = _received(parameter.name, value, scope, parameter.at)
        lowered.parameters.append(place)
        scope.names[parameter.name] = held
    if result not in (types.VOID, types.ANY):
        lowered.returned = local_place("the result", result, scope, ref.declaration.at)
    return lowered


def _received(name: str, value: Value, scope: Frame, at: SourcePlace) -> tuple[Where | None, Binding]:
    """Where an argument goes, or None if it is built into the code; what its name stands for."""
    if isinstance(value, Runtime):
        place = local_place(name, value.type, scope, at)
        return place, Binding(load(place, scope, at)) if isinstance(place, InRegister) else Binding(place=place)
    if isinstance(value, Aggregate) and not is_known(value):
        parts = {inner: _received(f"{name}.{inner}", part, scope, at) for inner, part in value.fields.items()}
        places = {inner: place for inner, (place, _) in parts.items() if place is not None}
        held = {inner: _value(binding, scope, at) for inner, (_, binding) in parts.items()}
        return Fields(types.STRUCT, places), Binding(Aggregate(value.type, held))
    return None, Binding(place=value.place) if isinstance(value, Located) else Binding(value)


def _value(binding: Binding, scope: Frame, at: SourcePlace) -> Value:
    if binding.value is not None:
        return binding.value
    assert binding.place is not None
    return load(binding.place, scope, at)


def fill(lowered: Lowered, scope: Frame, program: TileProgram) -> None:
    """The code of a function."""
    assert lowered.ref is not None
    assert scope.body is not None
    declaration = lowered.ref.declaration
    assert declaration.body is not None
    scope.body.mark(lowered.entry)
    program.limits.enter(declaration.at)
    ended = execute(declaration.body, scope)
    program.limits.leave()
    if not ended and lowered.result != types.VOID and not _endless(declaration.body):
        raise CslError(
            declaration.at, f"{declaration.name} may end without returning a {lowered.result}", "return one at its end"
        )
    scope.body.mark(lowered.end)
    scope.body.emit(Operation.RETURN, declaration.at, a=lowered.link)
    program.code.bodies.append(scope.body.steps)
    program.lowered.append((lowered, scope.body.steps))
    lowered.done = True


def _endless(body: tree.BlockNode) -> bool:
    return bool(body.body) and isinstance(body.body[-1], tree.While | tree.Switch)


def _call_pointer(callee: Runtime, of: types.Function, node: tree.Call, frame: Frame) -> Value:
    if len(of.parameters) != len(node.arguments):
        given = plural(len(node.arguments), "argument")
        raise CslError(node.at, f"called with {given}", f"a {of} takes {len(of.parameters)}")
    link, places, result = signature(of, frame.program, node.at)
    values = [
        coerce(evaluate(argument, frame, kind), kind, frame, argument.at, "the argument")
        for argument, kind in zip(node.arguments, of.parameters, strict=True)
    ]
    for place, value in zip(places, values, strict=True):
        frame.code.emit(Operation.MOVE, node.at, scalar(value.type, node.at), d=place, a=frame.register(value, node.at))
    frame.code.emit(Operation.CALL_AT, node.at, d=link, a=callee.register)
    if result < 0:
        return VOID
    return Runtime(of.result, frame.code.result(Operation.MOVE, node.at, scalar(of.result, node.at), a=result))


def signature(of: types.Function, program: TileProgram, at: SourcePlace) -> tuple[int, list[int], int]:
    """Registers by which functions of a type are called through pointers: link, arguments, result."""
    if of not in program.thunks:
        result = program.code.register() if of.result != types.VOID else -1
        program.thunks[of] = (program.code.register(), [program.code.register() for _ in of.parameters], result)
    return program.thunks[of]  # type: ignore[no-any-return]


def entry_of(ref: FunctionRef, of: types.Function, program: TileProgram, at: SourcePlace) -> Label:
    """Where a function begins when it is called through a pointer of a type."""
    mark = (ref, of)
    if mark in program.thunks:
        return program.thunks[mark]  # type: ignore[no-any-return]
    link, arguments, result = signature(of, program, at)
    entry = Label()
    program.thunks[mark] = entry
    frame = Frame(ref.module, program, Body(program.code), Lowered(None, of.result))
    frame.code.mark(entry)
    values: list[Value] = [Runtime(kind, place) for kind, place in zip(of.parameters, arguments, strict=True)]
    value = call_with(ref, values, frame, at, [at] * len(values))
    if result >= 0:
        frame.code.emit(Operation.MOVE, at, scalar(of.result, at), d=result, a=frame.register(value, at))
    frame.code.emit(Operation.RETURN, at, a=link)
    program.code.bodies.append(frame.code.steps)
    return entry
