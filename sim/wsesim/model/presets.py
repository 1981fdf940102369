"""Published models by name, from `presets.yaml`."""

from __future__ import annotations

from collections.abc import Mapping
from functools import cache
from pathlib import Path
from typing import Any

from wsesim.errors import SpecError, nearest
from wsesim.model.spec import ModelSpec
from wsesim.packaged import yaml_data

_FILE = Path(__file__).with_name("presets.yaml")


def model_names() -> tuple[str, ...]:
    """Return the names of all presets, family by family, small to large."""
    return tuple(_fields_by_name())


@cache
def load_preset(name: str) -> ModelSpec:
    """Return the published model called *name*.

    Raises:
        SpecError: there is no such preset; the message names the nearest.
    """
    presets = _fields_by_name()
    if name not in presets:
        raise SpecError("preset", f"{name!r} is not known{nearest(name, presets)}; `wsesim models` lists all")
    return ModelSpec(name=name, **_completed(presets[name]))


@cache
def _fields_by_name() -> Mapping[str, Mapping[str, Any]]:
    families = yaml_data(_FILE)
    return {
        name: {"source": family["source"], **family["shared"], **fields}
        for family in families.values()
        for name, fields in family["models"].items()
    }


def _completed(fields: Mapping[str, Any]) -> dict[str, Any]:
    heads: int = fields["heads"]
    return {"kv_heads": heads, "head_width": fields["width"] // heads, **fields}
