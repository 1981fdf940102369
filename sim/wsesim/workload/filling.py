"""How sections of a file are read, field by field, and filled in where nothing is given."""

from __future__ import annotations

import marshal
from collections.abc import Callable, Mapping, Set
from dataclasses import dataclass, field
from functools import cache
from typing import Any, cast

from pydantic import ValidationError
from pydantic.fields import FieldInfo
from pydantic_core import ErrorDetails

from wsesim.answer import UsedFigure
from wsesim.workload.fields import Default, Derived, Section, Silent


def read_fields(schema: type[Section], data: Mapping[Any, Any]) -> tuple[dict[str, Any], list[ErrorDetails]]:
    """Return the value of every field of *data* that is right, defaults filled in, and all errors of the others.

    Each field is read by itself, so that a mistake in one does not hide what later checks find in another. Errors come
    in the order of *data*, those of missing keys last.
    """
    values: dict[str, Any] = {}
    errors: list[ErrorDetails] = []
    fields = schema.model_fields
    known = {info.alias or name: name for name, info in fields.items()}
    for key in (key for key in data if not isinstance(key, str) or key not in known):
        errors.append({"type": "extra_forbidden", "loc": (key,), "msg": "", "input": data[key]})
    for key, name in known.items():
        info = fields[name]
        if key in data:
            try:
                values[name] = _read(schema, name, data[key])
            except ValidationError as error:
                errors += [{**found, "loc": (key, *found["loc"][1:])} for found in error.errors(include_url=False)]
        elif info.is_required():
            errors.append({"type": "missing", "loc": (key,), "msg": "", "input": data})
        else:
            values[name] = _default(info)
    order = list(data)
    errors.sort(key=lambda error: order.index(error["loc"][0]) if error["loc"][0] in data else len(order))
    return values, errors


@cache
def _blank(schema: type[Section]) -> Section:
    return schema.model_construct()


_MOST_KNOWN = 512
_BY_VALUE = 2
"""The version of marshal that writes the same for the same, wherever it is held."""
_known: dict[tuple[type[Section], str, bytes] | None, Section] = {}
"""Sections that were read, by what was given; of too many all are forgotten, and read anew as they are needed."""


def _read(schema: type[Section], name: str, given: object) -> object:
    """Return the value of a field; sections never change, so that one that was given as it is was read already."""
    try:
        key = (schema, name, marshal.dumps(given, _BY_VALUE)) if isinstance(given, dict) else None
    except ValueError:  # holds something that no file can
        key = None
    if key in _known:
        return _known[key]
    found = _validated(schema, name, given)
    if key is not None and isinstance(found, Section):
        if len(_known) >= _MOST_KNOWN:
            _known.clear()
        _known[key] = found
    return found


def _validated(schema: type[Section], name: str, given: object) -> object:
    held = schema.__pydantic_validator__.validate_assignment(_blank(schema).model_copy(), name, given)
    return getattr(held, name)


def _default(info: FieldInfo) -> object:
    """Return the default of a field, which may be handed on where it cannot change."""
    if info.default_factory is None and isinstance(info.default, Section | str | int | float | tuple | None):
        return info.default
    return info.get_default() if info.default_factory is None else cast("Callable[[], object]", info.default_factory)()


def fill(
    schema: type[Section], values: Mapping[str, Any], given: Set[str], derived: Derived, *, plain: Mapping[str, Any]
) -> tuple[dict[str, Any], tuple[UsedFigure, ...]]:
    """Return the file as plain data with nothing left out, and a figure for each default with its source.

    Args:
        schema: of the file.
        values: its fields as read.
        given: the keys that the file has.
        derived: defaults that follow from other settings.
        plain: what stands for keys whose value is not simply what was read (a model, figures).
    """
    defaults, resolved, fields = _Defaults(derived), {}, schema.model_fields
    for name, value in values.items():
        inner, info = schema.inner(name), fields[name]
        key = info.alias or name
        if key not in given and any(isinstance(each, Silent) for each in info.metadata):
            continue
        if name in plain:
            resolved[name] = plain[name]
        elif inner is None:
            resolved[key] = defaults.value(info, value, key, given=key in given)
        elif value is not None or any(each.startswith(f"{name}.") for each in derived):
            resolved[name] = defaults.section(inner, name, inner() if value is None else value)
    return resolved, tuple(defaults.taken)


@dataclass(frozen=True, slots=True)
class _Defaults:
    """Fills in what a file leaves out, and keeps which defaults were taken."""

    derived: Derived
    taken: list[UsedFigure] = field(default_factory=list)

    def section(self, schema: type[Section], name: str, held: Section) -> dict[str, object]:
        """Return the section that stands at *name* as plain data."""
        stated = held.model_fields_set
        return {
            key: self.value(info, getattr(held, key), f"{name}.{key}", given=key in stated)
            for key, info in schema.model_fields.items()
        }

    def value(self, info: FieldInfo, value: object, dotted: str, *, given: bool) -> object:
        """Return the value of a field, or its default if none is *given*."""
        if given and value is not None:
            return value
        source = next((each.source for each in info.metadata if isinstance(each, Default)), "not given")
        value, source = self.derived.get(dotted, (value, source))
        self.taken.append(UsedFigure(name=dotted, text=as_yaml(value), source=source))
        return value


def as_yaml(value: object) -> str:
    """Return *value* as it stands in yaml."""
    if value is None:
        return "null"
    return str(value).lower() if isinstance(value, bool) else str(value)
