"""Values that stand side by side: arguments of a call, fields and elements of a literal."""

from __future__ import annotations

from collections.abc import Sequence

from wsesim.csl import tree
from wsesim.csl.core import evaluate
from wsesim.csl.frame import Frame
from wsesim.csl.purity import nodes
from wsesim.csl.source import SourcePlace
from wsesim.csl.statements import held, lies_in_a_variable
from wsesim.csl.types import CslType
from wsesim.csl.values import Aggregate, Value


def side_by_side(each: Sequence[tree.Node], hints: Sequence[CslType | None], frame: Frame) -> list[Value]:
    """What expressions come to, in their order; what a later one calls changes none of those before it."""
    values = []
    for position, (node, hint) in enumerate(zip(each, hints, strict=True)):
        value = evaluate(node, frame, hint)
        if frame.body is not None and lies_in_a_variable(value) and any(map(_calls, each[position + 1 :])):
            value = _apart(value, frame, node.at)
        values.append(value)
    return values


def _calls(node: tree.Node) -> bool:
    return any(isinstance(inner, tree.Call) for inner in nodes(node))


def _apart(value: Value, frame: Frame, at: SourcePlace) -> Value:
    """The value with its arrays in places of their own: a function returns all of its own in one place."""
    if isinstance(value, Aggregate):
        return Aggregate(value.type, {name: _apart(inner, frame, at) for name, inner in value.fields.items()})
    return held("a value", value, value.type, frame, at)
