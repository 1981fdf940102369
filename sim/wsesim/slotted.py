"""Slotted values: made at little cost, and like others."""

from __future__ import annotations

import dataclasses
import sys
from collections.abc import Callable
from dataclasses import MISSING, FrozenInstanceError, fields
from functools import cache, partial
from operator import attrgetter
from reprlib import recursive_repr
from typing import TYPE_CHECKING, Any, TypeVar

_Value = TypeVar("_Value")


def like(value: _Value, **changed: object) -> _Value:
    """Return a slotted value with fields changed from which nothing else of it follows; nothing is checked anew."""
    kind: Any = type(value)
    found: _Value = object.__new__(kind)
    names, values = _slots(kind)
    for name, held in zip(names, values(value), strict=True):
        object.__setattr__(found, name, changed.get(name, held))
    return found


@cache
def _slots(kind: Any) -> tuple[tuple[str, ...], Callable[[Any], Any]]:
    """Return the names of what a slotted class holds, and what gives the values."""
    return kind.__slots__, _values(kind.__slots__)


if TYPE_CHECKING:
    from dataclasses import dataclass as dataclass
else:

    def dataclass(kind=None, /, *, repr=True, eq=True, frozen=False, **how):
        """Make a class what `dataclasses.dataclass` makes of it, in a third of the time.

        There each class gets six functions that are compiled for it, which took a tenth of a short run. Here it is
        `__init__` alone; the others are the same for all classes, and ask its fields. A class that is frozen here may
        be extended by such a class only, as elsewhere.
        """
        if kind is None:
            return partial(dataclass, repr=repr, eq=eq, frozen=frozen, **how)
        own = dict(vars(kind))
        made = dataclasses.dataclass(**{**how, "init": False}, repr=False, eq=False)(kind)
        given = _FROZEN if frozen else {}
        if how.get("init", True):
            given = {**given, "__init__": _init(made, frozen=frozen)}
        if repr:
            given = {**given, "__repr__": _repr}
        if eq:
            given = {**given, **_comparing(made)}
        for name, function in given.items():
            if name not in own:
                setattr(made, name, function)
        if eq and own.get("__hash__") is None:
            made.__hash__ = _hashing(made) if frozen else None
        return made


class _Made:
    """Stands for what is made anew for each value, where nothing is given."""

    def __repr__(self) -> str:
        """Print it as signatures of dataclasses have it."""
        return "<factory>"


def _init(made: type, *, frozen: bool) -> Callable[..., None]:
    """Return `__init__` of a class, compiled for its fields."""
    names: dict[str, Any] = {"_set": object.__setattr__, "_NEW": _Made()}
    plain, by_name, body = list[str](), list[str](), list[str]()
    for each in fields(made):
        parameter, value = each.name, each.name
        if each.default_factory is not MISSING:
            names[f"_make_{each.name}"] = each.default_factory
            parameter, value = f"{each.name}=_NEW", f"_make_{each.name}() if {each.name} is _NEW else {each.name}"
        elif each.default is not MISSING:
            names[f"_usual_{each.name}"] = each.default
            parameter = f"{each.name}=_usual_{each.name}"
        if each.init:
            (by_name if each.kw_only else plain).append(parameter)
        elif each.default_factory is not MISSING:
            value = f"_make_{each.name}()"
        elif each.default is not MISSING:
            value = f"_usual_{each.name}"
        else:
            continue
        body.append(f"_set(self, {each.name!r}, {value})" if frozen else f"self.{each.name} = {value}")
    if hasattr(made, "__post_init__"):
        body.append("self.__post_init__()")
    parameters = ", ".join(("self", *plain, *(("*", *by_name) if by_name else ())))
    steps = "\n  ".join(body or ["pass"])
    text = f"def create({', '.join(names)}):\n def __init__({parameters}):\n  {steps}\n return __init__"
    space: dict[str, Any] = {}
    exec(text, vars(sys.modules[made.__module__]), space)  # where names of types are looked up
    init: Callable[..., None] = space["create"](**names)
    init.__qualname__, init.__module__ = f"{made.__qualname__}.__init__", made.__module__
    init.__annotations__ = {each.name: each.type for each in fields(made) if each.init} | {"return": None}
    return init


@recursive_repr()
def _repr(self: Any) -> str:
    shown = (f"{each.name}={getattr(self, each.name)!r}" for each in fields(self) if each.repr)
    return f"{type(self).__qualname__}({', '.join(shown)})"


def _comparing(made: Any) -> dict[str, Callable[[Any, Any], Any]]:
    values = _values(tuple(each.name for each in fields(made) if each.compare))

    def equal(self: Any, other: Any) -> Any:
        return values(self) == values(other) if other.__class__ is self.__class__ else NotImplemented

    return {"__eq__": equal}


def _hashing(made: Any) -> Callable[[Any], int]:
    values = _values(tuple(each.name for each in fields(made) if (each.compare if each.hash is None else each.hash)))
    return lambda self: hash(values(self))


def _values(names: tuple[str, ...]) -> Callable[[Any], Any]:
    """Return what gives the values of fields, as a tuple."""
    if len(names) > 1:
        return attrgetter(*names)
    return lambda value: tuple(getattr(value, name) for name in names)


def _refuse_to_set(self: object, name: str, value: object) -> None:
    raise FrozenInstanceError(f"cannot assign to field {name!r}")


def _refuse_to_delete(self: object, name: str) -> None:
    raise FrozenInstanceError(f"cannot delete field {name!r}")


def _state(self: Any) -> list[object]:
    return [getattr(self, each.name) for each in fields(self)]


def _set_state(self: Any, state: list[object]) -> None:
    for each, value in zip(fields(self), state, strict=True):
        object.__setattr__(self, each.name, value)


_FROZEN: dict[str, Any] = {
    "__setattr__": _refuse_to_set, "__delattr__": _refuse_to_delete, "__getstate__": _state, "__setstate__": _set_state,
}  # fmt: skip
