"""Which kinds of question there are: every class with a `kind` in a module of this package."""

from __future__ import annotations

import pkgutil
from collections.abc import Callable, Iterator, Mapping
from functools import cache
from importlib import import_module
from types import MappingProxyType
from typing import Any

import wsesim.questions as package
from wsesim.questions import KEY
from wsesim.questions.base import Question
from wsesim.workload import Problems, shown, value_hint

USUAL = "training"
"""The kind of a file that does not say."""
MACHINE = "name a machine, as `cluster: cs-3` does, or --machine cs-3"


def kinds() -> Mapping[str, type[Question]]:
    """Return every kind by its name, in the order of the modules' names; a module put on the package's path counts."""
    return _kinds_on(tuple(package.__path__))


@cache
def _kinds_on(path: tuple[str, ...]) -> Mapping[str, type[Question]]:
    found = {}
    for module in _modules_on(path):
        found.update(_kinds_in(module))
    return MappingProxyType(found)


@cache
def _modules_on(path: tuple[str, ...]) -> tuple[str, ...]:
    return tuple(module.name for module in pkgutil.iter_modules(path))


@cache
def _kinds_in(module: str) -> dict[str, type[Question]]:
    if module.startswith("_"):
        return {}
    values = vars(import_module(f"{package.__name__}.{module}")).values()
    classes = (value for value in values if isinstance(value, type) and isinstance(vars(value).get("kind"), str))
    return {value.kind: value for value in classes}  # type: ignore[attr-defined]  # looked at just now


class KeysLater(Mapping[str, str]):
    """Something to be said of keys, found out when it is asked for: for that all kinds have to be imported."""

    def __init__(self, find: Callable[[], Mapping[str, str]]) -> None:
        """Remember how it is found out."""
        self._find = cache(find)

    def __getitem__(self, key: str) -> str:
        """Return what is said of a key."""
        return self._find()[key]

    def __iter__(self) -> Iterator[str]:
        """Go through the keys."""
        return iter(self._find())

    def __len__(self) -> int:
        """Return how many keys something is said of."""
        return len(self._find())


def _named_by_its_key(data: Mapping[Any, Any]) -> type[Question] | None:
    """Return the kind of a module that is named by a key of a file which marks this kind; no other is imported."""
    for module in _modules_on(tuple(package.__path__)):
        if module in data:
            for kind in _kinds_in(module).values():
                if kind.mark == module:
                    return kind
    if len(package.__path__) > 1:  # a module of somebody else's may be called other than the key that marks its kind
        return next((kind for kind in kinds().values() if kind.mark and kind.mark in data), None)
    return None


def _known_as(name: str) -> type[Question] | None:
    """Return the kind of a name that a module has, too: so do those that come with the package."""
    return _kinds_in(name).get(name) if name in _modules_on(tuple(package.__path__)) else None


def kind_of(data: Mapping[Any, Any], problems: Problems) -> type[Question]:
    """Return the kind that the data of a file asks for; of a name that is none, it is noted and the nearest returned.

    Raises:
        InputError: there is no such kind, nor one of a name like it: what else the file may have cannot be said.
    """
    name = data.get(KEY)
    if name is None:
        return _named_by_its_key(data) or _known_as(USUAL) or kinds()[USUAL]
    if found := isinstance(name, str) and (_known_as(name) or kinds().get(name)):
        return found
    known = kinds()
    choices = {name: kind for name, kind in known.items() if not kind.mark}
    hint = value_hint(name, choices) if isinstance(name, str) else ""
    problems.add((KEY,), f"{KEY} must be one of {', '.join(choices)}; got {shown(name)}{hint}")
    guess = next((kind for each, kind in choices.items() if repr(each) in hint), None)
    if guess is None:
        problems.raise_if_any()
    return guess or known[USUAL]


def called(kind: type[Question]) -> str:
    """Return what files of a kind are called."""
    return f"a file with {kind.mark}" if kind.mark else f"phase {kind.kind}"


def keys_elsewhere(kind: type[Question]) -> Mapping[str, str]:
    """Return what is to be said of each key that files of other kinds have and those of *kind* have not."""
    return KeysLater(lambda: _elsewhere(kind))


def keys_needed(kind: type[Question]) -> Mapping[str, str]:
    """Return who needs each required key of *kind* that not all kinds told apart by their phase have."""
    return KeysLater(lambda: _needed(kind))


def _elsewhere(kind: type[Question]) -> dict[str, str]:
    own, others = set(kind.file.keys()), [each for each in kinds().values() if each is not kind]
    found = {}
    for key in {key for other in others for key in other.file.keys()} - own:  # noqa: SIM118
        readers = [other for other in others if key in other.file.keys()]  # noqa: SIM118
        else_ = ", or change the phase" if not kind.mark and any(not other.mark for other in readers) else ""
        found[key] = f"{key} is not read by {called(kind)}; leave it out{else_}"
    return found


def _needed(kind: type[Question]) -> dict[str, str]:
    common = set.intersection(*(set(each.file.keys()) for each in kinds().values() if not each.mark))
    required = {name for name, field in kind.file.model_fields.items() if field.is_required()}
    found = {key: f"{called(kind)} needs it" for key in required - common}
    return found | dict.fromkeys(("cluster", "cluster.machine"), MACHINE)
