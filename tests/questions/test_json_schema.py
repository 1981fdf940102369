"""The JSON schema of files, for editors: every kind, every key, every name."""

import json
from functools import cache
from typing import Any

import pytest

from wsesim.hardware import machine_names, override_names
from wsesim.model import model_names
from wsesim.questions import json_schema, kinds
from wsesim.software import software_names, software_override_names


@cache
def schema_of_files() -> dict[str, Any]:
    return json_schema()


def defined() -> dict[str, Any]:
    found: dict[str, Any] = schema_of_files()["$defs"]
    return found


def file_of(kind: str) -> dict[str, Any]:
    found: dict[str, Any] = defined()[kinds()[kind].file.__name__]
    return found


def test_the_schema_is_json_and_always_the_same() -> None:
    assert json.loads(json.dumps(schema_of_files(), allow_nan=False)) == json_schema()


def test_every_kind_is_an_alternative_told_by_its_phase_or_its_mark() -> None:
    found = schema_of_files()["anyOf"]
    assert {each["$ref"] for each in found} == {f"#/$defs/{kind.file.__name__}" for kind in kinds().values()}
    for name, kind in kinds().items():
        required = file_of(name)["required"]
        assert kind.mark in required if kind.mark else ("phase" in required) == (name != "training")


@pytest.mark.parametrize("kind", kinds())
def test_the_schema_has_every_key(kind: str) -> None:
    schema = file_of(kind)
    assert list(schema["properties"]) == list(kinds()[kind].file.keys())
    assert schema["additionalProperties"] is False


def test_every_key_of_a_section_has_a_description_and_no_title() -> None:
    sections = {name: section for name, section in defined().items() if "properties" in section}
    assert len(sections) > len(kinds())
    for name, section in sections.items():
        for key, field in section["properties"].items():
            assert field.get("description"), (name, key)
            assert "title" not in field, (name, key)
        assert section["additionalProperties"] is False, name


def test_the_schema_knows_names_of_models_machines_and_figures() -> None:
    fields = file_of("training")["properties"]
    short, section = fields["model"]["anyOf"]
    assert short == {"type": "string", "examples": list(model_names())}
    assert section == {"$ref": "#/$defs/ModelSection"}
    assert fields["cluster"]["anyOf"][0]["examples"] == list(machine_names())
    hardware = fields["hardware"]["properties"]
    assert {name for name in hardware if "." in name} == override_names().keys()
    assert hardware["core.clock"]["examples"] == hardware["core"]["properties"]["clock"]["examples"] == ["850 MHz"]
    name, section = fields["software"]["anyOf"]
    assert name["examples"] == list(software_names())
    assert {name for name in section["properties"] if "." in name} == software_override_names().keys()
