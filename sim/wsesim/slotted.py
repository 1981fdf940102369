"""Slotted values that are like others."""

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
