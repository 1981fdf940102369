"""The JSON schema of files, for editors: every kind, every key, every name."""

import json
from typing import Any

import pytest

from wsesim.hardware import machine_names, override_names
from wsesim.model import model_names
from wsesim.questions import json_schema, kinds
from wsesim.software import software_names, software_override_names

SCHEMA: dict[str, Any] = json_schema()
DEFINED: dict[str, Any] = SCHEMA["$defs"]
SECTIONS = [name for name, section in DEFINED.items() if "properties" in section]


def file_of(kind: str) -> dict[str, Any]:
    found: dict[str, Any] = DEFINED[kinds()[kind].file.__name__]
    return found


def test_the_schema_is_json_and_always_the_same() -> None:
    assert json.loads(json.dumps(SCHEMA, allow_nan=False)) == json_schema()


def test_every_kind_is_an_alternative_told_by_its_phase_or_its_mark() -> None:
    assert {each["$ref"] for each in SCHEMA["anyOf"]} == {f"#/$defs/{kind.file.__name__}" for kind in kinds().values()}
    for name, kind in kinds().items():
        required = file_of(name)["required"]
        assert kind.mark in required if kind.mark else ("phase" in required) == (name != "training")


@pytest.mark.parametrize("kind", kinds())
def test_the_schema_has_every_key(kind: str) -> None:
    schema = file_of(kind)
    assert list(schema["properties"]) == list(kinds()[kind].file.keys())
    assert schema["additionalProperties"] is False


@pytest.mark.parametrize("section", SECTIONS)
def test_every_key_has_a_description_and_no_title(section: str) -> None:
    for name, field in DEFINED[section]["properties"].items():
        assert field.get("description"), name
        assert "title" not in field
    assert DEFINED[section]["additionalProperties"] is False


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
