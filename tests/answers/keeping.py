"""A validator of just the words of JSON schema that schemas here use."""

from __future__ import annotations

from typing import Any

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
