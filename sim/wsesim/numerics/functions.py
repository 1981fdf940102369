"""How functions over arrays are found: elementwise ones stand with their op, the others register here."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from importlib import import_module

import numpy as np

from wsesim.errors import SpecError
from wsesim.graph import Op
from wsesim.numerics.arrays import Array, row_chunks
from wsesim.ops import NUMERICS, Elsewhere, Gap, find

OpFunction = Callable[[Op, Sequence[Array], Mapping[str, int]], tuple[Array, ...]]
"""(op, arrays of its inputs, lengths of the axes) -> arrays of its outputs. Never writes to its inputs."""

_REGISTERED: dict[str, OpFunction] = {}
_REGISTERING = ("attention", "experts", "ops")
"""Modules of this package that register functions when they are imported."""


def forward(kind: str) -> Callable[[OpFunction], OpFunction]:
    """Register a function as what an op of *kind* computes.

    Raises:
        SpecError: the op states a function of its own or none, or another was registered.
    """
    if find(kind).numpy is not NUMERICS or kind in _REGISTERED:
        raise SpecError(kind, "leaves no function to register")

    def register(function: OpFunction) -> OpFunction:
        _REGISTERED[kind] = function
        return function

    return register


def function_of(op: Op) -> OpFunction:
    """Return what an op computes.

    Raises:
        SpecError: it states that nothing does.
    """
    stated = find(op.kind).numpy
    if isinstance(stated, Elsewhere):
        return _registered()[op.kind]
    if isinstance(stated, Gap):
        raise SpecError(op.name, f"is of the kind {op.kind!r}, which cannot run here: {stated.reason}")
    return lambda op, inputs, dims: (by_chunks(stated, *inputs),)


def _registered() -> Mapping[str, OpFunction]:
    for module in _REGISTERING:
        import_module(f"{__package__}.{module}")
    return _REGISTERED


def by_chunks(function: Callable[..., Array], *inputs: Array) -> Array:
    """Apply an elementwise *function* piece by piece, so that its temporaries stay small."""
    result = np.empty(inputs[0].shape, dtype=inputs[0].dtype)
    out, flat = result.reshape(-1), [array.reshape(-1) for array in inputs]
    for part in row_chunks(out.size, 1):
        out[part] = function(*(array[part] for array in flat))
    return result
