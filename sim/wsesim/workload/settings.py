"""Settings by dotted name, as `--set` and sweeps use them: `batch.sequences`, `hardware.core.clock`."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Mapping
from typing import Any

from wsesim.errors import InputError, SpecError, nearest
from wsesim.figures import flatten
from wsesim.hardware import MACHINES
from wsesim.software import STACKS
from wsesim.workload.schema import SECTIONS, SHORT, WorkloadFile
from wsesim.yamlfile import Loc, parse_yaml

FIGURES = {"hardware": MACHINES.overridable, "software": {"stack": None, **STACKS.overridable}}
"""Keys of a workload whose mappings hold figures, nested or dotted, and the names that can stand there."""


def setting_names() -> tuple[str, ...]:
    """Return every dotted name `set_path` takes."""
    names = []
    for name in WorkloadFile.model_fields:
        names.append(name)
        if name in SECTIONS:
            names += [f"{name}.{key}" for key in SECTIONS[name].model_fields]
    return (*names, *(f"{section}.{name}" for section, known in FIGURES.items() for name in known))


def set_path(data: dict[str, Any], dotted: str, value: object, *, known: Collection[str] = ()) -> None:
    """Put *value* at *dotted* in the plain data of a workload, in place; *known* are the names of another kind of file.

    A bare name becomes a mapping first, so `cluster.systems` can be set where the file says `cluster: cs-2`. What
    follows `hardware.` or `software.` is one key.

    Raises:
        SpecError: no such setting, or what should hold it is not a mapping.
    """
    names = known or setting_names()
    if dotted not in names:
        hint = nearest(dotted, names) or (
            f"; there are: {', '.join(known)}" if known else "; `wsesim schema` lists them"
        )
        raise SpecError(dotted, f"is not a setting of a workload{hint}")
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
    if section in FIGURES:
        inside = flatten(inside, FIGURES[section])
    data[section] = {**inside, key: value}


def apply_settings(data: dict[str, Any], settings: Iterable[str], *, known: Collection[str] = ()) -> dict[Loc, str]:
    """Put each `KEY=VALUE` into *data*, in place; return what was given, by place. *known* as in `set_path`.

    Raises:
        InputError: not KEY=VALUE, an unknown key, or a value that is not yaml.
    """
    given: dict[Loc, str] = {}
    for setting in settings:
        key, equals, text = setting.partition("=")
        if not equals:
            raise InputError.at(f"--set {setting}: write KEY=VALUE, for example --set batch.sequences=240")
        try:
            set_path(data, key.strip(), _value(text), known=known)
        except SpecError as error:
            raise InputError.at(f"--set {setting}: {error}") from None
        except InputError as error:
            raise InputError.at(f"--set {setting}: {error.problems[0].message}") from None
        given[place_of(key.strip())] = setting
    return given


def place_of(dotted: str) -> Loc:
    """Return where the setting *dotted* stands in a workload."""
    section, _, key = dotted.partition(".")
    return (section, key) if key else (section,)


def _value(text: str) -> object:
    data = parse_yaml(f"value: {text}").data
    if list(data) != ["value"]:
        raise InputError.at("give one value")
    return data["value"]
