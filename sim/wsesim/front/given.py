"""Arguments of functions here, checked as keys of files are: a mistake says what would be right."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import Any

from wsesim.errors import InputError, SpecError, require_whole
from wsesim.front.parts import Machine, Model, Software


def count(name: str, given: Any, least: int = 1) -> int | None:
    """Return how many are given; None where nothing is.

    Raises:
        InputError: no whole number, or fewer than *least*.
    """
    try:
        if given is None or require_whole(name, given) >= least:
            return given if given is None else require_whole(name, given)
    except SpecError:
        pass
    raise InputError.at(f"{name} must be a whole number of {least} or more; got {given!r}")


def flag(name: str, given: Any) -> bool:
    """Return whether something is wanted.

    Raises:
        InputError: neither True nor False.
    """
    if type(given).__name__ not in ("bool", "bool_"):  # the latter is NumPy's
        raise InputError.at(f"{name} must be True or False; got {given!r}")
    return bool(given)


def number(name: str, given: Any) -> float:
    """Return a number.

    Raises:
        InputError: it is none.
    """
    if isinstance(given, str | bool) or not hasattr(given, "__float__"):
        raise InputError.at(f"{name} must be a number; got {given!r}")
    return float(given)


def texts(name: str, given: Any) -> tuple[str, ...]:
    """Return one text, or several, as several.

    Raises:
        InputError: they are something else.
    """
    several = (given,) if isinstance(given, str) else tuple(given) if isinstance(given, Iterable) else (None,)
    if not all(isinstance(each, str) for each in several):
        raise InputError.at(f"{name} takes a text, or a list of texts; got {given!r}")
    return several


def machine_names_in(given: Any) -> tuple[str, ...]:
    """Return names of machines as a list gives them, or a text as on a command line.

    Raises:
        InputError: they are something else.
    """
    if given == "all":
        from wsesim.hardware import machine_names

        return machine_names()
    return texts("machines", [name.strip() for name in given.split(",")] if isinstance(given, str) else given)


def mapping(name: str, given: Any) -> Mapping[str, Any]:
    """Return settings by name; none where nothing is given.

    Raises:
        InputError: they are no mapping.
    """
    if given is not None and not isinstance(given, Mapping):
        raise InputError.at(f'{name} must be a mapping, {{"batch.sequences": ...}}; got {given!r}')
    return given or {}


def changes(key: str, given: Any) -> Any:
    """Return changes of a study with models, machines and stacks among them as the settings that those are."""
    if key == "scenarios" and isinstance(given, Mapping):
        return {title: changes("set", each) for title, each in given.items()}
    if key != "set" or not isinstance(given, Mapping):
        return given
    found: dict[Any, Any] = {}
    for name, value in given.items():
        found |= value.settings_of(Path()) if isinstance(value, Model | Machine | Software) else {name: value}
    return found
