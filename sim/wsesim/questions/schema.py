"""The JSON schema of files of all kinds, with the names that other packages know: for editors and for documentation."""

from __future__ import annotations

from typing import Any

from wsesim.figures import Presets
from wsesim.hardware import MACHINES
from wsesim.model import model_names
from wsesim.questions import KEY
from wsesim.questions.registry import USUAL, kinds
from wsesim.software import STACKS
from wsesim.workload import STACK

DRAFT = "https://json-schema.org/draft/2020-12/schema"


def json_schema() -> dict[str, Any]:
    """Return the JSON schema (draft 2020-12): one alternative a kind, told apart by `phase` or by the kind's mark."""
    definitions: dict[str, Any] = {}
    alternatives = []
    for kind in kinds().values():
        schema = kind.file.model_json_schema(ref_template="#/$defs/{model}")
        definitions |= schema.pop("$defs", {})
        _complete(schema)
        if not kind.mark and kind.kind != USUAL:
            schema["required"] = [*schema.get("required", []), KEY]
        definitions[kind.file.__name__] = schema
        alternatives.append({"$ref": f"#/$defs/{kind.file.__name__}"})
    for section in definitions.values():
        for field in section.get("properties", {}).values():
            field.pop("title", None)  # made of the name; an editor would show it in place of the description
            name = field.get("$ref", "").rpartition("/")[2]
            if name:  # pydantic leaves out what would say the same as the section
                field.setdefault("description", definitions[name]["description"])
    return {"$schema": DRAFT, "title": "wsesim workload", "anyOf": alternatives, "$defs": definitions}


def _complete(schema: dict[str, Any]) -> None:
    """Add what bare names stand for, and the names of figures."""
    fields = schema["properties"]
    for key, names in (("model", model_names()), ("cluster", MACHINES.names())):
        if key in fields:
            section = {"$ref": fields[key].pop("$ref")}
            fields[key]["anyOf"] = [{"type": "string", "examples": list(names)}, section]
    for key, presets in (("hardware", MACHINES), ("software", STACKS)):
        if key in fields:
            _complete_figures(fields[key], presets)
    if "software" in fields:
        stack = {"type": "string", "examples": list(STACKS.names())}
        held = {name: fields["software"].pop(name) for name in ("type", "properties", "additionalProperties")}
        held["properties"] = {STACK: stack, **held["properties"]}
        fields["software"]["anyOf"] = [stack, held]


def _complete_figures(field: dict[str, Any], presets: Presets) -> None:
    """Add the figures that can be changed, nested by group and dotted."""
    groups: dict[str, dict[str, Any]] = {}
    for name in presets.overridable:
        group, _, figure = name.partition(".")
        groups.setdefault(group, {})[figure] = presets.slots[name].schema()
    dotted = {f"{group}.{name}": schema for group, inside in groups.items() for name, schema in inside.items()}
    nested = {
        group: {"type": "object", "additionalProperties": False, "properties": inside}
        for group, inside in groups.items()
    }
    field |= {"type": "object", "additionalProperties": False, "properties": nested | dotted}
