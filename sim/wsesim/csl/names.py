"""Names and literals: what a name stands for, here and around."""

from __future__ import annotations

from wsesim.csl import tree, types
from wsesim.csl.core import expression
from wsesim.csl.frame import Frame
from wsesim.csl.memory import load
from wsesim.csl.source import CslError, SourcePlace, nearest
from wsesim.csl.types import CslType
from wsesim.csl.values import Binding, KnownValue, Value

PREDEFINED: dict[str, Value] = {
    "true": KnownValue(types.BOOL, True),
    "false": KnownValue(types.BOOL, False),
    **{name: KnownValue(types.DIRECTION, index) for index, name in enumerate(types.DIRECTIONS)},
    "NONE": KnownValue(types.DIRECTION, len(types.DIRECTIONS)),
}


ELSEWHERE = {
    "LEFT": "WEST", "RIGHT": "EAST", "UP": "NORTH", "TOP": "NORTH", "DOWN": "SOUTH", "BOTTOM": "SOUTH", "CORE": "RAMP",
    "float": "f32", "float32": "f32", "double": "f32", "half": "f16", "float16": "f16", "int": "i32", "short": "i16",
    "long": "i64", "char": "u8", "usize": "u16", "f64": "f32", "True": "true", "False": "false", "null": "{}",
}  # fmt: skip
"""What names of other languages are here."""


def binding(node: tree.Name, frame: Frame) -> Binding:
    """What a name stands for: local, global, predefined.

    Raises:
        CslError: Nothing.
    """
    found = frame.find(node.name) or frame.module.lookup(node.name, node.at)
    if found is None and node.name in PREDEFINED:
        return Binding(PREDEFINED[node.name])
    of = types.named(node.name) if found is None else None
    if of is not None:
        return Binding(KnownValue(types.TYPE, of))
    if found is None:
        hint = nearest(node.name, _visible(frame))
        if node.name in ELSEWHERE:
            hint = f"did you mean {ELSEWHERE[node.name]}?"
        raise CslError(node.at, f"there is no {node.name} here", hint)
    return found


def _visible(frame: Frame | None) -> list[str]:
    names: list[str] = []
    while frame is not None:
        names += [*frame.names, *frame.module.items]
        frame = frame.parent
    return [*names, *PREDEFINED, *types.NAMED]


@expression(tree.Name)
def name(node: tree.Name, frame: Frame, wanted: CslType | None) -> Value:
    """A name."""
    called, scope = node.name, frame
    found = scope.names.get(called)
    while found is None and scope.parent is not None:
        scope = scope.parent
        found = scope.names.get(called)
    if found is None:
        found = binding(node, frame)
    return found.value if found.value is not None else held(found, frame, node.at)


def held(found: Binding, frame: Frame, at: SourcePlace) -> Value:
    """The value of what a name stands for."""
    if found.value is not None:
        return found.value
    assert found.place is not None
    return load(found.place, frame, at)


@expression(tree.Number)
def number(node: tree.Number, frame: Frame, wanted: CslType | None) -> Value:
    """A literal."""
    if node.known is None:
        of = types.COMPTIME_FLOAT if isinstance(node.value, float) else types.COMPTIME_INT
        node.known = KnownValue(of, node.value)
    return node.known  # type: ignore[return-value]


@expression(tree.String)
def string(node: tree.String, frame: Frame, wanted: CslType | None) -> Value:
    """A literal string."""
    return KnownValue(types.STRING, node.value)
