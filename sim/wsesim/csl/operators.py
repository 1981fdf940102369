"""Operators: on what is known at once, else as code."""

from __future__ import annotations

from wsesim.csl import image, tree, types
from wsesim.csl.code import Label, StepDraft, scalar
from wsesim.csl.convert import coerce, narrowed, peer
from wsesim.csl.core import evaluate, expression, truth
from wsesim.csl.frame import Frame
from wsesim.csl.image import Operation
from wsesim.csl.numbers import COMPARE, floating, integer, round_to
from wsesim.csl.source import CslError, SourcePlace
from wsesim.csl.types import CslType
from wsesim.csl.values import Aggregate, KnownValue, Runtime, Value, key

ARITHMETIC = {
    "+": Operation.ADD, "-": Operation.SUB, "*": Operation.MUL, "/": Operation.DIV, "%": Operation.REM,
    "&": Operation.AND, "|": Operation.OR, "^": Operation.XOR, "<<": Operation.SHL, ">>": Operation.SHR,
}  # fmt: skip
COMPARISON = {"==": Operation.EQ, "!=": Operation.NE, "<": Operation.LT, "<=": Operation.LE}
TRUE, FALSE = KnownValue(types.BOOL, True), KnownValue(types.BOOL, False)
FUSED = {
    Operation.EQ: Operation.JUMP_UNEQUAL, Operation.NE: Operation.JUMP_EQUAL, Operation.LT: Operation.JUMP_LESS_EQUAL,
    Operation.LE: Operation.JUMP_LESS,
}  # fmt: skip
"""The jump that is taken when the comparison does not hold; of < and <= with its operands changed over."""


@expression(tree.Binary)
def binary(node: tree.Binary, frame: Frame, wanted: CslType | None) -> Value:
    """`left op right`."""
    if node.op in ("and", "or"):
        return _logic(node, frame)
    compares = node.op in COMPARE
    left = evaluate(node.left, frame, None if compares else wanted)
    hint = left.type if _typed(left) else wanted
    right = evaluate(node.right, frame, None if node.op in ("<<", ">>") else hint)
    if (found := _plain(node, left, right)) is not None:
        return found
    if left.type == types.COMPTIME_INT and isinstance(left, Runtime) and _typed(right):
        left = coerce(left, right.type, frame, node.at)
    return (
        compare(node.op, left, right, frame, node.at) if compares else arithmetic(node.op, left, right, frame, node.at)
    )


def _plain(node: tree.Binary, left: Value, right: Value) -> Value | None:
    """The result of an operator on two known whole numbers as they are; None of all others."""
    if type(left) is not KnownValue or type(right) is not KnownValue or type(left.data) is not int:
        return None
    of, other = left.type, right.type
    if type(right.data) is not int or not (of is types.COMPTIME_INT or type(of) is types.Int):
        return None
    alike = of is other or (other is types.COMPTIME_INT and _holds(of, right.data))
    if node.op in COMPARE:
        plain = alike or other is types.COMPTIME_INT or (of is types.COMPTIME_INT and type(other) is types.Int)
        return (TRUE if COMPARE[node.op](left.data, right.data) else FALSE) if plain else None
    return KnownValue(of, integer(node.op, of, left.data, right.data, node.at)) if alike else None


def _holds(of: CslType, number: int) -> bool:
    return isinstance(of, types.Int) and of.low <= number <= of.high


def _typed(value: Value) -> bool:
    return isinstance(value.type, types.Int | types.Float)


def arithmetic(op: str, left: Value, right: Value, frame: Frame, at: SourcePlace) -> Value:
    """The result of an operator that is no comparison.

    Raises:
        CslError: Operands that the operator is not for.
    """
    of = left.type if op in ("<<", ">>") else peer(left, right, at, op)
    if not isinstance(of, types.Int | types.Float) and of not in (types.COMPTIME_INT, types.COMPTIME_FLOAT):
        raise CslError(at, f"{op} is not for {of}", "it is for numbers")
    is_float = isinstance(of, types.Float) or of == types.COMPTIME_FLOAT
    if is_float and op not in ("+", "-", "*", "/"):
        raise CslError(at, f"{op} is not for {of}", "it is for integers")
    if op in ("<<", ">>"):
        _shift_count(right, at)
    elif not (of == types.COMPTIME_FLOAT and isinstance(left, KnownValue) and isinstance(right, KnownValue)):
        left, right = coerce(left, of, frame, at, "the left operand"), coerce(right, of, frame, at, "the right operand")
    if isinstance(left, KnownValue) and isinstance(right, KnownValue):
        if is_float:
            return KnownValue(of, floating(op, of, float(left.data), float(right.data), at))
        return KnownValue(of, integer(op, of, left.data, right.data, at))
    if frame.body is None:
        raise CslError(at, "this must be known while compiling, and a variable of the core is in it")
    registers = (frame.register(left, at), frame.register(right, at))
    result = frame.code.result(ARITHMETIC[op], at, scalar(of, at), a=registers[0], b=registers[1])
    return Runtime(of, narrowed(result, of, frame, at))


def _shift_count(value: Value, at: SourcePlace) -> None:
    if value.type != types.COMPTIME_INT and not isinstance(value.type, types.Int):
        raise CslError(at, f"shifts by a {value.type}", "shift by an unsigned integer")
    if isinstance(value, Runtime) and isinstance(value.type, types.Int) and value.type.signed:
        raise CslError(at, f"shifts by a signed {value.type}", "convert it: @as(u16, x)")


def compare(op: str, left: Value, right: Value, frame: Frame, at: SourcePlace) -> Value:
    """A bool."""
    if isinstance(left, Aggregate) or isinstance(right, Aggregate):
        raise CslError(at, f"{op} between {left.type} and {right.type}", "compare field by field")
    of = peer(left, right, at, op)
    if op not in ("==", "!=") and not (isinstance(of, types.Int | types.Float) or str(of).startswith("comptime_")):
        raise CslError(at, f"{op} is not for {of}", "only == and != are")
    if isinstance(left, KnownValue) and isinstance(right, KnownValue):
        if isinstance(left.data, int | float | str):
            left, right = _rounded(left, of), _rounded(right, of)
            return TRUE if COMPARE[op](left.data, right.data) else FALSE
        return TRUE if (key(left) == key(right)) == (op == "==") else FALSE
    left, right = coerce(left, of, frame, at, "the left operand"), coerce(right, of, frame, at, "the right operand")
    if frame.body is None:
        raise CslError(at, "this must be known while compiling, and a variable of the core is in it")
    if op in (">", ">="):
        left, right, op = right, left, {">": "<", ">=": "<="}[op]
    registers = (frame.register(left, at), frame.register(right, at))
    return Runtime(
        types.BOOL, frame.code.result(COMPARISON[op], at, scalar(of, at), a=registers[0], b=registers[1])
    )  # fmt: skip


def _rounded(value: KnownValue, of: CslType) -> KnownValue:
    return KnownValue(of, round_to(of, value.data)) if isinstance(of, types.Float) else value


def _logic(node: tree.Binary, frame: Frame) -> Value:
    left = evaluate(node.left, frame, types.BOOL)
    decided = truth(left, node.left.at, f"the left operand of {node.op}")
    if decided is not None:
        if decided == (node.op == "or"):
            return left
        right = evaluate(node.right, frame, types.BOOL)
        truth(right, node.right.at, f"the right operand of {node.op}")
        return right
    result, end = frame.code.code.register(), Label()
    boolean = scalar(types.BOOL, node.at)
    frame.code.emit(Operation.MOVE, node.at, boolean, d=result, a=frame.register(left, node.at))
    skip = Operation.JUMP_IF if node.op == "or" else Operation.JUMP_UNLESS
    frame.code.emit(skip, node.at, boolean, a=result, n=end)
    right = evaluate(node.right, frame, types.BOOL)
    truth(right, node.right.at, f"the right operand of {node.op}")
    frame.code.emit(Operation.MOVE, node.at, boolean, d=result, a=frame.register(right, node.at))
    frame.code.mark(end)
    return Runtime(types.BOOL, result)


def branch(condition: tree.Node, frame: Frame, otherwise: Label) -> bool | None:
    """Code that goes to `otherwise` unless the condition holds; for one that is known, no code: its value."""
    if isinstance(condition, tree.Binary) and condition.op == "and":
        first = branch(condition.left, frame, otherwise)
        if first is False:
            return False
        second = branch(condition.right, frame, otherwise)
        return second if first is True or second is False else None
    before = len(frame.code.steps)
    value = evaluate(condition, frame, types.BOOL)
    decided = truth(value, condition.at, "the condition")
    if decided is None:
        register = frame.register(value, condition.at)
        _leave_unless(register, frame, otherwise, condition.at, own=len(frame.code.steps) > before)
    return decided


def _fuses(last: StepDraft) -> bool:
    exact = last.op in (Operation.EQ, Operation.NE) or last.t not in (image.Type.F16, image.Type.F32)
    return last.op in FUSED and exact


def _leave_unless(register: int, frame: Frame, otherwise: Label, at: SourcePlace, *, own: bool) -> None:
    """A comparison just made and its jump become one; of floats only where NaN takes the same way.

    A comparison that is not the condition's *own* stays beside it: a constant that holds it may be read again.
    """
    last = frame.code.steps[-1] if frame.code.steps else None
    if isinstance(last, StepDraft) and last.d == register and _fuses(last):
        if own:
            frame.code.steps.pop()
        operands = (last.b, last.a) if last.op in (Operation.LT, Operation.LE) else (last.a, last.b)
        frame.code.emit(FUSED[last.op], at, last.t, a=operands[0], b=operands[1], n=otherwise)
        return
    frame.code.emit(Operation.JUMP_UNLESS, at, image.Type.BOOL, a=register, n=otherwise)


@expression(tree.Unary)
def unary(node: tree.Unary, frame: Frame, wanted: CslType | None) -> Value:
    """`!x`, `~x`, `-x`, `&x`, `comptime x`."""
    if node.op == "comptime":
        return evaluate(node.operand, frame.comptime(), wanted)
    if node.op == "&":
        from wsesim.csl.access import address

        return address(node.operand, frame)
    value = evaluate(node.operand, frame, wanted)
    if node.op == "!":
        decided = truth(value, node.at, "the operand of !")
        if decided is not None:
            return KnownValue(types.BOOL, not decided)
    elif node.op == "~" and not (isinstance(value.type, types.Int) or value.type == types.COMPTIME_INT):
        raise CslError(node.at, f"~ is not for {value.type}", "it is for integers")
    elif not _typed(value) and value.type not in (types.COMPTIME_INT, types.COMPTIME_FLOAT):
        raise CslError(node.at, f"{node.op} is not for {value.type}", "it is for numbers")
    if isinstance(value, KnownValue):
        data = ~value.data if node.op == "~" else -value.data
        return KnownValue(value.type, value.type.wrap(data) if isinstance(value.type, types.Int) else data)
    operation = Operation.NEG if node.op == "-" else Operation.NOT
    register = frame.register(value, node.at)
    result = frame.code.result(operation, node.at, scalar(value.type, node.at), a=register)
    return Runtime(value.type, narrowed(result, value.type, frame, node.at))
