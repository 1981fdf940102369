"""Slotted values that are like others, and whose hash is found once."""

from __future__ import annotations

from typing import Any, TypeVar

_Value = TypeVar("_Value")


def like(value: _Value, **changed: object) -> _Value:
    """Return a slotted value with fields changed from which nothing else of it follows; nothing is checked anew."""
    found = object.__new__(type(value))
    for name in value.__slots__:  # type: ignore[attr-defined]
        object.__setattr__(found, name, changed[name] if name in changed else getattr(value, name))
    return found


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
