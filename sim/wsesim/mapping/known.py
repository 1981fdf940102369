"""What was worked out of a step's kernels, and is used again: many ways to lay it are tried, by many questions."""

from __future__ import annotations

from collections.abc import Callable, Hashable
from dataclasses import dataclass, field, replace
from functools import lru_cache
from threading import Lock
from typing import Any, TypeVar

from wsesim.answer import MemoryUse, OpTime
from wsesim.graph import Graph
from wsesim.hardware import LARGEST_SRAM_BYTES, Wafer
from wsesim.mapping.program import Program, Stage
from wsesim.mapping.stages import KernelKey

_Key = TypeVar("_Key")
_Value = TypeVar("_Value")
_MOST = 512
"""Things of a sort that are kept; then all of them are worked out anew, as they are needed."""


def kept(held: dict[_Key, _Value], key: _Key, make: Callable[[], _Value]) -> _Value:
    """Return what is held at *key*, made now if it is not there."""
    found = held.get(key)
    if found is None:
        found = make()
        if len(held) >= _MOST:
            held.clear()
        held[key] = found
    return found


@dataclass(slots=True)
class Known:
    """What was worked out of kernels, to be used again: many ways to lay a step are tried, by many questions."""

    kernels: dict[KernelKey, OpTime] = field(default_factory=dict)
    stages: dict[tuple[int, float], tuple[Stage, ...]] = field(default_factory=dict)
    """By sequences of a pass and what is kept (`StepPlacement.recompute`)."""
    memory: dict[tuple[int, float, int], tuple[MemoryUse, ...]] = field(default_factory=dict)
    """By the same and the sequences held."""
    needs: dict[tuple[int, float, int], int] = field(default_factory=dict)
    """The same in all, bytes a core."""
    policies: dict[str, tuple[float, ...]] = field(default_factory=dict)
    """What may be kept, by what is asked."""
    programs: dict[tuple[int, float, int, int, int | None], Program] = field(default_factory=dict)
    """By passes, what is kept, sequences, systems and the micro-batch; of any machine around such a wafer."""


_MOST_KNOWN = 64
_KNOWING = Lock()
_known: dict[Hashable, tuple[object, Known]] = {}
"""The blocks of a graph, kept so that no other has their identity, with what is known; the latest used last."""


def known_of(graph: Graph, wafer: Wafer, *others: Hashable) -> Known:
    """Return what is known of the kernels of a graph on a wafer: that of all whose kernels cannot differ.

    Args:
        graph: whose batch does not matter.
        wafer: of which all that kernels see matters.
        others: what kernels depend on besides.
    """
    axes = tuple(size for axis, size in graph.dims.items() if axis != "batch")
    key = (id(graph.blocks), axes, _as_kernels_see(wafer), *others)
    with _KNOWING:
        found = _known.pop(key, None) or (graph.blocks, Known())
        _known[key] = found
        if len(_known) > _MOST_KNOWN:
            _known.pop(next(iter(_known)))
    return found[1]


@lru_cache(maxsize=64)
def _as_kernels_see(wafer: Wafer) -> Wafer:
    """Return a wafer with all that no kernel, no activation and no need of memory depends on set to the same."""
    core = replace(wafer.core, sram_bytes=LARGEST_SRAM_BYTES)
    unread: dict[str, Any] = {"io_bytes_per_s": 1.0, "energy": None, "die": None}
    return replace(wafer, core=core, **unread)
