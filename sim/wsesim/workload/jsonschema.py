"""The JSON schema of a workload file, with the names that other packages know: for editors and for documentation."""

from __future__ import annotations

from typing import Any

from wsesim.hardware import machine_names, override_names
from wsesim.model import model_names
from wsesim.units import Dimension
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
    fields["hardware"]["additionalProperties"] = False
    fields["hardware"]["properties"] = {name: _figure(dimension) for name, dimension in override_names().items()}
    _drop_titles(schema)
    return schema


def _allow_name(field: dict[str, Any], names: tuple[str, ...]) -> None:
    section = {"$ref": field.pop("$ref")}
    field["anyOf"] = [{"type": "string", "examples": list(names)}, section]


def _figure(dimension: Dimension | None) -> dict[str, Any]:
    if dimension is None:
        return {"type": "number", "description": "A plain number."}
    words = dimension.name.lower().replace("_", " ")
    return {"type": "string", "description": f"In {words}, with its unit.", "examples": [dimension.example]}


def _drop_titles(schema: dict[str, Any]) -> None:
    """Take away the titles pydantic makes of field names: an editor would show them in place of the description."""
    for part in (schema, *schema["$defs"].values()):
        for field in part["properties"].values():
            field.pop("title", None)
