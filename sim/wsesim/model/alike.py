"""Which layers of a model are alike: those with a window and those without.

A layer with a window takes no more memory and no more time than one without; layers that take more stand first.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np

from wsesim.model.spec import Model


@dataclass(frozen=True, slots=True, kw_only=True)
class LayerKind:
    """Layers that are alike."""

    block: str
    """Of the graph."""
    window: int
    """Keys that a token sees; 0: all before it."""
    layers: int
    """How many there are."""


def layer_kinds(model: Model) -> tuple[LayerKind, ...]:
    """Return the kinds of a model's layers, one or two, that which takes more first."""
    heavy = _heavy_before(model, model.layers)
    found = (
        LayerKind(block="layer", window=0, layers=heavy),
        LayerKind(block="layer", window=model.window, layers=model.layers - heavy),
    )
    return tuple(kind for kind in found if kind.layers)


def counts_of(model: Model, start: Any, layers: Any) -> tuple[Any, ...]:
    """Return how many of so many layers (or arrays of them) from *start* are of each kind."""
    if not model.window:
        return (layers,)
    heavy = _heavy_before(model, start + layers) - _heavy_before(model, start)
    return _by_kind(model, heavy, layers)


def fullest_of(model: Model, layers: Any) -> tuple[Any, ...]:
    """Return the same for those of all runs of so many layers (or arrays of them) that take most."""
    every = max(1, model.full_every)
    heavy = np.minimum(-(-layers // every), _heavy_before(model, model.layers))
    return _by_kind(model, heavy, layers)


def _by_kind(model: Model, heavy: Any, layers: Any) -> tuple[Any, ...]:
    return (heavy, layers - heavy) if len(layer_kinds(model)) > 1 else (layers,)


def _heavy_before(model: Model, layers: Any) -> Any:
    """Return how many of the first layers see all keys."""
    if not model.window:
        return layers
    return layers // model.full_every if model.full_every else 0 * layers
