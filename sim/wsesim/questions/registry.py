"""Which kinds of question there are: every class with a `kind` in a module of this package."""

from __future__ import annotations

import pkgutil
from collections.abc import Mapping
from importlib import import_module
from types import MappingProxyType
from typing import Any

import wsesim.questions as package
from wsesim.errors import nearest
from wsesim.questions.base import Question
from wsesim.workload import Problems

USUAL = "training"
"""The kind of a file that does not say."""
KEY = "phase"


def kinds() -> Mapping[str, type[Question]]:
    """Return every kind by its name, in the order of the modules' names; a module put on the package's path counts."""
    found: dict[str, type[Question]] = {}
    for module in pkgutil.iter_modules(package.__path__):
        if module.name.startswith("_"):
            continue
        for value in vars(import_module(f"{package.__name__}.{module.name}")).values():
            if isinstance(value, type) and isinstance(vars(value).get("kind"), str):
                found[value.kind] = value  # type: ignore[attr-defined]  # looked at just now
    return MappingProxyType(found)


def kind_of(data: Mapping[Any, Any], problems: Problems) -> type[Question]:
    """Return the kind that the data of a file asks for; one that there is not is noted, and the usual one returned."""
    known = kinds()
    if data.get(KEY) is None:
        return next((kind for kind in known.values() if kind.mark and kind.mark in data), known[USUAL])
    name = data[KEY]
    if isinstance(name, str) and name in known:
        return known[name]
    choices = tuple(name for name, kind in known.items() if not kind.mark)
    hint = nearest(name, choices) if isinstance(name, str) else ""
    problems.add((KEY,), f"{KEY} must be one of {', '.join(choices)}; got {name!r}{hint}")
    return known[USUAL]


def keys_elsewhere(kind: type[Question]) -> dict[str, str]:
    """Return what is to be said of each key that files of other kinds have and those of *kind* have not."""
    others = {key for other in kinds().values() for key in other.file.keys()} - set(kind.file.keys())  # noqa: SIM118
    return {key: f"{key} is not read by phase {kind.kind}; leave it out, or change the phase" for key in others}
