"""What was worked out of a step's kernels, and is used again: many ways to lay it are tried, by many questions."""

from __future__ import annotations

from collections.abc import Callable, Hashable, Iterator
from dataclasses import dataclass, field, replace
from functools import lru_cache
from itertools import islice
from threading import Lock
from typing import Any, Generic, TypeVar

from wsesim.answer import MemoryUse, OpTime
from wsesim.graph import Graph
from wsesim.hardware import LARGEST_SRAM_BYTES, Wafer
from wsesim.mapping.program import Program, Stage
from wsesim.mapping.stages import CostKey, KernelKey
from wsesim.software import Training

_Key = TypeVar("_Key")
_Value = TypeVar("_Value")
_MOST = 512
"""Things of a sort that are kept; then all of them are worked out anew, as they are needed."""
_MOST_NUMBERS = 16_384


def kept(held: dict[_Key, _Value], key: _Key, make: Callable[[], _Value]) -> _Value:
    """Return what is held at *key*, made now if it is not there."""
    found = held.get(key)
    if found is None:
        found = make()
        if len(held) >= (_MOST_NUMBERS if isinstance(found, int) else _MOST):
            held.clear()
        held[key] = found
    return found


class Once(Generic[_Value]):
    """Values that are gone through many times and worked out once, as far as anybody has gone; safe among threads."""

    def __init__(self, more: Iterator[_Value]) -> None:
        """Take what *more* yields."""
        self._more, self._held, self._lock = more, list[_Value](), Lock()

    def __iter__(self) -> Iterator[_Value]:
        """Go through it from the start."""
        at = 0
        while at < len(self._held) or self._grows(at):
            yield self._held[at]
            at += 1

    def _grows(self, at: int) -> bool:
        with self._lock:
            if at == len(self._held):
                self._held += islice(self._more, 1)
            return at < len(self._held)


@dataclass(slots=True)
class Known:
    """What was worked out of kernels, to be used again: many ways to lay a step are tried, by many questions."""

    kernels: dict[KernelKey, OpTime] = field(default_factory=dict)
    costs: dict[CostKey, tuple[float, OpTime]] = field(default_factory=dict)
    stages: dict[tuple[int, float, int], tuple[Stage, ...]] = field(default_factory=dict)
    """By sequences of a pass, what is kept (`StepPlacement.recompute`) and parts of a layer."""
    memory: dict[tuple[int, float, int, int], tuple[MemoryUse, ...]] = field(default_factory=dict)
    """By the same and the sequences held."""
    needs: dict[tuple[int, float, int, int], int] = field(default_factory=dict)
    """The same in all, bytes a core."""
    largest: dict[tuple[float, int, int | None, int, int], int] = field(default_factory=dict)
    """Most sequences of a pass that fit, by what is kept, those held, the micro-batch, parts and memory of a core."""
    policies: dict[str, tuple[float, ...]] = field(default_factory=dict)
    """What may be kept, by what is asked."""
    larger: dict[Hashable, Once[tuple[int, float]]] = field(default_factory=dict)
    """Passes of more sequences that fit if more is computed again, by all that this follows from."""
    works: dict[tuple[int, int, int | None, float], float] = field(default_factory=dict)
    """What computing a step takes at least, by sequences, systems, the micro-batch and what is kept."""
    best: dict[Hashable, tuple[int, int, float]] = field(default_factory=dict)
    """Parts, passes and what is kept of the fastest way found last, by all but what is around the wafer."""
    rooms: dict[float, int] = field(default_factory=dict)
    """Bytes for weights on their way in, by how many layers."""
    stored: dict[bool, int] = field(default_factory=dict)
    """Parameters that are not zero, all (False) and those that are learned."""
    launches: dict[int, float] = field(default_factory=dict)
    """Kernels that a pass starts at least, by parts of a layer."""
    programs: dict[tuple[int, float, int, int, int | None, int], Program] = field(default_factory=dict)
    """By passes, what is kept, sequences, systems, the micro-batch and parts; of any machine around such a wafer."""


class Latest(Generic[_Value]):
    """A cache that forgets what was not used for longest, and may find things by their identity; safe among threads."""

    def __init__(self, *, most: int) -> None:
        """Hold *most* values."""
        self.most, self._lock = most, Lock()
        self._held: dict[Hashable, tuple[object, _Value]] = {}

    def __len__(self) -> int:
        """Return how many values are held."""
        return len(self._held)

    def clear(self) -> None:
        """Forget everything."""
        self._held.clear()

    def get(self, key: Hashable, of: object, make: Callable[[], _Value]) -> _Value:
        """Return what is held at *key*, made now if it is not there.

        Args:
            key: may hold the identity of a thing.
            of: that thing, kept so that no other has its identity.
            make: makes it.
        """
        with self._lock:
            found = self._held.pop(key, None)
        found = found or (of, make())
        with self._lock:
            self._held[key] = found
            if len(self._held) > self.most:
                self._held.pop(next(iter(self._held)))
        return found[1]


_Kin = Latest[Known]
"""What is known of the kernels of a graph, wafer and software, by whatever else they depend on."""
_known: Latest[_Kin] = Latest(most=32)
_at: Latest[_Kin] = Latest(most=64)
"""The same, found by the identity of the three: quick for the very same once more."""


def known_of(graph: Graph, wafer: Wafer, software: Training, *others: Hashable) -> Known:
    """Return what is known of the kernels of a graph on a wafer, shared by all questions with the same kernels.

    Args:
        graph: its blocks and axes count, but for the batch.
        wafer: what kernels see of it counts.
        software: the same.
        others: whatever else kernels depend on.
    """
    who = (graph, wafer, software)
    kin = _at.get(tuple(map(id, who)), who, lambda: _kin_of(graph, wafer, software))
    return kin.get(others, None, Known)


def _kin_of(graph: Graph, wafer: Wafer, software: Training) -> _Kin:
    axes = tuple(size for axis, size in graph.dims.items() if axis != "batch")
    key = (id(graph.blocks), axes, _as_kernels_see(wafer), _as_kernels_run(software))
    return _known.get(key, graph.blocks, lambda: Latest(most=32))


@lru_cache(maxsize=64)
def _as_kernels_see(wafer: Wafer) -> Wafer:
    """Return the wafer with fixed values for all figures that neither kernels nor their need of memory depend on."""
    core = replace(wafer.core, sram_bytes=LARGEST_SRAM_BYTES)
    unread: dict[str, Any] = {"io_bytes_per_s": 1.0, "energy": None, "die": None}
    return replace(wafer, core=core, **unread)


@lru_cache(maxsize=64)
def _as_kernels_run(software: Training) -> Training:
    """Return the release with fixed values for all figures of what comes between steps and of the store."""
    unread: dict[str, Any] = {
        "step_s": 0.0, "log_s": 0.0, "log_every": 1, "step_jitter": 0.0, "state_bytes_per_parameter": 1,
        "master_bytes_per_parameter": 1, "checkpoint_bytes_per_parameter": 1, "accumulate_traffic": 0.0,
        "update_waits": 0,
    }  # fmt: skip
    return replace(software, **unread)
