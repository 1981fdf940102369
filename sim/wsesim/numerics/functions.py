"""How functions over arrays are found: elementwise ones stand with their op, the others register when imported."""

from __future__ import annotations

from collections.abc import Callable, Collection, Mapping, Sequence
from dataclasses import dataclass, field

import numpy as np

from wsesim.errors import SpecError
from wsesim.graph import Op
from wsesim.numerics.arrays import Array, row_chunks
from wsesim.ops import NUMERICS, Elsewhere, Gap, find


@dataclass(frozen=True, slots=True, kw_only=True)
class Setting:
    """What an op is told beside its arrays."""

    dims: Mapping[str, int] = field(default_factory=dict)
    """Lengths of the graph's axes."""
    shapes: Sequence[tuple[int, ...]] = ()
    """Of its outputs."""
    scalars: Mapping[str, float] = field(default_factory=dict)
    """Numbers of this run: the learning rate, say."""
    spare: Collection[int] = ()
    """Places of inputs that nothing reads any more: what an op gives may lie where they do."""
    copy: int = 0
    """Which of the copies of its block it is in, from 0."""

    def scalar(self, name: str) -> float:
        """Return a number of this run.

        Raises:
            SpecError: it is not given.
        """
        if name not in self.scalars:
            raise SpecError(name, "is needed for this run and not given")
        return self.scalars[name]


OpFunction = Callable[[Op, Sequence[Array], Setting], tuple[Array, ...]]
"""(op, arrays of its inputs, setting) -> arrays of its outputs. Only what is spare is written to, and what is updated
where it lies: weights and state of the optimizer, and the cache of keys and values."""

_REGISTERED: dict[str, OpFunction] = {}


def computes(kind: str) -> Callable[[OpFunction], OpFunction]:
    """Register a function as what an op of *kind*, forward or backward, computes.

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
        if op.kind not in _REGISTERED:
            raise SpecError(
                op.name, f"is of the kind {op.kind!r}, which leaves its function to numerics; there is none"
            )
        return _REGISTERED[op.kind]
    if isinstance(stated, Gap):
        raise SpecError(op.name, f"is of the kind {op.kind!r}, which cannot run here: {stated.reason}")
    return lambda op, inputs, setting: by_chunks(stated, inputs, setting, outputs=len(op.outputs))


def by_chunks(
    function: Callable[..., Array | tuple[Array, ...]], inputs: Sequence[Array], setting: Setting, *, outputs: int = 1
) -> tuple[Array, ...]:
    """Apply an elementwise *function* of so many *outputs* piece by piece, so that its temporaries stay small."""
    first = room_for(inputs, setting) if outputs == 1 else np.empty(inputs[0].shape, dtype=inputs[0].dtype)
    results = (first, *(np.empty_like(first) for _ in range(1, outputs)))
    out, flat = [result.reshape(-1) for result in results], [array.reshape(-1) for array in inputs]
    for part in row_chunks(out[0].size, 1):
        made = function(*(array[part] for array in flat))
        for whole, piece in zip(out, made if isinstance(made, tuple) else (made,), strict=True):
            whole[part] = piece
    return results


def room_for(inputs: Sequence[Array], setting: Setting) -> Array:
    """Return an array like the first of *inputs* for a result to lie in: one of them, if it is spare.

    Memory that is new has to be cleared by the system first, which takes longer than to fill it.
    """
    wanted = inputs[0]
    for place in sorted(setting.spare):
        array = inputs[place]
        if (array.shape, array.dtype) == (wanted.shape, wanted.dtype) and array.flags.c_contiguous:
            return array
    return np.empty(wanted.shape, dtype=wanted.dtype)
