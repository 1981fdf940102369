"""Which layers of a model are alike: those with a window and those without; those with experts and dense ones.

Of two kinds, that which takes more stands first: layers without a window, or with experts.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import Any

from wsesim.model.spec import ModelSpec


@dataclass(frozen=True, slots=True, kw_only=True)
class LayerKind:
    """Layers that are alike."""

    block: str
    """Of the graph."""
    window: int
    """Keys that a token sees; 0: all before it."""
    layers: int
    """How many there are."""


def layer_kinds(model: ModelSpec) -> tuple[LayerKind, ...]:
    """Return the kinds of a model's layers, one or two, that which takes more first."""
    heavy = _heavy_before(model, model.layers)
    found = (
        LayerKind(block="layer", window=0, layers=heavy),
        LayerKind(block="dense" if model.dense_layers else "layer", window=model.window, layers=model.layers - heavy),
    )
    return tuple(kind for kind in found if kind.layers)


def counts_of(model: ModelSpec, start: Any, layers: Any) -> tuple[Any, ...]:
    """Return how many of so many layers (or arrays of them) from *start* are of each kind."""
    if not model.window and not model.dense_layers:
        return (layers,)
    heavy = _heavy_before(model, start + layers) - _heavy_before(model, start)
    return _by_kind(model, heavy, layers)


def fullest_of(model: ModelSpec, layers: Any) -> tuple[Any, ...]:
    """Return the same for those of all runs of so many layers (or arrays of them) that take most."""
    every = max(1, model.full_every)
    heavy, most = -(-layers // every), _heavy_before(model, model.layers)
    heavy = min(heavy, most) if isinstance(heavy, int) else heavy.clip(max=most)
    return _by_kind(model, heavy, layers)


def _by_kind(model: ModelSpec, heavy: Any, layers: Any) -> tuple[Any, ...]:
    return (heavy, layers - heavy) if len(layer_kinds(model)) > 1 else (layers,)


def _heavy_before(model: ModelSpec, layers: Any) -> Any:
    """Return how many of the first layers see all keys, and have experts if any has."""
    if model.dense_layers:
        rest = layers - model.dense_layers
        return max(0, rest) if isinstance(rest, int) else rest.clip(min=0)
    if not model.window:
        return layers
    return layers // model.full_every if model.full_every else 0 * layers


def with_layers(model: ModelSpec, layers: int) -> ModelSpec:
    """Return *model* with so many layers, of each kind where there can be."""
    dense = min(model.dense_layers, layers // 2)
    return replace(model, layers=layers, dense_layers=dense, dense_width=model.dense_width if dense else 0)
