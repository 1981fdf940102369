"""Keys of settings and their values, for who is writing a line."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any, Literal, get_args, get_origin

if TYPE_CHECKING:
    from wsesim.questions.base import Question
    from wsesim.workload import Section

FILES = frozenset({
    "serving.trace", "model.config", "model.zoo", "verification.weights", "cluster.machine", "cluster", "software",
    "software.stack",
})  # fmt: skip
"""Settings whose values may be files."""


def keys(kinds: Sequence[type[Question]]) -> Iterable[str]:
    """Return `KEY=` of every setting that files of some *kinds* have."""
    from wsesim.workload import setting_names

    return dict.fromkeys(f"{name}=" for kind in kinds for name in setting_names(kind.file))


def choices(kinds: Sequence[type[Question]], key: str) -> Iterable[str]:
    """Return the values of a setting that may be no other."""
    return dict.fromkeys(value for kind in kinds for value in _of_field(kind.file, key))


def paths(begun: str) -> list[str]:
    """Return files and folders whose path begins so; a folder ends in a slash."""
    folder, slash, name = begun.rpartition("/")
    inside = Path(f"{folder}{slash}" or ".")
    found = sorted(each for each in inside.iterdir() if each.name.startswith(name) and each.name[0] != ".")
    return [f"{folder}{slash}{each.name}{'/' if each.is_dir() else ''}" for each in found]


def _of_field(schema: type[Section], key: str) -> Iterator[str]:
    section, dot, name = key.rpartition(".")
    inside = schema.inner(section) if dot else schema
    info = inside.model_fields.get(name) if inside else None
    if info is not None:
        yield from _listed(info)
        yield from _in_type(info.annotation)


def _listed(info: Any) -> Iterator[str]:
    """Yield what a field lists in its JSON schema."""
    if callable(more := getattr(info, "json_schema_extra", None)):
        schema: dict[str, Any] = {}
        more(schema)
        yield from map(str, schema.get("enum", ()))


def _in_type(kind: Any) -> Iterator[str]:
    if kind is bool:
        yield from ("true", "false")
    elif get_origin(kind) is Literal:
        yield from map(str, get_args(kind))
    else:
        for part in get_args(kind):
            yield from _listed(part)
            yield from _in_type(part)
