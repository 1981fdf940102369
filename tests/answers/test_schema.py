"""Results keep to their schema, by a validator of just the words that it uses."""

from __future__ import annotations

from dataclasses import replace
from math import inf
from typing import Any

import pytest

from wsesim.answer import Answer, DoesNotFit, Result
from wsesim.answers import result_json, result_schema
from wsesim.answers.schema import schema_of

TYPES: dict[str, Any] = {
    "string": str,
    "integer": int,
    "number": (int, float),
    "null": type(None),
    "boolean": bool,
    "array": list,
    "object": dict,
}
WORDS = {
    "$schema", "title", "type", "properties", "required", "additionalProperties", "items", "prefixItems", "minItems",
    "anyOf", "enum", "const",
}  # fmt: skip


def keeps_to(value: Any, schema: Any) -> bool:
    """Return whether a value keeps to a schema."""
    if isinstance(schema, bool):
        return schema
    assert set(schema) <= WORDS
    if "anyOf" in schema and not any(keeps_to(value, each) for each in schema["anyOf"]):
        return False
    if ("enum" in schema and value not in schema["enum"]) or value != schema.get("const", value):
        return False
    wanted = [schema["type"]] if isinstance(schema.get("type"), str) else schema.get("type", list(TYPES))
    if not any(isinstance(value, TYPES[each]) and (each == "boolean" or type(value) is not bool) for each in wanted):
        return False
    if isinstance(value, dict):
        named = schema.get("properties", {})
        rest = schema.get("additionalProperties", {})
        return set(schema.get("required", ())) <= set(value) and all(
            keeps_to(each, named.get(key, rest)) for key, each in value.items()
        )
    if isinstance(value, list):
        first = schema.get("prefixItems", [])
        kinds = [*first, *[schema.get("items", {})] * (len(value) - len(first))]
        return len(value) >= schema.get("minItems", 0) and all(map(keeps_to, value, kinds))
    return True


def test_results_keep_to_their_schema(result: Result) -> None:
    schema = result_schema()
    form = result_json(result)
    assert keeps_to(form, schema)
    answer = result.answer
    assert answer is not None
    odd = replace(answer, figures={**answer.figures, next(iter(answer.figures)): inf})
    outcomes: tuple[Answer | DoesNotFit, ...] = (odd, DoesNotFit(why="too large"))
    assert all(keeps_to(result_json(replace(result, outcome=outcome)), schema) for outcome in outcomes)
    for key in form:
        assert not keeps_to({name: value for name, value in form.items() if name != key}, schema)
    assert not keeps_to({**form, "more": 1}, schema)
    assert not keeps_to({**form, "figures": {"step_s": "soon"}}, schema)


def test_what_is_no_data_has_no_schema() -> None:
    with pytest.raises(TypeError, match="no schema"):
        schema_of(type)
