"""Settings by dotted name, as `--set` and sweeps use them: `batch.sequences`, `hardware.core.clock`."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from functools import cache
from typing import Any, NamedTuple

from wsesim.errors import InputError, SpecError
from wsesim.figures import flatten
from wsesim.hardware import MACHINES
from wsesim.piped import STDIN
from wsesim.software import STACKS
from wsesim.units import Dimension
from wsesim.workload.fields import Section
from wsesim.workload.schema import SHORT
from wsesim.workload.words import key_hint
from wsesim.yamlfile import Loc, parse_yaml

_FIGURES = {"hardware": MACHINES, "software": STACKS}
"""Sections of figures, and the presets that know their names and what each measures."""
STACK = "stack"
"""The key of a `software` section that names the preset."""


@cache
def setting_names(schema: type[Section]) -> tuple[str, ...]:
    """Return every dotted name that `set_path` takes in a file of *schema*, but for keys of open mappings."""
    names: list[str] = []
    keys = schema.keys()
    for name in keys:
        names.append(name)
        inner = schema.inner(name)
        names += [f"{name}.{key}" for key in (inner.keys() if inner else ())]
        if name in _FIGURES:
            names += [f"{name}.{figure}" for figure in _FIGURES[name].overridable]
    return (*names, *([f"software.{STACK}"] if "software" in schema.model_fields else []))


def dimension_of_setting(name: str) -> Dimension | None:
    """Return what the setting *name* measures; None for a plain number or a word."""
    section, _, figure = name.partition(".")
    return _FIGURES[section].overridable.get(figure) if section in _FIGURES else None


def is_setting(schema: type[Section], dotted: str) -> bool:
    """Return whether a file of *schema* can have the setting *dotted*; an open mapping takes any key."""
    section, _, key = dotted.partition(".")
    return dotted in setting_names(schema) or bool(key and section in _open(schema))


def set_path(data: dict[str, Any], dotted: str, value: object, schema: type[Section]) -> None:
    """Put *value* at *dotted* in the plain data of a file of *schema*, in place.

    A bare name becomes a mapping first, so `cluster.systems` can be set where the file says `cluster: cs-2`. What
    follows `hardware.` or `software.` is one key.

    Raises:
        SpecError: no such setting, or what should hold it is not a mapping.
    """
    if not is_setting(schema, dotted):
        hint = key_hint(dotted, setting_names(schema)) or "; `wsesim schema` lists them"
        raise SpecError(dotted, f"is not a setting of such a file{hint}")
    section, _, key = dotted.partition(".")
    if not key:
        data[section] = value
        return
    inside = data.get(section)
    if isinstance(inside, str) and section in SHORT:
        inside = {SHORT[section]: inside}
    elif inside is None:
        inside = {}
    if not isinstance(inside, Mapping):
        raise SpecError(dotted, f"cannot be set, because {section} is not a mapping")
    inside = flatten(inside, _FIGURES[section].slots) if section in _FIGURES else inside
    data[section] = {**inside, key: value}


class GivenSetting(NamedTuple):
    """A value for a dotted name."""

    key: str
    value: object
    said: str
    """As it was given; opens what is said of it where it is wrong."""


Settings = Sequence[str] | Mapping[str, object]
"""`batch.sequences=240` and the like, as a command line has them; or values by dotted name, as a program does."""


def settings_of(given: Settings) -> tuple[GivenSetting, ...]:
    """Return each of the settings that are *given*; of a program's, a whole section stands before what changes it.

    Raises:
        InputError: text that is not KEY=VALUE, or a value that is not yaml.
    """
    if not isinstance(given, Mapping):
        return tuple(GivenSetting(*split_setting(text), f"--set {text}") for text in given)
    ordered = sorted(given.items(), key=lambda pair: "." in pair[0])
    return tuple(
        GivenSetting(key, value, key if isinstance(value, Mapping) else f"{key}={value!r}") for key, value in ordered
    )


def plain(value: Any) -> Any:
    """Return a value as it would stand in a file: tuples as lists."""
    return list(map(plain, value)) if isinstance(value, tuple) else value


def split_setting(setting: str) -> tuple[str, object]:
    """Return key and value of a `KEY=VALUE`.

    Raises:
        InputError: not KEY=VALUE, or a value that is not yaml.
    """
    key, equals, text = setting.partition("=")
    if not equals or not key.strip():
        raise InputError.at(f"--set {setting}: write KEY=VALUE, for example --set batch.sequences=240")
    try:
        return key.strip(), _value(text)
    except InputError as error:
        raise InputError.at(f"--set {setting}: {error.problems[0].message}") from None


def apply_settings(data: dict[str, Any], settings: Settings, schema: type[Section]) -> dict[Loc, str]:
    """Put each of *settings* into *data*, in place; return what was given, by place.

    Raises:
        InputError: not KEY=VALUE, an unknown key, or a value that is not yaml.
    """
    given: dict[Loc, str] = {}
    for key, value, said in settings_of(settings):
        try:
            set_path(data, key, value, schema)
        except SpecError as error:
            raise InputError.at(f"{said}: {error}") from None
        given[place_of(key)] = said
    return given


def place_of(dotted: str) -> Loc:
    """Return where the setting *dotted* stands in a file."""
    section, _, key = dotted.partition(".")
    return (section, key) if key else (section,)


def _open(schema: type[Section]) -> set[str]:
    """Return the keys whose mappings have no fixed keys and are not figures."""
    return {
        name
        for name, info in schema.model_fields.items()
        if name not in _FIGURES and getattr(info.annotation, "__origin__", None) is dict
    }


def _value(text: str) -> object:
    if text.strip() == STDIN:  # to yaml, a list of nothing
        return STDIN
    data = parse_yaml(f"value: {text}").data
    if list(data) != ["value"]:
        raise InputError.at("give one value")
    return data["value"]
