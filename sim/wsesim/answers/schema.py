"""The JSON schema (draft 2020-12) of what is written, made of the very types that answers are.

A form of JSON that no class has is a `TypedDict` beside who writes it.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import fields, is_dataclass
from enum import Enum
from types import NoneType, UnionType
from typing import Any, Literal, NotRequired, Union, get_args, get_origin, get_type_hints, is_typeddict

from wsesim import answer
from wsesim.answer import Answer, Comparison, Result, SimulatorCost, Status, Table
from wsesim.answers.plain import CURVE_FIELDS, PROGRAM

_PLAIN: Mapping[Any, dict[str, Any]] = {
    str: {"type": "string"}, bool: {"type": "boolean"}, int: {"type": "integer"}, NoneType: {"type": "null"},
    float: {"type": ["number", "null"]}, object: {}, Any: {},
}  # fmt: skip
"""A float may be null: one that is not finite has no other word in JSON."""
_OF_ANSWER = (
    "figures", "headline", "verdict", "bound", "spent", "sentences", "choices", "ops", "memory", "memory_limit_bytes",
    "facts", "leaves_out", "notes", "reasons", "right", "limits",
)  # fmt: skip
"""Fields of an answer that stand in JSON as they are."""
_OF_RESULT = ("name", "title", "kind", "verification", "nearest", "provenance")


def result_schema() -> dict[str, Any]:
    """Return the schema of a result as `result_json` writes it."""
    cost = _object(SimulatorCost)
    cost["properties"]["events_per_s"] = schema_of(float)
    cost["required"].append("events_per_s")
    table = _record(Table, ("title", "columns", "rows"))
    properties = {
        "program": {"const": PROGRAM}, "status": schema_of(Status), "why": schema_of(str),
        **_properties(Result, _OF_RESULT), "level": {"enum": [*answer.LEVELS, None]}, **_properties(Answer, _OF_ANSWER),
        "timeline": _named({"columns": schema_of(tuple[str, ...]), "rows": schema_of(tuple[tuple[object, ...], ...])}),
        "tables": {"type": "object", "additionalProperties": table},
        "curves": {"type": "object", "additionalProperties": _curve()},
        "cost": {"anyOf": [cost, {"type": "null"}]},
    }  # fmt: skip
    found = _named(properties)
    found["properties"] |= _properties(Result, ("broken",))  # only where there is a law that does not hold
    return {"title": "A result of wsesim"} | found


def comparison_schema() -> dict[str, Any]:
    """Return the schema of levels side by side as `comparison_json` writes them."""
    level = {
        "level": {"enum": list(answer.LEVELS)}, "status": schema_of(Status), "figures": schema_of(Mapping[str, float]),
        "off": schema_of(Mapping[str, float]), "why": schema_of(str), "leaves_out": schema_of(tuple[str, ...]),
        "events": schema_of(int),
    }  # fmt: skip
    difference = {
        "from": schema_of(str), "to": schema_of(str), "figure": schema_of(str),
        "causes": schema_of(Mapping[str, float]),
    }  # fmt: skip
    cost = _named({"cpu_s": schema_of(float)})
    properties = {
        "program": {"const": PROGRAM}, "status": schema_of(Status),
        **_properties(Comparison, ("name", "title", "kind")),
        "levels": {"type": "array", "items": _named(level)},
        "tables": {"type": "object", "additionalProperties": _record(Table, ("title", "columns", "rows"))},
        "differences": {"type": "array", "items": _named(difference)}, "notes": schema_of(tuple[str, ...]),
        "cost": {"type": "object", "additionalProperties": cost},
    }  # fmt: skip
    return {"title": "Levels side by side"} | _named(properties)


def _curve() -> dict[str, Any]:
    return _record(answer.Curve, CURVE_FIELDS)


def schema_of(kind: Any) -> dict[str, Any]:
    """Return the schema of a type: plain, a list, a mapping, an enumeration, a dataclass or a typed dictionary.

    Raises:
        TypeError: it is none of these.
    """
    if kind in _PLAIN:
        return _PLAIN[kind]
    origin, inner = get_origin(kind), get_args(kind)
    if origin in (Union, UnionType):
        return {"anyOf": [schema_of(each) for each in inner]}
    if origin is Literal:
        return {"enum": list(inner)}
    if origin is tuple:
        return _list(inner)
    if isinstance(origin, type) and issubclass(origin, Mapping):
        return {"type": "object", "additionalProperties": schema_of(inner[1])}
    if origin is list:
        return {"type": "array", "items": schema_of(inner[0])}
    if is_typeddict(kind):
        return _form(kind)
    if isinstance(kind, type) and issubclass(kind, Enum):
        return {"enum": [each.value for each in kind]}
    if is_dataclass(kind) and isinstance(kind, type):
        return _object(kind)
    raise TypeError(f"{kind} has no schema")


def _form(kind: Any) -> dict[str, Any]:
    """Return the schema of a typed dictionary, titled by the first sentence of its docstring."""
    found = _named({name: schema_of(hint) for name, hint in get_type_hints(kind).items()})
    marked = get_type_hints(kind, include_extras=True)
    found["required"] = [name for name, hint in marked.items() if get_origin(hint) is not NotRequired]
    return {"title": " ".join((kind.__doc__ or "").partition(".")[0].split()), **found}


def _list(inner: tuple[Any, ...]) -> dict[str, Any]:
    if len(inner) == 2 and inner[1] is Ellipsis:
        return {"type": "array", "items": schema_of(inner[0])}
    return {"type": "array", "prefixItems": [schema_of(each) for each in inner], "minItems": len(inner), "items": False}


def _object(kind: type[Any]) -> dict[str, Any]:
    return _record(kind, tuple(each.name for each in fields(kind)))


def _record(kind: type[Any], names: tuple[str, ...]) -> dict[str, Any]:
    return _named(_properties(kind, names))


def _named(properties: dict[str, Any]) -> dict[str, Any]:
    """Return an object that has these properties, all of them and no others."""
    return {"type": "object", "properties": properties, "required": list(properties), "additionalProperties": False}


def _properties(kind: type[Any], names: tuple[str, ...]) -> dict[str, Any]:
    hints = get_type_hints(kind)
    return {name: schema_of(hints[name]) for name in names}
