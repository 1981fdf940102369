"""Mappings of other files than workloads, read by a pydantic model: what is right is kept, the rest is worded."""

from __future__ import annotations

import re
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from pydantic import BaseModel, ValidationError
from pydantic_core import ErrorDetails

from wsesim.errors import nearest
from wsesim.workload.problems import Report, shown
from wsesim.yamlfile import Loc


def read_fields(model: type[BaseModel], data: Mapping[Any, Any]) -> tuple[dict[str, Any], list[ErrorDetails]]:
    """Return the fields of *data* that are right, defaults filled in, and the errors of the others."""
    try:
        return dict(model.model_validate(dict(data))), []
    except ValidationError as error:
        errors = error.errors(include_url=False)
    broken = {str(each["loc"][0]) for each in errors}
    right = {key: value for key, value in data.items() if str(key) not in broken}
    return dict(model.model_construct(**right)), errors


def keys(model: type[BaseModel]) -> tuple[str, ...]:
    """Return the keys of *model* as they stand in the file."""
    return tuple(info.alias or name for name, info in model.model_fields.items())


def add_invalid(report: Report, errors: list[ErrorDetails], at: Loc, known: tuple[str, ...]) -> None:
    """Note what pydantic found in the mapping at *at*, whose keys are *known*."""
    for error in errors:
        error["loc"] = (*at, *error["loc"])
        if error["type"] == "list_type" and error["input"] is not None:
            report.add_field(error["loc"], f"must be a list, [a, b]; got {shown(error['input'])}")
            continue
        if error["type"] != "extra_forbidden":
            report.add_invalid([error])
            continue
        key = str(error["loc"][-1])
        inside = f" in {'.'.join(map(str, at))}" if at else ""
        hint = nearest(key, known) or f"; there are: {', '.join(known)}"
        report.add((*at, key), f"unknown key {shown(key)}{inside}{hint}", at_key=True)


def name_of(path: str | Path, otherwise: str) -> str:
    """Return a name made of a file's, for the folder of a run; *otherwise* where nothing of it can stand in one."""
    return re.sub(r"[^A-Za-z0-9._-]+", "-", Path(path).stem).lstrip("._-")[:100] or otherwise
