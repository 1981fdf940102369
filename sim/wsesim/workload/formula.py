"""Arithmetic over settings and figures: what follows from a setting in a study, and what a point has to keep to.

    floor(750 * 48 KiB / hardware.core.sram)          hardware.wafer.columns * hardware.wafer.rows <= 900000

Numbers with a unit and settings are in bytes, bytes a second, hertz, seconds, watts. Nothing else of Python is known.
"""

from __future__ import annotations

import ast
import math
import operator
import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from itertools import pairwise
from typing import Any

from wsesim.errors import SpecError, nearest
from wsesim.units import unit_scales

Lookup = Callable[[str], float | None]
"""The number that a dotted name stands for; None where it stands for none."""
LONGEST = 500
_QUANTITY = re.compile(
    r"(?<![\w.])(\d[\d.]*(?:[eE][+-]?\d+)?)\s*("
    + "|".join(sorted(map(re.escape, unit_scales()), key=len, reverse=True)) + r")(?![\w.(])"
)  # fmt: skip
_TWO: Mapping[type[ast.AST], Callable[[Any, Any], Any]] = {
    ast.Add: operator.add, ast.Sub: operator.sub, ast.Mult: operator.mul, ast.Div: operator.truediv,
    ast.FloorDiv: operator.floordiv, ast.Mod: operator.mod, ast.Lt: operator.lt, ast.LtE: operator.le,
    ast.Gt: operator.gt, ast.GtE: operator.ge, ast.Eq: operator.eq, ast.NotEq: operator.ne,
}  # fmt: skip
_ONE: Mapping[type[ast.AST], Callable[[Any], Any]] = {
    ast.USub: operator.neg, ast.UAdd: operator.pos, ast.Not: operator.not_,
}  # fmt: skip
_CALLS: Mapping[str, Callable[..., Any]] = {
    "min": min, "max": max, "abs": abs, "round": round, "floor": math.floor, "ceil": math.ceil, "sqrt": math.sqrt,
    "log2": math.log2, "log": math.log, "exp": math.exp,
}  # fmt: skip


@dataclass(frozen=True, slots=True)
class Formula:
    """Arithmetic that was read; `names` are the settings and figures in it."""

    text: str
    names: tuple[str, ...]
    tree: ast.expr

    @classmethod
    def read(cls, text: object) -> Formula:
        """Read arithmetic.

        Raises:
            SpecError: it is none, or has in it what is not known.
        """
        if not isinstance(text, str) or not text.strip() or len(text) > LONGEST:
            raise SpecError("formula", f"must be arithmetic over settings, as text; got {str(text)[:60]!r}")
        try:
            tree = ast.parse(_QUANTITY.sub(_in_our_unit, text.strip()), mode="eval").body
        except (SyntaxError, ValueError, RecursionError, MemoryError):
            raise SpecError("formula", f"cannot be read: {text!r}") from None
        names: dict[str, None] = {}
        _check(tree, names)
        return cls(text=text.strip(), names=tuple(names), tree=tree)

    @classmethod
    def comparison(cls, text: object) -> Formula:
        """Read arithmetic that is so or not.

        Raises:
            SpecError: as of `read`, or it compares nothing.
        """
        found = cls.read(text)
        if not _decides(found.tree):
            raise SpecError("formula", f"compares nothing, as `{found.text} < 10` would; got {found.text!r}")
        return found

    def value(self, lookup: Lookup) -> Any:
        """Return what it comes to.

        Raises:
            SpecError: a name that stands for no number, or arithmetic that cannot be done.
        """
        try:
            return _value(self.tree, lookup)
        except (ArithmeticError, ValueError, TypeError) as error:
            raise SpecError(self.text, f"cannot be worked out: {error}") from None


def _in_our_unit(match: re.Match[str]) -> str:
    scale = unit_scales()[match[2]]
    return f"({match[1]}*{scale.numerator}/{scale.denominator})" if scale.denominator > 1 else f"({match[1]}*{scale})"


def _check(node: ast.AST, names: dict[str, None]) -> None:
    """Note the names below *node*.

    Raises:
        SpecError: something that is not known.
    """
    if isinstance(node, ast.Name | ast.Attribute):
        names[_dotted(node)] = None
        return
    if isinstance(node, ast.Call):
        known = isinstance(node.func, ast.Name) and node.func.id in _CALLS and not node.keywords
        if not known:
            called = ast.unparse(node.func)
            hint = nearest(called, _CALLS) or f"; there are: {', '.join(_CALLS)}"
            raise SpecError("formula", f"has the unknown function {called!r}{hint}")
        inner: list[ast.AST] = list(node.args)
    elif isinstance(node, ast.BinOp) and type(node.op) in _TWO:
        inner = [node.left, node.right]
    elif isinstance(node, ast.UnaryOp) and type(node.op) in _ONE:
        inner = [node.operand]
    elif isinstance(node, ast.Compare) and all(type(op) in _TWO for op in node.ops):
        inner = [node.left, *node.comparators]
    elif isinstance(node, ast.BoolOp):
        inner = list(node.values)
    elif isinstance(node, ast.Constant) and isinstance(node.value, int | float):
        inner = []
    else:
        raise SpecError("formula", f"has in it what is not known: {ast.unparse(node)!r}")
    for each in inner:
        _check(each, names)


def _decides(node: ast.AST) -> bool:
    if isinstance(node, ast.BoolOp):
        return all(map(_decides, node.values))
    return isinstance(node, ast.Compare) or (isinstance(node, ast.UnaryOp) and _decides(node.operand))


def _dotted(node: ast.AST) -> str:
    if isinstance(node, ast.Name):
        return node.id
    if isinstance(node, ast.Attribute):
        return f"{_dotted(node.value)}.{node.attr}"
    raise SpecError("formula", f"has in it what is not known: {ast.unparse(node)!r}")


def _value(node: ast.AST, lookup: Lookup) -> Any:
    match node:
        case ast.Constant():
            return node.value
        case ast.Name() | ast.Attribute():
            name = _dotted(node)
            found = lookup(name)
            if found is None:
                raise SpecError(name, "stands for no number here")
            return found
        case ast.BinOp():
            return _TWO[type(node.op)](_value(node.left, lookup), _value(node.right, lookup))
        case ast.UnaryOp():
            return _ONE[type(node.op)](_value(node.operand, lookup))
        case ast.BoolOp():
            together = all if isinstance(node.op, ast.And) else any
            return together(_value(each, lookup) for each in node.values)
        case ast.Compare():
            values = [_value(each, lookup) for each in (node.left, *node.comparators)]
            return all(_TWO[type(op)](*pair) for op, pair in zip(node.ops, pairwise(values), strict=True))
        case ast.Call():
            assert isinstance(node.func, ast.Name), "it was checked"
            return _CALLS[node.func.id](*(_value(each, lookup) for each in node.args))
    raise AssertionError("it was checked")
