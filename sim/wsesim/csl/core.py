"""The two tables by which the tree is gone through: what an expression comes to, what a statement does."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, TypeVar

from wsesim.csl import types
from wsesim.csl.frame import Frame
from wsesim.csl.source import CslError, SourcePlace
from wsesim.csl.tree import Node
from wsesim.csl.types import CslType
from wsesim.csl.values import KnownValue, Value

Expression = Callable[[Any, Frame, CslType | None], Value]
Statement = Callable[[Any, Frame], bool]
EXPRESSIONS: dict[type[Node], Expression] = {}
STATEMENTS: dict[type[Node], Statement] = {}
E = TypeVar("E", bound=Expression)
S = TypeVar("S", bound=Statement)


def expression(*kinds: type[Node]) -> Callable[[E], E]:
    """The decorated function evaluates these nodes: in a frame, with the type its place has, if known."""

    def enter(function: E) -> E:
        for kind in kinds:
            EXPRESSIONS[kind] = function
        return function

    return enter


def statement(*kinds: type[Node]) -> Callable[[S], S]:
    """The decorated function executes or lowers these nodes; it says whether nothing after it is reached."""

    def enter(function: S) -> S:
        for kind in kinds:
            STATEMENTS[kind] = function
        return function

    return enter


def evaluate(node: Node, frame: Frame, wanted: CslType | None = None) -> Value:
    """What an expression comes to; `wanted` is a hint, nothing is converted to it."""
    limits = frame.program.limits
    limits.used += 1  # as `step` counts; a call of it for each expression is a tenth of a large layout
    if limits.used > limits.steps:
        limits.step(node.at, 0)
    return EXPRESSIONS[type(node)](node, frame, wanted)


def execute(node: Node, frame: Frame) -> bool:
    """Do a statement, or make code of it; whether nothing after it is reached."""
    frame.program.limits.step(node.at)
    return STATEMENTS[type(node)](node, frame)


def known(node: Node, frame: Frame, wanted: CslType | None = None, what: str = "this") -> KnownValue:
    """What an expression comes to, which must be known while compiling and no struct.

    Raises:
        CslError: Only the core will know it.
    """
    value = evaluate(node, frame, wanted)
    if not isinstance(value, KnownValue):
        raise CslError(node.at, f"{what} must be known while compiling", "make it a const, a param or a literal")
    return value


def type_of(node: Node, frame: Frame) -> CslType:
    """The type that an expression stands for.

    Raises:
        CslError: It stands for no type.
    """
    value = evaluate(node, frame if frame.body is None else frame.comptime(), types.TYPE)
    if not isinstance(value, KnownValue) or not isinstance(value.data, CslType):
        raise CslError(node.at, f"expected a type, found a value of type {value.type}")
    return value.data


def whole(node: Node, frame: Frame, what: str, low: int = -(1 << 31), high: int = (1 << 32) - 1) -> int:
    """A known whole number in a range, of whatever integer type.

    Raises:
        CslError: It is none, or not known, or outside.
    """
    return whole_of(known(node, frame, None, what), node.at, what, low, high)


def whole_of(value: Value, at: SourcePlace, what: str, low: int = -(1 << 31), high: int = (1 << 32) - 1) -> int:
    """A known value as a whole number in a range."""
    if not isinstance(value, KnownValue) or isinstance(value.data, bool) or not isinstance(value.data, int):
        raise CslError(at, f"{what} must be an integer known while compiling, not {value.type}")
    if not low <= value.data <= high:
        raise CslError(at, f"{what} is {value.data}", f"it must be from {low} to {high}")
    return value.data


def truth(value: Value, at: SourcePlace, what: str) -> bool | None:
    """A condition as known, or None where the core decides.

    Raises:
        CslError: No bool.
    """
    if value.type != types.BOOL:
        raise CslError(at, f"{what} is of type {value.type}, not bool", "compare it: x != 0")
    return bool(value.data) if isinstance(value, KnownValue) else None
