"""Loops: unrolled while compiling, else code; a range counts up or down, an array is walked along."""

from __future__ import annotations

from collections.abc import Iterator

from wsesim.csl import tree, types
from wsesim.csl.code import Label, scalar
from wsesim.csl.core import evaluate, execute, statement, truth
from wsesim.csl.frame import Frame, Loop
from wsesim.csl.image import Operation
from wsesim.csl.memory import element, load
from wsesim.csl.operators import branch
from wsesim.csl.source import CslError, LimitError, SourcePlace
from wsesim.csl.statements import BreakSignal, ContinueSignal
from wsesim.csl.values import (
    VOID,
    Aggregate,
    Binding,
    Items,
    KnownValue,
    Located,
    Range,
    Runtime,
    Value,
    wrap,
)  # fmt: skip


@statement(tree.While)
def while_(node: tree.While, frame: Frame) -> bool:
    """`while (c) : (step) body`."""
    if frame.body is None or node.inline:
        _unrolled_while(node, frame)
        return False
    assert frame.function is not None
    top, loop = Label(), Loop(node.label, Label(), Label())
    frame.code.mark(top)
    decided = branch(node.condition, frame, loop.leave)
    if decided is not False:
        frame.function.loops.append(loop)
        execute(node.body, frame.chosen())
        frame.function.loops.pop()
        assert loop.again is not None
        frame.code.mark(loop.again)
        if node.step is not None:
            execute(node.step, frame.chosen())
        frame.code.jump(top, node.at)
    frame.code.mark(loop.leave)
    return False


def _unrolled_while(node: tree.While, frame: Frame) -> None:
    turns = 0
    while True:
        decided = truth(evaluate(node.condition, frame, types.BOOL), node.condition.at, "the condition")
        if decided is None:
            raise CslError(node.condition.at, "the condition of an inline while must be known while compiling")
        if not decided or not _turn(node, node.body, frame.inner(), frame):
            return
        if node.step is not None:
            execute(node.step, frame.inner())
        turns += 1
        _count_inlined(turns, frame, node.at)


def _count_inlined(turns: int, frame: Frame, at: SourcePlace) -> None:
    if frame.body is not None and turns > frame.program.limits.inlined:
        limit = frame.program.limits.inlined
        raise LimitError(at, f"an inline loop of more than {limit} turns", "--max-inlined-iterations")


def _turn(node: tree.For | tree.While, body: tree.Node, scope: Frame, frame: Frame) -> bool:
    """One turn of a loop that is evaluated or unrolled; whether it goes on."""
    if frame.body is None:
        try:
            execute(body, scope)
        except BreakSignal as signal:
            if signal.label not in ("", node.label):
                raise
            return False
        except ContinueSignal as signal:
            if signal.label not in ("", node.label):
                raise
        return True
    execute(body, scope)
    return True


@statement(tree.For)
def for_(node: tree.For, frame: Frame) -> bool:
    """`for (iterable) |v, i| body`."""
    iterable = evaluate(node.iterable, frame)
    if frame.body is None or node.inline or not _countable(iterable):
        _unrolled_for(node, iterable, frame)
    elif isinstance(iterable, KnownValue) and isinstance(iterable.data, Range):
        _range_loop(node, iterable.data, frame)
    else:
        _array_loop(node, iterable, frame)
    return False


def _countable(iterable: Value) -> bool:
    """Whether a core can go through it: ranges, and arrays of what it holds."""
    if isinstance(iterable, KnownValue) and isinstance(iterable.data, Range):
        return isinstance(iterable.data.of, types.Int)
    if isinstance(iterable, Located):
        return True
    return (
        isinstance(iterable.type, types.Array)
        and types.words(iterable.type.element) in (1, 2, 4)
        and not isinstance(iterable, Items)
    )


def _elements(iterable: Value, at: SourcePlace) -> Iterator[Value]:
    if isinstance(iterable, KnownValue) and isinstance(iterable.data, Range):
        bounds = iterable.data
        values = (bounds.start, bounds.stop, bounds.step)
        if not all(isinstance(value, KnownValue) for value in values):
            raise CslError(at, "the bounds of this range must be known while compiling")
        for number in range(*(value.data for value in values)):  # type: ignore[attr-defined]
            yield KnownValue(bounds.of, number)
    elif isinstance(iterable, Aggregate):
        yield from iterable.fields.values()
    elif isinstance(iterable, Items):
        yield from iterable.items
    elif isinstance(iterable, KnownValue) and isinstance(iterable.data, list):
        assert isinstance(iterable.type, types.Array)
        for item in iterable.data:
            yield wrap(iterable.type.element, item)
    else:
        raise CslError(at, f"for goes through ranges and arrays, not {iterable.type}", "for (@range(i16, n)) |i| {...}")


def _unrolled_for(node: tree.For, iterable: Value, frame: Frame) -> None:
    end = Label()
    for turn, value in enumerate(_elements(iterable, node.iterable.at)):
        _count_inlined(turn, frame, node.at)
        frame.program.limits.step(node.at)
        scope = frame.inner()
        _name(node, scope, value, KnownValue(types.COMPTIME_INT, turn))
        if frame.body is not None and frame.function is not None:
            loop = Loop(node.label, end, Label())
            frame.function.loops.append(loop)
            _turn(node, node.body, scope, frame)
            frame.function.loops.pop()
            frame.code.mark(loop.again or end)
        elif not _turn(node, node.body, scope, frame):
            break
    if frame.body is not None:
        frame.code.mark(end)


def _name(node: tree.For, scope: Frame, value: Value, turn: Value) -> None:
    if node.name != "_":
        scope.names[node.name] = Binding(value)
    if node.index and node.index != "_":
        scope.names[node.index] = Binding(turn)


def _range_loop(node: tree.For, bounds: Range, frame: Frame) -> None:
    code, of, at = frame.code, bounds.of, node.at
    t, counter = scalar(of, at), frame.code.code.register()
    down = isinstance(bounds.step, KnownValue) and bounds.step.data < 0
    stop, step = frame.register(bounds.stop, at), frame.register(bounds.step, at)
    start = frame.register(bounds.start, at)
    code.emit(Operation.MOVE, at, t, d=counter, a=start)
    top, loop = Label(), Loop(node.label, Label(), Label())
    if not _runs(bounds, down):
        first, second = (counter, stop) if down else (stop, counter)
        code.emit(Operation.JUMP_LESS_EQUAL, at, t, a=first, b=second, n=loop.leave)
    turns = _turn_counter(node, frame)
    code.mark(top)
    _looped(node, loop, Runtime(of, counter), turns, frame)
    code.emit(Operation.ADD, at, t, d=counter, a=counter, b=step)
    first, second = (stop, counter) if down else (counter, stop)
    code.emit(Operation.JUMP_LESS, at, t, a=first, b=second, n=top)
    code.mark(loop.leave)


def _runs(bounds: Range, down: bool) -> bool:
    """Whether a first turn is certain."""
    if not (isinstance(bounds.start, KnownValue) and isinstance(bounds.stop, KnownValue)):
        return False
    return bool(bounds.stop.data < bounds.start.data if down else bounds.start.data < bounds.stop.data)


def _turn_counter(node: tree.For, frame: Frame) -> Value:
    if not node.index or node.index == "_":
        return VOID
    register = frame.code.code.register()
    frame.code.emit(Operation.MOVE, node.at, d=register, a=frame.code.code.number(0))
    return Runtime(types.COMPTIME_INT, register)


def _looped(node: tree.For, loop: Loop, value: Value, turns: Value, frame: Frame) -> None:
    assert frame.function is not None
    assert loop.again is not None
    scope = frame.chosen()
    _name(node, scope, value, turns)
    frame.function.loops.append(loop)
    execute(node.body, scope)
    frame.function.loops.pop()
    frame.code.mark(loop.again)
    if isinstance(turns, Runtime):
        frame.code.emit(Operation.ADD, node.at, d=turns.register, a=turns.register, b=frame.code.code.number(1))


def _array_loop(node: tree.For, iterable: Value, frame: Frame) -> None:
    place = iterable.place if isinstance(iterable, Located) else frame.program.constant_place(iterable)
    of = iterable.type
    assert isinstance(of, types.Array)
    if not of.count:
        return
    counter = frame.code.code.register()
    code, at, top, loop = frame.code, node.at, Label(), Loop(node.label, Label(), Label())
    code.emit(Operation.MOVE, at, d=counter, a=code.code.number(0))
    code.mark(top)
    flat = place.__class__(types.Array((of.count,), of.element), place.pointer, place.words)
    item = load(element(flat, [Runtime(types.U16, counter)], frame, at), frame, at)
    _looped(node, loop, item, Runtime(types.COMPTIME_INT, counter), frame)
    code.emit(Operation.JUMP_LESS, at, a=counter, b=code.code.number(of.count), n=top)
    code.mark(loop.leave)
