"""All kinds of ops: found by their files being in this package."""

from __future__ import annotations

import pkgutil
from collections.abc import Iterator, Mapping
from functools import cache
from importlib import import_module
from types import MappingProxyType

import wsesim.ops
from wsesim.errors import SpecError, nearest
from wsesim.ops.base import Gap, Kernel, Kind, Recipe

_MACHINERY = ("base", "registry")
"""Modules of the package that state no ops."""


@cache
def kinds() -> Mapping[str, Kind]:
    """Return every kind by its name, those of the backward pass after that of their forward op.

    Raises:
        SpecError: a file without `OPS`, or two kinds of one name.
    """
    found: dict[str, Kind] = {}
    for kind in _stated():
        for each in (kind, *kind.backward):
            if each.name in found:
                raise SpecError(each.name, "is stated by two ops")
            found[each.name] = each
    return MappingProxyType(found)


def _stated() -> Iterator[Kind]:
    names = sorted(module.name for module in pkgutil.iter_modules(wsesim.ops.__path__))
    for name in names:
        if name not in _MACHINERY:
            module = import_module(f"{wsesim.ops.__name__}.{name}")
            if not hasattr(module, "OPS"):
                raise SpecError(f"ops/{name}.py", "states no `OPS`")
            yield from module.OPS


def find(kind: str) -> Kind:
    """Return the kind of that name.

    Raises:
        SpecError: there is none.
    """
    if kind not in kinds():
        raise SpecError("kind", f"{kind!r} is not a kind of op{nearest(kind, kinds())}")
    return kinds()[kind]


def options(field: str) -> tuple[str, ...]:
    """Return what the ops offer for a field of a model, `activation` say."""
    return tuple(sorted(kind.option.value for kind in _with_option(field) if kind.option))


@cache
def chosen(field: str, value: str) -> Kind:
    """Return the kind that stands for the *value* of a field of a model.

    Raises:
        SpecError: none does.
    """
    for kind in _with_option(field):
        if kind.option and kind.option.value == value:
            return kind
    raise SpecError(field, f"= {value!r} is none of {', '.join(options(field))}")


def option_named(field: str, *, gated: bool | None = None) -> Mapping[str, str]:
    """Return the values of a field by what Hugging Face calls them; of all, or of those (not) *gated*."""
    return {
        name: kind.option.value
        for kind in _with_option(field)
        if kind.option and gated in (None, kind.gated)
        for name in kind.option.hugging_face
    }


def _with_option(field: str) -> Iterator[Kind]:
    return (kind for kind in kinds().values() if kind.option and kind.option.field == field)


def recipe_of(kind: str) -> Recipe:
    """Return the counts of an op with weight streaming.

    Raises:
        SpecError: no such kind, or it has none.
    """
    work = find(kind).work
    if isinstance(work, Gap):
        raise SpecError(kind, f"is not modelled with weight streaming: {work.reason}")
    return work.recipe if isinstance(work, Kernel) else work
