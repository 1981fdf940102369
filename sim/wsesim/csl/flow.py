"""Statements and expressions that choose: if, switch, for, while; known choices are taken at once."""

from __future__ import annotations

from collections.abc import Callable, Iterator

from wsesim.csl import tree, types
from wsesim.csl.code import Draft, Label, scalar
from wsesim.csl.convert import coerce, peer
from wsesim.csl.core import evaluate, execute, expression, statement, truth
from wsesim.csl.frame import Frame, Loop
from wsesim.csl.image import Operation
from wsesim.csl.memory import element, load, store
from wsesim.csl.operators import branch
from wsesim.csl.source import CslError, LimitError, Place
from wsesim.csl.statements import BreakSignal, ContinueSignal, local_place
from wsesim.csl.types import Type
from wsesim.csl.values import (
    VOID,
    Aggregate,
    Binding,
    Items,
    Known,
    Located,
    Range,
    Runtime,
    Value,
    wrap,
)  # fmt: skip

Steps = list[Draft | Label]


@statement(tree.If)
def if_statement(node: tree.If, frame: Frame) -> bool:
    """`if (c) ... else ...` as a statement."""
    if frame.body is None:
        chosen = truth(evaluate(node.condition, frame, types.BOOL), node.condition.at, "the condition")
        taken = node.then if chosen else node.otherwise
        return execute(taken, frame.inner()) if taken is not None else False
    otherwise, end = Label(), Label()
    decided = branch(node.condition, frame, otherwise)
    ended = [decided is False, decided is True]
    if decided is not False:
        ended[0] = execute(node.then, frame.inner())
    if decided is None and node.otherwise is not None and not ended[0]:
        frame.code.jump(end, node.at)
    frame.code.mark(otherwise)
    if decided is not True:
        ended[1] = node.otherwise is not None and execute(node.otherwise, frame.inner())
    frame.code.mark(end)
    return all(ended)


@expression(tree.If)
def if_value(node: tree.If, frame: Frame, wanted: Type | None) -> Value:
    """`if (c) a else b` as a value."""
    if frame.body is None:
        chosen = truth(evaluate(node.condition, frame, types.BOOL), node.condition.at, "the condition")
        taken = node.then if chosen else node.otherwise
        return arm(taken, frame, wanted) if taken is not None else VOID
    otherwise = Label()
    decided = branch(node.condition, frame, otherwise)
    arms: list[tuple[Steps, Value]] = []
    for wanted_when, inner in ((True, node.then), (False, node.otherwise)):
        if decided is None or decided is wanted_when:
            steps: Steps = []
            with frame.code.captured(steps):
                if wanted_when is False:
                    frame.code.mark(otherwise)
                arms.append((steps, arm(inner, frame, wanted) if inner is not None else VOID))
    return merge(arms, frame, wanted, node.at)


def arm(node: tree.Node, frame: Frame, wanted: Type | None) -> Value:
    """What a branch comes to: a block, a statement or an expression."""
    if isinstance(node, tree.Evaluate):
        node = node.value
    if isinstance(node, tree.Return | tree.Break | tree.Continue | tree.Assign):
        execute(node, frame.inner())
        return VOID
    return evaluate(node, frame, wanted)


def merge(arms: list[tuple[Steps, Value]], frame: Frame, wanted: Type | None, at: Place) -> Value:
    """Join branches: their code one after the other, each going on behind the last, their values in one place."""
    if len(arms) == 1:
        frame.code.steps.extend(arms[0][0])
        return arms[0][1]
    of = _common([value for _, value in arms], wanted, frame, at)
    place = local_place("the value of a branch", of, frame, at) if of != types.VOID else None
    end = Label()
    for position, (steps, value) in enumerate(arms):
        with frame.code.captured(steps):
            if place is not None:
                store(place, value, frame, at)
            if position < len(arms) - 1:
                frame.code.jump(end, at)
        frame.code.steps.extend(steps)
    frame.code.mark(end)
    return load(place, frame, at) if place is not None else VOID


def _common(values: list[Value], wanted: Type | None, frame: Frame, at: Place) -> Type:
    value = values[0]
    for other in values[1:]:
        if isinstance(value, Aggregate) and isinstance(other, Aggregate):
            continue
        of = peer(value, other, at, "branches")
        value = Runtime(of, -1) if of != types.VOID else VOID
    if value.type in (types.COMPTIME_INT, types.COMPTIME_FLOAT):
        return (
            wanted
            if isinstance(wanted, types.Int | types.Float)
            else (types.I16 if value.type == types.COMPTIME_INT else types.F32)
        )
    return wanted if isinstance(value, Aggregate) and isinstance(wanted, types.Struct) else value.type


@statement(tree.Switch)
def switch_statement(node: tree.Switch, frame: Frame) -> bool:
    """`switch (x) {...}` as a statement."""
    ended: list[bool] = []

    def run(case: tree.Case) -> Value:
        ended.append(execute(case.body, frame.inner()))
        return VOID

    complete = _switch(node, frame, run, types.VOID)[1]
    return complete and bool(ended) and all(ended)


@expression(tree.Switch)
def switch_value(node: tree.Switch, frame: Frame, wanted: Type | None) -> Value:
    """`switch (x) {...}` as a value."""
    return _switch(node, frame, lambda case: arm(case.body, frame, wanted), wanted)[0]


def _switch(
    node: tree.Switch, frame: Frame, run: Callable[[tree.Case], Value], wanted: Type | None
) -> tuple[Value, bool]:
    subject = evaluate(node.subject, frame)
    if not isinstance(subject.type, types.Int | types.Enum) and subject.type != types.COMPTIME_INT:
        raise CslError(node.subject.at, f"a switch over {subject.type}", "it is over integers and enums")
    labels, default = _cases(node, subject, frame)
    if isinstance(subject, Known):
        chosen = labels.get(subject.data, default)
        return (run(chosen), True) if chosen is not None else (VOID, False)
    targets = {id(case): Label() for case in node.cases}
    end, t = Label(), scalar(subject.type, node.at)
    register = frame.register(subject, node.at)
    for value, case in labels.items():
        other = frame.code.code.number(value)
        frame.code.emit(Operation.JUMP_EQUAL, node.at, t, a=register, b=other, n=targets[id(case)])
    frame.code.jump(targets[id(default)] if default else end, node.at)
    arms: list[tuple[Steps, Value]] = []
    for case in node.cases:
        steps: Steps = []
        with frame.code.captured(steps):
            frame.code.mark(targets[id(case)])
            arms.append((steps, run(case)))
    result = merge(arms, frame, wanted, node.at)
    frame.code.mark(end)
    return result, True


def _cases(node: tree.Switch, subject: Value, frame: Frame) -> tuple[dict[int, tree.Case], tree.Case | None]:
    found: dict[int, tree.Case] = {}
    default = None
    for case in node.cases:
        if not case.values:
            default = case
        for inner in case.values:
            value = evaluate(inner, frame.comptime() if frame.body else frame, subject.type)
            value = coerce(value, subject.type, frame, inner.at, "the value of a case")
            assert isinstance(value, Known)
            if value.data in found:
                raise CslError(inner.at, "two cases have one value")
            found[value.data] = case
    if default is None:
        _exhaustive(node, subject, found)
    return found, default


def _exhaustive(node: tree.Switch, subject: Value, found: dict[int, tree.Case]) -> None:
    if isinstance(subject.type, types.Enum):
        missing = [name for name, value in subject.type.members if value not in found]
        if missing:
            raise CslError(node.at, f"no case for {missing[0]}", "add one, or else => ...")
    elif isinstance(subject.type, types.Int) and len(found) < 1 << subject.type.bits:
        raise CslError(node.at, f"not every {subject.type} has a case", "add else => ...")


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
        execute(node.body, frame.inner())
        frame.function.loops.pop()
        assert loop.again is not None
        frame.code.mark(loop.again)
        if node.step is not None:
            execute(node.step, frame.inner())
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


def _count_inlined(turns: int, frame: Frame, at: Place) -> None:
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
    elif isinstance(iterable, Known) and isinstance(iterable.data, Range):
        _range_loop(node, iterable.data, frame)
    else:
        _array_loop(node, iterable, frame)
    return False


def _countable(iterable: Value) -> bool:
    """Whether a core can go through it: ranges, and arrays of what it holds."""
    if isinstance(iterable, Known) and isinstance(iterable.data, Range):
        return isinstance(iterable.data.of, types.Int)
    return (
        isinstance(iterable.type, types.Array)
        and types.words(iterable.type.element) in (1, 2, 4)
        and not isinstance(iterable, Items)
    )


def _elements(iterable: Value, at: Place) -> Iterator[Value]:
    if isinstance(iterable, Known) and isinstance(iterable.data, Range):
        bounds = iterable.data
        values = (bounds.start, bounds.stop, bounds.step)
        if not all(isinstance(value, Known) for value in values):
            raise CslError(at, "the bounds of this range must be known while compiling")
        for number in range(*(value.data for value in values)):  # type: ignore[attr-defined]
            yield Known(bounds.of, number)
    elif isinstance(iterable, Aggregate):
        yield from iterable.fields.values()
    elif isinstance(iterable, Items):
        yield from iterable.items
    elif isinstance(iterable, Known) and isinstance(iterable.data, list):
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
        _name(node, scope, value, Known(types.COMPTIME_INT, turn))
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
    down = isinstance(bounds.step, Known) and bounds.step.data < 0
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
    if not (isinstance(bounds.start, Known) and isinstance(bounds.stop, Known)):
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
    scope = frame.inner()
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
