"""Statements and expressions that choose: if, switch, for, while; known choices are taken at once."""

from __future__ import annotations

from collections.abc import Callable

from wsesim.csl import tree, types
from wsesim.csl.code import Label, StepDraft, scalar
from wsesim.csl.convert import coerce, peer
from wsesim.csl.core import evaluate, execute, expression, statement, truth
from wsesim.csl.frame import Frame
from wsesim.csl.image import Operation
from wsesim.csl.memory import load, store
from wsesim.csl.operators import branch
from wsesim.csl.source import CslError, SourcePlace
from wsesim.csl.statements import local_place
from wsesim.csl.types import CslType
from wsesim.csl.values import (
    NEVER,
    VOID,
    Aggregate,
    KnownValue,
    Runtime,
    Value,
)  # fmt: skip

Steps = list[StepDraft | Label]


@statement(tree.If)
def if_statement(node: tree.If, frame: Frame) -> bool:
    """`if (c) ... else ...` as a statement."""
    if frame.body is None:
        chosen = truth(evaluate(node.condition, frame, types.BOOL), node.condition.at, "the condition")
        taken = node.then if chosen else node.otherwise
        return execute(taken, frame.inner()) if taken is not None else False
    otherwise, end = Label(), Label()
    decided = branch(node.condition, frame, otherwise)
    ended, inside = [decided is False, decided is True], frame.chosen if decided is None else frame.inner
    if decided is not False:
        ended[0] = execute(node.then, inside())
    if decided is None and node.otherwise is not None and not ended[0]:
        frame.code.jump(end, node.at)
    frame.code.mark(otherwise)
    if decided is not True:
        ended[1] = node.otherwise is not None and execute(node.otherwise, inside())
    frame.code.mark(end)
    return all(ended)


@expression(tree.If)
def if_value(node: tree.If, frame: Frame, wanted: CslType | None) -> Value:
    """`if (c) a else b` as a value."""
    if frame.body is None:
        chosen = truth(evaluate(node.condition, frame, types.BOOL), node.condition.at, "the condition")
        taken = node.then if chosen else node.otherwise
        return arm(taken, frame, wanted) if taken is not None else VOID
    otherwise = Label()
    decided = branch(node.condition, frame, otherwise)
    inside = frame.chosen() if decided is None else frame
    arms: list[tuple[Steps, Value]] = []
    for wanted_when, inner in ((True, node.then), (False, node.otherwise)):
        if decided is None or decided is wanted_when:
            steps: Steps = []
            with frame.code.captured(steps):
                if wanted_when is False:
                    frame.code.mark(otherwise)
                arms.append((steps, arm(inner, inside, wanted) if inner is not None else VOID))
    return merge(arms, frame, wanted, node.at)


def arm(node: tree.Node, frame: Frame, wanted: CslType | None) -> Value:
    """What a branch comes to: a block, a statement or an expression."""
    if isinstance(node, tree.Evaluate):
        node = node.value
    leaves = isinstance(node, tree.Return | tree.Break | tree.Continue | tree.Assign)
    if leaves or (isinstance(node, tree.BlockNode) and not node.label):
        return NEVER if execute(node, frame.inner()) else VOID
    return evaluate(node, frame, wanted)


def merge(arms: list[tuple[Steps, Value]], frame: Frame, wanted: CslType | None, at: SourcePlace) -> Value:
    """Join branches: their code one after the other, each going on behind the last, their values in one place."""
    if len(arms) == 1:
        frame.code.steps.extend(arms[0][0])
        return arms[0][1]
    of = _common([value for _, value in arms if value is not NEVER] or [VOID], wanted, frame, at)
    place = local_place("the value of a branch", of, frame, at) if of != types.VOID else None
    end = Label()
    for position, (steps, value) in enumerate(arms):
        with frame.code.captured(steps):
            if place is not None and value is not NEVER:
                store(place, value, frame, at)
            if position < len(arms) - 1:
                frame.code.jump(end, at)
        frame.code.steps.extend(steps)
    frame.code.mark(end)
    return load(place, frame, at) if place is not None else VOID


def _common(values: list[Value], wanted: CslType | None, frame: Frame, at: SourcePlace) -> CslType:
    value = values[0]
    for other in values[1:]:
        if isinstance(value, Aggregate) and isinstance(other, Aggregate):
            continue
        of = peer(value, other, at, "branches")
        value = Runtime(of, -1) if of != types.VOID else VOID
    if value.type == types.COMPTIME_INT:
        return wanted if isinstance(wanted, types.Int) else types.I16
    if value.type == types.COMPTIME_FLOAT:
        return wanted if isinstance(wanted, types.Float) else types.F32
    return wanted if isinstance(value, Aggregate) and isinstance(wanted, types.Struct) else value.type


@statement(tree.Switch)
def switch_statement(node: tree.Switch, frame: Frame) -> bool:
    """`switch (x) {...}` as a statement."""
    ended: list[bool] = []

    def run(case: tree.Case, scope: Frame) -> Value:
        ended.append(execute(case.body, scope.inner()))
        return VOID

    complete = _switch(node, frame, run, types.VOID)[1]
    return complete and bool(ended) and all(ended)


@expression(tree.Switch)
def switch_value(node: tree.Switch, frame: Frame, wanted: CslType | None) -> Value:
    """`switch (x) {...}` as a value."""
    return _switch(node, frame, lambda case, scope: arm(case.body, scope, wanted), wanted)[0]


def _switch(
    node: tree.Switch, frame: Frame, run: Callable[[tree.Case, Frame], Value], wanted: CslType | None
) -> tuple[Value, bool]:
    subject = evaluate(node.subject, frame)
    if not isinstance(subject.type, types.Int | types.Enum) and subject.type != types.COMPTIME_INT:
        raise CslError(node.subject.at, f"a switch over {subject.type}", "it is over integers and enums")
    labels, default = _cases(node, subject, frame)
    if isinstance(subject, KnownValue):
        chosen = labels.get(subject.data, default)
        return (run(chosen, frame), True) if chosen is not None else (VOID, False)
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
            arms.append((steps, run(case, frame.chosen())))
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
            assert isinstance(value, KnownValue)
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
