"""The JSON schema of a workload file, with the names that other packages know: for editors and for documentation."""

from __future__ import annotations

from typing import Any

from wsesim.figures import Presets
from wsesim.hardware import MACHINES, machine_names
from wsesim.model import model_names
from wsesim.software import STACKS, software_names
from wsesim.workload.schema import WorkloadFile


def json_schema() -> dict[str, Any]:
    """Return the JSON schema (draft 2020-12) of a workload file."""
    schema = WorkloadFile.model_json_schema()
    schema["$schema"] = "https://json-schema.org/draft/2020-12/schema"
    schema["title"] = "wsesim workload"
    sections, fields = schema["$defs"], schema["properties"]
    sections["ModelSection"]["properties"]["preset"]["examples"] = list(model_names())
    sections["ClusterSection"]["properties"]["machine"]["examples"] = list(machine_names())
    _allow_name(fields["model"], model_names())
    _allow_name(fields["cluster"], machine_names())
    fields["hardware"] |= {"additionalProperties": False, "properties": _figures(MACHINES)}
    stack = {"type": "string", "examples": list(software_names())}
    figures = {"stack": stack, **_figures(STACKS)}
    fields["software"]["anyOf"] = [stack, {"type": "object", "additionalProperties": False, "properties": figures}]
    fields["software"].pop("type")
    fields["software"].pop("additionalProperties", None)
    _drop_titles(schema)
    return schema


def _allow_name(field: dict[str, Any], names: tuple[str, ...]) -> None:
    section = {"$ref": field.pop("$ref")}
    field["anyOf"] = [{"type": "string", "examples": list(names)}, section]


def _figures(presets: Presets) -> dict[str, Any]:
    """Return the schema of figures that can be changed, nested by group or dotted."""
    groups: dict[str, dict[str, Any]] = {}
    for name in presets.overridable:
        group, _, field = name.partition(".")
        groups.setdefault(group, {})[field] = presets.slots[name].schema()
    dotted = {f"{group}.{field}": schema for group, inside in groups.items() for field, schema in inside.items()}
    nested = {
        group: {"type": "object", "additionalProperties": False, "properties": inside}
        for group, inside in groups.items()
    }
    return nested | dotted


def _drop_titles(schema: dict[str, Any]) -> None:
    """Take away the titles pydantic makes of field names: an editor would show them in place of the description."""
    for part in (schema, *schema["$defs"].values()):
        for field in part["properties"].values():
            field.pop("title", None)
