"""Slotted values that are like others, and whose hash is found once."""

from __future__ import annotations

from collections.abc import Callable
from functools import cache
from operator import attrgetter
from typing import Any, TypeVar

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
    names = kind.__slots__
    return names, attrgetter(*names) if len(names) > 1 else lambda value: tuple(getattr(value, name) for name in names)


class Hashed:
    """A frozen value with many fields, by which caches look answers up again and again."""

    __slots__ = ("_hash",)


def hashed_once(kind: type[_Value]) -> type[_Value]:
    """Return a class of `Hashed` values that find the hash of their fields once, when first asked."""
    of_fields = kind.__hash__

    def of(value: Any) -> int:
        try:
            found: int = value._hash
        except AttributeError:
            found = of_fields(value)
            object.__setattr__(value, "_hash", found)
        return found

    kind.__hash__ = of  # type: ignore[method-assign,assignment]
    return kind
