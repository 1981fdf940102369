import json
from typing import Any

from wsesim.hardware import machine_names, override_names
from wsesim.model import model_names
from wsesim.software import software_names, software_override_names
from wsesim.workload import json_schema
from wsesim.workload.schema import SECTIONS, WorkloadFile

SCHEMA: dict[str, Any] = json_schema()


def test_the_schema_is_json_and_always_the_same() -> None:
    assert json.loads(json.dumps(SCHEMA, allow_nan=False)) == json_schema()


def test_the_schema_has_every_key_with_a_description() -> None:
    assert SCHEMA["properties"].keys() == WorkloadFile.model_fields.keys()
    assert SCHEMA["required"] == ["model", "cluster"]
    assert SCHEMA["additionalProperties"] is False
    for section in SECTIONS.values():
        properties = SCHEMA["$defs"][section.__name__]["properties"]
        assert properties.keys() == section.model_fields.keys()
        assert all(field["description"] for field in properties.values())


def test_the_schema_knows_names_of_models_machines_and_figures() -> None:
    short, section = SCHEMA["properties"]["model"]["anyOf"]
    assert short == {"type": "string", "examples": list(model_names())}
    assert section == {"$ref": "#/$defs/ModelSection"}
    assert SCHEMA["properties"]["cluster"]["anyOf"][0]["examples"] == list(machine_names())
    hardware = SCHEMA["properties"]["hardware"]["properties"]
    assert {name for name in hardware if "." in name} == override_names().keys()
    assert hardware["core.clock"]["examples"] == hardware["core"]["properties"]["clock"]["examples"] == ["850 MHz"]
    assert hardware["core.moves_pass"]["type"] == "boolean"
    assert hardware["fabric.in_queue_words"]["type"] == "array"
    name, section = SCHEMA["properties"]["software"]["anyOf"]
    assert name["examples"] == list(software_names())
    assert {name for name in section["properties"] if "." in name} == software_override_names().keys()
