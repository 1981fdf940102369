"""The workload file: its schema, reading it, and everything that was left out of it."""

from wsesim.workload.jsonschema import json_schema
from wsesim.workload.load import build_workload, load_workload
from wsesim.workload.settings import place_of, set_path, setting_names
from wsesim.workload.show import show, starter
from wsesim.workload.spec import Inference, Outputs, Serving, VerificationSettings, Workload

__all__ = [
    "Inference",
    "Outputs",
    "Serving",
    "VerificationSettings",
    "Workload",
    "build_workload",
    "json_schema",
    "load_workload",
    "place_of",
    "set_path",
    "setting_names",
    "show",
    "starter",
]
